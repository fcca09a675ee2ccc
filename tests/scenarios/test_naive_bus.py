"""What the naive design gets wrong behind the pipe: on the bus, in Lambda, in the aggregation.

Rows are numbered as in `docs/conformance.md`, "What a naive design gets wrong".
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from perception_events.aggregation import Aggregator, InMemoryJoinStore, Join, JoinOutcome, fallback_state_machine
from perception_events.aws.publisher import EventPublisher, PublishError
from perception_events.buses import EventBus, InMemoryEventsClient, RetryPolicy, Rule, RuleTarget
from perception_events.clock import ManualClock
from perception_events.item_names import ItemNames
from perception_events.pipes import BatchSource, FunctionTarget, Pipe, PipeRun, PipeStep, StepFault
from perception_events.scheduler import Scheduler
from perception_events.streams import InMemoryTable
from perception_events.testing import AsyncFunction, FailingTarget, RecordBuilder, RecordingTarget
from perception_events.topology import SourceParameters
from support.naive_design import POSE, RECON, START, NaiveDesign

PARTS = {"pose": ("sync", "camera")}
CAMERAS = [f"2025-07-15#pose#sync001#cam{n}" for n in (1, 2)]
KIND = "PerceptionPipelineEventType"


def aggregator() -> Aggregator:
    join = Join("pose", group_by=("site", "date", "sync"), expects={"cam1", "cam2"}, trigger=("recon",))
    return Aggregator([join], InMemoryJoinStore(), clock=ManualClock(START), parts=PARTS)


def outcomes(aggregate: Aggregator, *events: Any) -> list[JoinOutcome]:
    return [result.outcome for event in events for result in aggregate.handle(event)]


def test_row_13_an_event_can_come_twice_from_three_places() -> None:
    # The stream's reader crashes behind the target and reads the batch again.
    clock = ManualClock(START)
    scheduler = Scheduler(0, clock)
    table = InMemoryTable("T", clock=clock)
    table.put_item({"site": {"S": "a"}, "date#event_type": {"S": POSE}, "status": {"S": "COMPLETED"}})
    crashes = [PipeStep.CHECKPOINT]
    received = RecordingTarget()
    PipeRun(
        Pipe("p", FunctionTarget(received), clock=clock),
        table.stream,
        scheduler=scheduler,
        faults=lambda step: StepFault(crash=step in crashes and bool(crashes.pop())),
    )
    scheduler.run_until_idle()
    assert len(received.events) == 2
    # The bus invokes a target whose answer is lost, and invokes it again.
    counted: Counter[str] = Counter()
    answers = [RuntimeError("the answer was lost")]

    def count(event: Any) -> None:
        counted[event["detail"]["eventID"]] += 1
        if answers:
            raise answers.pop()

    design = NaiveDesign({"pose": ({"detail": {KIND: ["pose"]}}, RecordingTarget(count))})
    design.pipe.process(design.build.completed(POSE))
    assert list(counted.values()) == [2]
    # Lambda's queue runs a handler again that failed after its work was done.
    worked = FailingTarget(times=1)
    function = AsyncFunction(worked)
    function.invoke({})
    function.run()
    assert len(worked.events) == 2
    # A join counts members, not events.
    assert outcomes(aggregator(), *received.events) == [JoinOutcome.RECORDED, JoinOutcome.UNCHANGED]


def test_row_14_a_retry_of_the_pipe_makes_a_new_bus_id() -> None:
    answers = [RuntimeError("the answer of PutEvents was lost")]

    class Losing:
        name = "perception"

        def __init__(self) -> None:
            self.inner = NaiveDesign().bus

        def put_events(self, entries: Any, /) -> Any:
            answer = self.inner.put_events(entries)
            if answers:
                raise answers.pop()
            return answer

    losing = Losing()
    seen = RecordingTarget()
    losing.inner.put_rule(Rule("all", {"source": [{"prefix": ""}]}, targets=(RuleTarget("t", seen),)))
    design = NaiveDesign(bus=losing)
    design.pipe.process(design.build.completed(POSE))
    assert len({event["id"] for event in seen.events}) == 2  # the naive dedup key
    assert len({event["detail"]["eventID"] for event in seen.events}) == 1


def test_row_15_a_client_request_token_is_forgotten_after_ten_minutes() -> None:
    clock, ten_minutes = ManualClock(START), 600
    tokens: dict[str, float] = {}
    markers: set[str] = set()
    done: Counter[str] = Counter()

    def work(batch: Any) -> None:
        for item in batch:
            token = item["eventID"]
            if clock.now() - tokens.get(token, 0) > ten_minutes:  # TransactWriteItems with ClientRequestToken
                tokens[token] = clock.now()
                done["by token"] += 1
            if token not in markers:  # PutItem with attribute_not_exists
                markers.add(token)
                done["by marker"] += 1
        raise RuntimeError("fails behind its write")

    pipe = Pipe(
        "p",
        FunctionTarget(RecordingTarget(work)),
        source=BatchSource(parameters=SourceParameters(maximum_record_age=3600)),
        clock=clock,
    )
    pipe.process(RecordBuilder().completed(POSE))
    assert done["by token"] > 1
    assert done["by marker"] == 1


def test_row_16_adding_one_counts_a_duplicate_and_a_set_does_not() -> None:
    build = RecordBuilder()
    first, second = build.completed(*CAMERAS)
    arrived = [first, first]  # cam1 twice, cam2 never
    naive = sum(1 for _ in arrived)
    assert naive == 2  # "complete"
    assert outcomes(aggregator(), *arrived) == [JoinOutcome.RECORDED, JoinOutcome.UNCHANGED]
    assert outcomes(aggregator(), *arrived, second)[-1] is JoinOutcome.TRIGGERED


def test_row_17_a_late_duplicate_sees_a_full_set_too() -> None:
    build = RecordBuilder()
    first, second = build.completed(*CAMERAS)
    seen: set[str] = set()
    fired = 0
    for record in (first, second, second, first):
        seen.add(str(record["dynamodb"]["Keys"]))  # type: ignore[index, call-overload]
        fired += len(seen) == 2
    assert fired == 3
    assert outcomes(aggregator(), first, second, second, first).count(JoinOutcome.TRIGGERED) == 1


def test_row_18_the_bus_keeps_no_order() -> None:
    held: list[Any] = []
    handled = RecordingTarget()
    rules: Any = {"all": ({"source": [{"prefix": "Pipe"}]}, handled)}
    design = NaiveDesign(rules, deliver=held.append, filters=[{"eventName": ["INSERT", "MODIFY"]}])
    processing = design.build.insert("haemoro_1x2", CAMERAS[0], status="PROCESSING")
    completed = design.build.modify("haemoro_1x2", CAMERAS[0], {"status": "PROCESSING"}, status="COMPLETED")
    design.pipe.process([processing, completed])
    for delivery in reversed(held):  # as AWS may
        for _ in delivery():
            pass
    last: dict[str, str] = {}
    for event in handled.events:
        last["status"] = event["detail"]["dynamodb"]["NewImage"]["status"]["S"]
    assert last["status"] == "PROCESSING"  # the naive handler takes the last word it hears
    aggregate = aggregator()
    outcomes(aggregate, *handled.events)
    [report] = aggregate.reports()
    assert report.state.completed == {"cam1"}  # the join compares sequence numbers


def test_row_21_the_detail_is_dynamodb_json() -> None:
    naive, right = RecordingTarget(), RecordingTarget()
    design = NaiveDesign(
        {
            "naive": ({"detail": {"status": ["COMPLETED"]}}, naive),
            "right": ({"detail": {"dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}}}}, right),
        }
    )
    design.pipe.process(design.build.completed(POSE))
    assert (len(naive.events), len(right.events)) == (0, 1)


def test_row_22_without_parameters_the_source_is_the_pipe() -> None:
    for source, taken in ((None, 0), ("my-app", 1)):
        target = RecordingTarget()
        design = NaiveDesign({"mine": ({"source": ["my-app"]}, target)}, source=source)
        design.pipe.process(design.build.completed(POSE))
        assert len(target.events) == taken
    assert NaiveDesign().everything.events == []


def test_row_23_a_wrong_bus_name_is_answered_with_an_event_id() -> None:
    design = NaiveDesign()
    entry = {"Source": "app", "DetailType": "t", "Detail": "{}"}
    answer = design.bus.put_events([entry | {"EventBusName": "perception-pipeline-event-bus-pord"}])
    assert answer["FailedEntryCount"] == 0
    assert "EventId" in answer["Entries"][0]
    assert design.everything.events == []  # the naive sender is content
    design.bus.put_events([entry | {"EventBusName": design.bus.name}])
    assert len(design.everything.events) == 1  # a test that follows the event to its target finds out


def test_row_24_entry_errors_come_with_success() -> None:
    design = NaiveDesign()
    entries = [
        {"Source": "app", "DetailType": "t", "Detail": "{}"},
        {"Source": "app", "DetailType": "t", "Detail": "not JSON"},
    ]
    answer = design.bus.put_events(entries)  # nothing raised
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][1]["ErrorCode"] == "MalformedDetail"

    with pytest.raises(PublishError, match="1 of 2 entries did not reach the bus"):
        EventPublisher(InMemoryEventsClient(design.bus), design.bus.name).publish(entries)


def test_row_25_the_rule_s_queue_does_not_see_what_the_handler_raises() -> None:
    rule_queue, function_queue = RecordingTarget(), RecordingTarget()
    function = AsyncFunction(FailingTarget(), dead_letter_queue=function_queue)
    bus = EventBus(clock=ManualClock(START), new_id=lambda: "1")
    policy = RetryPolicy(maximum_retry_attempts=2)
    target = RuleTarget("t", function, retry_policy=policy, dead_letter_queue=rule_queue)
    bus.put_rule(Rule("r", {"source": ["app"]}, targets=(target,)))
    bus.put_events([{"Source": "app", "DetailType": "t", "Detail": "{}"}])
    function.run()
    assert rule_queue.events == []  # the naive net
    assert len(function_queue.events) == 1  # the second one


def test_row_32_the_fallback_queries_through_the_sdk_integration() -> None:
    join = Join("pose", group_by=("site", "date", "sync"), expects={"cam1"}, trigger=("recon",))
    machine = json.dumps(fallback_state_machine([join], table="T", names=ItemNames()))
    assert "arn:aws:states:::dynamodb:query" not in machine  # there is no such integration
    assert "arn:aws:states:::aws-sdk:dynamodb:query" in machine


def test_row_33_one_detail_type_files_every_kind_under_one_schema() -> None:
    def schemas(detail_type: str | None) -> set[tuple[str, str]]:
        design = NaiveDesign(detail_type=detail_type)
        design.pipe.process(design.build.completed(POSE, RECON))
        return {(event["source"], event["detail-type"]) for event in design.everything.events}

    assert len(schemas(None)) == 1
    assert schemas(f"$.{KIND}") == {("Pipe p", "pose"), ("Pipe p", "recon")}


def test_every_row_has_its_test() -> None:
    rows: set[int] = set()
    for path in Path(__file__).parent.glob("test_naive_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_row_"):
                rows.add(int(node.name.split("_")[2]))
    assert rows == set(range(1, 35))
