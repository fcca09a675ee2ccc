"""What the naive design gets wrong about the stream and the pipe's filter: its way fails, the right one does not.

Rows are numbered as in `docs/conformance.md`, "What a naive design gets wrong".
"""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from perception_events.patterns import InvalidEventPatternError
from perception_events.pipeline import Pipeline, TableSettings, perception_pipeline
from perception_events.pipeline.checks import check_pipeline
from perception_events.pipes import BatchSource, EventBusTarget, InvalidPipeError, Pipe, dead_letter_records
from perception_events.streams import InMemoryTable, TrimmedDataError
from perception_events.testing import FailingTarget, RecordBuilder, RecordingBus, RecordingTarget, assert_routed
from perception_events.topology import SourceParameters
from support.naive_design import POSE, RECON, START, NaiveDesign, passes

DAY = 86_400
COMPLETED_NEW: JSONObject = {"NewImage": {"status": {"S": ["COMPLETED"]}}}
build = RecordBuilder()


def table(clock: ManualClock) -> InMemoryTable:
    return InMemoryTable("T", clock=clock)


def item(status: str, **more: Any) -> JSONObject:
    return {"site": {"S": "a"}, "date#event_type": {"S": POSE}, "status": {"S": status}, **more}


def test_row_02_a_batch_size_of_100_toward_a_bus_is_rejected_set_or_not() -> None:
    for batch_size in (100, None):
        with pytest.raises(InvalidPipeError, match="set batch_size to 10 or less"):
            Pipe(
                "p",
                EventBusTarget(RecordingBus()),
                source=BatchSource(parameters=SourceParameters(batch_size=batch_size)),
                clock=ManualClock(),
            )
    Pipe(
        "p",
        EventBusTarget(RecordingBus()),
        source=BatchSource(parameters=SourceParameters(batch_size=10)),
        clock=ManualClock(),
    )


def test_row_08_a_filter_cannot_say_contains_but_a_rule_can() -> None:
    contains: Any = {"dynamodb": {"Keys": {"date#event_type": {"S": [{"wildcard": "*#reid*"}]}}}}
    with pytest.raises(InvalidEventPatternError):
        NaiveDesign(filters=[contains])
    design = NaiveDesign({"reid": ({"detail": contains}, RecordingTarget())})
    design.pipe.process(design.build.completed("2025-07-15#reid", POSE))
    assert_routed(design.trace, to=["everything", "everything", "reid"])


def test_row_09_processing_to_completed_is_a_modify() -> None:
    update = build.modify("a", POSE, {"status": "PROCESSING"}, status="COMPLETED")
    insert = build.insert("a", RECON, status="COMPLETED")
    naive = {"eventName": ["INSERT"], "dynamodb": COMPLETED_NEW}
    right = {"eventName": ["INSERT", "MODIFY"], "dynamodb": COMPLETED_NEW}
    assert passes(naive, insert, update) == [True, False]
    assert passes(right, insert, update) == [True, True]


def test_row_10_later_writes_to_a_completed_item_pass_again() -> None:
    insert = build.insert("a", POSE, status="COMPLETED")
    finished = build.modify("a", POSE, {"status": "PROCESSING"}, status="COMPLETED")
    touched = build.modify("a", POSE, {"status": "COMPLETED", "expires_at": 1}, status="COMPLETED", expires_at=2)
    without_status = build.modify("a", POSE, {}, status="COMPLETED")
    names = ["INSERT", "MODIFY"]
    naive: Any = {"eventName": names, "dynamodb": COMPLETED_NEW}
    half: Any = {
        "eventName": names,
        "dynamodb": {**COMPLETED_NEW, "OldImage": {"status": {"S": [{"anything-but": "COMPLETED"}]}}},
    }
    right: Any = {
        "eventName": names,
        "dynamodb": {
            **COMPLETED_NEW,
            "OldImage": {"status": {"S": [{"anything-but": "COMPLETED"}, {"exists": False}]}},
        },
    }
    given = (insert, finished, touched, without_status)
    assert passes(naive, *given) == [True, True, True, True]
    assert passes(half, *given) == [False, True, False, False]  # absent is not "anything but"
    assert passes(right, *given) == [True, True, False, True]


