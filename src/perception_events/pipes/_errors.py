"""What goes wrong in a pipe: at its declaration, in one batch, or in the service around it."""

from __future__ import annotations

from perception_events.errors import DeclarationError, DeliveryError

__all__ = ["EnrichmentResponseError", "InvalidPipeError", "PipeInternalError", "PipeTargetError"]


class InvalidPipeError(DeclarationError, ValueError):
    """A pipe that AWS would reject to create; the message names the parameter, what is allowed, and the fix."""


class EnrichmentResponseError(DeliveryError, ValueError):
    """An enrichment's response that the pipe cannot use; the batch fails and is retried, for it may respond better."""


class PipeTargetError(DeliveryError, ValueError):
    """What was to be sent does not fit the target; the batch fails. The pipe retries it, as AWS does, in vain."""

    retryable = False


class PipeInternalError(DeliveryError, ConnectionError):
    """Raise this in an enrichment or a target to play a failure of the service or of the network.

    Such failures are retried until the record expires and are not counted against the maximum retry attempts;
    every other exception is the customer's.

    AWS: EventBridge User Guide, "Troubleshooting pipes" (internal and customer invocation errors).
    """
