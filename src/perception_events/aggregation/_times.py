"""Times as the event table holds them: ISO 8601 in UTC with milliseconds, as Step Functions writes them too."""

from __future__ import annotations

import datetime

__all__ = ["from_iso", "to_iso"]


def to_iso(at: float) -> str:
    """Epoch seconds as `2025-07-15T00:11:08.000Z`."""
    moment = datetime.datetime.fromtimestamp(round(at, 3), tz=datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> float:
    """Epoch seconds of such a text.

    Raises:
        ValueError: it is none.
    """
    return datetime.datetime.fromisoformat(text).timestamp()
