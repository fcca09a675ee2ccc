"""Waivers written as comments beside what they let be, in YAML, HCL and anything else with `#` or `//` comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perception_events.checks._findings import InvalidWaiverError, Waiver

__all__ = ["comment_waivers"]

_COMMENT = re.compile(
    r"(?P<before>.*?)(?:#|//)\s*perception-events:\s*waive(?P<whole>-file)?\s+"
    r"(?P<ids>PE\d{3}(?:\s*,\s*PE\d{3})*)(?P<rest>.*)"
)
_ONLY_COMMENT = re.compile(r"\s*(?:#|//)|\s*$")


def comment_waivers(text: str, file: str) -> Iterator[Waiver]:
    """The waivers in a template's comments.

    `# perception-events: waive PE105=reason` lets be what is found on its own line, or, where the comment has a line to
    itself, on the next line; what is found anywhere in a resource belongs to the resource's first line too.
    `waive-file` stands for the whole file. Several identifiers have commas between them.

    Raises:
        InvalidWaiverError: a waiver without a reason.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        found = _COMMENT.fullmatch(line)
        if found is None:
            continue
        between, _, reason = found["rest"].partition("=")
        if between.strip() or not reason.strip():
            raise InvalidWaiverError(f"{file}:{number}: the waiver gives no reason; write `{found['ids']}=reason`")
        at = None if found["whole"] else frozenset({number if found["before"].strip() else _next(lines, number)})
        for identifier in re.split(r"\s*,\s*", found["ids"]):
            yield Waiver(identifier, reason.strip(), file=file, lines=at)


def _next(lines: list[str], number: int) -> int:
    """The line after `number` that is more than a comment."""
    following = (at for at in range(number, len(lines)) if not _ONLY_COMMENT.match(lines[at]))
    return next(following, number) + 1
