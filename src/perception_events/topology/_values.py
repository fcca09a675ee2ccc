"""What every value of a topology may carry: where it was written, and that it is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["Number", "Origin", "PartialJSON", "Reference", "Text", "Unresolved", "unresolved_in"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written down.

    `file`: the path as the user gave it, or `package.module:name` for a declaration in Python.
    `line`: the line in the file, from 1; None where the format has none.
    `path`: the logical path inside the file, such as `Resources.OrderRule.Properties.EventPattern`.
    `parts`: where single fields of a resource were written, by the field's path in the topology, such as
    `source_parameters.batch_size`; it may be empty, and does not count for equality.
    """

    file: str
    line: int | None = None
    path: str = ""
    parts: Mapping[str, Origin] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        position = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{position} ({self.path})" if self.path else position

    def at(self, *steps: str | int, line: int | None = None) -> Origin:
        """The origin of something inside this one: `steps` are added to the path, `line` replaces the line."""
        path = self.path
        for step in steps:
            path = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}" if path else step
        return Origin(self.file, self.line if line is None else line, path)

    def of(self, field: str) -> Origin:
        """The origin of `field`, a path of the topology such as `targets[0].dead_letter_queue`.

        It is told by the longest beginning of `field` that `parts` holds, and by this origin where there is none; what
        is left of `field` is added to the path.
        """
        end = len(field)
        while end > 0:
            part = self.parts.get(field[:end])
            if part is not None:
                return Origin(part.file, part.line, part.path + field[end:])
            end = max(field.rfind(".", 0, end), field.rfind("[", 0, end))
        rest = field if field.startswith("[") or not self.path else f".{field}"
        return Origin(self.file, self.line, self.path + rest) if field else self


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
