"""How far a module is, as the event table's `status` attribute says it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EventStatus"]


class EventStatus(StrEnum):
    """The original system has the first two; joins know the third as well."""

    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
