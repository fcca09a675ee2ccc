"""The parts of a topology in memory, and what passes between them: inputs of targets, messages, records."""

from __future__ import annotations

import contextvars
import itertools
import json
import uuid
from collections import deque
from collections.abc import Callable, Generator, Mapping
from typing import Any

from perception_events.buses import LEADING_RULES, EventBus
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue, PlainText, copy_json
from perception_events.pipes import BatchReader
from perception_events.scheduler import Scheduler
from perception_events.simulation._known import arn_of, name_of
from perception_events.sources import kinesis_record
from perception_events.streams import InMemoryQueue
from perception_events.targets import Target
from perception_events.topology import KinesisStream, Queue, Resource, Topology, Unresolved
from perception_events.trace import DeadLettered, Discarded, Received, TraceEvent, TraceSink

__all__ = ["Network", "Steps"]

Steps = Generator[float, None, None]
"""Work in steps: it yields the seconds to wait before each next one."""


class Network:
    """What is wired together: buses, queues and readers by the id of their resource.

    `played`: what stands in for a resource, by its id. `scheduler`: where work in steps runs once one is set; without
    one it runs at once, after the step that asked for it.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        played: Mapping[str, Target],
        clock: ManualClock,
        sink: TraceSink | None,
        assume_after: int | None,
    ) -> None:
        self.topology = topology
        self.played = played
        self.clock = clock
        self.assume_after = assume_after
        self.buses: dict[str, EventBus] = {}
        self.queues: dict[str, InMemoryQueue] = {}
        self.readers: dict[str, list[BatchReader]] = {}
        self.scheduler: Scheduler | None = None
        self._sink = sink
        self._collected: list[TraceEvent] | None = None
        self._ids = itertools.count(1)
        self._work: deque[tuple[contextvars.Context, Steps]] = deque()
        self._is_busy = False
        self._draining: set[str] = set()
        self._led_by: dict[str, tuple[str, ...]] = {}
        self._failures: dict[str, str] = {}
        self._turns = itertools.count()

    # --- the trace

    def record(self, event: TraceEvent) -> None:
        """Keep a step for the input in hand, and tell the sink."""
        if self._collected is not None:
            self._collected.append(event)
        if self._sink is not None:
            self._sink(event)

    def new_id(self) -> str:
        """An id, the same in every run."""
        return str(uuid.UUID(int=next(self._ids)))

    def now(self) -> float:
        """The simulation's time."""
        return self.clock.now()

    # --- work

    def collect(self, action: Callable[[], object]) -> tuple[TraceEvent, ...]:
        """Do `action` and everything that follows from it at once; the steps that this caused."""
        outer, self._collected = self._collected, []
        was_busy, self._is_busy = self._is_busy, True
        try:
            action()
            if not was_busy:
                self._finish_work()
            return tuple(self._collected)
        finally:
            steps, self._collected = self._collected, outer
            self._is_busy = was_busy
            if outer is not None:
                outer.extend(steps)  # a target that puts something in is part of what led to it

    def start(self, steps: Steps) -> None:
        """Run `steps` after the one in hand: on the scheduler, or at once with the clock moved forward."""
        context = contextvars.copy_context()  # the rules that led here go on counting
        if self.scheduler is not None:
            self.scheduler.run(_in_context(context, steps))
            return
        self._work.append((context, steps))
        if not self._is_busy:
            self._is_busy = True
            try:
                self._finish_work()
            finally:
                self._is_busy = False

    def _finish_work(self) -> None:
        while self._work:
            context, steps = self._work.popleft()
            for seconds in _in_context(context, steps):
                if seconds:
                    self.clock.advance(seconds)

    # --- inputs of targets

    def hand_over(self, resource: Resource, given: JSONValue, parameters: JSONObject | None = None) -> Any:
        """Let `resource` receive `given`; returns what stands in for it responds.

        Raises:
            Exception: whatever that raises.
        """
        parameters = parameters or {}
        self.record(Received(self.now(), resource.id, resource.kind, given, parameters))
        played = self.played.get(resource.id)
        response = None if played is None else played.invoke(copy_json(given))
        if isinstance(resource, Queue):
            self.send(
                resource,
                _text(given),
                group=parameters.get("MessageGroupId"),
                deduplication_id=parameters.get("MessageDeduplicationId"),
            )
        elif isinstance(resource, KinesisStream):
            self.put_data(resource, _text(given), str(parameters.get("PartitionKey", "")))
        return response

    def dead_letter_target(self, reference: str | Unresolved | None) -> Callable[[JSONObject], object] | None:
        """What takes dead letters for the resource `reference`; None where there is none."""
        if reference is None:
            return None
        if isinstance(reference, Unresolved):
            where = reference.expression
            return lambda message: self.record(Received(self.now(), where, "dead-letter target", message, {}))
        resource = self.topology[reference]

        def take(message: JSONObject) -> None:
            body, attributes = message.get("Body"), message.get("MessageAttributes")
            if isinstance(resource, Queue) and isinstance(body, str) and isinstance(attributes, dict):
                self.record(Received(self.now(), resource.id, resource.kind, message, {}))
                self.send(resource, body, message_attributes=attributes)
            else:
                self.hand_over(resource, message)

        return take

    # --- queues

    def queue(self, resource: Queue) -> InMemoryQueue:
        """The queue in memory; it is made when it is first needed, with its dead-letter queue."""
        queue = self.queues.get(resource.id)
        if queue is None:
            queue = self.queues[resource.id] = InMemoryQueue(
                name_of(resource, "pipe name"),
                clock=self.clock,
                new_id=self.new_id,
                arn=arn_of(resource),
                fifo=resource.fifo,
                content_based_deduplication=resource.content_based_deduplication,
                visibility_timeout=_seconds(resource.visibility_timeout, 30),
                retention=_seconds(resource.retention, 345_600),
                max_receive_count=_count(resource.max_receive_count),
                expired=lambda record: self._expired(resource, record),
            )
            if isinstance(resource.dead_letter_queue, str):
                letters = self.topology[resource.dead_letter_queue]
                if isinstance(letters, Queue):
                    queue.dead_letter_queue = self.queue(letters)
                    queue.redriven = lambda record, receives: self._redriven(resource, letters, record, receives)
        return queue

    def send(
        self,
        resource: Queue,
        body: str,
        *,
        group: JSONValue = None,
        deduplication_id: JSONValue = None,
        message_attributes: JSONObject | None = None,
    ) -> None:
        """Send a message, and let those who read the queue have it."""
        message_id = self.queue(resource).send(
            body,
            group=None if group is None else str(group),
            deduplication_id=None if deduplication_id is None else str(deduplication_id),
            message_attributes=message_attributes,
        )
        self._led_by[message_id] = LEADING_RULES.get()
        self._read_queue(resource)

    def _read_queue(self, resource: Queue) -> None:
        if resource.id not in self._draining and self.readers.get(resource.id):
            self._draining.add(resource.id)
            self.start(self._drain(resource))

    def _drain(self, resource: Queue) -> Steps:
        """Receive until the queue is empty; of several readers each gets its turn, as they compete for messages."""
        queue, readers = self.queue(resource), self.readers[resource.id]
        returned: dict[str, int] = {}
        try:
            while True:
                reader = readers[next(self._turns) % len(readers)]
                records = queue.receive(reader.settings.batch_size)
                if not records:
                    following = queue.next_visible()
                    if following is None:
                        return
                    yield max(0.0, following - self.now())
                    continue
                batch = reader.batch(records)
                # Their own rules count, not those of the message that started this: a loop through a queue is one too.
                led_by = [self._led_by.get(str(record["messageId"]), ()) for record in records]
                LEADING_RULES.set(max(led_by, key=len))
                for pause in reader.deliver(batch):
                    if pause.seconds:
                        yield pause.seconds
                failed = {reader.source.identity(record) for record in batch.returned}
                for record in records:
                    message_id = str(record["messageId"])
                    if message_id not in failed:
                        queue.delete(message_id)
                        self._led_by.pop(message_id, None)
                        self._failures.pop(message_id, None)
                        continue
                    returned[message_id] = returned.get(message_id, 0) + 1
                    self._failures[message_id] = batch.failure
                    if self.assume_after is not None and returned[message_id] >= self.assume_after:
                        yield queue.seconds_left(message_id)
                        queue.give_up(message_id)
        finally:
            self._draining.discard(resource.id)

    def _redriven(self, resource: Queue, letters: Queue, record: JSONObject, receives: int) -> None:
        ids, seconds = (str(record["messageId"]),), self.now() - _sent(record)
        reason = f"received {receives} times; the last time: {self._failures.pop(ids[0], 'not taken')}"
        message: JSONObject = {"Body": record["body"], "MessageAttributes": record["messageAttributes"]}
        self.record(DeadLettered(self.now(), resource.id, ids, "MaxReceiveCountExceeded", reason, message, seconds))
        self.record(Received(self.now(), letters.id, letters.kind, record["body"], {}))
        self._read_queue(letters)

    def _expired(self, resource: Queue, record: JSONObject) -> None:
        ids, seconds = (str(record["messageId"]),), self.now() - _sent(record)
        reason = f"not taken within the queue's retention; the last time: {self._failures.pop(ids[0], 'not read')}"
        self.record(Discarded(self.now(), resource.id, ids, "MessageRetentionExpired", reason, seconds))

    # --- streams

    def put_data(self, resource: KinesisStream, data: str, partition_key: str) -> None:
        """Put data into a Kinesis stream, and let those who read it have the record."""
        record = kinesis_record(
            data.encode("utf-8", "surrogatepass"),
            partition_key=partition_key,
            sequence_number=str(10**30 + next(self._ids)),
            arrived=self.now(),
            stream_arn=arn_of(resource),
        )
        for reader in self.readers.get(resource.id, ()):
            self.start(_deliver_one(reader, record))


def _deliver_one(reader: BatchReader, record: JSONObject) -> Steps:
    batch = reader.batch([record], arrived=reader.now())
    for pause in reader.deliver(batch):
        if pause.seconds:
            yield pause.seconds


def _in_context(context: contextvars.Context, steps: Steps) -> Steps:
    while True:
        try:
            seconds = context.run(next, steps)
        except StopIteration:
            return
        yield seconds


def _text(given: JSONValue) -> str:
    """What a queue or a stream gets: JSON, or the text of a template that is not JSON."""
    if isinstance(given, PlainText):
        return str(given)
    return json.dumps(given, ensure_ascii=False)


def _sent(record: JSONObject) -> float:
    attributes: Any = record["attributes"]
    return int(attributes["SentTimestamp"]) / 1000


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
