"""After a handler: sends any number of events to a real bus, in requests that AWS takes, retrying what may succeed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from perception_events.aws.errors import BackOff, Sleep, error_code, is_retryable
from perception_events.errors import PerceptionEventsError

__all__ = [
    "MAXIMUM_ENTRIES",
    "MAXIMUM_SIZE",
    "EntryResult",
    "EventPublisher",
    "EventsClient",
    "PublishError",
    "PublishResult",
    "entry_size",
]

MAXIMUM_ENTRIES = 10
"""Entries in one `PutEvents` request. AWS: service model, `PutEventsRequestEntryList`."""

MAXIMUM_SIZE = 1024 * 1024 - 1
"""Bytes in one `PutEvents` request, by `entry_size`.

AWS: API text of `PutEvents`: the total is below 1 MB (256 KB before January 2026).
"""

RETRYABLE_ENTRY_CODES = frozenset({"InternalFailure", "InternalException", "ThrottlingException"})
"""Error codes of an entry which may succeed later. AWS: API text of `PutEventsResultEntry`."""

TOO_LARGE = "EntryTooLarge"
"""Our own code for an entry that no request can hold; it is never sent."""


class EventsClient(Protocol):
    """The one call we make; `boto3.client("events")` has it."""

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        """AWS's `PutEvents`."""
        ...


