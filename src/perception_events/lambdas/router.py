"""One Lambda function for many event types: functions registered by event type or pattern."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from perception_events.classifiers import EVENT_TYPE_FIELD
from perception_events.errors import DeclarationError, describe
from perception_events.lambdas._arguments import ArgumentError
from perception_events.lambdas._invocations import DEFAULT_KEY_NAMES, Message, read_invocation
from perception_events.lambdas.errors import DeadLetterError
from perception_events.lambdas.handlers import Handle, bound_function, handle_invocation
from perception_events.patterns import EventPattern, RuleSet
from perception_events.targets import Target

__all__ = ["DuplicateRouteError", "EventRouter", "UnmatchedEventError"]

Function = TypeVar("Function", bound=Callable[..., Any])


class UnmatchedEventError(DeadLetterError):
    """No function is registered for an event; trying again would not change that."""


class DuplicateRouteError(DeclarationError, ValueError):
    """Two functions are registered for one event type."""


class EventRouter:
    """A Lambda handler that calls the functions registered for an event.

        router = EventRouter()

        @router.on("pose")
        def pose(event: EventBridgeEvent[StreamRecord]) -> None: ...

        handler = router

    An event type is what the enrichment wrote into `field`; a pattern sees the event as a rule would, so that the same
    pattern works on a pipe's batch, whose records are looked at as the event's `detail`. Every function that matches
    is called, in order of registration, whatever the others raise. `dead_letters`, `key_names` and `concurrency` are as
    for `event_handler`; several functions for one event run one after the other. An event that none matches goes to
    `otherwise`, and without it fails with
    `UnmatchedEventError` (a `DeadLetterError`).
    """

    def __init__(
        self,
        *,
        field: str = EVENT_TYPE_FIELD,
        dead_letters: Target | None = None,
        key_names: tuple[str, ...] = DEFAULT_KEY_NAMES,
        concurrency: int = 1,
    ) -> None:
        self.field = field
        self._key_names = key_names
        self._concurrency = concurrency
        self._dead_letters = dead_letters
        self._rules = RuleSet()
        self._functions: dict[str, Handle] = {}
        self._otherwise: Handle | None = None

    def on(
        self, event_type: str | None = None, *, pattern: EventPattern | Mapping[str, Any] | str | None = None
    ) -> Callable[[Function], Function]:
        """Register the function below for an event type, or for a pattern.

        Raises:
            DuplicateRouteError: the event type has a function.
            InvalidEventPatternError: the pattern is rejected.
            ArgumentError: the function's parameter cannot be filled.
            ValueError: neither or both are given.
        """
        if event_type is not None and not isinstance(event_type, str):
            raise ArgumentError(
                f"an event type is a text, not {describe(event_type)}; a decorator is written on('pose')"
            )
        if (event_type is None) == (pattern is None):
            raise ValueError("on() takes an event type or a pattern: on('pose') or on(pattern={...})")

        def register(function: Function) -> Function:
            name = f"event type {event_type}" if pattern is None else f"pattern {len(self._functions)}"
            if name in self._functions:
                raise DuplicateRouteError(f"{name} has a function already: give each event type one")
            handle = bound_function(function)
            self._rules.add(name, {"detail": {self.field: [event_type]}} if pattern is None else pattern)
            self._functions[name] = handle
            return function

        return register

    def otherwise(self, function: Function) -> Function:
        """Register the function below for events that no other matches.

        Raises:
            DuplicateRouteError: there is one.
        """
        if self._otherwise is not None:
            raise DuplicateRouteError("otherwise has a function already")
        self._otherwise = bound_function(function)
        return function

    def __call__(self, event: Any, context: Any = None) -> Any:
        """Handle an invocation, as `event_handler` does."""
        invocation = read_invocation(event)
        return handle_invocation(
            invocation,
            context,
            self._dispatch,
            self._dead_letters,
            key_names=self._key_names,
            concurrency=self._concurrency,
        )

    @staticmethod
    def _call_all(functions: Sequence[Handle], message: Message, context: Any) -> Any:
        """Call every function, whatever the others raise; the first error is raised in the end."""
        results: list[Any] = []
        errors: list[Exception] = []
        for function in functions:
            try:
                results.append(function(message, context))
            except Exception as error:
                errors.append(error)
        if any(map(inspect.isawaitable, results)):
            return _all_of(results, errors)
        return _without(errors, results)

    def _dispatch(self, message: Message, context: Any) -> Any:
        seen = message.event if message.event is not message.record else {"detail": message.record}
        names = self._rules.matching_rules(seen)
        if names:
            if len(names) == 1:
                return self._functions[names[0]](message, context)
            return self._call_all([self._functions[name] for name in names], message, context)
        if self._otherwise is not None:
            return self._otherwise(message, context)
        found = message.record.get(self.field)
        raise UnmatchedEventError(
            f"no function is registered for the event {message.event_id} ({self.field}: {found!r}); register one with "
            "on(...), or otherwise"
        )


async def _all_of(results: list[Any], errors: list[Exception]) -> list[Any]:
    for position, result in enumerate(results):
        if inspect.isawaitable(result):
            try:
                results[position] = await result
            except Exception as error:
                errors.append(error)
    return _without(errors, results)


def _without(errors: list[Exception], results: list[Any]) -> list[Any]:
    for other in errors[1:]:
        errors[0].add_note(f"another function for this event failed too: {other!r}")
    if errors:
        raise errors[0]
    return results
