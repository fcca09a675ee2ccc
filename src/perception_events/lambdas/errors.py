"""How a function says that trying again will not help."""

from __future__ import annotations

from perception_events.errors import PerceptionEventsError

__all__ = ["DeadLetterError"]


class DeadLetterError(PerceptionEventsError, RuntimeError):
    """Raised by a function for what trying again cannot fix; every other exception is tried again.

    With `dead_letters` the message goes there and counts as done; without, it fails like any other, so that the
    source's own dead-letter queue gets it and nothing is lost.
    """
