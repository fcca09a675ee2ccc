"""Patterns as text: as they were written but in one spelling, and by what they mean."""

from __future__ import annotations

from perception_events.patterns._ast import ObjectPattern, Or, String
from perception_events.patterns._json_text import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from perception_events.patterns._compiler import SubRule

__all__ = ["canonical_text", "meaning"]


def canonical_text(pattern: ObjectPattern) -> str:
    """The AST as compact JSON, in its own order: no longer than what it was read from, and read as itself again."""

    def write(node: ObjectPattern) -> Generator[Any, Any, str]:
        members = []
        for member in node.members:
            if isinstance(member, Or):
                branches = []
                for branch in member.branches:
                    branches.append((yield write(branch)))
                members.append(f'"$or":[{",".join(branches)}]')
            elif isinstance(member.content, ObjectPattern):
                members.append(f"{String(member.name)}:{(yield write(member.content))}")
            else:
                members.append(f"{String(member.name)}:[{','.join(map(str, member.content))}]")
        return "{" + ",".join(members) + "}"

    text: str = run(write(pattern))
    return text


def meaning(rules: Sequence[SubRule]) -> tuple[str, ...]:
    """What a pattern says, for comparison: its sub-rules with dotted names, everything sorted, nothing twice."""
    return tuple(sorted({rule.text for rule in rules}))
