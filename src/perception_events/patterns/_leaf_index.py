"""Which rules a leaf can satisfy: what is filed under texts that a leaf equals, starts or ends with or contains, and
under numbers, so that a leaf finds its own without asking the others.

What is found may hold more than passes, never less: whoever asks tests what was found.

Writers come one at a time. Readers come at any time: a change is one step for them, a list that grows or a tuple or
dict that is replaced.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import frexp, inf, ldexp

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import address_digits, cidr_range
from perception_events.patterns._numbers import comparable
from perception_events.patterns._values import as_octets, exact_leaf, leaf_digits, wildcard_pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol, TypeAlias

    Place: TypeAlias = tuple[str, Any]
    """A kind of table, a key in it: ("exact", leaf), ("part", ("prefix", text, piece)), ("range", (low, high)), ..."""

    Entries: TypeAlias = list[Any]
    Shelf: TypeAlias = tuple[str, int, bool]
    """Which table of parts: the end, the length, whether with pieces."""
    LookUp: TypeAlias = tuple[slice, dict[str, Entries], bool]
    """The part of a leaf that is looked up, in which table, and whether its entries have a piece beside them."""

    class Table(Protocol):
        """What is filed under keys of one kind."""

        def add(self, key: Any, entry: object) -> None: ...
        def remove(self, key: Any, entry: object) -> None: ...
        def crowd(self, key: Any) -> float:
            """How many would be found with one filed under `key`, times how often that is: a guess."""

    class FindingTable(Table, Protocol):
        """One that is not looked up by `LeafIndex.find` itself."""

        def find(self, leaf: str, found: Entries) -> None:
            """Add to `found` what `leaf` can satisfy."""


__all__ = ["LeafIndex", "Place", "finding_decides", "places"]

_LENGTHS = (26, 17, 11, 7, 5, 4, 3, 2, 1)
"""So many characters of a prefix or suffix are looked up, its quote included."""
_CUT = tuple(next((length for length in _LENGTHS if length <= whole), 0) for whole in range(_LENGTHS[0] + 1))
"""How many characters of a text of so many are looked up."""
_GATE = 5
"""So many characters of a prefix or suffix decide whether the lengths are looked at, its quote included."""
_PIECE = 3
"""So many characters of a wildcard's middle are looked for."""


def places(values: Sequence[ast.ValuePattern]) -> tuple[Place, ...] | None:
    """Where to file a field's list so that every leaf that passes finds it; None where its absence passes too."""
    if any(isinstance(value, ast.Exists) and not value.present for value in values):
        return None
    return (_place(values[0]),) if len(values) == 1 else tuple(dict.fromkeys(map(_place, values)))


def finding_decides(values: Sequence[ast.ValuePattern]) -> bool:
    """Whether every leaf that finds a field's list where it is filed passes, so that it need not be asked."""
    return all(
        _place(value)[0] == "exact"
        or (
            isinstance(value, ast.Prefix | ast.Suffix) and not value.ignore_case and len(_with_quote(value)) in _LENGTHS
        )
        for value in values
    )


def _place(value: ast.ValuePattern) -> Place:
    leaf = exact_leaf(value)
    if leaf is not None:
        return "exact", leaf
    match value:
        case ast.String():
            return "address", ("part", ("prefix", address_digits(value.value), ""))
        case ast.Number():
            number = comparable(value.text)
            return ("exact", value.text) if number is None else ("number", number)
        case ast.Prefix() | ast.Suffix() if not value.ignore_case:
            return "part", (value.operator, as_octets(_with_quote(value)), "")
        case ast.Prefix() | ast.Suffix() if value.value.isascii():
            return "any-case", ("part", (value.operator, _with_quote(value).lower(), ""))
        case ast.EqualsIgnoreCase() if value.value.isascii():
            return "any-case", ("exact", f'"{value.value}"'.lower())
        case ast.Wildcard():
            return _wildcard_place(value.value)
        case ast.Numeric():
            return _range_place(value)
        case ast.Cidr():
            block = cidr_range(value.value)
            both = zip(block.bottom, block.top, strict=True)
            same = next((index for index, (low, high) in enumerate(both) if low != high), len(block.top))
            if same:
                return "address", ("part", ("prefix", block.bottom[:same], ""))
    return "present", None


