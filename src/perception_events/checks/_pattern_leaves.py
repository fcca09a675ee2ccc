"""Read a pattern as the checks need it: its leaves by path, each with its values and comparison operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perception_events.json_values import JSONValue

__all__ = ["Leaf", "operators", "pattern_leaves"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """The values that a pattern allows at one path; `path` leaves `$or` out, dots in a name count as steps."""

    path: tuple[str, ...]
    values: tuple[JSONValue, ...]

    @property
    def text(self) -> str:
        """The path with dots."""
        return ".".join(self.path)


def pattern_leaves(pattern: JSONValue, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every leaf of `pattern`, those of all `$or` branches included; what is no pattern has none."""
    if isinstance(pattern, list):
        yield Leaf(path, tuple(pattern))
    elif isinstance(pattern, Mapping):
        for name, value in pattern.items():
            if name == "$or" and isinstance(value, list) and len(value) > 1 and all(isinstance(v, dict) for v in value):
                for branch in value:
                    yield from pattern_leaves(branch, path)
            else:
                yield from pattern_leaves(value, (*path, *name.split(".")))


def operators(value: JSONValue) -> Iterator[str]:
    """The comparison operators of one value: `prefix`, `anything-but`, `anything-but wildcard`, ..."""
    if isinstance(value, dict):
        for name, argument in value.items():
            if name == "anything-but" and isinstance(argument, dict):
                yield from (f"anything-but {inner}" for inner in argument)
            else:
                yield name
