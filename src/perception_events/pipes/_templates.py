"""Input templates of a pipe, checked when it is declared."""

from __future__ import annotations

from perception_events.aws_limits import LIMITS
from perception_events.input_transforms import PipeInputTemplate
from perception_events.pipes._errors import InvalidPipeError

__all__ = ["parsed_template"]

_LIMIT = LIMITS["input template"]


def parsed_template(name: str, text: str | None) -> PipeInputTemplate | None:
    """The template `text`, called `name` in messages; an empty text is none, as on AWS.

    Raises:
        InvalidPipeError: it is too long.
        InvalidTemplateError: it is malformed.
    """
    if not text:
        return None
    if not _LIMIT.allows(len(text)):
        raise InvalidPipeError(f"the {name} has {len(text)} characters; {_LIMIT.words} are allowed")
    return PipeInputTemplate.parse(text)
