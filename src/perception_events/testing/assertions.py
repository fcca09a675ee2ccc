"""Assertions on traces that, when they fail, print the trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from perception_events.trace import DeadLettered, Delivered, FilteredOut, Trace, TraceEvent

__all__ = ["assert_dead_lettered", "assert_filtered_out", "assert_routed"]


def assert_routed(trace: Iterable[TraceEvent], *, to: Iterable[str]) -> None:
    """The targets `to`, and no others, each took as many events as it is named.

    Raises:
        AssertionError: others did; the message holds the whole trace as a table.
    """
    expected = Counter(to)
    found = Counter(step.target for step in trace if isinstance(step, Delivered))
    missing, surplus = expected - found, found - expected
    if missing or surplus:
        lines = [f"{count} event(s) missing at {target}" for target, count in missing.items()]
        lines += [f"{count} event(s) too many at {target}" for target, count in surplus.items()]
        raise AssertionError("; ".join(lines) + "\n" + _table(trace))


def assert_filtered_out(trace: Iterable[TraceEvent], event_id: str) -> None:
    """The pipe's filter stopped the record with this `eventID`.

    Raises:
        AssertionError: it passed, or was never seen.
    """
    if not any(isinstance(step, FilteredOut) and step.event_id == event_id for step in trace):
        raise AssertionError(f"the record {event_id} was not filtered out\n{_table(trace)}")


def assert_dead_lettered(trace: Iterable[TraceEvent], event_id: str, *, condition: str | None = None) -> None:
    """The pipe gave up the record with this `eventID` (for this `condition`) and said so in its queue.

    Raises:
        AssertionError: it did not, or there is no queue.
    """
    for step in trace:
        if isinstance(step, DeadLettered) and event_id in step.event_ids:
            if condition in (None, step.condition):
                return
            raise AssertionError(f"{event_id} was dead-lettered for {step.condition}, not {condition}")
    raise AssertionError(f"the record {event_id} was not dead-lettered\n{_table(trace)}")


def _table(steps: Iterable[TraceEvent]) -> str:
    trace = Trace()
    for step in steps:
        trace.record(step)
    return trace.table()
