"""The JSON paths of templates and dynamic parameters: dots, indexes and `[*]`, nothing else of JSONPath."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from perception_events.errors import describe
from perception_events.input_transforms._errors import InvalidTemplateError
from perception_events.json_values import JSONValue

__all__ = ["MISSING", "JSONPath", "Missing"]

_STEP = re.compile(r"\.([\w/-]+)|\[(\d{1,9}|\*)\]", re.ASCII)
_INDEX = re.compile(r"\d{1,9}", re.ASCII)
_NAMED = re.compile(r"""\[["']([\w/-]+)["']\]""", re.ASCII)
_MAX_WILDCARDS = 32
"""More lists than can lie in each other in a DynamoDB item."""


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""What a path finds where it leads nowhere; JSON null is something else."""


@dataclass(frozen=True, slots=True)
class JSONPath:
    """A path such as `$.dynamodb.NewImage.Items.L[*].S`.

    AWS: service model `pipes`, `JsonPath`. Attribute names with `#`, `.` or `:` cannot be reached. An index may also
    be written with a dot, `$.L.0.S`, as in a public question that shows what AWS made of it.
    """

    text: str
    steps: tuple[str | int | None, ...]
    """Field names, indexes, None for `[*]`."""

    @classmethod
    def parse(cls, text: str) -> JSONPath:
        """Read a path.

        Raises:
            InvalidTemplateError: it is not a path, or has more than 32 `[*]`; the message points at the place.
        """
        if not text.startswith("$"):
            bare = text[1:-1] if text.startswith("<$") and text.endswith(">") else "$." + text.lstrip(".")
            fix = f"write {bare!r}" if _is_path(bare) else "such as '$.detail.id'"
            raise InvalidTemplateError(f"the path {describe(text)} must start with $: {fix}", text=text, offset=0)
        steps: list[str | int | None] = []
        position = 1
        while position < len(text):
            found = _STEP.match(text, position)
            if not found:
                reason = f"the path {describe(text)} cannot be read: {_what_can_follow(text, position)}"
                raise InvalidTemplateError(reason, text=text, offset=position)
            name, index = found.groups()
            steps.append(name if name is not None else None if index == "*" else int(index))
            position = found.end()
        if steps.count(None) > _MAX_WILDCARDS:
            raise InvalidTemplateError(f"the path {describe(text)} has more than {_MAX_WILDCARDS} [*]")
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
            elif isinstance(value, list):
                if not _INDEX.fullmatch(step) or int(step) >= len(value):
                    return MISSING
                value = value[int(step)]
            else:
                if not isinstance(value, dict) or step not in value:
                    return MISSING
                value = value[step]
        return value


def _is_path(text: str) -> bool:
    try:
        JSONPath.parse(text)
    except InvalidTemplateError:
        return False
    return True


def _what_can_follow(text: str, position: int) -> str:
    rest = text[position:]
    named = _NAMED.match(rest)
    if named is not None:
        return f"write .{named[1]} for {named[0]}: a name follows a dot"
    if rest.startswith(".["):
        return "no dot stands before an index"
    if rest.startswith(".."):
        return "two dots have no meaning here: name each field on the way"
    return "only names of letters, digits, _ - / and [0] or [*] can follow"
