"""After a handler: sends any number of events to a real bus, in requests that AWS takes, retrying what may succeed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from perception_events.aws._entries import INVALID_ENTRY, InvalidEntryError, entry_size, request_entry
from perception_events.aws.errors import BackOff, Sleep, error_code, is_retryable
from perception_events.aws_limits import LIMITS
from perception_events.errors import AWSCallError, InputError, describe

__all__ = [
    "MAXIMUM_ENTRIES",
    "MAXIMUM_SIZE",
    "EntryResult",
    "EventPublisher",
    "EventsClient",
    "InvalidEntriesError",
    "PublishError",
    "PublishResult",
    "entry_size",
]

MAXIMUM_ENTRIES = LIMITS["PutEvents entries"].high or 10
"""Entries in one `PutEvents` request. AWS: service model, `PutEventsRequestEntryList`."""

MAXIMUM_SIZE = (LIMITS["PutEvents size"].high or 1_048_576) - 1
"""Bytes in one `PutEvents` request, by `entry_size`.

AWS: API text of `PutEvents`: the total is below 1 MB (256 KB before January 2026).
"""

RETRYABLE_ENTRY_CODES = frozenset({"InternalFailure", "InternalException", "ThrottlingException"})
"""Error codes of an entry which may succeed later. AWS: API text of `PutEventsResultEntry`."""

_MOST_NAMED = 5

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

    `attempts` counts the requests it was in; 0 says that it was never sent. `retryable` says whether sending it again
    may succeed.
    """

    entry: Mapping[str, Any]
    event_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    attempts: int = 0
    retryable: bool = False

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


class InvalidEntriesError(InputError, TypeError):
    """What was to be published is not a collection of entries."""


class PublishError(AWSCallError):
    """Some entries did not reach the bus; `failed` holds them, `result` the outcome of all.

    `code` is that of the first, `retryable` says whether sending one of them again may succeed.
    """

    def __init__(self, result: PublishResult) -> None:
        failed = [(position, entry) for position, entry in enumerate(result.entries) if not entry.sent]
        named = "; ".join(
            f"entry {position} ({entry.error_code}: {entry.error_message}, after {entry.attempts} attempts)"
            for position, entry in failed[:_MOST_NAMED]
        )
        more = f"; and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
        super().__init__(
            f"{len(failed)} of {len(result.entries)} entries did not reach the bus: {named}{more}; "
            "see .failed, and send those again once the cause is fixed",
            code=failed[0][1].error_code or "",
            retryable=any(entry.retryable for _, entry in failed),
        )
        self.result = result
        self.failed = result.failed


class EventPublisher:
    """Sends events to one bus.

    `client` is `boto3.client("events")`, or anything with its `put_events`. `bus_name` (a name or an ARN) is put into
    each entry that names no bus. An entry is a mapping in AWS's casing (`Source`, `DetailType`, `Detail` as JSON
    text, `Resources`, `Time`), or an object whose `to_dict()` gives one. `endpoint_id` is that of a global endpoint.

    Each entry has an outcome of its own, as with AWS: one that boto3 would reject together with its whole request gets
    the code `InvalidEntry` and is not sent, the others are.

    AWS: at most 10 entries and 1 MB a request; entry errors come with HTTP 200 and are read from `Entries`.
    """

    def __init__(
        self,
        client: EventsClient,
        bus_name: str | None = None,
        *,
        endpoint_id: str | None = None,
        back_off: BackOff | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._endpoint = {} if endpoint_id is None else {"EndpointId": endpoint_id}
        self._back_off = back_off if back_off is not None else BackOff()
        self._sleep = sleep

    def publish(self, entries: Sequence[Any]) -> PublishResult:
        """Send `entries` and return the outcome of each, in order.

        Raises:
            PublishError: at least one entry did not reach the bus; those that did are in its `result`.
            InvalidEntriesError: `entries` is not a collection of entries.
        """
        result = self._send(entries)
        if result.failed:
            raise PublishError(result)
        return result

    def put_events(self, entries: Sequence[Any]) -> dict[str, Any]:
        """Send `entries` and answer as AWS's `PutEvents` does, failures in the answer: a real bus for a local pipe."""
        return self._send(entries).to_dict()

    def _send(self, entries: Sequence[Any]) -> PublishResult:
        if isinstance(entries, (str, bytes, Mapping)) or not isinstance(entries, Iterable):
            raise InvalidEntriesError(f"entries are a list of entries, not {describe(entries)}")
        results = [self._unsent(entry) for entry in entries]
        for position, result in enumerate(results):
            size = 0 if result.error_code is not None else entry_size(result.entry)
            if size > MAXIMUM_SIZE:
                message = f"the entry has {size} bytes and a request takes {MAXIMUM_SIZE}; put the payload elsewhere"
                results[position] = EntryResult(result.entry, error_code=TOO_LARGE, error_message=message)
        open_positions = [position for position, result in enumerate(results) if result.error_code is None]
        for failures in itertools.count(1):
            again: list[int] = []
            for chunk in _chunks(open_positions, results):
                again += self._send_chunk(chunk, results)
            if not again or self._back_off.is_over(failures):
                break
            open_positions = again
            self._sleep(self._back_off.seconds(failures))
        return PublishResult(tuple(results))

    def _send_chunk(self, chunk: list[int], results: list[EntryResult]) -> list[int]:
        """One request; returns the positions that are worth another."""
        try:
            response = self._client.put_events(
                Entries=[dict(results[position].entry) for position in chunk], **self._endpoint
            )
        except Exception as error:  # a botocore error: its class is known only where botocore is installed
            reason = {"ErrorCode": error_code(error) or type(error).__name__, "ErrorMessage": str(error)}
            outcomes: Sequence[Mapping[str, Any]] = [reason] * len(chunk)
            retry_all = is_retryable(error)
            if len(chunk) > 1 and not retry_all and _blames_one(error):
                return [again for position in chunk for again in self._send_chunk([position], results)]
        else:
            outcomes = response.get("Entries") or ()
            retry_all = False
        again: list[int] = []
        for index, position in enumerate(chunk):
            # A response that is too short tells us nothing of the rest: that is a failure, never a success.
            outcome = outcomes[index] if index < len(outcomes) else {"ErrorCode": "MissingFromAnswer"}
            event_id = outcome.get("EventId")
            code = None if event_id else outcome.get("ErrorCode") or "MissingFromAnswer"
            retryable = code is not None and (retry_all or code in RETRYABLE_ENTRY_CODES)
            results[position] = EntryResult(
                results[position].entry,
                event_id or None,
                code,
                outcome.get("ErrorMessage"),
                results[position].attempts + 1,
                retryable,
            )
            if retryable:
                again.append(position)
        return again

    def _unsent(self, entry: Any) -> EntryResult:
        try:
            return EntryResult(request_entry(entry, self._bus_name))
        except InvalidEntryError as error:
            kept = entry if isinstance(entry, Mapping) else {}
            return EntryResult(kept, error_code=INVALID_ENTRY, error_message=str(error))


def _blames_one(error: Exception) -> bool:
    """Whether a rejected request may hold just one entry that is wrong: then each is sent alone."""
    return error_code(error) == "ValidationException" or type(error).__name__ == "ParamValidationError"


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
