"""Why an event does not match: for each field that is at fault, what was expected, what was found and what to do.

`{"detail": {"state": ["open"]}}` on `{"detail": {"State": "open"}}` gives one mismatch: at `detail.state`, expected
`["open"]`, found nothing, fix: the event has `detail.State`. `_near_misses` words the fixes.
"""

from __future__ import annotations

from enum import StrEnum

from perception_events.patterns._compiler import values_text
from perception_events.patterns._matching import matches
from perception_events.patterns._near_misses import name_fix, shown, value_fix
from perception_events.value_objects import ValueObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from perception_events.patterns._compiler import SubRule
    from perception_events.patterns._fields import Leaves
    from perception_events.patterns._matching import CompiledFields

__all__ = ["Mismatch", "MismatchKind", "explain"]

_MAX_ALTERNATIVES = 3
"""How many branches of `$or` that are equally near are explained."""
_MAX_LEAVES = 5
_EMPTY_AT_END = (
    "; the engine sees what lies under an empty name at a path's end only because another field of the pattern"
    " has an empty name in its path (an accident of it)"
)


class MismatchKind(StrEnum):
    """What is wrong with a field."""

    VALUE = "value"
    """There are leaves at the path, and none of them passes."""
    MISSING = "missing"
    """Nothing is at the path."""
    NOT_A_LEAF = "not-a-leaf"
    """An object or an array without leaves is at the path; patterns compare leaves only."""
    PRESENT = "present"
    """The field must be absent, and is there."""
    DIFFERENT_ELEMENTS = "different-elements"
    """Each of several fields holds by itself, but in different elements of one array."""


class Mismatch(ValueObject):
    """A field that keeps a pattern from matching.

    `path`: its dotted path; of several fields, with commas between. `kind`: what is wrong. `expected`: the pattern's
    list, as JSON. `found`: the event's values, as JSON. `fix`: what to do. `alternative`: 0 for the nearest branch of
    `$or`, 1 and up for branches that are as near; the event matches once all mismatches of one alternative are fixed.
    `is_slip`: whether the event nearly has it: in another case, spelling, type or level.
    """

    __slots__ = ("alternative", "expected", "fix", "found", "is_slip", "kind", "path")

    def __init__(
        self,
        path: str,
        kind: MismatchKind,
        expected: str,
        found: str,
        fix: str,
        alternative: int = 0,
        *,
        is_slip: bool = False,
    ) -> None:
        self.path = path
        self.kind = kind
        self.expected = expected
        self.found = found
        self.fix = fix
        self.alternative = alternative
        self.is_slip = is_slip

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}" + (f"; {self.fix}" if self.fix else "")

    def to_dict(self) -> dict[str, Any]:
        """A JSON object of the fields."""
        return {
            "path": self.path,
            "kind": self.kind.value,
            "expected": self.expected,
            "found": self.found,
            "fix": self.fix,
            "alternative": self.alternative,
        }


def explain(rules: Sequence[SubRule], compiled: Sequence[CompiledFields], leaves: Leaves, event: Any) -> list[Mismatch]:
    """The mismatches of the sub-rules that have the fewest; first those that slips explain best.

    `compiled`: the fields of each of `rules`. `event`: the whole event as plain JSON values.
    """
    found = [_mismatches(rule, fields, leaves, event) for rule, fields in zip(rules, compiled, strict=True)]
    fewest = min(map(len, found), default=0)
    alternatives: list[list[Mismatch]] = []
    # Of branches that miss as often: a slip was meant, a value that is there more likely than a field that is not, and
    # a branch that holds in more fields more likely than one in fewer.
    nearness = sorted(
        (-sum(m.is_slip for m in each), sum(m.kind is MismatchKind.MISSING for m in each), -len(rule.fields), number)
        for number, (rule, each) in enumerate(zip(rules, found, strict=True))
        if len(each) == fewest
    )
    for *_, number in nearness:
        if found[number] not in alternatives:
            alternatives.append(found[number])
    return [
        Mismatch(m.path, m.kind, m.expected, m.found, m.fix, number, is_slip=m.is_slip)
        for number, nearest in enumerate(alternatives[:_MAX_ALTERNATIVES])
        for m in nearest
    ]


def _mismatches(rule: SubRule, compiled: CompiledFields, leaves: Leaves, event: Any) -> list[Mismatch]:
    mismatches = []
    holding = []
    for (path, values), field in zip(rule.fields, compiled, strict=True):
        if matches((field,), leaves):
            holding.append(field)
            continue
        present = [leaf for leaf, _ in leaves.get(path, ())]
        expected = values_text(values)
        if present:
            kind = MismatchKind.VALUE if field[1] is not None and _wants_a_leaf(expected) else MismatchKind.PRESENT
            listed = ", ".join(map(shown, present[:_MAX_LEAVES])) + (", ..." if len(present) > _MAX_LEAVES else "")
            fix, is_slip = value_fix(values, present)
            fix += _EMPTY_AT_END if path.endswith(".") else ""
            mismatches.append(Mismatch(path, kind, expected, listed, fix, is_slip=is_slip))
        else:
            what, is_there, fix, is_slip = name_fix(event, path, field[1])
            kind = MismatchKind.NOT_A_LEAF if is_there else MismatchKind.MISSING
            mismatches.append(Mismatch(path, kind, expected, what, fix, is_slip=is_slip))
    if not matches(tuple(holding), leaves):
        # Leave out field by field what is not needed for the contradiction: what stays contradicts itself.
        for field in tuple(holding):
            without = tuple(each for each in holding if each is not field)
            if not matches(without, leaves):
                holding.remove(field)
        paths = ", ".join(path for path, _, _ in holding)
        expected = "all of them in one element of the array"
        fix = f"send one element that has {paths} with these values together, or compare fields outside the array"
        if any(absence for _, _, absence in holding):
            fix += "; in arrays the engine looks for an absent field in the element that the fields before it chose"
        if any(path.endswith(".") for path, _, _ in holding):
            fix += _EMPTY_AT_END
        mismatches.append(Mismatch(paths, MismatchKind.DIFFERENT_ELEMENTS, expected, _elements(holding, leaves), fix))
    return mismatches


def _wants_a_leaf(expected: str) -> bool:
    return expected != '[{"exists":false}]'


def _elements(fields: Sequence[Any], leaves: Leaves) -> str:
    """Which elements each field holds in: `a in element 0, b in element 1`."""
    parts = []
    for path, holds, _ in fields:
        places = [m for leaf, m in leaves.get(path, ()) if holds(leaf) and m]
        numbers = dict.fromkeys(".".join(map(str, membership.values())) for membership in places)
        parts.append(f"{path} in element {', '.join([*numbers][:_MAX_LEAVES])}" if numbers else f"{path} outside it")
    return "; ".join(parts)