@dataclass(frozen=True, slots=True)
class EntryResult:
    """What became of one entry: an `event_id`, or an `error_code` with its message.

    `attempts` counts the requests it was in; 0 says that it was never sent.
    """

    entry: Mapping[str, Any]
    event_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    attempts: int = 0

    @property
    def sent(self) -> bool:
        """Whether the bus took it."""
        return self.event_id is not None

    def to_dict(self) -> dict[str, Any]:
        """The entry of a `PutEvents` answer."""
        if self.event_id is not None:
            return {"EventId": self.event_id}
        return {"ErrorCode": self.error_code, "ErrorMessage": self.error_message}


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The outcome of all entries, in the order in which they were given."""

    entries: tuple[EntryResult, ...]

    @property
    def failed(self) -> tuple[EntryResult, ...]:
        """The entries that the bus did not take."""
        return tuple(result for result in self.entries if not result.sent)

    @property
    def event_ids(self) -> tuple[str, ...]:
        """The ids of the entries that were taken, in order."""
        return tuple(result.event_id for result in self.entries if result.event_id is not None)

    def to_dict(self) -> dict[str, Any]:
        """The form of a `PutEvents` answer."""
        return {"FailedEntryCount": len(self.failed), "Entries": [result.to_dict() for result in self.entries]}


class PublishError(PerceptionEventsError, RuntimeError):
    """Some entries did not reach the bus; `failed` holds them, `result` the outcome of all."""

    def __init__(self, result: PublishResult) -> None:
        self.result = result
        self.failed = result.failed
        first = self.failed[0]
        position = result.entries.index(first)
        super().__init__(
            f"{len(self.failed)} of {len(result.entries)} entries did not reach the bus; the first is entry {position} "
            f"({first.error_code}: {first.error_message}, after {first.attempts} attempts); "
            "see .failed, and send those again once the cause is fixed"
        )


class EventPublisher:
    """Sends events to one bus.

    `client` is `boto3.client("events")`, or anything with its `put_events`. `bus_name` (a name or an ARN) is put into
    each entry that names no bus. An entry is a mapping in AWS's casing (`Source`, `DetailType`, `Detail` as JSON
    text, `Resources`, `Time`), or an object whose `to_dict()` gives one.

    AWS: at most 10 entries and 1 MB a request; entry errors come with HTTP 200 and are read from `Entries`.
    """

    def __init__(
        self,
        client: EventsClient,
        bus_name: str | None = None,
        *,
        back_off: BackOff | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._back_off = back_off if back_off is not None else BackOff()
        self._sleep = sleep

    def publish(self, entries: Sequence[Any]) -> PublishResult:
        """Send `entries` and return the outcome of each, in order.

        Raises:
            PublishError: at least one entry did not reach the bus; those that did are in its `result`.
        """
        result = self._send(entries)
        if result.failed:
            raise PublishError(result)
        return result

    def put_events(self, entries: Sequence[Any]) -> dict[str, Any]:
        """Send `entries` and answer as AWS's `PutEvents` does, failures in the answer: a real bus for a local pipe."""
        return self._send(entries).to_dict()

    def _send(self, entries: Sequence[Any]) -> PublishResult:
        results = [EntryResult(self._request_entry(entry)) for entry in entries]
        for position, result in enumerate(results):
            size = entry_size(result.entry)
            if size > MAXIMUM_SIZE:
                message = f"the entry has {size} bytes and a request takes {MAXIMUM_SIZE}; put the payload elsewhere"
                results[position] = EntryResult(result.entry, error_code=TOO_LARGE, error_message=message)
        open_positions = [position for position, result in enumerate(results) if result.error_code is None]
        for failures in range(1, self._back_off.attempts + 1):
            again: list[int] = []
            for chunk in _chunks(open_positions, results):
                again += self._send_chunk(chunk, results)
            if not again or failures == self._back_off.attempts:
                break
            open_positions = again
            self._sleep(self._back_off.seconds(failures))
        return PublishResult(tuple(results))

    def _send_chunk(self, chunk: list[int], results: list[EntryResult]) -> list[int]:
        """One request; returns the positions that are worth another."""
        try:
            answer = self._client.put_events(Entries=[dict(results[position].entry) for position in chunk])
        except Exception as error:  # a botocore error: its class is known only where botocore is installed
            reason = {"ErrorCode": error_code(error) or type(error).__name__, "ErrorMessage": str(error)}
            outcomes: Sequence[Mapping[str, Any]] = [reason] * len(chunk)
            retry_all = is_retryable(error)
        else:
            outcomes = answer.get("Entries", ())
            retry_all = False
        again: list[int] = []
        for index, position in enumerate(chunk):
            # An answer that is too short tells us nothing of the rest: that is a failure, never a success.
            outcome = outcomes[index] if index < len(outcomes) else {"ErrorCode": "MissingFromAnswer"}
            event_id = outcome.get("EventId")
            code = None if event_id else outcome.get("ErrorCode") or "MissingFromAnswer"
            results[position] = EntryResult(
                results[position].entry,
                event_id or None,
                code,
                outcome.get("ErrorMessage"),
                results[position].attempts + 1,
            )
            if code is not None and (retry_all or code in RETRYABLE_ENTRY_CODES):
                again.append(position)
        return again

    def _request_entry(self, entry: Any) -> Mapping[str, Any]:
        fields = entry if isinstance(entry, Mapping) else entry.to_dict()
        if self._bus_name is None or fields.get("EventBusName"):
            return dict(fields)
        return {**fields, "EventBusName": self._bus_name}


def entry_size(entry: Mapping[str, Any]) -> int:
    """Bytes that `entry` counts for: 14 for a time, and the UTF-8 bytes of source, detail type, detail and resources.

    AWS: EventBridge User Guide, "Calculating event entry size".
    """
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or ())]
    size = sum(len(str(text).encode("utf-8", "surrogatepass")) for text in texts if text is not None)
    return size + (14 if entry.get("Time") is not None else 0)


def _chunks(positions: Sequence[int], results: Sequence[EntryResult]) -> Iterator[list[int]]:
    """Cut `positions`, in order, into requests that AWS takes."""
    chunk: list[int] = []
    total = 0
    for position in positions:
        size = entry_size(results[position].entry)
        if chunk and (len(chunk) == MAXIMUM_ENTRIES or total + size > MAXIMUM_SIZE):
            yield chunk
            chunk, total = [], 0
        chunk.append(position)
        total += size
    if chunk:
        yield chunk
