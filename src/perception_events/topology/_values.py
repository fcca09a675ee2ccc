"""What every value of a topology may carry: where it was written, and that it is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Number", "Origin", "PartialJSON", "Reference", "Text", "Unresolved", "unresolved_in"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written down.

    `file`: the path as the user gave it, or `package.module:name` for a declaration in Python.
    `line`: the line in the file, from 1; None where the format has none.
    `path`: the logical path inside the file, such as `Resources.OrderRule.Properties.EventPattern`.
    """

    file: str
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        position = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{position} ({self.path})" if self.path else position

    def at(self, *steps: str | int, line: int | None = None) -> Origin:
        """The origin of something inside this one: `steps` are added to the path, `line` replaces the line."""
        path = self.path
        for step in steps:
            path = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}" if path else step
        return Origin(self.file, self.line if line is None else line, path)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Stands where a value is not known before the deployment. It is never null, never text, and equals no JSON value.

    `expression`: what stands there instead, as it was written: `${var.bus_name}`, `!ImportValue Bus`.
    `reason`: why it is not known, such as `parameter BusName has no default`; the fix is in the words.
    """

    expression: str
    reason: str = ""
    origin: Origin | None = None

    def __str__(self) -> str:
        return self.expression


Text: TypeAlias = str | Unresolved
"""A text, or that it is not known."""
Number: TypeAlias = int | float | Unresolved
"""A number, or that it is not known."""
Reference: TypeAlias = str | Unresolved
"""The id of another resource of the topology, or that it is not known which one."""
PartialJSON: TypeAlias = (
    Mapping[str, "PartialJSON"] | list["PartialJSON"] | str | int | float | bool | Unresolved | None
)
"""A JSON value in which parts may not be known."""


def unresolved_in(value: object) -> Iterator[Unresolved]:
    """Every unknown part of a `PartialJSON`, a text, a number or a reference, in order."""
    if isinstance(value, Unresolved):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from unresolved_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from unresolved_in(one)
