"""Recorded traffic -> the same in order of its time, in bounded memory: what a replay takes."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from perception_events.records import CREATION_TIME
from perception_events.times import from_iso
from perception_events.traffic._blocks import UnreadableInput
from perception_events.traffic._entries import FoundEvent, FoundRecord
from perception_events.traffic._envelope import event_time

__all__ = ["in_order_of_time"]

_RUN = 50_000
_Timed: TypeAlias = tuple[float, int, float | None, FoundEvent | FoundRecord]
"""The time that orders it, its number, its own time, and what it is."""


def in_order_of_time(
    found: Iterable[FoundEvent | FoundRecord | UnreadableInput],
    on_unreadable: Callable[[UnreadableInput], object],
    *,
    run: int = _RUN,
) -> Iterator[tuple[float | None, FoundEvent | FoundRecord]]:
    """Everything by its time, which is None where it has none: it then stays behind what is before it in its input.

    Inputs of one time stay in their order. Of more than `run` inputs, sorted runs are kept in temporary files and
    merged, so that memory stays bounded.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runs: list[Iterator[_Timed]] = []
        entries: list[_Timed] = []
        last = 0.0
        for number, one in enumerate(found):
            if isinstance(one, UnreadableInput):
                on_unreadable(one)
                continue
            time = _time_of(one)
            last = last if time is None else time
            entries.append((last, number, time, one))
            if len(entries) >= run:
                path = folder / str(len(runs))
                _store(sorted(entries, key=_first_two), path)
                runs.append(_read(stack.enter_context(path.open(encoding="utf-8"))))
                entries = []
        for _, _, time, one in heapq.merge(*runs, sorted(entries, key=_first_two), key=_first_two):
            yield time, one


def _first_two(entry: _Timed) -> tuple[float, int]:
    return entry[:2]


def _store(entries: list[_Timed], path: Path) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for last, number, time, one in entries:
            value = one.event if isinstance(one, FoundEvent) else one.record
            row = [last, number, time, isinstance(one, FoundEvent), one.file, one.line, value]
            stream.write(json.dumps(row) + "\n")


def _read(stream: Iterable[str]) -> Iterator[_Timed]:
    for row in stream:
        last, number, time, is_event, file, line, value = json.loads(row)
        yield last, number, time, FoundEvent(file, line, value) if is_event else FoundRecord(file, line, value)


def _time_of(found: FoundEvent | FoundRecord) -> float | None:
    if isinstance(found, FoundEvent):
        written = event_time(found.event.get("time"))
        return None if written is None else from_iso(written)
    change = found.record.get("dynamodb")
    created = change.get(CREATION_TIME) if isinstance(change, dict) else None
    if isinstance(created, bool) or not isinstance(created, int | float):
        return None
    return created if created < 10**11 else created / 1000