def _wildcard_place(value: str) -> Place:
    first, *rest = wildcard_pieces(value)
    *middle, last = rest or [""]
    piece = max(middle, key=len, default="")
    if min(len(piece), _PIECE) > max(len(first), len(last)):
        return "piece", piece[:_PIECE]
    return "part", ("suffix", last, piece) if len(last) >= len(first) else ("prefix", first, piece)


def _with_quote(value: ast.Prefix | ast.Suffix) -> str:
    return f'"{value.value}' if value.operator == "prefix" else f'{value.value}"'


def _range_place(value: ast.Numeric) -> Place:
    bounds = {operator: comparable(number) for operator, number in value.comparisons}
    equal = bounds.get("=")
    if equal is not None:
        return "number", equal
    low, high = bounds.get(">", bounds.get(">=")), bounds.get("<", bounds.get("<="))
    return "range", (-inf if low is None else low, inf if high is None else high)


class LeafIndex:
    """What is filed for the leaves of one path."""

    __slots__ = ("_exact", "_finders", "_parts", "_tables")

    def __init__(self) -> None:
        self._exact = _Equal(str)
        self._parts = _Parts()
        self._tables: dict[str, Table] = {"exact": self._exact, "part": self._parts}
        self._finders: tuple[Callable[[str, Entries], None], ...] = ()

    def add(self, place: Place, entry: object) -> None:
        """File `entry`."""
        kind, key = place
        if kind not in self._tables:
            table = self._tables[kind] = _TABLES[kind]()
            self._finders = (*self._finders, table.find)
        self._tables[kind].add(key, entry)

    def remove(self, place: Place, entry: object) -> None:
        """Take `entry` from where it was filed."""
        kind, key = place
        self._tables[kind].remove(key, entry)

    def crowd(self, place: Place) -> float:
        """How many would be found with one filed at `place`, times how often that is: a guess."""
        kind, key = place
        return (self._tables.get(kind) or _TABLES[kind]()).crowd(key)

    def find(self, leaf: str, found: Entries) -> None:
        """Add to `found` what `leaf` can satisfy."""
        # The most frequent kinds are looked up here, not in their tables' `find`: a call costs more than a look.
        entries = self._exact.entries.get(leaf)
        if entries is not None:
            found += entries
        octets = leaf if leaf.isascii() else as_octets(leaf)
        for gate, behind in self._parts.gates:
            tables = behind(octets[gate])
            if tables is not None:
                for part, table, pieces in tables:
                    entries = table.get(octets[part])
                    if entries is not None:
                        # In a large set most of these are in no cache: what is not touched costs nothing.
                        found += [entry for piece, entry in entries if piece in octets] if pieces else entries
        for find in self._finders:
            find(leaf, found)


class _Equal:
    """Filed under what is read of a leaf: its text, its number, or nothing for what any leaf finds."""

    __slots__ = ("_read", "entries")

    def __init__(self, read: Callable[[str], object]) -> None:
        self._read = read
        self.entries: dict[object, Entries] = {}

    def add(self, key: object, entry: object) -> None:
        self.entries.setdefault(key, []).append(entry)

    def remove(self, key: object, entry: object) -> None:
        _remove(self.entries, key, entry)

    def crowd(self, key: object) -> float:
        return _share(str(key)[1:-1] if isinstance(key, str) else str(key or "")) * (1 + len(self.entries.get(key, ())))

    def find(self, leaf: str, found: Entries) -> None:
        found += self.entries.get(self._read(leaf), ())


