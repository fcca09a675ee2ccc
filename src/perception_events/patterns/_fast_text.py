"""The leaves of an event text by msgspec, where that can be proved to give what `_event_text` and `_fields` give.

msgspec (the extra `perception-events[fast]`) reads only the fields that rules name and leaves their spelling as it is.
What it cannot see makes `FastReader.leaves` return None, and the text is read as always: a backslash (a key may be
spelled with escapes), a name that is in the text twice (it may be a repeated key), a dotted name, arrays of objects,
text after the object, numbers and nesting beyond the engine's limits, and whatever msgspec rejects.
"""

from __future__ import annotations

from perception_events.patterns._event_text import MAX_DEPTH, has_long_number, scan
from perception_events.patterns._fields import text_leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from types import ModuleType
    from typing import Any, TypeAlias

    Plan: TypeAlias = list[tuple[str, str | None, "Plan"]]
    """Of an object: the attribute of each name, the path of a leaf, or what its object's names are; neither: a dotted
    name, which must not be there."""

__all__ = ["FastReader", "fast_reader"]

_MAX_NAMES = 5
"""Each name is looked for in the whole text and each leaf is made: of more of them the scanner makes less work."""


def fast_reader(paths: Collection[str]) -> FastReader | None:
    """What reads the leaves of `paths`; None where msgspec is not installed, or cannot know what is asked."""
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
    return FastReader(msgspec, tree, names, frozenset(paths))


class FastReader:
    """Reads the leaves of some paths from a text."""

    __slots__ = ("_decode", "_plan", "_quoted_names", "_unset", "paths")

    def __init__(self, msgspec: ModuleType, tree: dict[str, Any], names: Iterable[str], paths: frozenset[str]) -> None:
        self.paths = paths
        self._unset = msgspec.UNSET
        kind, self._plan = _struct(msgspec, tree)
        self._decode = msgspec.json.Decoder(kind).decode
        self._quoted_names = [f'"{name}"'.encode() for name in names]

    def leaves(self, text: str | bytes) -> list[tuple[str, str]] | None:
        """(path, leaf) of each, as from a flat event; None where the text must be read as always."""
        try:
            octets = text.encode() if type(text) is str else text
            if type(octets) is not bytes or b"\\" in octets:
                return None
            if type(text) is bytes and not text.isascii():
                str(text, "utf-8")  # msgspec does not look at what it leaves out
            if len(octets) > MAX_DEPTH and (
                octets.count(b"{") + octets.count(b"[") > MAX_DEPTH or has_long_number(str(octets, "utf-8"))
            ):
                return None
            event = self._decode(octets)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, and so are those of codecs
            return None
        for name in self._quoted_names:
            if octets.count(name) > 1:
                return None
        found: list[tuple[str, str]] = []
        return found if self._collect(event, self._plan, found) else None

    def _collect(self, value: Any, plan: Plan, found: list[tuple[str, str]]) -> bool:
        for attribute, path, inner in plan:
            member = getattr(value, attribute)
            if member is self._unset:
                continue
            if inner:
                if not self._collect(member, inner, found):
                    return False
                continue
            spelled = bytes(member)
            if path is None:
                return False
            if spelled[0] == 0x5B:  # [
                elements = scan(str(spelled, "utf-8"))
                if any(type(element) is tuple or type(element) is list for element in elements):
                    return False
                found += [(path, text_leaf(element)) for element in elements]
            elif spelled[0] != 0x7B:  # an object has no leaf of its own
                found.append((path, str(spelled, "utf-8")))
        return True


def _struct(msgspec: ModuleType, tree: dict[str, Any]) -> tuple[Any, Plan]:
    """The type of an object with the names of `tree`, and those dotted names that lead into it."""
    fields: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    plan: Plan = []
    for name, content in tree.items():
        attribute = f"field{len(fields)}"
        names[attribute] = name
        kind: Any = msgspec.Raw
        inner: Plan = []
        if isinstance(content, dict):
            kind, inner = _struct(msgspec, content)
        plan.append((attribute, content if isinstance(content, str) else None, inner))
        fields.append((attribute, kind | msgspec.UnsetType if inner else kind, msgspec.UNSET))
    for name in _dotted_names(tree, ""):
        attribute = f"field{len(fields)}"
        names[attribute] = name
        plan.append((attribute, None, []))
        fields.append((attribute, msgspec.Raw, msgspec.UNSET))
    return msgspec.defstruct("Event", fields, rename=names), plan


def _dotted_names(tree: dict[str, Any], prefix: str) -> list[str]:
    found: list[str] = []
    for name, content in tree.items():
        if prefix:
            found.append(prefix + name)
        if isinstance(content, dict):
            found += _dotted_names(content, f"{prefix}{name}.")
    return found
