"""What is wrong with a topology, with the resource and where it was written."""

from __future__ import annotations

from perception_events.errors import DeclarationError
from perception_events.topology._values import Origin

__all__ = ["InvalidTopologyError", "UnknownResourceError"]


class InvalidTopologyError(DeclarationError, ValueError):
    """A topology that contradicts itself.

    `resource`: the id of the resource at fault; `reason`: what is wrong and the fix; `origin`: where it was written.
    """

    def __init__(self, resource: str, reason: str, origin: Origin | None = None) -> None:
        self.resource = resource
        self.reason = reason
        self.origin = origin
        super().__init__(f"{resource}: {reason}" if origin is None else f"{origin}: {resource}: {reason}")


class UnknownResourceError(DeclarationError, LookupError):
    """The topology holds no resource of this id, name or ARN; the message names what it holds."""