class _Parts:
    """Filed under what a leaf starts with, or ends with, beside a piece that it must have too.

    The key: "prefix" or "suffix", the text, the piece. There is a table for each length of text, apart for what has a
    piece. The first or last few characters, the gate, say which tables a leaf is looked up in: most leaves are turned
    away there, by one look instead of one for each length.
    """

    __slots__ = ("_behind", "_choices", "_filed", "_tables", "gates")

    def __init__(self) -> None:
        self._tables: dict[Shelf, LookUp] = {}
        self._filed: dict[tuple[str, Shelf], int] = {}
        """How many are filed in a table behind a gate."""
        self._behind: dict[tuple[str, int], dict[str, tuple[LookUp, ...]]] = {}
        """By end and length of gate: the tables behind each."""
        self._choices: dict[tuple[Shelf, ...], tuple[LookUp, ...]] = {}
        """One of each choice of tables for all gates: what many share is in the processor's caches."""
        self.gates: tuple[tuple[slice, Callable[[str], tuple[LookUp, ...] | None]], ...] = ()

    def add(self, key: tuple[str, str, str], entry: object) -> None:
        end, text, piece = _cut(key)
        shelf, gate = _shelf_and_gate(end, text, piece)
        if shelf not in self._tables:
            self._tables[shelf] = _part(end, len(text)), {}, bool(piece)
        self._tables[shelf][1].setdefault(text, []).append((piece, entry) if piece else entry)
        self._filed[gate, shelf] = self._filed.get((gate, shelf), 0) + 1
        if self._filed[gate, shelf] == 1:
            self._open(end, gate)

    def remove(self, key: tuple[str, str, str], entry: object) -> None:
        end, text, piece = _cut(key)
        shelf, gate = _shelf_and_gate(end, text, piece)
        _remove(self._tables[shelf][1], text, (piece, entry) if piece else entry)
        self._filed[gate, shelf] -= 1
        if not self._filed[gate, shelf]:
            del self._filed[gate, shelf]
            self._open(end, gate)

    def crowd(self, key: tuple[str, str, str]) -> float:
        end, text, piece = _cut(key)
        _, table, _ = self._tables.get((end, len(text), bool(piece)), _NOTHING)
        return _share(text[1:] + piece) * (1 + len(table.get(text, ())))

    def _open(self, end: str, gate: str) -> None:
        """Let `gate` lead to the tables in which something is filed behind it."""
        used = tuple([shelf for shelf in self._tables if shelf[0] == end and (gate, shelf) in self._filed])
        if (end, len(gate)) not in self._behind:
            behind = self._behind[end, len(gate)] = {}
            self.gates = (*self.gates, (_part(end, len(gate)), behind.get))
        if used:
            if used not in self._choices:
                self._choices[used] = tuple([self._tables[shelf] for shelf in used])
            self._behind[end, len(gate)][gate] = self._choices[used]
        else:
            del self._behind[end, len(gate)][gate]


_NOTHING: LookUp = (slice(0), {}, False)


def _shelf_and_gate(end: str, text: str, piece: str) -> tuple[Shelf, str]:
    return (end, len(text), bool(piece)), text[_part(end, min(len(text), _GATE))]


def _part(end: str, length: int) -> slice:
    return slice(length) if end == "prefix" else slice(-length, None)


def _cut(key: tuple[str, str, str]) -> tuple[str, str, str]:
    """Few lengths are looked up: a text of another is filed under less of it."""
    end, text, piece = key
    return end, text[_part(end, _CUT[min(len(text), _LENGTHS[0])])], piece


