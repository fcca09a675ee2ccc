"""The root of every error this library raises on purpose; each layer derives its own from it."""

from __future__ import annotations

__all__ = ["PerceptionEventsError", "UnretriableError"]


class PerceptionEventsError(Exception):
    """Base of every error raised by `perception_events`.

    Subclasses also derive from the natural builtin (`ValueError`, `LookupError`, ...), so that code which
    knows nothing of this library still catches them.
    """


class UnretriableError(PerceptionEventsError):
    """Base of what a simulated pipe or bus lets through to its caller instead of retrying: a flaw in the design."""
