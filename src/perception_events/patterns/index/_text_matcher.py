"""Event texts in bulk: each is read once by msgspec, for the paths that find rules, and only seldom for all of them."""

from __future__ import annotations

from perception_events.patterns._fast_text import fast_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Postings
    from perception_events.patterns.index._rule_index import RuleIndex

TextMatcher: TypeAlias = "Callable[[bytes], tuple[list[str], Sequence[str]] | None]"
"""An event's text -> the names of the rules that match, in order of addition, and the JSON of each of the fields
("" where it is not there); None for a text that has to be read in another way."""

__all__ = ["TextMatcher", "text_matcher"]


def text_matcher(index: RuleIndex, fields: Sequence[str], absent: Iterable[str]) -> TextMatcher | None:
    """The matcher for the rules that `index` has now; None where msgspec is missing, or cannot read what they name."""
    version = index.version
    absent = tuple(absent)
    whole = fast_reader(index.paths(), fields, absent) if index.is_flat else None
    if whole is None:
        return None
    read_whole, all_paths = whole.read, whole.paths
    # An event that finds no rule by these needs no other leaf.
    part = fast_reader(index.finding_paths(), fields, absent)
    if part is None:
        return None
    read, finders, always = part.read, index.finders(part.in_order), index.always()
    count = len(finders)

    def by_all(text: bytes) -> tuple[list[str], Sequence[str]] | None:
        """By all leaves."""
        spelled = read_whole(text)
        if spelled is None:
            return None
        pieces = spelled.split("\0")
        leaves = whole.leaves_of(pieces[1:])
        names = None if leaves is None else index.matching_leaves(leaves, all_paths)
        return None if names is None else (names, pieces[len(whole.in_order) + 1 :])

    def matcher(text: bytes) -> tuple[list[str], Sequence[str]] | None:
        if index.version != version:
            return None
        spelled = read(text)
        if spelled is None:
            return None
        if "\0\0" in spelled or "\0[" in spelled or "\0{" in spelled:
            return by_all(text)
        found = always.copy()
        matches: Postings = []
        parsed: Parsed = {}
        _, *pieces = spelled.split("\0")
        for leaf, (find, find_matches) in zip(pieces, finders, strict=False):
            if find is not None:
                find(leaf, found, parsed)
            if find_matches is not None:
                find_matches(leaf, matches, parsed)
        if found:
            return by_all(text)
        return index.in_order(matches) if matches else [], pieces[count:]

    return matcher
