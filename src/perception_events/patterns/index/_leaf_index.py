"""The tables of one path: a leaf finds what is under the keys that it equals, starts or ends with, contains or lies in.

What is found is what was added under those keys, never less; whether it passes, the caller knows by the key or tests.

Writers come one at a time. Readers come at any time: a change is one step for them, a list that grows or a tuple or
dict entry that is replaced.
"""

from __future__ import annotations

from itertools import compress
from operator import itemgetter

from perception_events.patterns._values import as_octets, ascii_lower
from perception_events.patterns.index._parsed import digits_of, number_of
from perception_events.patterns.index._postings import find_posting, insert_posting, place_of
from perception_events.patterns.index._ranges import Ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypeAlias

    from perception_events.patterns.index._keys import IndexKey
    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Posting, Postings

    LookUp: TypeAlias = tuple[slice, dict[str, Postings]]
    """The part of a leaf that is looked up, and in which table."""
    TableKey: TypeAlias = tuple[str, int]
    """Which table of beginnings or ends: the end, the length."""

    class Table(Protocol):
        """What is indexed under keys of one kind."""

        def add(self, key: Any, posting: Posting) -> None: ...
        def remove(self, key: Any, place: int) -> None: ...
        def postings(self, key: Any) -> Postings | None:
            """What is indexed under `key`; None where nothing is, or where it may not be replaced."""

        def replace(self, key: Any, postings: Postings) -> None: ...
        def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
            """Add to `found` what `leaf` finds."""


__all__ = ["LeafIndex"]

_PREFILTER = 5
"""So many characters of a beginning or end, its quote included, decide whether longer ones are looked up."""
_LITERAL_PREFILTER = 3
"""So many characters of a text inside decide whether longer ones are looked up there."""


class LeafIndex:
    """What is indexed for the leaves of one path."""

    __slots__ = ("_affixes", "_exact", "_finders", "_tables", "size")

    def __init__(self) -> None:
        self.size = 0
        """How many are indexed, those within nested indexes included."""
        self._exact = _Equal()
        self._affixes = _Affixes()
        self._tables: dict[str, Table] = {"exact": self._exact}
        self._finders: tuple[Callable[[str, Postings, Parsed], None], ...] = ()

    def add(self, key: IndexKey, posting: Posting) -> None:
        """Index `posting` under `key`."""
        self._table(key[0]).add(key[1], posting)
        self.size += 1

    def remove(self, key: IndexKey, place: int) -> None:
        """Take a posting from under `key`: the number `place`, or the candidate whose entry has that serial number."""
        self._tables[key[0]].remove(key[1], place)
        self.size -= 1

    def postings(self, key: IndexKey) -> Postings | None:
        """What is indexed under `key`; None where nothing is, or where keys overlap."""
        table = self._tables.get(key[0])
        return None if table is None else table.postings(key[1])

    def replace(self, key: IndexKey, postings: Postings) -> None:
        """Put `postings` in the place of what is indexed under `key`, in one step."""
        self._tables[key[0]].replace(key[1], postings)

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        """Add to `found` what `leaf` finds; `parsed` keeps what was read of the event's leaves."""
        # The most frequent kinds are looked up here, not in their tables' `find`: a call costs more than a look.
        postings = self._exact.lists.get(leaf)
        if postings is not None:
            found += postings
        gates = self._affixes.gates
        if gates:
            octets = leaf if leaf.isascii() else as_octets(leaf)
            for gate, behind in gates:
                tables = behind(octets[gate])
                if tables is not None:
                    for part, table in tables:
                        postings = table.get(octets[part])
                        if postings is not None:
                            found += postings
        for find in self._finders:
            find(leaf, found, parsed)

    def column_finder(self) -> Callable[[list[str]], set[int]]:
        """What gives the numbers of those leaves in a list that find anything of what is indexed now; "" is no leaf.

        Most leaves find nothing: they are asked of each table together, which costs less than `find` of each.
        """
        exact = self._exact.lists.__contains__ if self._exact.lists else None
        ends = self._affixes.shortest_gates()
        others = bool(self._finders)

        def finding(leaves: list[str]) -> set[int]:
            numbers = range(len(leaves))
            if others:
                return {at for at in numbers if leaves[at] and self._finds(leaves[at])}
            found = set(compress(numbers, map(exact, leaves))) if exact is not None else set()
            if ends:
                octets = leaves if "".join(leaves).isascii() else [as_octets(leaf) for leaf in leaves]
                for part, is_gate in ends:
                    found.update(
                        at
                        for at in compress(numbers, map(is_gate, map(part, octets)))
                        if at not in found and self._finds(leaves[at])
                    )
            return found

        return finding

    def _finds(self, leaf: str) -> bool:
        found: Postings = []
        self.find(leaf, found, {})
        return bool(found)

    def _table(self, kind: str) -> Table:
        table = self._tables.get(kind)
        if table is None:
            if kind in ("prefix", "suffix"):
                self._tables["prefix"], self._tables["suffix"] = self._affixes.prefixes, self._affixes.suffixes
                return self._tables[kind]
            table = self._tables[kind] = _TABLES[kind]()
            self._finders = (*self._finders, table.find)
        return table


