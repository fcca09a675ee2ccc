"""Targets for tests: they keep what they get, and fail when told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perception_events.json_values import JSONValue
from perception_events.targets import Invocable, as_target

__all__ = ["AsyncFunction", "FailingTarget", "RecordingBus", "RecordingTarget"]


class RecordingTarget:
    """Keeps every event it is invoked with; returns `response`, or what `response(event)` returns.

    Serves as enrichment, pipe function, rule target or dead-letter queue.
    """

    def __init__(self, response: JSONValue | Callable[[Any], Any] = None) -> None:
        self.events: list[Any] = []
        self._response = response

    def invoke(self, event: Any) -> Any:
        """Keep `event` and respond."""
        self.events.append(event)
        return self._response(event) if callable(self._response) else self._response


class FailingTarget(RecordingTarget):
    """Raises `error` the first `times` times it is invoked (always, if None), or while `on(event)` is true."""

    def __init__(
        self,
        error: Exception | None = None,
        *,
        times: int | None = None,
        on: Callable[[Any], bool] = lambda event: True,
        response: JSONValue | Callable[[Any], Any] = None,
    ) -> None:
        super().__init__(response)
        self.failures = 0
        self._error = error or RuntimeError("this target was told to fail")
        self._times = times
        self._on = on

    def invoke(self, event: Any) -> Any:
        """Keep `event`; fail or respond."""
        response = super().invoke(event)
        if self._on(event) and (self._times is None or self.failures < self._times):
            self.failures += 1
            raise self._error
        return response


class AsyncFunction:
    """A Lambda function as a rule invokes it: the event is queued, and that is all the rule learns.

    `run` lets the function work off its queue: each event is tried up to three times, then goes to the function's own
    `dead_letter_queue`. AWS: Lambda Developer Guide, "Asynchronous invocation".
    """

    ATTEMPTS = 3

    def __init__(self, function: Invocable, *, dead_letter_queue: Invocable | None = None) -> None:
        self.queue: list[Any] = []
        self._function = as_target(function)
        self._dead_letter_queue = None if dead_letter_queue is None else as_target(dead_letter_queue)

    def invoke(self, event: Any) -> None:
        """Queue `event`; there is no response."""
        self.queue.append(event)

    def run(self) -> None:
        """Work off the queue."""
        while self.queue:
            event = self.queue.pop(0)
            if not any(self._succeeds(event) for _ in range(self.ATTEMPTS)) and self._dead_letter_queue is not None:
                self._dead_letter_queue.invoke(event)

    def _succeeds(self, event: Any) -> bool:
        try:
            self._function.invoke(event)
        except Exception:
            return False  # what a handler raises is Lambda's to retry, whatever it is
        return True


class RecordingBus:
    """Stands in for an event bus behind a pipe: keeps the entries, rejecting those for which `rejects(entry)`."""

    def __init__(self, name: str = "bus", *, rejects: Callable[[Mapping[str, Any]], bool] | None = None) -> None:
        self.name = name
        self.calls: list[list[Mapping[str, Any]]] = []
        self._rejects = rejects

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        """Every entry of every call."""
        return [entry for call in self.calls for entry in call]

    @property
    def details(self) -> list[Any]:
        """The `detail` of every entry, parsed."""
        return [json.loads(entry["Detail"]) for entry in self.entries]

    def put_events(self, entries: Sequence[Mapping[str, Any]], /) -> Mapping[str, Any]:
        """Responds as `PutEvents` does."""
        self.calls.append(list(entries))
        rejected = [self._rejects is not None and self._rejects(entry) for entry in entries]
        number = sum(len(call) for call in self.calls) - len(entries)
        results = [
            {"ErrorCode": "InternalFailure", "ErrorMessage": "this bus was told to reject"}
            if no
            else {"EventId": f"00000000-0000-0000-0000-{number + index:012d}"}
            for index, no in enumerate(rejected, 1)
        ]
        return {"FailedEntryCount": sum(rejected), "Entries": results}
