"""The JSON paths of templates and dynamic parameters: dots, indexes and `[*]`, nothing else of JSONPath."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from perception_events.input_transforms._errors import InvalidTemplateError
from perception_events.json_values import JSONValue

__all__ = ["MISSING", "JSONPath", "Missing"]

_STEP = re.compile(r"\.([\w/-]+)|\[(\d+|\*)\]")


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""What a path finds where it leads nowhere; JSON null is something else."""


@dataclass(frozen=True, slots=True)
class JSONPath:
    """A path such as `$.dynamodb.NewImage.Items.L[*].S`.

    AWS: service model `pipes`, `JsonPath`. Attribute names with `#`, `.` or `:` cannot be reached.
    """

    text: str
    steps: tuple[str | int | None, ...]
    """Field names, indexes, None for `[*]`."""

    @classmethod
    def parse(cls, text: str) -> JSONPath:
        """Read a path.

        Raises:
            InvalidTemplateError: it is none; the message points at the place.
        """
        if not text.startswith("$"):
            raise InvalidTemplateError(f"the path {text!r} must start with $", text=text, offset=0)
        steps: list[str | int | None] = []
        position = 1
        while position < len(text):
            found = _STEP.match(text, position)
            if not found:
                reason = f"the path {text!r} cannot be read: only names of letters, digits, _ - / and [0] or [*]"
                raise InvalidTemplateError(f"{reason} can follow", text=text, offset=position)
            name, index = found.groups()
            steps.append(name if name is not None else None if index == "*" else int(index))
            position = found.end()
        return cls(text, tuple(steps))

    def find(self, value: JSONValue) -> JSONValue | Missing:
        """What is at the path in `value`, or `MISSING`. `[*]` gives a list of what is found in each element."""
        for position, step in enumerate(self.steps):
            if step is None:
                if not isinstance(value, list):
                    return MISSING
                rest = JSONPath(self.text, self.steps[position + 1 :])
                found = (rest.find(element) for element in value)
                return [element for element in found if element is not MISSING]
            if isinstance(step, int):
                if not isinstance(value, list) or step >= len(value):
                    return MISSING
                value = value[step]
            else:
                if not isinstance(value, dict) or step not in value:
                    return MISSING
                value = value[step]
        return value
