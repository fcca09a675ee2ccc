"""As many records as you like through pipe and bus, in bounded memory.

`PERCEPTION_EVENTS_RECORDS=1000000` runs a million; `-s` shows the rate.
"""

from __future__ import annotations

import itertools
import os
import resource
import sys
import time
from collections.abc import Iterator

from perception_events.buses import EventBus, Rule, RuleTarget
from perception_events.classifiers import Enrichment, default_registry
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline import perception_pipeline
from perception_events.pipes import BatchSource, EventBusTarget, Pipe
from perception_events.testing import RecordBuilder
from perception_events.topology import SourceParameters

RECORDS = int(os.environ.get("PERCEPTION_EVENTS_RECORDS", "10000"))
MAXIMUM_GROWTH_BYTES = 16 * 1024 * 1024


class Counting:
    """A target that only counts."""

    def __init__(self) -> None:
        self.events = 0

    def invoke(self, event: JSONValue) -> JSONValue:
        self.events += 1
        return None


def peak_bytes() -> int:
    """The most memory this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def test_memory_does_not_grow_with_the_number_of_records() -> None:
    clock, ids, targets = ManualClock(1_752_538_268.0), itertools.count(), {}
    bus = EventBus("b", clock=clock, new_id=lambda: str(next(ids)))
    for name, pattern in perception_pipeline.rules("dev").items():
        targets[name] = Counting()
        bus.put_rule(Rule(name, pattern, targets=(RuleTarget(name, targets[name]),)))
    pipe = Pipe(
        "p",
        EventBusTarget(bus),
        source=BatchSource(
            parameters=SourceParameters(batch_size=10), filters=perception_pipeline.pipe.filter_criteria
        ),
        clock=clock,
        enrichment=Enrichment(default_registry),
    )
    peaks: list[int] = []
    started = time.perf_counter()

    def records() -> Iterator[JSONObject]:
        build = RecordBuilder(stream_view_type="NEW_IMAGE")
        for number in range(RECORDS):
            if number == RECORDS // 10:
                peaks.append(peak_bytes())
            event_type = ("pose", "recon")[number % 2]
            status = "PROCESSING" if number % 4 == 3 else "COMPLETED"
            yield build.insert(
                "haemoro_1x2", f"2025-07-15#{event_type}#sync{number % 1000:03d}#cam{number % 8}", status=status
            )

    result = pipe.process(records())
    seconds = time.perf_counter() - started
    growth = peak_bytes() - peaks[0]
    rate = RECORDS / seconds
    print(f"\n{RECORDS:,} records in {seconds:.1f} s: {rate:,.0f} a second; memory grew {growth / 1e6:.1f} MB")
    assert (result.records, result.filtered_out) == (RECORDS, RECORDS // 4)
    assert result.delivered == sum(target.events for target in targets.values()) == RECORDS - RECORDS // 4
    assert growth < MAXIMUM_GROWTH_BYTES
