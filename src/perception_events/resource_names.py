"""The names that AWS takes: one table for what is made in memory and for what is checked before it is deployed."""

from __future__ import annotations

import re

__all__ = ["logical_id", "name_requirement"]

_COMMON = r"[A-Za-z0-9_.\-]"
_WORDS = "letters, digits, `_`, `-`, `.`"
_FORMS = {
    "table name": (rf"{_COMMON}{{3,255}}", f"3 to 255 {_WORDS}"),
    "pipe name": (rf"{_COMMON}{{1,64}}", f"1 to 64 {_WORDS}"),
    "bus name": (r"[A-Za-z0-9_./\-]{1,256}", f"1 to 256 {_WORDS}, `/`"),
    "rule name": (rf"{_COMMON}{{1,64}}", f"1 to 64 {_WORDS}"),
    "target id": (rf"{_COMMON}{{1,64}}", f"1 to 64 {_WORDS}"),
    "archive name": (rf"{_COMMON}{{1,48}}", f"1 to 48 {_WORDS}"),
    "replay name": (rf"{_COMMON}{{1,64}}", f"1 to 64 {_WORDS}"),
    "function name": (r"[A-Za-z0-9_\-]{1,64}", "1 to 64 letters, digits, `_`, `-`"),
}


def name_requirement(kind: str, name: str) -> str | None:
    """What a `kind` of name ("rule name", "target id", ...) must be, where AWS rejects `name`; None where it takes it.

    AWS: API models of DynamoDB, EventBridge, Pipes and Lambda.
    """
    form, words = _FORMS[kind]
    return None if re.fullmatch(form, name) else words


def logical_id(*words: str) -> str:
    """A logical id of a template: `aggregate_pose`, `function` gives `AggregatePoseFunction`."""
    parts = [part for word in words for part in re.split(r"[^A-Za-z0-9]+", word) if part]
    return "".join(part[0].upper() + part[1:] for part in parts)
