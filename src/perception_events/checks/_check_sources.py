"""Checks between a source and what reads it: batches, retries, dead letters, readers."""

from __future__ import annotations

from collections.abc import Iterator

from perception_events.aws_limits import LIMITS, Limit, at_most
from perception_events.checks._context import Context, Reader, known_number
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.topology import EventSourceMapping, Function, Pipe, Queue, TableStream, Unresolved

__all__ = ["check_sources"]

_RETENTION = 86_400
"""Seconds that a DynamoDB stream keeps a record."""
_DEFAULT_FUNCTION_TIMEOUT = 3
"""Seconds, on AWS, of a function that sets none."""
_READERS = 2
_STREAM_LIMITS = {
    "batch_size": "stream batch size",
    "maximum_batching_window": "maximum batching window",
    "maximum_retry_attempts": "maximum retry attempts",
    "maximum_record_age": "maximum record age",
    "parallelization_factor": "parallelization factor",
}
_QUEUE_LIMITS = {"batch_size": "queue batch size", "maximum_batching_window": "maximum batching window"}
_BUS_BATCH = at_most("bus target batch size")


def check_sources(context: Context) -> Iterator[Found]:
    """Everything that is wrong with how pipes and event source mappings read their sources."""
    for reader in context.readers:
        stream, kinesis, queue = context.stream_of(reader), context.kinesis_of(reader), context.queue_of(reader)
        if stream is not None or kinesis is not None:
            yield from _ranges(reader, _STREAM_LIMITS)
            yield from _choices(reader, kinesis is not None)
            yield from _stream_reader(context, reader, stream is not None)
        elif queue is not None:
            yield from _queue_reader(context, reader, queue)
    yield from _stream_readers(context)


def _at(reader: Reader, name: str) -> Location:
    return Location(reader).of(f"source_parameters.{name}")


def _ranges(reader: Reader, limits: dict[str, str]) -> Iterator[Found]:
    for name, limit in limits.items():
        value = getattr(reader.source_parameters, name)
        if value is not None and not isinstance(value, Unresolved) and not LIMITS[limit].allows(value):
            yield Found("PE003", _at(reader, name), _outside(value, LIMITS[limit]))


def _outside(value: object, limit: Limit) -> str:
    return f"{value!r} is outside what AWS takes, {limit.words}"


def _choices(reader: Reader, is_kinesis: bool) -> Iterator[Found]:
    positions = ("TRIM_HORIZON", "LATEST", *(("AT_TIMESTAMP",) if is_kinesis else ()))
    for name, allowed in (
        ("starting_position", positions),
        ("on_partial_batch_item_failure", ("AUTOMATIC_BISECT",)),
    ):
        value = getattr(reader.source_parameters, name)
        if value is None and name == "starting_position":
            yield Found("PE003", _at(reader, name), f"a stream needs one: {' or '.join(allowed)}")
        if isinstance(value, str) and value not in allowed:
            yield Found("PE003", _at(reader, name), f"{value!r} is not {' or '.join(allowed)}")


def _stream_reader(context: Context, reader: Reader, is_table: bool) -> Iterator[Found]:
    settings = reader.source_parameters
    if isinstance(reader, Pipe) and context.bus_of(reader) is not None:
        size = settings.batch_size
        if size is None:
            reason = f"without one a stream source takes 100, and a bus takes at most {_BUS_BATCH} entries"
            yield Found("PE001", _at(reader, "batch_size"), reason)
        elif (known := known_number(size)) is not None and known > _BUS_BATCH:
            yield Found("PE002", _at(reader, "batch_size"), _above_target(size, "records"))
    if _is_unlimited(settings.maximum_retry_attempts) and _is_unlimited(settings.maximum_record_age):
        kept = "24 hours" if is_table else "as long as the stream keeps it"
        reason = f"attempts and age are without limit: one record that always fails holds up its shard for {kept}"
        yield Found("PE004", _at(reader, "maximum_retry_attempts"), reason)
    queue = reader.on_failure if isinstance(reader, EventSourceMapping) else settings.dead_letter_queue
    queue_field = "on_failure" if isinstance(reader, EventSourceMapping) else "source_parameters.dead_letter_queue"
    age = settings.maximum_record_age
    if queue is None:
        reason = "there is none, so a record that is given up on is lost"
        yield Found("PE005", Location(reader).of(queue_field), reason)
    elif is_table and (_is_unlimited(age) or (known_number(age) or 0) >= _RETENTION):
        reason = "a dead letter holds sequence numbers only; the stream drops the records after 24 hours"
        yield Found("PE006", _at(reader, "maximum_record_age"), reason)
    if _gives_up_whole_batches(reader):
        reason = "a failing batch is retried whole, and given up on whole, however few of its records are bad"
        name = "bisect" if isinstance(reader, EventSourceMapping) else "source_parameters.on_partial_batch_item_failure"
        yield Found("PE007", Location(reader).of(name), reason)
    lanes = known_number(settings.parallelization_factor)
    if lanes is not None and lanes > 1:
        reason = f"{lanes} batches of a shard run at once: order holds per partition key only"
        yield Found("PE008", _at(reader, "parallelization_factor"), reason)
    if settings.starting_position == "LATEST":
        kind = "pipe" if isinstance(reader, Pipe) else "mapping"
        reason = f"LATEST begins with what is written once the {kind} polls"
        yield Found("PE009", _at(reader, "starting_position"), reason)


