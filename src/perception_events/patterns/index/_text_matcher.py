"""Event texts in bulk: each is read once by msgspec, for the paths that find rules, and only seldom for all of them."""

from __future__ import annotations

from perception_events.patterns._fast_text import fast_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perception_events.patterns._fast_text import FastReader
    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Postings
    from perception_events.patterns.index._rule_index import RuleIndex

__all__ = ["TextMatcher", "text_matcher"]

_FEW = 16
"""So many texts, one of which is not plain, are read one by one."""


class TextMatcher:
    """Matches event texts against the rules that a set had when this was made; `RuleSet.text_matcher` makes one."""

    __slots__ = ("_always", "_fields", "_finders", "_index", "_part", "_version", "_whole", "_width")

    def __init__(self, index: RuleIndex, part: FastReader, whole: FastReader, width: int) -> None:
        self._index = index
        self._version = index.version
        self._part = part
        self._whole = whole
        self._finders = index.finders(part.in_order)
        self._always = index.always()
        self._fields = len(part.in_order)
        self._width = width

    def match(self, text: bytes) -> tuple[list[str], Sequence[str]] | None:
        """The names of the rules that match, in order of addition, and the JSON of each field ("" where it is not).

        None for a text that has to be read in another way, and for every text once a rule has come or gone.
        """
        if self._index.version != self._version:
            return None
        spelled = self._part.read(text)
        if spelled is None:
            return None
        pieces = spelled.split("\0")[1:]
        if "\0\0" in spelled or "\0[" in spelled or "\0{" in spelled or self._finds(pieces):
            return self._by_all(text)
        return [], pieces[self._fields :]

    def match_lines(self, lines: list[bytes]) -> tuple[list[list[str] | None], list[list[str]]]:
        """`match` of each of many texts, in a few steps: the names, and a column of each field.

        No text may be empty or have a line break. What is in the columns for a text without names (None) is nothing.
        """
        names: list[list[str] | None]
        read = self._part.read_lines(lines) if self._index.version == self._version else None
        if read is None and len(lines) > _FEW:
            # One text that is not plain spoils all: the two halves are tried, down to a few.
            half = len(lines) // 2
            (names, columns), (rest, more) = self.match_lines(lines[:half]), self.match_lines(lines[half:])
            return names + rest, [first + second for first, second in zip(columns, more, strict=True)]
        if read is None:
            found = [self.match(line) for line in lines]
            columns = [["" if one is None else one[1][at] for one in found] for at in range(self._width)]
            return [None if one is None else one[0] for one in found], columns
        columns, others = read
        names = [[] for _ in lines]
        if self._always:
            others.update(range(len(lines)))
        else:
            for (find, find_matches), column in zip(self._finders, columns, strict=False):
                for finder in (find, find_matches):
                    if finder is None:
                        continue
                    found_here: Postings = []
                    for at, leaf in enumerate(column):
                        if leaf[:1] == "[":
                            others.add(at)
                        elif leaf and leaf[0] != "{":
                            finder(leaf, found_here, {})
                            if found_here:
                                others.add(at)
                                found_here.clear()
        for at in others:
            one = self._by_all(lines[at])
            names[at] = None if one is None else one[0]
        return names, columns[self._fields :]

    def _finds(self, pieces: list[str]) -> bool:
        """Whether a rule may match an event with these leaves."""
        found: Postings = self._always.copy()
        parsed: Parsed = {}
        for leaf, (find, find_matches) in zip(pieces, self._finders, strict=False):
            if find is not None:
                find(leaf, found, parsed)
            if find_matches is not None:
                find_matches(leaf, found, parsed)
        return bool(found)

    def _by_all(self, text: bytes) -> tuple[list[str], Sequence[str]] | None:
        spelled = self._whole.read(text)
        if spelled is None:
            return None
        pieces = spelled.split("\0")[1:]
        leaves = self._whole.leaves_of(pieces)
        names = None if leaves is None else self._index.matching_leaves(leaves, self._whole.paths)
        return None if names is None else (names, pieces[len(self._whole.in_order) :])


def text_matcher(index: RuleIndex, fields: Sequence[str], absent: Iterable[str]) -> TextMatcher | None:
    """The matcher for the rules that `index` has now; None where msgspec is missing, or cannot read what they name."""
    absent = tuple(absent)
    if not index.is_flat:
        return None
    # An event that finds no rule by these paths needs no other leaf.
    part, whole = fast_reader(index.finding_paths(), fields, absent), fast_reader(index.paths(), fields, absent)
    return None if part is None or whole is None else TextMatcher(index, part, whole, len(fields))
