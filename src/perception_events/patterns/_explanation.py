"""Why an event does not match: field, expected, actual."""

from __future__ import annotations

from perception_events.patterns._compiler import values_text
from perception_events.patterns._matching import compile_fields
from perception_events.value_objects import ValueObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from perception_events.patterns._compiler import SubRule
    from perception_events.patterns._fields import Leaves

__all__ = ["Miss", "explain"]

_SHOWN = 200


class Miss(ValueObject):
    """A field that keeps a pattern from matching: its dotted path, the pattern's list, the event's values as JSON."""

    __slots__ = ("actual", "expected", "path")

    def __init__(self, path: str, expected: str, actual: str) -> None:
        self.path = path
        self.expected = expected
        self.actual = actual

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.actual}"


def explain(rules: Sequence[SubRule], leaves: Leaves) -> list[Miss]:
    """The misses of the sub-rule with the fewest; where no field misses alone, no one element has them all."""
    return min((_misses(rule, leaves) for rule in rules), key=len, default=[])


def _misses(rule: SubRule, leaves: Leaves) -> list[Miss]:
    found = []
    for (path, values), (_, holds, absence) in zip(rule.fields, compile_fields(rule), strict=True):
        there = [leaf for leaf, _ in leaves.get(path, ())]
        if any(holds(leaf) for leaf in there) or (absence and not there):
            continue
        found.append(Miss(path, values_text(values), _shown(there)))
    if not found:
        paths = ", ".join(path for path, _ in rule.fields)
        found.append(Miss(paths, "all of them in one element of the array", "each in another element"))
    return found


def _shown(leaves: list[str]) -> str:
    if not leaves:
        return "nothing"
    text = ", ".join(leaves[:5]) + (", ..." if len(leaves) > 5 else "")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
