"""Hypothesis strategies: stream records, histories of writes, events of patterns, and fault plans."""

from __future__ import annotations

from hypothesis import strategies as st

from perception_events.json_values import JSONObject
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import draw_match, draw_miss
from perception_events.testing.faults import FaultPlan
from perception_events.testing.records import RecordBuilder

__all__ = ["events_matching", "events_not_matching", "fault_plans", "record_batches", "sort_keys"]

EVENT_TYPES = ("pose", "recon", "preprocessing", "reid", "postprocessing")
SITES = ("haemoro_1x2", "test_site")
STATUSES = ("COMPLETED", "PROCESSING")


def sort_keys(event_types: tuple[str, ...] = EVENT_TYPES) -> st.SearchStrategy[str]:
    """Sort keys of the pipeline's form, such as `2025-07-15#pose#sync001#cam3`."""
    days = st.integers(1, 28).map(lambda day: f"2025-07-{day:02d}")
    syncs = st.integers(1, 4).map(lambda number: f"sync{number:03d}")
    cameras = st.integers(1, 8).map(lambda number: f"cam{number}")
    return st.tuples(days, st.sampled_from(event_types), syncs, cameras, st.integers(2, 4)).map(
        lambda parts: "#".join(parts[:4][: parts[4]])
    )


_KEYS = st.tuples(st.sampled_from(SITES), sort_keys())


@st.composite
def record_batches(draw: st.DrawFn, *, max_size: int = 40) -> list[JSONObject]:
    """Records of one stream in order: inserts, updates, deletions and TTL deletions of a few items."""
    # Made once: checking a strategy for each record costs more than drawing from it.
    seconds, keys, written = st.integers(0, 5), _KEYS, st.sampled_from(STATUSES)
    build = RecordBuilder()
    items: dict[tuple[str, str], str] = {}
    batch = []
    for _ in range(draw(st.integers(0, max_size))):
        build.time += draw(seconds)
        key = draw(keys)
        status = draw(written)
        if key not in items:
            batch.append(build.insert(*key, status=status))
        elif draw(st.booleans()):
            batch.append(build.modify(*key, {"status": items[key]}, status=status))
        else:
            end = build.expire if draw(st.booleans()) else build.remove
            batch.append(end(*key, status=items.pop(key)))
            continue
        items[key] = status
    return batch


def events_matching(pattern: EventPattern) -> st.SearchStrategy[JSONObject]:
    """Events that `pattern` matches: of every branch, with odd texts, further fields and arrays of several values.

    Drawing raises `NoExampleError` where no event matches.
    """
    return st.randoms(use_true_random=False).map(lambda random: draw_match(pattern, random))


def events_not_matching(pattern: EventPattern) -> st.SearchStrategy[JSONObject]:
    """Events that `pattern` does not match, many of which would but for one field.

    Drawing raises `NoExampleError` where every event matches.
    """
    return st.randoms(use_true_random=False).map(lambda random: draw_miss(pattern, random))


def fault_plans(*, poison: bool = True) -> st.SearchStrategy[FaultPlan]:
    """Plans from no faults to many; what fails shrinks to the fewest."""
    often = st.sampled_from([0.0, 0.05, 0.2, 0.5])
    return st.builds(
        FaultPlan,
        seed=st.integers(0, 2**32),
        crash=st.sampled_from([0.0, 0.05, 0.2]),
        crashes=st.integers(0, 10),
        delay=st.sampled_from([0.0, 0.1, 5.0]),
        internal_failure=often,
        failure=often,
        rejection=often,
        poison=st.sampled_from([0.0, 0.1]) if poison else st.just(0.0),
        duplicate=st.sampled_from([0.0, 0.3]),
    )
