"""The one interface of everything that is invoked: enrichments, pipe targets, rule targets."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from perception_events.json_values import JSONValue

__all__ = ["Target", "target_error"]


@runtime_checkable
class Target(Protocol):
    """Anything that can be invoked with a JSON value.

    A target that raises has failed; whoever invoked it decides about retries. What a target returns is read by
    pipes (an enrichment's output, `batchItemFailures`) and ignored by bus rules.
    """

    def invoke(self, event: JSONValue) -> JSONValue:
        """Handle `event` and return the response."""
        ...


def target_error(value: object) -> str | None:
    """Why `value` cannot be invoked as a target; None where it can. For those who take targets, to say so at once."""
    if isinstance(value, Target) and not isinstance(value, type):
        return None
    what = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
    hint = "; in tests, RecordingTarget(function) makes one of a function" if callable(value) else ""
    return f"{what} is no target: give an object with invoke(event){hint}"
