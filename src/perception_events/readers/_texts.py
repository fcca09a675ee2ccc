"""Texts in which parts may be unknown: how a reader joins them, and how an unknown part is spelled."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from perception_events.topology import Text, Unresolved

__all__ = ["as_text", "join_texts", "spelling", "text_or_unknown"]


_LONGEST = 1_048_576
"""Longer than any template; only a template made to fill the memory has such a text."""


def as_text(value: object) -> str:
    """A scalar as CloudFormation and Terraform spell it inside a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def join_texts(parts: Iterable[Any], separator: str = "") -> Text:
    """The parts in one text; with an unknown part, an `Unresolved` whose expression has the known parts filled in.

    Two references to one thing so have one spelling, and meet although their value is not known.
    """
    parts = list(parts)
    texts = [spelling(part) if isinstance(part, Unresolved) else as_text(part) for part in parts]
    if sum(map(len, texts)) > _LONGEST:
        return Unresolved("${...}", f"a text of more than {_LONGEST:,} characters")
    unknown = [part for part in parts if isinstance(part, Unresolved)]
    expression = separator.join(texts)
    if not unknown:
        return expression
    reasons = dict.fromkeys(part.reason for part in unknown if part.reason)
    return Unresolved(expression, "; ".join(reasons), unknown[0].origin)


def spelling(value: Unresolved) -> str:
    """How an unknown value stands inside a longer text."""
    return value.expression if "${" in value.expression else f"${{{value.expression}}}"


def text_or_unknown(value: Any) -> Text | None:
    """A scalar as text, an unknown value as it is, None for what is not there or is an object or a list."""
    if isinstance(value, Unresolved):
        return value
    return None if value is None or isinstance(value, dict | list) else as_text(value)