def test_row_11_ttl_deletions_are_records_too() -> None:
    clock = ManualClock(START)
    events = table(clock)
    events.put_item(item("COMPLETED", expires_at={"N": str(int(START) + 60)}))
    clock.advance(3 * DAY)  # days late
    events.expire()
    [expired] = events.stream.records()
    assert expired["eventName"] == "REMOVE"
    naive = {"dynamodb": {"Keys": {"date#event_type": {"S": [{"prefix": "2025-07-15#pose"}]}}}}
    assert passes(naive, expired) == [True]
    assert passes({**naive, "eventName": ["INSERT", "MODIFY"]}, expired) == [False]
    by_ttl = {"userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}}
    assert passes(by_ttl, expired, build.remove("a", POSE)) == [True, False]


def test_row_12_an_expired_item_is_still_there() -> None:
    clock = ManualClock(START)
    events = table(clock)
    events.put_item(item("PROCESSING", expires_at={"N": str(int(START) + 60)}))
    clock.advance(DAY)
    key: JSONObject = {"site": {"S": "a"}, "date#event_type": {"S": POSE}}
    found: Any = events.get_item(key)
    assert found is not None  # the naive reader counts it as live
    assert float(found["expires_at"]["N"]) < clock.now()  # the right one compares
    events.update_item(key, {"status": {"S": "COMPLETED"}})
    assert [record["eventName"] for record in events.stream.records()][-1] == "MODIFY"
    events.expire()
    assert events.get_item(key) is None


def test_row_19_a_dynamodb_number_is_a_string() -> None:
    record = build.insert("a", POSE, score=101)
    assert passes({"dynamodb": {"NewImage": {"score": {"N": [{"numeric": [">", 100]}]}}}}, record) == [False]
    assert passes({"dynamodb": {"NewImage": {"score": {"N": ["101"]}}}}, record) == [True]


def test_row_20_exists_is_about_leaves() -> None:
    has, has_not = build.insert("a", POSE, error="lens"), build.insert("a", POSE)
    naive = {"dynamodb": {"NewImage": {"error": [{"exists": False}]}}}
    right = {"dynamodb": {"NewImage": {"error": {"S": [{"exists": False}]}}}}
    assert passes(naive, has, has_not) == [True, True]
    assert passes(right, has, has_not) == [False, True]


def test_row_26_the_pipe_s_dead_letter_has_numbers_not_the_record() -> None:
    clock = ManualClock(START)
    events = table(clock)
    events.put_item(item("COMPLETED"))
    design = NaiveDesign(enrichment=FailingTarget(), maximum_retry_attempts=0)
    [shard] = events.stream.shards()
    design.pipe.process(events.stream.records(), shard_id=shard.shard_id)
    [message] = design.queue.events
    assert "NewImage" not in str(message)
    assert dead_letter_records(events.stream, message) == tuple(events.stream.records())
    clock.advance(DAY + 1)
    with pytest.raises(TrimmedDataError):
        dead_letter_records(events.stream, message)


def test_row_27_the_default_retry_blocks_the_shard_for_a_day() -> None:
    def run(**settings: Any) -> tuple[float, int]:
        poison = FailingTarget(
            on=lambda batch: any(i["dynamodb"]["NewImage"]["n"]["N"] == "1" for i in batch), response=[]
        )
        design = NaiveDesign(enrichment=poison, batch_size=1, **settings)
        result = design.pipe.process([design.build.insert("a", POSE, n=n) for n in range(4)])
        return design.clock.now() - START, result.dead_lettered

    blocked, given_up = run(maximum_retry_attempts=-1, maximum_record_age=-1)
    assert (blocked > DAY, given_up) == (True, 3)  # the two behind it expired waiting
    blocked, given_up = run(maximum_retry_attempts=3, maximum_record_age=3600)
    assert (blocked < 60, given_up) == (True, 1)


def test_row_29_writing_the_same_again_makes_no_record() -> None:
    events = table(ManualClock(START))
    events.put_item(item("COMPLETED"))
    events.put_item(item("COMPLETED"))  # the naive nudge
    assert len(list(events.stream.records())) == 1
    events.put_item(item("COMPLETED", nudge={"N": "1"}))
    assert len(list(events.stream.records())) == 2


def test_row_30_a_third_reader_of_the_stream_is_found_before_it_throttles() -> None:
    def findings(pipeline: Pipeline) -> set[str]:
        return {finding.check.identifier for finding in check_pipeline(pipeline)}

    crowded = Pipeline(perception_pipeline.modules, table=TableSettings(other_stream_readers=2))
    assert "PE010" in findings(crowded)
    assert "PE010" not in findings(perception_pipeline)
