"""Run a day of the ten modules in memory, from the first pose to postprocessing: `python run.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ten_modules import CAMERAS, pipeline

from perception_events.aggregation import InMemoryJoinStore, JoinStore, outbox_item
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline.simulation import PipelineSimulation, Route
from perception_events.streams import InMemoryTable
from perception_events.targets import Target

SITE, DAY, SYNCS = "haemoro_1x2", "2025-07-15", ("sync001", "sync002", "sync003")
Put = Callable[[JSONObject], object]


class ModuleFunction:
    """Stands in for a module: when its trigger comes, it writes its item, as the module does when it has finished."""

    def __init__(self, name: str, put: Put) -> None:
        self.name = name
        self.put = put
        self.done: set[str] = set()

    def invoke(self, event: Any) -> JSONValue:
        """Do the work of one trigger, once: the trigger id is the same however often the trigger is delivered."""
        trigger_id: str = event["detail"]["dynamodb"]["NewImage"]["trigger_id"]["S"]
        if trigger_id not in self.done:
            self.done.add(trigger_id)
            _, date, _, *group = trigger_id.split("#")
            self.put(item("#".join((date, self.name, *group))))
        return None


def item(sort_key: str, status: str = "COMPLETED", **attributes: JSONValue) -> JSONObject:
    """An item of the event table."""
    return {"site": {"S": SITE}, "date#event_type": {"S": sort_key}, "status": {"S": status}, **attributes}


def first_items() -> Iterator[JSONObject]:
    """What comes from outside: the recorder's manifest and the poses of every camera."""
    yield item(f"{DAY}#manifest_recon", members={"SS": list(SYNCS)})
    for sync in SYNCS:
        for camera in CAMERAS:
            yield item(f"{DAY}#pose#{sync}#{camera}")


def join_store(table: InMemoryTable) -> InMemoryJoinStore:
    """Joins beside `table`: what they write (triggers, alerts) goes into it, and their manifests come from there."""
    return InMemoryJoinStore(
        on_outbox=lambda written: table.put_item(outbox_item(written)),
        read_item=lambda site, sort_key: table.get_item({"site": {"S": site}, "date#event_type": {"S": sort_key}}),
    )


def functions(store: JoinStore, put: Put, clock: ManualClock) -> dict[str, Target]:
    """What the rules invoke: the joins, and the modules."""
    targets: dict[str, Target] = {"aggregate": pipeline.aggregator(store, clock=clock)}
    for module in pipeline.modules[1:]:
        targets[f"trigger_{module.name}"] = ModuleFunction(module.name, put)
    return targets


def simulation(store: JoinStore, put: Put, clock: ManualClock) -> PipelineSimulation:
    """The pipe, bus and rules, with joins and modules behind them."""
    return PipelineSimulation(pipeline, targets=functions(store, put, clock), clock=clock)


def run_day() -> list[Route]:
    """Write the first items, and route whatever the table's stream then holds, until it holds no more."""
    clock = ManualClock(1_752_538_268.0)
    table = InMemoryTable("PerceptionPipelineEvents-dev", clock=clock)
    simulated = simulation(join_store(table), table.put_item, clock)
    for first in first_items():
        table.put_item(first)
    routes: list[Route] = []
    while len(records := list(table.stream.records())) > len(routes):
        routes += simulated.route(records[len(routes) :])
    return routes


if __name__ == "__main__":
    for route in run_day():
        started = f"  -> starts {', '.join(route.triggers)}" if route.triggers else ""
        print(f"{route.sort_key:34} {route.outcome:10} {', '.join(route.targets)}{started}")
