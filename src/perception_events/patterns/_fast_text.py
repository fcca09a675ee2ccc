"""The leaves of an event text by msgspec, where that can be proved to give what `_event_text` and `_fields` give.

msgspec (the extra `perception-events[fast]`) reads only the fields that rules name and leaves their spelling as it is.
What it cannot see makes `FastReader.leaves` return None, and the text is read as always: a backslash (a key may be
spelled with escapes), a name that is in the text twice (it may be a repeated key), a dotted name, arrays of objects,
text after the object, numbers and nesting beyond the engine's limits, and whatever msgspec rejects.
"""

from __future__ import annotations

from itertools import chain
from json import loads
from operator import attrgetter

from perception_events.patterns._event_text import MAX_DEPTH, has_long_name, has_long_number, scan
from perception_events.patterns._fields import text_leaf
from perception_events.patterns._json_text import MAX_NAME_LENGTH, MAX_NUMBER_LENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from types import ModuleType
    from typing import Any

__all__ = ["FastReader", "fast_reader"]

_IN_NUMBERS = b"-+.eE0123456789"
_NUMBER_OCTETS = frozenset(_IN_NUMBERS)
_GLANCE = 40
"""A number that is too long fills so many characters before one of its own, or after it."""
_UNUSED = "\ue000"
"""A name that is hardly given to a field; a text with one is read as always. What is first in `read`, and empty."""
_MAX_NAMES = 16
"""Each name is looked for in the whole text and each leaf is made: of more of them the scanner makes less work."""


def fast_reader(paths: Collection[str], fields: Sequence[str] = (), absent: Iterable[str] = ()) -> FastReader | None:
    """What reads the leaves of `paths`; None where msgspec is not installed, or cannot know what is asked.

    `fields`: names of fields of the event itself that `read_lines` gives beside the leaves. `absent`: names of fields
    with which no event is read.
    """
    try:
        import msgspec  # here, for it costs a cold start
    except ImportError:
        return None
    tree: dict[str, Any] = {}
    names: set[str] = set()
    for path in paths:
        *parents, last = path.split(".")
        if not all((*parents, last)):
            return None
        names.update((*parents, last))
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                return None
        if last in node:
            return None
        node[last] = path
    if not 0 < len(names) <= _MAX_NAMES or any(name != name.encode(errors="replace").decode() for name in names):
        return None
    absent = (*absent, _UNUSED)
    if any("." in name or isinstance(tree.get(name), dict) for name in fields):
        return None
    if not {*tree, *fields}.isdisjoint(absent):
        return None
    return FastReader(msgspec, tree, names, frozenset(paths), fields, absent)


class FastReader:
    """Reads the leaves of some paths from a text.

    `read` gives them spelled as one text, each after a NUL; what is not there is empty. It is a function of its own,
    and makes one text of them, for a step of Python costs more than what it does here. `read_lines` does it for many.
    """

    __slots__ = ("_paths", "paths", "read", "read_lines")

    def __init__(
        self,
        msgspec: ModuleType,
        tree: dict[str, Any],
        names: Iterable[str],
        paths: frozenset[str],
        fields: Sequence[str],
        absent: Iterable[str],
    ) -> None:
        self.paths = paths
        shape = _Shape(msgspec)
        decode = msgspec.json.Decoder(shape.struct(tree, fields, absent)).decode
        self._paths = tuple(shape.leaves.values())
        self.read = _reader(
            decode, attrgetter(shape.absent[-1], *shape.leaves), [f'"{name}"'.encode() for name in names]
        )
        self.read_lines = _lines_reader(decode, shape, [shape.fields[name] for name in fields])

    @property
    def in_order(self) -> tuple[str, ...]:
        """The paths in the order of `read`."""
        return self._paths

    def leaves(self, text: str | bytes) -> list[tuple[str, str]] | None:
        """(path, leaf) of each, as from a flat event; None where the text must be read as always."""
        try:
            found = self.read(text.encode() if type(text) is str else text)
        except UnicodeEncodeError:
            return None
        return None if found is None else self.leaves_of(found.split("\0")[1:])

    def leaves_of(self, pieces: Iterable[str]) -> list[tuple[str, str]] | None:
        """(path, leaf) of each of the pieces of `read` without the first; None where the event is not flat."""
        found: list[tuple[str, str]] = []
        for path, piece in zip(self._paths, pieces, strict=False):
            if not piece:
                continue
            first = piece[0]
            if first == "[":
                elements = scan(piece)
                if any(type(element) is tuple or type(element) is list for element in elements):
                    return None
                found += [(path, text_leaf(element)) for element in elements]
            elif first != "{":  # an object has no leaf of its own
                found.append((path, piece))
        return found


