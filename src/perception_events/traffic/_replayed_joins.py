"""The joins of a declaration, run by a replay on a store in memory; what they trigger goes back into the stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from perception_events.aggregation import InMemoryJoinStore, JoinFailuresError, OutboxItem, item_key, outbox_item
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from perception_events.pipeline import Pipeline
from perception_events.records import CREATION_TIME
from perception_events.targets import Invocable
from perception_events.topology import Rule, Topology

__all__ = ["JOINS", "ReplayedJoins"]

JOINS = "<joins>"
"""The file of inputs that joins made."""
SWEEP_SECONDS = 300.0
"""How often the fallback looks at open groups, on the virtual clock."""
_MOST_GAP = 30 * 86_400.0


class ReplayedJoins:
    """The declared joins. `written`: stream records of their triggers and alerts, oldest first.

    `functions`: what stands in for the functions of their modules, by id. `repeated`: recorded triggers that were
    written here too. `failures`: groups that the fallback could not settle.
    """

    def __init__(self, pipeline: Pipeline, topology: Topology, clock: ManualClock) -> None:
        self.aggregator = pipeline.aggregator(InMemoryJoinStore(self._write, self._item), clock=clock)
        self.written: list[JSONObject] = []
        self.repeated = 0
        self.failures: list[str] = []
        self._clock = clock
        self._names = pipeline.item_names
        self._made: set[str] = set()
        self._images: dict[str, Any] | None = {} if any(join.manifest for join in pipeline.joins) else None
        self._next_sweep: float | None = None
        members = {name for join in pipeline.joins for name in join.event_types}
        names = {
            target if isinstance(target, str) else target.id
            for module in pipeline.modules
            if module.name in members
            for target in module.targets
        }
        self.functions: dict[str, Invocable] = {
            target.target: self.aggregator
            for rule in topology.of(Rule)
            for target in rule.targets
            if target.id in names and isinstance(target.target, str)
        }

    def has_made(self, record: JSONObject) -> bool:
        """Whether a recorded item is a trigger that was written here; other items are kept for manifests."""
        change = record.get("dynamodb")
        if not isinstance(change, dict):
            return False
        key = json.dumps(change.get("Keys"), sort_keys=True)
        if key in self._made:
            self.repeated += 1
            return True
        if self._images is not None and isinstance(change.get("NewImage"), dict):
            self._images[key] = change["NewImage"]
        return False

    def sweeps_before(self, time: float | None) -> Iterator[float]:
        """The moments until `time` at which the fallback runs; after a gap of more than a month, the last month's."""
        if time is None:
            return
        if self._next_sweep is None or time - self._next_sweep > _MOST_GAP:
            self._next_sweep = time if self._next_sweep is None else time - _MOST_GAP
        while self._next_sweep < time:
            yield self._next_sweep
            self._next_sweep += SWEEP_SECONDS

    def sweep(self) -> None:
        """Do what the joins' policies say of what is overdue."""
        try:
            self.aggregator.sweep()
        except JoinFailuresError as error:
            self.failures += map(str, error.failures)

    def _write(self, item: OutboxItem) -> None:
        keys = item_key(self._names, item.site, item.sort_key)
        key = json.dumps(keys, sort_keys=True)
        image = outbox_item(item, self._names)
        change: JSONObject = {
            CREATION_TIME: self._clock.now(),
            "Keys": {**keys},
            "NewImage": {**image},
            "SequenceNumber": str(len(self._made) + 1),
        }
        name = "MODIFY" if key in self._made else "INSERT"
        self._made.add(key)
        self.written.append({"eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change})

    def _item(self, site: str, sort_key: str) -> Mapping[str, Any] | None:
        key = json.dumps(item_key(self._names, site, sort_key), sort_keys=True)
        return (self._images or {}).get(key)
