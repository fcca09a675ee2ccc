"""What the parts of a declaration are called in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Names", "rule_name"]


@dataclass(frozen=True, slots=True)
class Names:
    """What each part is called in one environment."""

    env: str
    table: str
    pipe: str
    bus: str
    enrichment: str
    existing_functions: Mapping[str, str] = field(default_factory=dict)

    def rule(self, target: str) -> str:
        """The rule that invokes `target`: `aggregate_pose` gives `aggregate-pose-rule-dev`."""
        return f"{rule_name(target)}-{self.env}"

    def function(self, target: str) -> str:
        """The function behind `target`: `aggregate_pose` gives `aggregate_pose-dev`; its own name where it is there."""
        return self.existing_functions.get(target) or f"{target}-{self.env}"


def rule_name(target: str) -> str:
    """The rule of `target`, without the environment: `aggregate_pose` gives `aggregate-pose-rule`."""
    return f"{target.replace('_', '-')}-rule"
