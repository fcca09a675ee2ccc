"""What is wrong with a declaration."""

from __future__ import annotations

from perception_events.errors import PerceptionEventsError

__all__ = ["InvalidPipelineError"]


class InvalidPipelineError(PerceptionEventsError, ValueError):
    """A declaration that contradicts itself; the message names the place and the fix."""