class _Lists:
    """Lists of postings by key; a table is one, or several by the length of the key."""

    __slots__ = ("lists",)

    def __init__(self) -> None:
        self.lists: dict[Any, Postings] = {}

    def add(self, key: Any, posting: Posting) -> None:
        if key in self.lists:
            insert_posting(self.lists[key], posting)
        else:
            self.lists[key] = [posting]

    def remove(self, key: Any, place: int) -> None:
        postings = self.lists[key]
        del postings[find_posting(postings, place)]
        if not postings:
            del self.lists[key]

    def postings(self, key: Any) -> Postings | None:
        return self.lists.get(key)

    def replace(self, key: Any, postings: Postings) -> None:
        if postings:
            self.lists[key] = postings
        else:
            del self.lists[key]


class _Equal(_Lists):
    """Indexed under the whole leaf."""

    __slots__ = ()

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        found += self.lists.get(leaf, ())


class _Numbers(_Lists):
    """Indexed under a number."""

    __slots__ = ()

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        number = number_of(leaf, parsed)
        if number is not None:
            found += self.lists.get(number, ())


class _Anything(_Lists):
    """Indexed under nothing: any leaf finds it."""

    __slots__ = ()

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        found += self.lists.get(None, ())


class _Affixes:
    """Indexed under what a leaf starts with, or ends with.

    There is a table for each length of text. The first or last few characters, the gate, say which of them a leaf is
    looked up in: most leaves are turned away there, by one look instead of one for each length.
    """

    __slots__ = ("_behind", "_choices", "_counts", "_tables", "gates", "prefixes", "suffixes")

    def __init__(self) -> None:
        self._tables: dict[TableKey, dict[str, Postings]] = {}
        self._counts: dict[tuple[str, TableKey], int] = {}
        """How many texts a table has behind a gate."""
        self._behind: dict[tuple[str, int], dict[str, tuple[LookUp, ...]]] = {}
        """By end and length of gate: the tables behind each."""
        self._choices: dict[tuple[TableKey, ...], tuple[LookUp, ...]] = {}
        """One of each choice of tables for all gates: what many share is in the processor's caches."""
        self.gates: tuple[tuple[slice, Callable[[str], tuple[LookUp, ...] | None]], ...] = ()
        self.prefixes = _Affix(self, "prefix")
        self.suffixes = _Affix(self, "suffix")

    def table(self, end: str, text: str) -> dict[str, Postings]:
        """The table of texts as long as `text`."""
        return self._tables.setdefault((end, len(text)), {})

    def shortest_gates(self) -> list[tuple[Callable[[str], str], Callable[[str], bool]]]:
        """For each end: what cuts the shortest gate out of a leaf, and whether a gate in use begins, or ends, so."""
        found: list[tuple[Callable[[str], str], Callable[[str], bool]]] = []
        for end in ("prefix", "suffix"):
            gates = [gate for (of_end, _), behind in self._behind.items() if of_end == end for gate in behind]
            if gates:
                part = _part(end, min(map(len, gates)))
                found.append((itemgetter(part), frozenset(gate[part] for gate in gates).__contains__))
        return found

    def count(self, end: str, text: str, change: int) -> None:
        """A text came into its table or left it."""
        table_key = end, len(text)
        gate = text[_part(end, min(len(text), _PREFILTER))]
        self._counts[gate, table_key] = self._counts.get((gate, table_key), 0) + change
        if not self._counts[gate, table_key]:
            del self._counts[gate, table_key]
        elif self._counts[gate, table_key] > 1 or change < 0:
            return
        used = tuple([key for key in self._tables if key[0] == end and (gate, key) in self._counts])
        if (end, len(gate)) not in self._behind:
            behind = self._behind[end, len(gate)] = {}
            self.gates = (*self.gates, (_part(end, len(gate)), behind.get))
        if used:
            if used not in self._choices:
                self._choices[used] = tuple([(_part(*key), self._tables[key]) for key in used])
            self._behind[end, len(gate)][gate] = self._choices[used]
        else:
            del self._behind[end, len(gate)][gate]