def _reader(
    decode: Callable[[bytes], Any], values: Callable[[Any], tuple[Any, ...]], names: list[bytes]
) -> Callable[[Any], str | None]:
    """`FastReader.read`."""

    def read(octets: Any) -> str | None:
        if type(octets) is not bytes or 0x5C in octets:  # a backslash
            return None
        try:
            if not octets.isascii():
                str(octets, "utf-8")  # msgspec does not look at what it leaves out
            event = decode(octets)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, and so are those of codecs
            return None
        if max(map(octets.count, names)) > 1 or (len(octets) > MAX_DEPTH and _is_beyond(octets)) or 0 in octets:
            return None
        return b"\0".join(values(event)).decode()

    return read


def _lines_reader(
    decode: Callable[[bytes], Any], shape: _Shape, fields: list[str]
) -> Callable[[list[bytes]], tuple[list[list[str]], list[list[Any]], set[int]]]:
    """`FastReader.read_lines`: what `read` does, for many texts in a few steps.

    It gives a column for each leaf, spelled, one for each field with its values, None where it is not there, and the
    numbers of those texts that must be read as always, for which the columns hold nothing.
    """
    leaves = [*shape.leaves]
    width = len(leaves)
    # attrgetter gives no tuple for one name.
    values: Any = attrgetter(*leaves) if width > 1 else lambda event, get=attrgetter(*leaves): (get(event),)
    getters = [(attrgetter(place), leaves.index(place) if place in shape.leaves else None) for place in fields]
    leaf_names = shape.leaf_names
    quoted = {name: f'"{name}"'.encode() for name in (*leaf_names, *shape.parents)}

    def read_lines(lines: list[bytes]) -> tuple[list[list[str]], list[list[Any]], set[int]]:
        others: set[int] = set()
        text = b"\n".join(lines)
        if 0 in text or 0x5C in text or not _is_utf8(text):
            others.update(at for at, line in enumerate(lines) if 0 in line or 0x5C in line or not _is_utf8(line))
            lines = [b"{}" if at in others else line for at, line in enumerate(lines)]
            text = b"\n".join(lines)
        try:
            events = list(map(decode, lines))
        except (ValueError, RecursionError):
            for at, line in enumerate(lines):
                try:
                    decode(line)
                except (ValueError, RecursionError):
                    others.add(at)
            lines = [b"{}" if at in others else line for at, line in enumerate(lines)]
            text = b"\n".join(lines)
            events = list(map(decode, lines))
        pieces = b"\0".join(chain.from_iterable(map(values, events))).decode().split("\0")
        columns = [pieces[place::width] for place in range(width)]
        if _may_be_beyond(text, lines):
            others.update(at for at, line in enumerate(lines) if len(line) > MAX_DEPTH and _is_beyond(line))
        # Where each name is in the text as often as there are leaves, none is repeated, nor is an object that holds it.
        expected = dict.fromkeys(leaf_names, 0)
        for name, column in zip(leaf_names, columns, strict=True):
            expected[name] += len(lines) - column.count("")
        if any(text.count(quoted[name]) != number for name, number in expected.items()):
            # Somewhere one is, or a name stands elsewhere, too: once at most is sure not to be repeated.
            for octets in quoted.values():
                others.update(at for at, line in enumerate(lines) if line.count(octets) > 1)
        found = [list(map(get, events)) if at is None else _values_of(columns[at]) for get, at in getters]
        return columns, found, others

    return read_lines


def _values_of(spelled: list[str]) -> list[Any]:
    """The values of leaves; None for one that is not there."""
    values = {text: text[1:-1] if text[:1] == '"' else loads(text) if text else None for text in set(spelled)}
    return [*map(values.__getitem__, spelled)]


