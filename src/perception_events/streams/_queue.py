"""An in-memory SQS queue: messages in, records out as a pipe receives them, back again until they are deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perception_events.clock import Clock
from perception_events.errors import InputError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.sources import sqs_record

__all__ = ["InMemoryQueue", "InvalidMessageError"]

_DEDUPLICATION_SECONDS = 300.0
"""AWS: SQS Developer Guide, "Exactly-once processing"."""


class InvalidMessageError(InputError, ValueError):
    """A message that SQS rejects, such as one without a group for a FIFO queue."""


@dataclass(slots=True)
class _Message:
    message_id: str
    body: str
    attributes: dict[str, str]
    message_attributes: JSONObject
    sent: float
    visible: float
    receives: int = 0
    first_received: float | None = None
    group: str | None = None


class InMemoryQueue:
    """A standard or FIFO queue.

    `name`, `arn`: its name and ARN. `clock`: tells the time. `new_id`: makes message ids. `fifo`: keeps the order in a
    message group, and drops a message of a deduplication id that came within five minutes.
    `content_based_deduplication`: a FIFO queue makes the deduplication id of the body. `visibility_timeout`,
    `retention`: seconds. `dead_letter_queue`: gets a message that was received `max_receive_count` times, when it would
    be received again. `expired`: called with each record that is dropped after the retention.

    AWS: SQS Developer Guide. Differs from AWS: a standard queue keeps the order, and delivers once while nothing fails.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        new_id: Callable[[], str],
        arn: str = "",
        fifo: bool = False,
        content_based_deduplication: bool = False,
        visibility_timeout: float = 30,
        retention: float = 345_600,
        dead_letter_queue: InMemoryQueue | None = None,
        max_receive_count: int | None = None,
        expired: Callable[[JSONObject], object] | None = None,
    ) -> None:
        self.name = name
        self.arn = arn or f"arn:aws:sqs:us-east-1:123456789012:{name}"
        self.fifo = fifo
        self.content_based_deduplication = content_based_deduplication
        self.visibility_timeout = visibility_timeout
        self.retention = retention
        self.dead_letter_queue = dead_letter_queue
        self.max_receive_count = max_receive_count
        self.redriven: Callable[[JSONObject, int], object] | None = None
        """Called with each record that goes to the dead-letter queue, and how often it had been received."""
        self._clock = clock
        self._new_id = new_id
        self._expired = expired
        self._messages: dict[str, _Message] = {}
        self._deduplicated: dict[str, tuple[float, str]] = {}
        self._sequence = 18_849_496_460_467_696_128
        self._listeners: list[Callable[[], object]] = []

    def send(
        self,
        body: str,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        message_attributes: Mapping[str, JSONValue] | None = None,
    ) -> str:
        """Send a message; returns its id.

        Raises:
            InvalidMessageError: a FIFO queue needs a group, and a deduplication id where it makes none of the body.
        """
        attributes: dict[str, str] = {"SenderId": "AIDAIENQZJOLO23YVJ4VO"}
        if self.fifo:
            if not group:
                raise InvalidMessageError(f"the FIFO queue {self.name} needs a MessageGroupId")
            if deduplication_id is None and self.content_based_deduplication:
                deduplication_id = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
            if not deduplication_id:
                raise InvalidMessageError(
                    f"the FIFO queue {self.name} needs a MessageDeduplicationId, or content-based deduplication"
                )
            known = self._deduplicated.get(deduplication_id)
            if known is not None and self._clock.now() - known[0] < _DEDUPLICATION_SECONDS:
                return known[1]
            self._sequence += 1
            attributes |= {"SequenceNumber": str(self._sequence), "MessageDeduplicationId": deduplication_id}
        if group:
            attributes["MessageGroupId"] = group
        now = self._clock.now()
        message = _Message(
            self._new_id(),
            body,
            attributes,
            dict(message_attributes or {}),
            now,
            now,
            group=group if self.fifo else None,
        )
        if deduplication_id is not None:
            self._deduplicated[deduplication_id] = now, message.message_id
        self._messages[message.message_id] = message
        for listener in self._listeners:
            listener()
        return message.message_id

    def receive(self, limit: int = 10) -> tuple[JSONObject, ...]:
        """Up to `limit` records of messages that are visible; they are not visible again until the timeout passes.

        A message that was received as often as the redrive policy allows goes to the dead-letter queue instead.
        """
        self._drop_expired()
        now = self._clock.now()
        received: list[JSONObject] = []
        blocked: set[str] = set()
        for message in list(self._messages.values()):
            if len(received) >= limit:
                break
            if message.visible > now or message.group in blocked:
                if message.group is not None:
                    blocked.add(message.group)  # what comes later in its group waits
                continue
            if self.max_receive_count is not None and message.receives >= self.max_receive_count:
                self._redrive(message)
                continue
            message.receives += 1
            message.first_received = now if message.first_received is None else message.first_received
            message.visible = now + self.visibility_timeout
            received.append(self._record(message))
        return tuple(received)

    def delete(self, message_id: str) -> None:
        """The message is done with; one that is not there is no error, as on AWS."""
        self._messages.pop(message_id, None)

    def give_up(self, message_id: str) -> bool:
        """Let the message's receives, or its retention, run out at once; returns whether a dead-letter queue got it."""
        message = self._messages[message_id]
        if self.dead_letter_queue is not None and self.max_receive_count is not None:
            message.receives = self.max_receive_count
            self._redrive(message)
            return True
        self._expire(message)
        return False

    def seconds_left(self, message_id: str) -> float:
        """How long the message would still be received again and again, if nothing deletes it."""
        message = self._messages[message_id]
        if self.dead_letter_queue is not None and self.max_receive_count is not None:
            return max(0, self.max_receive_count - message.receives + 1) * self.visibility_timeout
        return max(0.0, message.sent + self.retention - self._clock.now())

    def next_visible(self) -> float | None:
        """When the next message is visible, in epoch seconds; None where there is no message."""
        return min((message.visible for message in self._messages.values()), default=None)

    def subscribe(self, listener: Callable[[], object]) -> None:
        """Call `listener` after every message that is sent."""
        self._listeners.append(listener)

    def __len__(self) -> int:
        return len(self._messages)

    def _drop_expired(self) -> None:
        horizon = self._clock.now() - self.retention
        for message in list(self._messages.values()):
            if message.sent < horizon:
                self._expire(message)

    def _expire(self, message: _Message) -> None:
        del self._messages[message.message_id]
        if self._expired is not None:
            self._expired(self._record(message))

    def _redrive(self, message: _Message) -> None:
        del self._messages[message.message_id]
        if self.redriven is not None:
            self.redriven(self._record(message), message.receives)
        queue = self.dead_letter_queue
        if queue is not None:
            attributes = message.attributes
            queue.send(
                message.body,
                group=attributes.get("MessageGroupId"),
                deduplication_id=attributes.get("MessageDeduplicationId") if queue.fifo else None,
                message_attributes=message.message_attributes,
            )

    def _record(self, message: _Message) -> JSONObject:
        first = message.first_received if message.first_received is not None else message.sent
        attributes: dict[str, JSONValue] = {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(int(message.sent * 1000)),
            "ApproximateFirstReceiveTimestamp": str(int(first * 1000)),
            **message.attributes,
        }
        return sqs_record(
            message.body,
            message_id=message.message_id,
            receive_count=message.receives,
            queue_arn=self.arn,
            attributes=attributes,
            message_attributes=message.message_attributes,
        )