def _above_target(size: object, what: str) -> str:
    return f"{size} {what} a batch, but the bus takes at most {_BUS_BATCH}: creating the pipe is rejected"


def _is_unlimited(value: object) -> bool:
    """-1, or not set, which is -1 on AWS."""
    return value is None or value == -1


def _gives_up_whole_batches(reader: Reader) -> bool:
    if reader.source_parameters.batch_size == 1:
        return False
    if isinstance(reader, Pipe):
        return reader.source_parameters.on_partial_batch_item_failure is None
    return reader.bisect is False and not reader.function_response_types


def _queue_reader(context: Context, reader: Reader, queue: Queue) -> Iterator[Found]:
    yield from _ranges(reader, _QUEUE_LIMITS)
    size, window = reader.source_parameters.batch_size, reader.source_parameters.maximum_batching_window
    known = known_number(size)
    if known is not None and LIMITS["queue batch size"].allows(known):
        if queue.fifo and not LIMITS["FIFO queue batch size"].allows(known):
            yield Found(
                "PE003", _at(reader, "batch_size"), f"of a FIFO queue {_outside(size, LIMITS['FIFO queue batch size'])}"
            )
        elif not queue.fifo and not window and not LIMITS["queue batch size without window"].allows(known):
            reason = f"without a batching window {_outside(size, LIMITS['queue batch size without window'])}"
            yield Found("PE003", _at(reader, "batch_size"), reason, "set a maximum batching window of 1 second or more")
    to_bus = isinstance(reader, Pipe) and context.bus_of(reader) is not None
    if to_bus and known is not None and known > _BUS_BATCH:
        yield Found("PE002", _at(reader, "batch_size"), _above_target(size, "messages"))
    if not queue.existing and queue.dead_letter_queue is None:
        reason = f"{queue.kind} {queue.id} has no redrive policy: what always fails is received again until it expires"
        yield Found("PE011", Location(queue).of("dead_letter_queue"), reason)
    if isinstance(reader, EventSourceMapping):
        function = context.resource(reader.function)
        if isinstance(function, Function) and not (function.existing or queue.existing):
            timeout = _DEFAULT_FUNCTION_TIMEOUT if function.timeout is None else known_number(function.timeout)
            visibility = known_number(queue.visibility_timeout)
            if timeout is not None and visibility is not None and visibility < timeout:
                reason = f"messages come back after {visibility} seconds, and {function.id} runs for up to {timeout}"
                yield Found("PE012", Location(queue).of("visibility_timeout"), reason)


def _stream_readers(context: Context) -> Iterator[Found]:
    for stream in context.topology.of(TableStream):
        inside = [link.holder.id for link in context.topology.links_to(stream.id) if link.field == "source"]
        readers = len(inside) + stream.other_readers
        if readers > _READERS:
            who = ", ".join([*inside, *([f"{stream.other_readers} more"] if stream.other_readers else [])])
            location = Location(stream).of("other_readers") if stream.other_readers else Location(stream)
            yield Found("PE010", location, f"{readers} readers of each shard: {who}")
