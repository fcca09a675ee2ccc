"""A leaf that passes some groups and fails others, whatever its kind: a string, a number, true, false or null."""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns.analysis._budget import UndecidedError
from perception_events.patterns.analysis._number_search import find_number
from perception_events.patterns.analysis._string_search import find_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from perception_events.patterns.analysis._budget import Budget
    from perception_events.patterns.analysis._string_search import Literal

__all__ = ["find_leaf"]

_LITERALS = ("true", "false", "null")


def find_leaf(literals: Sequence[Literal], budget: Budget) -> str | None:
    """A leaf, as the matcher spells it, that passes each group which must pass and fails each other.

    None where there is none.

    Raises:
        UndecidedError: it could not be decided within the budget.
    """
    failing = [group.value_set for group, positive in literals if not positive]
    if any(positive and group.value_set <= values for group, positive in literals for values in failing):
        return None
    searches = [find_number, find_string] if _speaks_of_numbers(literals) else [find_string, find_number]
    undecided: UndecidedError | None = None
    for search in searches:
        try:
            found = search(literals, budget)
        except UndecidedError as error:
            undecided = error
            continue
        if found is not None:
            return found if search is find_number else f'"{found}"'
    for text in _LITERALS:
        if all(group.passes(text) is positive for group, positive in literals):
            return text
    if undecided is not None:
        raise undecided
    return None


def _speaks_of_numbers(literals: Sequence[Literal]) -> bool:
    """Whether a number is the natural example."""
    for group, positive in literals:
        first = group.values[0]
        if positive and not isinstance(first, ast.Exists):
            return isinstance(first, ast.Number | ast.Numeric) or (isinstance(first, ast.AnythingBut) and first.numeric)
    return False
