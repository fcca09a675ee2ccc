"""The original system's end-to-end test, in memory: which write reaches which function, and why the others do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perception_events.json_values import JSONValue
from perception_events.pipeline import original_pipeline
from perception_events.pipeline.simulation import PipelineSimulation, UnknownTargetError
from perception_events.trace import Trace

RECORDS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "perception_pipeline" / "records.jsonl"


class RecordingFunction:
    def __init__(self) -> None:
        self.keys: list[str] = []

    def invoke(self, event: JSONValue) -> JSONValue:
        assert isinstance(event, dict)
        detail: Any = event["detail"]
        self.keys.append(detail["dynamodb"]["NewImage"]["date#event_type"]["S"])
        return None


def recorded() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDS.read_text(encoding="utf-8").splitlines()]


def test_recorded_writes_reach_the_functions_of_their_modules() -> None:
    pose, recon = RecordingFunction(), RecordingFunction()
    simulation = PipelineSimulation(original_pipeline, targets={"aggregate_pose": pose, "aggregate_recon": recon})
    routes = {(r.partition_key, r.sort_key, r.event_name, r.status): r for r in simulation.route(recorded())}

    written = routes["test_site", "2025-07-15#pose#sync001#cam6", "INSERT", "COMPLETED"]
    assert (written.outcome, written.event_type) == ("delivered", "pose")
    assert written.rules == ("aggregate-pose-rule-dev",)
    assert written.targets == ("aggregate_pose-dev",)
    assert written.triggers == ("recon",)
    (event,) = written.events
    assert (event["source"], event["detail-type"]) == (
        "Pipe perception-pipeline-pipe-dev",
        "Event from aws:dynamodb",
    )

    assert routes["test_site", "2025-07-15#recon#sync001", "INSERT", "COMPLETED"].targets == ("aggregate_recon-dev",)
    assert "2025-07-15#pose#sync001#cam6" in pose.keys
    assert "2025-07-15#recon#sync001" in recon.keys

    processing = routes["haemoro_1x2", "2025-07-15#recon#sync001", "INSERT", "PROCESSING"]
    assert (processing.outcome, processing.targets) == ("filtered out", ())
    assert processing.filter_verdict == 'dynamodb.NewImage.status.S: expected ["COMPLETED"], found "PROCESSING"'

    update = routes["haemoro_1x2", "2025-07-15#recon#sync001", "MODIFY", "COMPLETED"]
    assert (update.outcome, update.targets) == ("filtered out", ())
    assert update.filter_verdict == 'eventName: expected ["INSERT"], found "MODIFY"'

    unknown = routes["haemoro_1x2", "2025-07-16#calibration#cam1", "INSERT", "COMPLETED"]
    assert (unknown.outcome, unknown.event_type) == ("no rule", "unknown")


def test_a_function_that_fails_is_reported_with_its_reason() -> None:
    class Broken:
        def invoke(self, event: JSONValue) -> JSONValue:
            raise RuntimeError("no such camera")

    simulation = PipelineSimulation(original_pipeline, targets={"aggregate_pose": Broken()})
    route = simulation.route_record(recorded()[0])
    assert route.outcome == "failed"
    assert route.rules == ("aggregate-pose-rule-dev",)
    assert route.triggers == ()
    assert "no such camera" in route.failures[0]


def test_a_record_without_a_sort_key_says_so() -> None:
    route = PipelineSimulation(original_pipeline).route_record(
        {"eventID": "1", "eventName": "INSERT", "dynamodb": {"NewImage": {"status": {"S": "COMPLETED"}}}}
    )
    assert route.outcome == "failed"
    assert 'no "date#event_type"' in route.failures[0]


def test_a_target_that_is_not_declared_is_rejected() -> None:
    with pytest.raises(UnknownTargetError, match=r"no target agregate_pose; declared: aggregate_pose, aggregate_recon"):
        PipelineSimulation(original_pipeline, targets={"agregate_pose": RecordingFunction()})


def test_the_same_records_give_the_same_run() -> None:
    def run() -> str:
        trace = Trace()
        PipelineSimulation(original_pipeline, trace=trace.record).pipe.process(recorded())
        return trace.to_json_lines()

    assert run() == run()
    assert '"step": "Delivered"' in run()