class _Pieces:
    """Filed under a short text that a leaf contains."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables: dict[int, dict[str, Entries]] = {}

    def add(self, text: str, entry: object) -> None:
        if len(text) not in self._tables:
            self._tables = {**self._tables, len(text): {}}
        self._tables[len(text)].setdefault(text, []).append(entry)

    def remove(self, text: str, entry: object) -> None:
        _remove(self._tables[len(text)], text, entry)

    def crowd(self, text: str) -> float:
        return _share(text[1:]) * (1 + len(self._tables.get(len(text), {}).get(text, ())))

    def find(self, leaf: str, found: Entries) -> None:
        octets = as_octets(leaf)
        for length, table in self._tables.items():
            for piece in {octets[start : start + length] for start in range(len(octets) - length + 1)}:
                found += table.get(piece, ())


class _Ranges:
    """Filed under ranges that hold a number, by classes of width (a power of two): those that hold a number begin at
    most their class's width below it. The ranges of a class are sorted by where they begin; those without a lower
    bound by where they end, counted downwards."""

    __slots__ = ("_classes",)

    def __init__(self) -> None:
        self._classes: dict[int, tuple[list[float], Entries]] = {}

    def add(self, bounds: tuple[float, float], entry: object) -> None:
        width, low = _range_class(bounds)
        lows, entries = self._classes.get(width, ([], []))
        at = bisect_right(lows, low)
        self._replace(width, [*lows[:at], low, *lows[at:]], [*entries[:at], entry, *entries[at:]])

    def remove(self, bounds: tuple[float, float], entry: object) -> None:
        width, low = _range_class(bounds)
        lows, entries = self._classes[width]
        at = entries.index(entry, bisect_left(lows, low))
        self._replace(width, lows[:at] + lows[at + 1 :], entries[:at] + entries[at + 1 :])

    def crowd(self, bounds: tuple[float, float]) -> float:
        width, low = _range_class(bounds)
        lows, _ = self._classes.get(width, ([], []))
        return 1 + bisect_right(lows, low) - bisect_left(lows, low - _reach(width))

    def find(self, leaf: str, found: Entries) -> None:
        number = _number(leaf)
        if number is None:
            return
        for width, (lows, entries) in self._classes.items():
            at = -number if width == _NO_LOWER_BOUND else number
            found += entries[bisect_left(lows, at - _reach(width)) : bisect_right(lows, at)]

    def _replace(self, width: int, lows: list[float], entries: Entries) -> None:
        self._classes = {**self._classes, width: (lows, entries)}


_NO_UPPER_BOUND = 1024
_NO_LOWER_BOUND = 1025


def _range_class(bounds: tuple[float, float]) -> tuple[int, float]:
    low, high = bounds
    if low == -inf:
        return _NO_LOWER_BOUND, -high
    width = high - low
    return (frexp(width)[1] if width < inf else _NO_UPPER_BOUND), low


def _reach(width: int) -> float:
    return ldexp(1.0, width) if width < _NO_UPPER_BOUND else inf


class _Derived:
    """Filed in an index of its own, for texts that are read of a leaf; the key is a place in it."""

    __slots__ = ("_index", "_read")

    def __init__(self, read: Callable[[str], Iterable[str]]) -> None:
        self._read = read
        self._index = LeafIndex()

    def add(self, place: Place, entry: object) -> None:
        self._index.add(place, entry)

    def remove(self, place: Place, entry: object) -> None:
        self._index.remove(place, entry)

    def crowd(self, place: Place) -> float:
        return self._index.crowd(place)

    def find(self, leaf: str, found: Entries) -> None:
        for text in self._read(leaf):
            self._index.find(text, found)


def _remove(entries: dict[Any, Entries], key: object, entry: object) -> None:
    entries[key].remove(entry)
    if not entries[key]:
        del entries[key]


def _share(text: str) -> float:
    """How often a leaf has `text` where it is looked for: the longer, the less often."""
    return 0.25 ** min(len(text), 6)


def _number(leaf: str) -> float | None:
    return None if leaf[0] == '"' else comparable(leaf)


def _digits(leaf: str) -> Iterable[str]:
    """A bare number's own digits are looked at too. (Accident of the engine, kept.)"""
    digits = leaf_digits(leaf)
    return (leaf,) if digits is None else (leaf, digits)


_TABLES: dict[str, Callable[[], FindingTable]] = {
    "piece": _Pieces,
    "number": lambda: _Equal(_number),
    "range": _Ranges,
    # No letter outside ASCII passes for one inside.
    "any-case": lambda: _Derived(lambda leaf: (as_octets(leaf).lower(),)),
    "address": lambda: _Derived(_digits),
    "present": lambda: _Equal(lambda leaf: None),
}
