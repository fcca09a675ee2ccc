"""Read a pattern as the checks need it: its leaves with the way to each, its branches, and what is not known in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from perception_events.checks._location import Step
from perception_events.topology import PartialJSON, Unresolved, unresolved_in

__all__ = ["Leaf", "branches", "is_or", "operators", "pattern_leaves", "uses_wildcard", "with_stand_ins"]

_MAX_BRANCHES = 200
"""Branches of one pattern that are looked at; AWS takes 1000 combinations, of which no real pattern comes near."""
_STAND_IN = "unresolved value"


@dataclass(frozen=True, slots=True)
class Leaf:
    """The values that a pattern allows at one path.

    `path` leaves `$or` out, and dots in a name count as steps. `steps` is the way as it is written.
    """

    path: tuple[str, ...]
    steps: tuple[Step, ...]
    values: tuple[PartialJSON, ...]

    @property
    def text(self) -> str:
        """The path with dots."""
        return ".".join(self.path)

    @property
    def is_absence(self) -> bool:
        """Whether the leaf asks for the field not to be there, and for nothing else."""
        return self.values == ({"exists": False},)

    @property
    def takes_absence(self) -> bool:
        """Whether the leaf passes where the field is not there, whatever else it asks for."""
        return {"exists": False} in self.values

    @property
    def may_be_absent(self) -> bool:
        """Whether an event without the field can pass."""
        return any(isinstance(v, Unresolved) or v == {"exists": False} for v in self.values)


def is_or(name: str, value: PartialJSON) -> bool:
    """Whether a member of a pattern is the operator `$or`, and not a field of that name."""
    return name == "$or" and isinstance(value, list) and len(value) > 1 and all(isinstance(v, Mapping) for v in value)


def pattern_leaves(pattern: PartialJSON, path: tuple[str, ...] = (), steps: tuple[Step, ...] = ()) -> Iterator[Leaf]:
    """Every leaf of `pattern`, those of all `$or` branches included; what is no pattern has none."""
    if isinstance(pattern, list):
        yield Leaf(path, steps, tuple(pattern))
    elif isinstance(pattern, Unresolved):
        yield Leaf(path, steps, (pattern,))
    elif isinstance(pattern, Mapping):
        for name, value in pattern.items():
            if is_or(name, value) and isinstance(value, list):
                for at, branch in enumerate(value):
                    yield from pattern_leaves(branch, path, (*steps, name, at))
            else:
                yield from pattern_leaves(value, (*path, *name.split(".")), (*steps, name))


def branches(pattern: PartialJSON) -> list[tuple[Leaf, ...]]:
    """The leaves that must hold together: one tuple for each way through the `$or`s of `pattern`."""
    found = _branches(pattern, (), ())
    return found[:_MAX_BRANCHES]


def _branches(pattern: PartialJSON, path: tuple[str, ...], steps: tuple[Step, ...]) -> list[tuple[Leaf, ...]]:
    if not isinstance(pattern, Mapping):
        return [tuple(pattern_leaves(pattern, path, steps))]
    parts: list[list[tuple[Leaf, ...]]] = []
    for name, value in pattern.items():
        if is_or(name, value) and isinstance(value, list):
            parts.append([way for at, one in enumerate(value) for way in _branches(one, path, (*steps, name, at))])
        else:
            parts.append(_branches(value, (*path, *name.split(".")), (*steps, name)))
    ways: list[tuple[Leaf, ...]] = []
    for combination in product(*parts):
        ways.append(tuple(leaf for part in combination for leaf in part))
        if len(ways) > _MAX_BRANCHES:
            break
    return ways


def operators(value: PartialJSON) -> Iterator[str]:
    """The comparison operators of one value: `prefix`, `anything-but`, `anything-but wildcard`, ..."""
    if isinstance(value, Mapping):
        for name, argument in value.items():
            if name == "anything-but" and isinstance(argument, Mapping):
                yield from (f"anything-but {inner}" for inner in argument)
            else:
                yield name


def uses_wildcard(leaves: Sequence[Leaf]) -> bool:
    """Whether a pattern of these leaves counts as one with wildcards."""
    return any("wildcard" in name for leaf in leaves for value in leaf.values for name in operators(value))


def with_stand_ins(pattern: PartialJSON) -> Any:
    """`pattern` as plain JSON: each value of a leaf that is not known, in whole or in part, becomes a text of its own.

    So what is known of it can be read by the engine's parser, and what is not known is never what it rejects.
    """
    if isinstance(pattern, Unresolved):
        return [_stand_in(pattern)]
    if isinstance(pattern, Mapping):
        return {
            name: [with_stand_ins(one) for one in value]
            if is_or(name, value) and isinstance(value, list)
            else with_stand_ins(value)
            for name, value in pattern.items()
        }
    if isinstance(pattern, list):
        return [_stand_in(next(iter(unresolved_in(one)))) if any(unresolved_in(one)) else one for one in pattern]
    return pattern


def _stand_in(unknown: Unresolved) -> str:
    return f"{_STAND_IN} {unknown.expression}"
