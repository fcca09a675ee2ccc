"""The one interface of everything that is invoked: enrichments, pipe targets, rule targets."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from perception_events.json_values import JSONValue

__all__ = ["Target"]


@runtime_checkable
class Target(Protocol):
    """Anything that can be invoked with a JSON value.

    A target that raises has failed; whoever invoked it decides about retries. What a target returns is read by
    pipes (an enrichment's output, `batchItemFailures`) and ignored by bus rules.
    """

    def invoke(self, event: JSONValue) -> JSONValue:
        """Handle `event` and return the response."""
        ...
