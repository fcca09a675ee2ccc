"""Checks of the stream and the pipe's source parameters: batches, retries, dead letters, readers."""

from __future__ import annotations

from collections.abc import Iterator

from perception_events.pipeline import Pipeline

__all__ = ["BUS_BATCH", "check_source"]

BUS_BATCH = 10
_DAY = 86400
_RANGES = {
    "batch_size": (1, 10_000),
    "maximum_batching_window": (0, 300),
    "maximum_retry_attempts": (-1, 10_000),
    "maximum_record_age": (-1, 604_800),
    "parallelization_factor": (1, 10),
}


def check_source(pipeline: Pipeline, env: str) -> Iterator[tuple[str, str, str]]:
    """Identifier, location and reason of everything that is wrong between the stream and the pipe."""
    pipe = pipeline.pipe
    if pipe.batch_size is None:
        yield "PE001", "pipe.batch_size", "without one a DynamoDB source takes 100, and a bus takes at most 10 entries"
    elif pipe.batch_size > BUS_BATCH:
        yield (
            "PE002",
            "pipe.batch_size",
            f"{pipe.batch_size} records a batch, but the bus takes at most {BUS_BATCH}: creating the pipe is rejected",
        )
    for name, (low, high) in _RANGES.items():
        value = getattr(pipe, name)
        if value is not None and not low <= value <= high:
            yield "PE003", f"pipe.{name}", f"{value} is not within {low} to {high}"
    for name, allowed in (
        ("starting_position", ("LATEST", "TRIM_HORIZON")),
        ("on_partial_batch_item_failure", (None, "AUTOMATIC_BISECT")),
    ):
        if getattr(pipe, name) not in allowed:
            choices = " or ".join(str(a) for a in allowed)
            yield "PE003", f"pipe.{name}", f"{getattr(pipe, name)!r} is not {choices}"
    if pipe.maximum_retry_attempts == -1 and pipe.maximum_record_age == -1:
        yield (
            "PE004",
            "pipe.maximum_retry_attempts",
            "attempts and age are both -1: one record that always fails holds up its shard for 24 hours",
        )
    if not pipe.dead_letter_queue:
        yield "PE005", "pipe.dead_letter_queue", "there is none, so a record that is given up on is lost"
    elif pipe.maximum_record_age == -1 or pipe.maximum_record_age >= _DAY:
        yield (
            "PE006",
            "pipe.maximum_record_age",
            "a dead letter holds sequence numbers only; the stream drops the records after 24 hours",
        )
    if pipe.on_partial_batch_item_failure is None and pipe.batch_size != 1:
        yield (
            "PE007",
            "pipe.on_partial_batch_item_failure",
            "a failing batch is retried whole, and given up on whole, however few of its records are bad",
        )
    if pipe.parallelization_factor > 1:
        yield (
            "PE008",
            "pipe.parallelization_factor",
            f"{pipe.parallelization_factor} batches of a shard run at once: order holds per partition key only",
        )
    if pipe.starting_position == "LATEST":
        yield "PE009", "pipe.starting_position", "LATEST begins with what is written once the pipe polls"
    readers = pipeline.table.other_stream_readers + 1
    if readers > 2:
        yield "PE010", "table.other_stream_readers", f"{readers} readers of each shard, with this pipe"