class _Affix:
    """The beginnings, or the ends, as a table."""

    __slots__ = ("_affixes", "_end")

    def __init__(self, affixes: _Affixes, end: str) -> None:
        self._affixes = affixes
        self._end = end

    def add(self, text: str, posting: Posting) -> None:
        table = self._affixes.table(self._end, text)
        if text in table:
            insert_posting(table[text], posting)
        else:
            table[text] = [posting]
            self._affixes.count(self._end, text, 1)

    def remove(self, text: str, place: int) -> None:
        postings = self._affixes.table(self._end, text)[text]
        del postings[find_posting(postings, place)]
        if not postings:
            self.replace(text, postings)

    def postings(self, text: str) -> Postings | None:
        return self._affixes.table(self._end, text).get(text)

    def replace(self, text: str, postings: Postings) -> None:
        table = self._affixes.table(self._end, text)
        if postings:
            table[text] = postings
        else:
            del table[text]
            self._affixes.count(self._end, text, -1)

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        raise NotImplementedError("LeafIndex.find looks texts up itself")


def _part(end: str, length: int) -> slice:
    return slice(length) if end == "prefix" else slice(-length, None)


class _Literals:
    """Indexed under a text that a leaf contains.

    A leaf is looked up at each of its positions by a few characters, the gate, and only where these are in use by the
    texts of each length that begin with them.
    """

    __slots__ = ("_gates", "_lists")

    def __init__(self) -> None:
        self._lists = _Lists()
        self._gates: dict[int, dict[str, dict[int, int]]] = {}
        """By length of gate: gate, length of text, how many."""

    def add(self, text: str, posting: Posting) -> None:
        if text not in self._lists.lists:
            gate = text[:_LITERAL_PREFILTER]
            gates = self._gates.get(len(gate), {})
            lengths = gates.get(gate, {})
            # Replaced, for readers may be going through them.
            gates[gate] = {**lengths, len(text): lengths.get(len(text), 0) + 1}
            if len(gate) not in self._gates:
                self._gates = {**self._gates, len(gate): gates}
        self._lists.add(text, posting)

    def remove(self, text: str, place: int) -> None:
        self._lists.remove(text, place)
        self._forget(text)

    def postings(self, text: str) -> Postings | None:
        return self._lists.postings(text)

    def replace(self, text: str, postings: Postings) -> None:
        self._lists.replace(text, postings)
        self._forget(text)

    def _forget(self, text: str) -> None:
        if text in self._lists.lists:
            return
        gate = text[:_LITERAL_PREFILTER]
        gates = self._gates[len(gate)]
        left = {length: count - (length == len(text)) for length, count in gates[gate].items()}
        gates[gate] = {length: count for length, count in left.items() if count}
        if not gates[gate]:
            del gates[gate]

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        octets = leaf if leaf.isascii() else as_octets(leaf)
        lists = self._lists.lists
        texts: set[str] = set()
        for gate, gates in self._gates.items():
            # Never twice the same text, for a leaf may repeat it many times.
            for start in [start for start in range(len(octets) - gate + 1) if octets[start : start + gate] in gates]:
                for length in gates.get(octets[start : start + gate], ()):
                    texts.add(octets[start : start + length])
        for text in texts:
            found += lists.get(text, ())


