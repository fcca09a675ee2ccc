"""What the parts of a declaration are called in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DEFAULT_NAME_FORMAT", "Names", "rule_name"]

DEFAULT_NAME_FORMAT = "{name}-{env}"


@dataclass(frozen=True, slots=True)
class Names:
    """What each part is called in one environment.

    `name_format`: how a declared name and the environment make a name on AWS; see `Pipeline.name_format`.
    `existing_functions`: the names of functions that are there already, by their names in the declaration.
    """

    env: str
    table: str
    pipe: str
    bus: str
    enrichment: str
    name_format: str = DEFAULT_NAME_FORMAT
    existing_functions: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """What `name` becomes on AWS: `orders` gives `orders-dev`, `{env}.orders` gives `dev.orders`."""
        form = name if "{env}" in name else self.name_format.replace("{name}", name)
        return form.replace("{env}", self.env)

    def rule(self, target: str) -> str:
        """The rule that invokes `target`: `aggregate_pose` gives `aggregate-pose-rule-dev`."""
        return self.of(rule_name(target))

    def function(self, target: str) -> str:
        """The function behind `target`: `aggregate_pose` gives `aggregate_pose-dev`; its own name where it is there."""
        return self.existing_functions.get(target) or self.of(target)


def rule_name(target: str) -> str:
    """The rule of `target`, without the environment: `aggregate_pose` gives `aggregate-pose-rule`."""
    return f"{target.replace('_', '-')}-rule"
