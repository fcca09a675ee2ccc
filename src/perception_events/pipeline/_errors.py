"""What is wrong with a declaration."""

from __future__ import annotations

from perception_events.errors import DeclarationError

__all__ = ["InvalidPipelineError"]


class InvalidPipelineError(DeclarationError, ValueError):
    """A declaration that contradicts itself; the message names the place and the fix."""