class _Except:
    """Indexed under the leaves that do not find it."""

    __slots__ = ("_excluded", "_postings", "_repeated")

    def __init__(self) -> None:
        self._postings: Postings = []
        self._excluded: dict[str, dict[Posting, int]] = {}
        """Of a leaf: what it does not find, and how many times not."""
        self._repeated: dict[Posting, int] = {}
        """What is indexed more than once, for several sub-rules of one rule, and how many times."""

    def add(self, leaves: frozenset[str], posting: Posting) -> None:
        at = find_posting(self._postings, place_of(posting))
        if at < len(self._postings) and self._postings[at] is posting:
            self._repeated[posting] = self._repeated.get(posting, 1) + 1
        for leaf in leaves:
            excluded = self._excluded.setdefault(leaf, {})
            excluded[posting] = excluded.get(posting, 0) + 1
        insert_posting(self._postings, posting)

    def remove(self, leaves: frozenset[str], place: int) -> None:
        posting = self._postings.pop(find_posting(self._postings, place))
        if posting in self._repeated:
            self._repeated[posting] -= 1
            if self._repeated[posting] == 1:
                del self._repeated[posting]
        for leaf in leaves:
            excluded = self._excluded[leaf]
            excluded[posting] -= 1
            if not excluded[posting]:
                del excluded[posting]
            if not excluded:
                del self._excluded[leaf]

    def postings(self, leaves: frozenset[str]) -> Postings | None:
        return None

    def replace(self, leaves: frozenset[str], postings: Postings) -> None:
        raise NotImplementedError("what is excepted overlaps: its postings are never replaced")

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        excluded = self._excluded.get(leaf if leaf.isascii() else as_octets(leaf))
        if excluded is None:
            found += self._postings
            return
        if len(excluded) < len(self._postings):
            found += [posting for posting in self._postings if posting not in excluded]
        for posting, times in list(self._repeated.items()):
            if excluded.get(posting, 0) < times:
                found.append(posting)


class _Derived:
    """Has an index of its own, for a text that is read of a leaf; the key is one of it."""

    __slots__ = ("_index", "_read")

    def __init__(self, read: Callable[[str, Parsed], tuple[str, ...]]) -> None:
        self._read = read
        self._index = LeafIndex()

    def add(self, key: Any, posting: Posting) -> None:
        self._index.add(key, posting)

    def remove(self, key: Any, place: int) -> None:
        self._index.remove(key, place)

    def postings(self, key: Any) -> Postings | None:
        return self._index.postings(key)

    def replace(self, key: Any, postings: Postings) -> None:
        self._index.replace(key, postings)

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        for text in self._read(leaf, parsed):
            self._index.find(text, found, parsed)


def _in_lower_case(leaf: str, parsed: Parsed) -> tuple[str, ...]:
    return (ascii_lower(as_octets(leaf)),)


def _address(leaf: str, parsed: Parsed) -> tuple[str, ...]:
    digits = digits_of(leaf, parsed)
    return () if digits is None else (digits,)


_TABLES: dict[str, Callable[[], Table]] = {
    "literal": _Literals,
    "number": _Numbers,
    "range": Ranges,
    # No letter outside ASCII passes for one inside.
    "any-case": lambda: _Derived(_in_lower_case),
    "address": lambda: _Derived(_address),
    "except": _Except,
    "exists": _Anything,
    "present": _Anything,
}
