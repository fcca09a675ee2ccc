"""Event texts in bulk: each is read once by msgspec, for the paths that find rules, and only seldom for all of them."""

from __future__ import annotations

from perception_events.patterns._fast_text import fast_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from perception_events.patterns._fast_text import FastReader
    from perception_events.patterns.index._rule_index import RuleIndex

__all__ = ["TextMatcher", "text_matcher"]

_TOGETHER = 512
"""So many texts are read together: what is made of them stays in the processor's caches."""
_MANY = 0.3
"""Where such a share of the events finds rules, all that rules name is read at once."""


class TextMatcher:
    """Matches event texts against the rules that a set had when this was made; `RuleSet.text_matcher` makes one."""

    __slots__ = ("_finders", "_index", "_part", "_share", "_version", "_whole", "_width")

    def __init__(self, index: RuleIndex, part: FastReader, whole: FastReader, width: int) -> None:
        self._index = index
        self._version = index.version
        self._part = part
        self._whole = whole
        self._finders = {path: index.column_finders(path) for path in whole.in_order}
        self._width = width
        self._share = 1.0 if index.tests_always else 0.0
        """Of the events before, those that found rules."""

    def match(self, text: bytes) -> tuple[list[str], list[Any]] | None:
        """The names of the rules that match, in order of addition, and the value of each field (None: not there).

        None for a text that has to be read in another way, and for every text once a rule has come or gone.
        """
        names, columns = self.match_lines([text])
        return None if names[0] is None else (names[0], [column[0] for column in columns])

    def match_lines(self, lines: list[bytes]) -> tuple[list[list[str] | None], list[list[Any]]]:
        """`match` of each of many texts, in a few steps: the names, and a column of each field.

        What is in the columns for a text without names (None) is nothing.
        """
        if self._index.version != self._version:
            return [None] * len(lines), [[None] * len(lines) for _ in range(self._width)]
        names: list[list[str] | None] = []
        columns: list[list[Any]] = [[] for _ in range(self._width)]
        for start in range(0, len(lines), _TOGETHER):
            found, fields = self._match_few(lines[start : start + _TOGETHER])
            names += found
            for column, more in zip(columns, fields, strict=True):
                column += more
        return names, columns

    def _match_few(self, lines: list[bytes]) -> tuple[list[list[str] | None], list[list[Any]]]:
        reader = self._whole if self._share > _MANY else self._part
        leaves, fields, odd = reader.read_lines(lines)
        names: list[list[str] | None] = [[] for _ in lines]
        finding: set[int]
        if self._index.tests_always:
            finding = set(range(len(lines)))
        else:
            finding = set()
            for path, column in zip(reader.in_order, leaves, strict=True):
                for find in self._finders[path]:
                    finding |= find(column)
                if "\0[" in "\0".join(["", *column]):
                    finding.update(at for at, leaf in enumerate(column) if leaf.startswith("["))
        finding -= odd
        if finding:
            tested = sorted(finding)
            if reader is self._whole:
                rows = list(zip(*leaves, strict=True))
                for at in tested:
                    names[at] = self._names(rows[at])
            else:
                leaves, _, beyond = self._whole.read_lines([lines[at] for at in tested])
                for place, row in enumerate(zip(*leaves, strict=True)):
                    names[tested[place]] = None if place in beyond else self._names(row)
        for at in odd:
            names[at] = None
        self._share += (len(finding) / len(lines) - self._share) / 8
        return names, fields

    def _names(self, pieces: Iterable[str]) -> list[str] | None:
        """The names for an event by all leaves that rules name."""
        leaves = self._whole.leaves_of(pieces)
        return None if leaves is None else self._index.matching_leaves(leaves, self._whole.paths)


def text_matcher(index: RuleIndex, fields: Sequence[str], absent: Iterable[str]) -> TextMatcher | None:
    """The matcher for the rules that `index` has now; None where msgspec is missing, or cannot read what they name."""
    absent = tuple(absent)
    if not index.is_flat:
        return None
    # An event that finds no rule by these paths needs no other leaf.
    part, whole = fast_reader(index.finding_paths(), fields, absent), fast_reader(index.paths(), fields, absent)
    return None if part is None or whole is None else TextMatcher(index, part, whole, len(fields))
