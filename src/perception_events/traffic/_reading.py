"""`read_events` and `read_records`: recorded traffic one by one, for everything that needs neither speed nor counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from perception_events.traffic._blocks import Block, UnreadableInput, read_blocks
from perception_events.traffic._entries import FoundEvent, FoundRecord, Rejected, entries_of

__all__ = ["read_events", "read_records", "read_traffic"]


def read_traffic(
    paths: Iterable[str],
    *,
    standard_input: BinaryIO | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[FoundEvent | FoundRecord | UnreadableInput]:
    """Everything in the files, folders and standard input (`-`) of `paths`, in order, each with its location.

    Read as a stream: memory does not grow with the input. What cannot be read is an `UnreadableInput` in its place.
    `standard_input`, `on_bytes`: as of `read_blocks`.
    """
    for block in read_blocks(paths, standard_input=standard_input, on_bytes=on_bytes):
        if isinstance(block, UnreadableInput):
            yield block
        else:
            yield from _of_block(block)


def read_events(
    paths: Iterable[str], *, standard_input: BinaryIO | None = None
) -> Iterator[FoundEvent | UnreadableInput]:
    """The events of `read_traffic`; any JSON object counts as one, a stream record too (what a pipe gets)."""
    for found in read_traffic(paths, standard_input=standard_input):
        yield FoundEvent(found.file, found.line, found.record) if isinstance(found, FoundRecord) else found


def read_records(
    paths: Iterable[str], *, standard_input: BinaryIO | None = None
) -> Iterator[FoundRecord | UnreadableInput]:
    """The stream records of `read_traffic`; whatever else is there is an `UnreadableInput`."""
    for found in read_traffic(paths, standard_input=standard_input):
        if isinstance(found, FoundEvent):
            names = ", ".join(list(found.event)[:6]) or "nothing"
            reason = f'is not a stream record: it has no "dynamodb" object (found: {names})'
            yield UnreadableInput(found.file, found.line, reason)
        else:
            yield found


def _of_block(block: Block) -> Iterator[FoundEvent | FoundRecord | UnreadableInput]:
    for line, text in block.lines():
        for found in entries_of(block.file, line, text):
            if isinstance(found, Rejected):
                yield UnreadableInput(block.file, line + found.line_offset, found.reason)
            else:
                yield found
