"""The original's own filter and template, with joins: poses reach aggregate_pose, which triggers trigger_recon."""

from __future__ import annotations

from perception_events.aggregation import InMemoryJoinStore, Join, JoinOutcome, outbox_item
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline import Module, Pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.streams import InMemoryTable
from support.joins import CAMERAS

PIPELINE = Pipeline(
    modules=(
        Module(
            "pose",
            targets=("aggregate_pose",),
            joins=(Join(on="pose", group_by=("site", "date", "sync"), expects=CAMERAS, trigger=("recon",)),),
        ),
        Module("recon", targets=("aggregate_recon",)),
    )
)


class Recorder:
    """A target that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[JSONValue] = []

    def invoke(self, event: JSONValue) -> JSONValue:
        self.events.append(event)
        return None


def item(camera: str, status: str) -> JSONObject:
    keys: JSONObject = {"site": {"S": "test_site"}, "date#event_type": {"S": f"2025-07-15#pose#sync001#{camera}"}}
    return {**keys, "status": {"S": status}}


def test_from_poses_to_trigger_recon() -> None:
    clock = ManualClock(1_752_538_268.0)
    table = InMemoryTable("PerceptionPipelineEvents-dev", clock=clock)
    store = InMemoryJoinStore(on_outbox=lambda written: table.put_item(outbox_item(written)))
    trigger_recon = Recorder()
    aggregator = PIPELINE.aggregator(store, clock=clock)
    simulated = PipelineSimulation(
        PIPELINE, targets={"aggregate_pose": aggregator, "trigger_recon": trigger_recon}, clock=clock
    )
    for camera in CAMERAS:
        table.put_item(item(camera, "COMPLETED"))
    table.put_item(item("cam1", "PROCESSING"))  # the original filter does not pass it: nobody hears of it
    routes = list(simulated.route(list(table.stream.records())))
    assert [route.outcome for route in routes] == ["delivered"] * 3 + ["filtered out"]
    (trigger,) = list(table.stream.records())[4:]
    (route,) = simulated.route([trigger])
    assert (route.rules, route.targets, route.triggers) == (
        ("trigger-recon-rule-dev",),
        ("trigger_recon-dev",),
        ("recon",),
    )
    (event,) = trigger_recon.events
    image = event["detail"]["dynamodb"]["NewImage"]  # type: ignore[index, call-overload]
    assert image["trigger_id"] == {"S": "test_site#2025-07-15#trigger_recon#sync001"}  # type: ignore[index, call-overload]
    assert image["members"] == {"SS": sorted(CAMERAS)}  # type: ignore[index, call-overload]
    # the trigger delivered again is the same trigger
    list(simulated.route([trigger]))
    assert len({str(e["detail"]["dynamodb"]) for e in trigger_recon.events}) == 1  # type: ignore[index, call-overload]
    # without sequence numbers COMPLETED is the last word
    for route in routes[:3]:
        assert aggregator.handle(route.events[0])[0].outcome is JoinOutcome.UNCHANGED