def _is_utf8(octets: bytes) -> bool:
    if octets.isascii():
        return True
    try:
        str(octets, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


_SAMPLED = 48
_MARK_NUMBERS = bytes(octet in _NUMBER_OCTETS for octet in range(256))
_NUMBERS_ONLY = b"\1" * (MAX_NUMBER_LENGTH // _SAMPLED - 1)


def _may_be_beyond(text: bytes, lines: list[bytes]) -> bool:
    """Whether one of the lines may be beyond the engine's limits.

    A number that is too long gives a run of every 48th octet, so few octets need to be looked at.
    """
    return max(map(len, lines)) > 2 * MAX_DEPTH or _NUMBERS_ONLY in text[::_SAMPLED].translate(_MARK_NUMBERS)


def _is_beyond(octets: bytes) -> bool:
    """Whether an object in JSON may have numbers or nesting beyond the engine's limits."""
    # What is nested has as many closing brackets as opening ones.
    if len(octets) > 2 * MAX_DEPTH and octets.count(b"{") + octets.count(b"[") > MAX_DEPTH:
        return True
    # A number that is too long covers one of these characters; the first of the text is no number's. And it goes on
    # before or after it.
    for at in range(MAX_NUMBER_LENGTH, len(octets), MAX_NUMBER_LENGTH):
        if octets[at] in _NUMBER_OCTETS and not (
            octets[at - _GLANCE : at].translate(None, _IN_NUMBERS)
            and octets[at : at + _GLANCE].translate(None, _IN_NUMBERS)
        ):
            if has_long_number(str(octets, "utf-8")):
                return True
            break
    return len(octets) > MAX_NAME_LENGTH and has_long_name(str(octets, "utf-8"))


class _Shape:
    """Types of objects, and where what is wanted of them is: `leaves` by the attributes that lead to them, with their
    paths; `fields`, by name; and what must not be there, `absent`: dotted names beside those that are asked for. Their
    type is one that no text has, so that an event with one of them is rejected."""

    def __init__(self, msgspec: ModuleType) -> None:
        import typing  # here, for msgspec has imported it

        self._msgspec = msgspec
        self._anything: Any = typing.Any
        self._nothing: Any = typing.Literal["\0"]  # its only value is not written without a backslash
        self.leaves: dict[str, str] = {}
        self.leaf_names: list[str] = []
        self.parents: list[str] = []
        """The name of each object within the event."""
        self.fields: dict[str, str] = {}
        self.absent: list[str] = []

    def struct(
        self, tree: dict[str, Any], fields: Iterable[str] = (), absent: Iterable[str] = (), prefix: str = ""
    ) -> Any:
        """The type of an object with the names of `tree`; what is not there is empty."""
        members: list[tuple[str, Any, Any]] = []
        attributes: dict[str, str] = {}

        def attribute_of(name: str, kind: Any, default: Any) -> str:
            attribute = attributes[name] = f"field{len(members)}"
            members.append((attribute, kind, default))
            return prefix + attribute

        raw = self._msgspec.Raw
        for name, content in tree.items():
            if isinstance(content, dict):
                kind = self.struct(content, prefix=f"{prefix}field{len(members)}.")
                self.parents.append(name)
                attribute_of(name, kind, kind())
            else:
                self.leaves[attribute_of(name, raw, b"")] = content
                self.leaf_names.append(name)
        for name in fields:
            self.fields[name] = attributes.get(name) or attribute_of(name, self._anything, None)
        for name in (*_dotted_names(tree, ""), *absent):
            if name not in attributes:
                self.absent.append(attribute_of(name, self._nothing, b""))
        names = {attribute: name for name, attribute in attributes.items()}
        # Nothing in them refers back, so the garbage collector need not look at them.
        return self._msgspec.defstruct("Event", members, rename=names, frozen=True, gc=False)


def _dotted_names(tree: dict[str, Any], prefix: str) -> list[str]:
    found: list[str] = []
    for name, content in tree.items():
        if prefix:
            found.append(prefix + name)
        if isinstance(content, dict):
            found += _dotted_names(content, f"{prefix}{name}.")
    return found
