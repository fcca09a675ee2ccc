"""The one interface of everything that is invoked: enrichments, pipe targets, rule targets, dead-letter targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

from perception_events.errors import PerceptionEventsError

__all__ = ["Invocable", "Target", "UndecidedError", "as_target", "target_error"]


class UndecidedError(PerceptionEventsError, RuntimeError):
    """Raised by what cannot tell what a target would do: it depends on values that are not known.

    It is not a failure: nothing is retried, and the way of the record or event ends here with that verdict.
    `subject`: what is not known, such as `the enrichment Enrich`. `depends_on`: the expressions that decide it.
    """

    def __init__(self, subject: str, depends_on: tuple[str, ...]) -> None:
        self.subject = subject
        self.depends_on = depends_on
        super().__init__(f"{subject} depends on {', '.join(depends_on)}")


@runtime_checkable
class Target(Protocol):
    """An object that can be invoked with a JSON value: an event (a dict), or what a pipe sends (a list).

    A target that raises has failed; whoever invoked it decides about retries. What a target returns is read by
    pipes (an enrichment's items, `batchItemFailures`) and ignored by bus rules. Each invocation gets its own copy.
    """

    def invoke(self, event: Any, /) -> Any:
        """Handle `event` and return the response."""
        ...


Invocable: TypeAlias = Target | Callable[[Any], Any]
"""What is taken wherever something is invoked: an object with `invoke`, or any callable of one argument."""


class _CalledTarget:
    """A callable as a target."""

    __slots__ = ("invoke",)

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.invoke = function

    def __repr__(self) -> str:
        return f"target({self.invoke!r})"


def as_target(value: Invocable) -> Target:
    """`value` as an object with `invoke`.

    >>> as_target(len).invoke([1, 2])
    2

    Raises:
        TypeError: it can neither be invoked nor called.
    """
    reason = target_error(value)
    if reason is not None:
        raise TypeError(reason)
    return value if isinstance(value, Target) else _CalledTarget(value)


def target_error(value: object) -> str | None:
    """Why `value` cannot be invoked; None where it can. For those who take targets, to say so at once."""
    if isinstance(value, type):
        return f"the class {value.__name__} is not a target: give an instance of it"
    if isinstance(value, Target) or callable(value):
        return None
    return f"a {type(value).__name__} is not a target: give a function of one argument, or an object with invoke(event)"
