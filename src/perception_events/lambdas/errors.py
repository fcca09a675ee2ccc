"""How a function says that trying again will not help."""

from __future__ import annotations

from perception_events.errors import DeclarationError, DeliveryError, PerceptionEventsError

__all__ = ["DeadLetterError", "NeverRunError", "RunningLoopError", "UnreadableMessageError"]


class DeadLetterError(DeliveryError, RuntimeError):
    """Raised by a function for what trying again cannot fix; every other exception is tried again.

    With `dead_letters` the message goes there and counts as done; without, it fails like any other, so that the
    source's own dead-letter queue gets it and nothing is lost.
    """

    retryable = False


class UnreadableMessageError(DeadLetterError, ValueError):
    """A message that is not what the function's annotation says; it will not become it by another attempt."""


class RunningLoopError(PerceptionEventsError, RuntimeError):
    """An async function was to be run where an event loop runs already, which cannot wait for another one."""


class NeverRunError(DeclarationError, TypeError):
    """A function has returned a generator: its body has not run, so the message cannot count as handled."""
