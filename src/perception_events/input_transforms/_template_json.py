"""Whether a template can ever be JSON: each placeholder is replaced by a value that stands wherever any may.

{"n": <x>, "t": "at <y>",}      the template
{"n": 1, "t": "at aaaa",}       is not JSON: so no values make it JSON, and the comma before } is why
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from perception_events.input_transforms._errors import InvalidTemplateError

__all__ = ["Fragment", "json_mistake"]

_BARE = "1"
"""Outside quotes: a digit is a value, and goes on a number that stands before it."""
_QUOTED = "aaaa"
"""Inside quotes: text, and all digits of `\\u`."""
_ESCAPED = "n"
"""Behind a backslash."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a template: text, or a placeholder (`text` is None); `offset` is where it stands in the template."""

    text: str | None
    offset: int
    quoted: bool = False


def json_mistake(template: str, fragments: Sequence[Fragment]) -> InvalidTemplateError | None:
    """Why no values make `template` JSON, at its place and with a fix; None where some may."""
    pieces: list[str] = []
    starts: list[int] = []
    length = 0
    for fragment in fragments:
        piece = fragment.text
        if piece is None:
            piece = _BARE
            if fragment.quoted:
                piece = _ESCAPED if _ends_in_escape(pieces[-1] if pieces else "") else _QUOTED
        starts.append(length)
        pieces.append(piece)
        length += len(piece)
    probe = "".join(pieces)
    try:
        json.loads(probe, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        at = max(bisect_right(starts, error.pos) - 1, 0)
        fragment = fragments[at]
        offset = fragment.offset + (0 if fragment.text is None else error.pos - starts[at])
        if error.pos >= length:
            offset = len(template)
        return InvalidTemplateError(_reason(template, error.msg, offset), text=template, offset=offset)
    except (ValueError, RecursionError) as error:
        reason = "too many levels" if isinstance(error, RecursionError) else str(error)
        return InvalidTemplateError(f"whatever the values, it does not render JSON: {reason}", text=template)
    return None


def _reason(template: str, message: str, offset: int) -> str:
    before, rest = template[:offset].rstrip(), template[offset:].lstrip()
    # Where the parser points at the comma itself (Python 3.13 and later), what follows it tells.
    behind = rest[1:].lstrip() if rest.startswith(",") else rest
    if behind[:1] in ("}", "]") and (before.endswith(",") or rest.startswith(",")):
        fix = f"remove the comma before {behind[0]}"
    elif rest.startswith("'"):
        fix = "JSON has double quotes only"
    elif not rest:
        fix = "a closing bracket or quote is missing at the end"
    elif message.startswith("Expecting ','"):
        fix = "a comma is missing, or a quote inside a text is not escaped"
    elif message.startswith("Expecting property name"):
        fix = "a field's name stands in double quotes"
    elif message.startswith("Extra data"):
        fix = "nothing may follow the closing bracket"
    elif message.startswith("Expecting value"):
        fix = "a text stands in double quotes"
    else:
        fix = message[:1].lower() + message[1:]
    return f"whatever the values, it does not render JSON: {fix}"


def _ends_in_escape(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
