"""Cases reported of libraries like this one, each with its outcome here: records, handlers, files, joins in memory.

A test's name begins with the case's own number. The others are in `tests/integration/test_reported_table_cases.py`.
"""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perception_events.aggregation import (
    Aggregator,
    InMemoryJoinStore,
    InvalidExpectationError,
    InvalidJoinError,
    InvalidMemberEventError,
    Join,
    JoinFailuresError,
    Manifest,
)
from perception_events.attribute_values import InvalidAttributeValueError, image_to_python
from perception_events.aws.checkpoints import CheckpointError, CheckpointsInUseError, FileCheckpoints
from perception_events.aws.errors import BackOff
from perception_events.aws.event_table import EventRow, EventStatus, EventTable
from perception_events.aws.publisher import EventPublisher, PublishError
from perception_events.aws.stream_poller import StartingPosition, StreamPoller, StreamReadError
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from perception_events.lambdas import EventRouter, event_handler
from perception_events.models import EventItem, InvalidRecordError, PutEventsRequestEntry, StreamRecord, read_records
from perception_events.pipeline import Module, Pipeline, PipeSettings, perception_pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.records import UnreadableRecordError
from perception_events.sort_keys import SortKey
from perception_events.streams import InMemoryTable, InvalidItemError
from perception_events.testing import RecordBuilder, RecordingTarget
from perception_events.times import InvalidTimeError
from support.fake_streams import ARN, ClientError, FakeShard, FakeStreams, Stop
from support.fake_streams import stream_record as numbered_record
from support.joins import bus_event, stream_record

NOW = 1_752_538_268.0
IMAGE = {"site": {"S": "s"}, "date#event_type": {"S": "2025-07-15#pose#sync001"}, "status": {"S": "COMPLETED"}}
TTL_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def failures(response: Any) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def record(number: int = 1, sort_key: str = "2025-07-15#pose#sync001", **change: Any) -> dict[str, Any]:
    image = {**IMAGE, "date#event_type": {"S": sort_key}, "n": {"N": str(number)}}
    return {"eventID": f"e{number}", "eventName": "INSERT", "dynamodb": {"NewImage": image, **change}}


# Manifests


def day_of(members: Any) -> tuple[Aggregator, InMemoryJoinStore]:
    store = InMemoryJoinStore(read_item=lambda site, sort_key: {"members": members})
    join = Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid",))
    return Aggregator([join], store, clock=ManualClock(NOW)), store


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"L": [{"S": "sync001"}, {"N": "2"}]}, id="S040"),
        pytest.param({"L": [{"N": "1"}, {"N": "2"}]}, id="S042 numbers"),
        pytest.param({"L": []}, id="S042 empty"),
        pytest.param({"S": '["sync001"]'}, id="S044 text"),
        pytest.param({"M": {"sync001": {"S": "x"}}}, id="S044 map"),
    ],
)
def test_s040_s042_s044_a_manifest_of_another_shape_triggers_nothing_and_is_named(members: Any) -> None:
    aggregator, store = day_of(members)
    (result,) = aggregator.handle(bus_event("2025-07-15#recon#sync001"))
    assert result.outcome == "RECORDED"
    assert result.problem is not None
    assert "the manifest haemoro_1x2 2025-07-15#manifest_recon: 'members' must be" in result.problem
    (report,) = aggregator.reports()
    assert report.problem == result.problem
    with pytest.raises(JoinFailuresError, match="manifest_recon: 'members' must be"):
        aggregator.sweep()
    assert list(store.outbox) == []


# Handlers


class FramesItem(EventItem):
    frames: int


def synchronous(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


def test_s050_the_coroutine_that_a_wrapper_returns_runs() -> None:
    ran: list[str] = []

    @event_handler
    @synchronous
    async def function(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        ran.append(event["eventID"])

    assert function([record()], None) == {"batchItemFailures": []}
    assert ran == ["e1"]


def test_s052_a_router_runs_it_too() -> None:
    ran: list[str] = []
    router = EventRouter(field="kind")

    async def function(event: dict[str, Any]) -> str:
        ran.append(event["detail"]["kind"])
        return "ran"

    router.on("pose")(synchronous(function))
    assert router({"detail-type": "t", "detail": {"kind": "pose"}}, None) == "ran"
    assert ran == ["pose"]


def test_s055_async_records_of_a_batch_run_in_parallel_where_that_is_asked_for() -> None:
    waiting = 0
    most = 0

    @event_handler(concurrency=3)
    async def function(event: dict[str, Any]) -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await asyncio.sleep(0.01)
        waiting -= 1

    assert failures(function([record(n, f"2025-07-15#pose#sync00{n}") for n in range(3)], None)) == []
    assert most == 3


def test_s160_an_items_order_needs_no_keys_in_the_template() -> None:
    handled: list[str] = []

    @event_handler
    def function(event: dict[str, Any]) -> None:
        if event["eventID"] == "e1":
            raise RuntimeError("not now")
        handled.append(event["eventID"])

    assert failures(function([record(1), record(2)], None)) == ["e1", "e2"]
    assert handled == []


def test_s170_a_partial_keeps_its_typed_parameter() -> None:
    got: list[Any] = []

    def function(rec: StreamRecord, table: str) -> None:
        got.append((type(rec), table))

    assert failures(event_handler(functools.partial(function, table="T"))([record()], None)) == []
    assert got == [(StreamRecord, "T")]


def test_s180_a_record_that_can_never_be_read_is_dead_lettered() -> None:
    letters = RecordingTarget()

    @event_handler(dead_letters=letters)
    def function(item: FramesItem) -> None: ...

    assert failures(function([record()], None)) == []
    (letter,) = letters.events
    assert isinstance(letter, dict)
    assert "frames" in str(letter["reason"])


def test_s307_a_queues_message_fails_by_its_message_id() -> None:
    @event_handler
    def function(event: dict[str, Any]) -> None:
        if event["messageId"] == "m1":
            raise RuntimeError("not now")

    messages = [{"messageId": f"m{n}", "eventSource": "aws:sqs", "body": "{}"} for n in (1, 2)]
    assert failures(function({"Records": messages}, None)) == ["m1"]


# Times


def route(*lines: Any) -> tuple[int, str, str]:
    typer_testing = pytest.importorskip("typer.testing", reason="the command needs the [cli] extra")
    from perception_events.cli.app import app

    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = typer_testing.CliRunner().invoke(app, ["route", "-"], input=text)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("at", "unit"),
    [
        pytest.param(1654699573622, "milliseconds", id="S060"),
        pytest.param(1654699573622000000, "nanoseconds", id="S061"),
    ],
)
def test_s060_s061_route_names_the_unit_of_a_time_and_goes_on(at: int, unit: str) -> None:
    status, out, err = route(record(ApproximateCreationDateTime=at), record(2))
    (line,) = err.splitlines()
    assert status == 2
    assert "dynamodb.ApproximateCreationDateTime: expected seconds" in line
    assert unit in line
    assert "1 record: 1 delivered" in out


@pytest.mark.parametrize("at", [1e30, float("inf")])
def test_s062_a_simulation_rejects_a_time_that_is_none(at: float) -> None:
    simulation = PipelineSimulation(perception_pipeline, env="dev")
    with pytest.raises(UnreadableRecordError, match="ApproximateCreationDateTime: expected"):
        simulation.route_record(record(ApproximateCreationDateTime=at))


def test_s063_milliseconds_are_named() -> None:
    with pytest.raises(InvalidRecordError, match=r"expected seconds .*milliseconds"):
        StreamRecord.parse(record(ApproximateCreationDateTime=1654699573622))


@pytest.mark.parametrize("at", [1e30, float("inf")])
def test_s064_a_time_that_is_none_is_an_invalid_record(at: float) -> None:
    with pytest.raises(InvalidRecordError, match=r"dynamodb\.ApproximateCreationDateTime: expected"):
        StreamRecord.parse(record(ApproximateCreationDateTime=at))


def test_s065_the_times_of_the_aws_command_line_are_read() -> None:
    told = record(ApproximateCreationDateTime="2020-04-23T12:00:00+00:00")
    assert StreamRecord.parse(told).to_dict()["dynamodb"]["ApproximateCreationDateTime"] == 1587643200
    (read,) = read_records({"Records": [told]})
    assert read.dynamodb.approximate_creation_date_time is not None
    assert read.dynamodb.approximate_creation_date_time.timestamp() == 1587643200
    status, out, err = route(told)
    assert (status, "1 record: 1 delivered" in out) == (0, True), err


def test_s066_the_times_of_botocores_own_examples_are_read() -> None:
    told = StreamRecord.parse(record(ApproximateCreationDateTime="1.46480646E9"))
    assert told.to_dict()["dynamodb"]["ApproximateCreationDateTime"] == 1464806460


def test_s070_get_records_casing_passes_the_filter_as_aws_delivers_it() -> None:
    pattern: JSONObject = {"userIdentity": {"principalId": ["dynamodb.amazonaws.com"]}}
    pipeline = Pipeline((Module("pose"),), pipe=PipeSettings(filter_criteria=(pattern,)))
    simulation = PipelineSimulation(pipeline, env="dev")
    for identity in ({"Type": "Service", "PrincipalId": TTL_IDENTITY["principalId"]}, TTL_IDENTITY):
        removed = {"eventName": "REMOVE", "userIdentity": identity, "dynamodb": {"OldImage": IMAGE, "Keys": {}}}
        assert simulation.route_record(removed).filter_verdict == "passed"


# Values


def test_s080_binary_is_base64_on_the_wire() -> None:
    image = {**IMAGE, "b": {"B": b"abcd"}}
    written = StreamRecord.parse({"dynamodb": {"NewImage": image}}).to_dict()
    assert written["dynamodb"]["NewImage"]["b"] == {"B": "YWJjZA=="}
    again = StreamRecord.parse(written).dynamodb.new_values
    assert again is not None
    assert again["b"] == b"abcd"


def test_s081_bytes_that_are_no_text_are_base64_too() -> None:
    image = {**IMAGE, "b": {"B": b"\x00\xff"}, "bs": {"BS": [b"\x00\xff"]}}
    written = StreamRecord.parse({"dynamodb": {"NewImage": image}}).to_dict()["dynamodb"]["NewImage"]
    assert (written["b"], written["bs"]) == ({"B": "AP8="}, {"BS": ["AP8="]})


@pytest.mark.parametrize("base64", ["AAE=", "/w=="])
def test_s082_binary_in_a_detail_is_base64(base64: str) -> None:
    item = EventItem.from_image({**IMAGE, "bin": {"B": base64}})
    entry = PutEventsRequestEntry.of(item, source="s", detail_type="t")
    assert json.loads(entry.detail)["bin"] == base64


def test_s090_null_stays_null() -> None:
    image = {**IMAGE, "note": {"NULL": True}}
    assert EventItem.from_image(image).to_image() == image


def test_s100_values_of_an_item_make_a_detail() -> None:
    image = {**IMAGE, "n": {"N": "1.5"}, "set": {"NS": ["2", "1"]}, "b": {"B": "AAE="}}
    values = StreamRecord.parse({"dynamodb": {"NewImage": image}}).dynamodb.new_values
    assert values is not None
    detail = json.loads(PutEventsRequestEntry.of(values, source="s", detail_type="t").detail)
    assert (detail["n"], detail["set"], detail["b"]) == (1.5, [1, 2], "AAE=")


# The publisher


class Bus:
    def __init__(self) -> None:
        self.requests: list[Any] = []

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        self.requests.append(request)
        return {"Entries": [{"EventId": entry["Detail"]} for entry in request["Entries"]]}


def entries(**fields: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"Source": "s", "DetailType": "t", "Detail": f'{{"n":{n}}}'} for n in range(10)]
    made[3] |= fields
    return made


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"Detail": {"a": 1}}, id="S190"),
        pytest.param({"Source": None}, id="S191 source"),
        pytest.param({"Time": "yesterday"}, id="S191 time"),
        pytest.param({"Resources": "arn"}, id="S191 resources"),
        pytest.param({"Unknown": 1}, id="S191 field"),
    ],
)
def test_s190_s191_a_malformed_entry_fails_alone_and_is_named(fields: Any) -> None:
    bus = Bus()
    with pytest.raises(PublishError, match=r"1 of 10 entries did not reach the bus: entry 3 \(InvalidEntry") as caught:
        EventPublisher(bus).publish(entries(**fields))
    assert len(caught.value.result.event_ids) == 9
    assert [len(request["Entries"]) for request in bus.requests] == [9]


def test_s193_a_global_endpoint_is_passed_on() -> None:
    bus = Bus()
    EventPublisher(bus, endpoint_id="abc.xyz").publish(entries())
    assert [request["EndpointId"] for request in bus.requests] == ["abc.xyz"]


# The event table's own checks; what it does on DynamoDB is in the other file


class NoTable:
    table_name = "events"

    def __init__(self) -> None:
        self.meta = self
        self.client = self


class Scripted(NoTable):
    """Answers `put_item` and `batch_write_item` by a function."""

    def __init__(self, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        super().__init__()
        self._answer = answer

    def put_item(self, **request: Any) -> Any:
        return self._answer(request)

    batch_write_item = put_item


def event_table(table: Any) -> EventTable:
    return EventTable(table, clock=ManualClock(NOW), back_off=BackOff(attempts=3, base=0.0), sleep=lambda _: None)


def test_s120_a_time_to_live_in_milliseconds_is_rejected() -> None:
    with pytest.raises(InvalidTimeError, match="milliseconds"):
        event_table(NoTable()).save("s", "2025-07-15#pose", EventStatus.COMPLETED, expires_at=1752538268000)


def test_s150_a_batch_goes_on_for_as_long_as_dynamodb_takes_any() -> None:
    requests = 0

    def leave_the_last(request: Mapping[str, Any]) -> Any:
        nonlocal requests
        requests += 1
        return {"UnprocessedItems": {"events": request["RequestItems"]["events"][24:]}}

    rows = [EventRow("s", SortKey.parse(f"2025-07-15#pose#{n}"), EventStatus.COMPLETED) for n in range(200)]
    assert event_table(Scripted(leave_the_last)).save_all(rows) == 200
    assert requests == 9


def test_s270_a_transaction_conflict_is_tried_again() -> None:
    answers: list[Any] = [ClientError("TransactionConflictException")] * 2 + [{}]

    def answer(request: Mapping[str, Any]) -> Any:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    event_table(Scripted(answer)).save("s", "2025-07-15#pose", EventStatus.COMPLETED)
    assert answers == []


@pytest.mark.parametrize("date", ["2025-07", "15.07.2025"])
def test_s291_a_text_that_is_no_day_is_rejected(date: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        event_table(NoTable()).query("s", date)


# Checkpoint files


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="S200 empty"),
        pytest.param(b'{"version": 1, "str', id="S200 cut off"),
        pytest.param('{"version": 1, "streams": {}}'.encode("utf-16"), id="S201"),
        pytest.param(b'{"version": 1, "streams": {"arn": {"s1": {"sequenceNumber": "2"}}}}', id="S203 name"),
        pytest.param(b'{"version": 1, "streams": {"arn": {"s1": {"finished": "true"}}}}', id="S203 type"),
        pytest.param(b'{"version": 1, "streams": {"arn": {"s1": {"since": NaN}}}}', id="S204"),
    ],
)
def test_s200_s201_s203_s204_a_damaged_checkpoint_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"c\.json holds no checkpoints .*; fix it, name another file") as caught:
        FileCheckpoints(path).load("arn")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_s205_the_second_poller_on_a_checkpoint_file_is_told_who_has_it(tmp_path: Path) -> None:
    first, second = FileCheckpoints(tmp_path / "c.json"), FileCheckpoints(tmp_path / "c.json")
    first.save("arn", {})
    said: list[CheckpointError] = []

    def poll() -> None:
        try:
            second.load("arn")
        except CheckpointError as error:
            said.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    thread.join()
    assert [type(error) for error in said] == [CheckpointsInUseError]
    assert "is in use by process" in str(said[0])


# The poller


def test_s210_s211_latest_loses_no_record_though_the_clock_runs_ahead_or_a_time_is_missing(tmp_path: Path) -> None:
    shard = FakeShard("a")
    streams = FakeStreams(shard)

    class Dated(FakeStreams):
        """Says AWS's own time with each response, as real ones do."""

        def describe_stream(self, **request: Any) -> Mapping[str, Any]:
            date = {"HTTPHeaders": {"date": "Tue, 15 Jul 2025 00:11:08 GMT"}}
            return {**streams.describe_stream(**request), "ResponseMetadata": date}

    dated = Dated(shard)
    got: list[str] = []

    def run(ahead: float) -> None:
        clock = ManualClock(NOW + ahead)
        checkpoints = FileCheckpoints(tmp_path / "c.json")
        poller = StreamPoller(
            dated, ARN, checkpoints=checkpoints, starting_position=StartingPosition.LATEST, clock=clock
        )
        poller.run(lambda batch: got.extend(str(r["eventID"]) for r in batch), Stop(clock, 5))
        checkpoints.close()

    run(ahead=300.0)
    shard.records.append(numbered_record(1, created=NOW + 10))
    untimed = numbered_record(2)
    del untimed["dynamodb"]["ApproximateCreationDateTime"]
    shard.records.append(untimed)
    run(ahead=310.0)
    assert [int(event_id, 16) for event_id in got] == [1, 2]


def test_s213_a_shard_whose_oldest_record_is_always_trimmed_ends() -> None:
    streams = FakeStreams(FakeShard("a"))
    streams.faults = {"get_records": ["TrimmedDataAccessException"] * 10_000}
    clock = ManualClock(0.0)
    poller = StreamPoller(streams, ARN, clock=clock, back_off=BackOff(attempts=3, base=0.0))
    with pytest.raises(StreamReadError, match="trimmed again and again"):
        poller.run(lambda batch: None, Stop(clock, 500))
    assert poller.trimmed_shards == ["a"]
    assert streams.calls.count("get_records") < 10


# Joins


POSE = Join(on="pose", group_by=("site", "date", "sync"), expects=2, trigger=("recon",))


def aggregator(*joins: Join) -> Aggregator:
    return Aggregator(joins or (POSE,), InMemoryJoinStore(), clock=ManualClock(NOW))


@pytest.mark.parametrize("event_name", ["INSERT", "MODIFY"])
def test_s220_a_stream_without_new_images_is_an_error(event_name: str) -> None:
    keys = {name: IMAGE[name] for name in ("site", "date#event_type")}
    bare: Any = {
        "eventName": event_name,
        "dynamodb": {"Keys": keys, "StreamViewType": "KEYS_ONLY", "SequenceNumber": "1"},
    }
    with pytest.raises(InvalidMemberEventError, match=r"has no NewImage .*KEYS_ONLY"):
        aggregator().handle(bare)


def test_s230_a_replicated_ttl_deletion_leaves_the_member_in() -> None:
    joins = aggregator()
    sort_key = "2025-07-15#pose#sync001#cam1"
    joins.handle(bus_event(sort_key, sequence_number=1))
    removed = stream_record(sort_key, event_name="REMOVE", sequence_number=2)
    change: Any = removed["dynamodb"]
    old = {**change["OldImage"], "expires_at": {"N": str(int(NOW))}}
    removed["dynamodb"] = {**change, "OldImage": old, "ApproximateCreationDateTime": NOW + 60}
    assert joins.handle(removed) == []
    (result,) = joins.handle(bus_event("2025-07-15#pose#sync001#cam2", sequence_number=3))
    assert result.outcome == "TRIGGERED"


def test_s240_a_ttl_deletion_of_dynamodb_local_is_read() -> None:
    deletion = {"eventID": "e1", "eventName": "UNKNOWN_TO_SDK_VERSION", "userIdentity": TTL_IDENTITY}
    deletion["dynamodb"] = {"Keys": {}, "OldImage": IMAGE}
    assert StreamRecord.parse(deletion).is_ttl_deletion
    got: list[str] = []

    def function(rec: StreamRecord) -> None:
        got.append(str(rec.event_name))

    assert failures(event_handler(function)([deletion], None)) == []
    assert got == ["REMOVE"]


@pytest.mark.parametrize("expects", [pytest.param({1, 2}, id="S281"), *(3.0, True, Decimal(3))])
def test_s281_s283_an_expectation_of_a_wrong_type_is_rejected_where_it_is_declared(expects: Any) -> None:
    with pytest.raises(InvalidJoinError, match="join 'pose': expects is "):
        Join(on="pose", expects=expects, trigger=("recon",))
    asked = aggregator(Join(on="pose", expects=lambda key: expects, trigger=("recon",)))
    with pytest.raises(InvalidExpectationError, match="returned"):
        asked.handle(bus_event("2025-07-15#pose#sync001#cam1"))


def test_s292_a_foreign_item_between_two_events_does_nothing() -> None:
    batch = [bus_event("2025-07-15#pose#sync001#cam1"), bus_event("config"), bus_event("2025-07-15#pose#sync001#cam2")]
    assert [result.outcome.value for result in aggregator().handle(list(batch))] == ["RECORDED", "TRIGGERED"]


def test_s303_names_that_look_alike_are_said_to() -> None:
    joins = aggregator(Join(on="pose", group_by=("site", "date", "sync"), expects={"cam\u00e9ra"}, trigger=("recon",)))
    joins.handle(bus_event("2025-07-15#pose#sync001#came\u0301ra"))
    (report,) = joins.reports()
    assert report.problem is not None
    assert "look alike" in report.problem


# The table in memory


def nested(levels: int) -> Any:
    value: Any = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *(pytest.param({"N": n}, "Number overflow", id=f"S250 {n}") for n in ("1E+200", "1E126")),
        *(pytest.param({"N": n}, "Number underflow", id=f"S250 {n}") for n in ("1E-131", "1E-200")),
        pytest.param({"SS": ["a", "a"]}, "contains duplicates", id="S251 texts"),
        pytest.param({"NS": ["1", "1.0"]}, "contains duplicates", id="S251 numbers"),
        pytest.param({"BS": ["YQ==", "YQ=="]}, "contains duplicates", id="S251 bytes"),
        pytest.param(nested(33), "Nesting Levels have exceeded supported limits", id="S253"),
        pytest.param({"M": {"": {"S": "x"}}}, "Empty attribute name", id="S257"),
        pytest.param({"B": "not base64!"}, "not base64", id="S258"),
        pytest.param({"B": b"ab"}, "'B' does not hold bytes", id="S258 bytes"),
    ],
)
def test_s250_s251_s253_s257_s258_what_dynamodb_rejects_is_rejected_and_not_stored(value: Any, words: str) -> None:
    table = InMemoryTable("T", clock=ManualClock(NOW))
    with pytest.raises(InvalidItemError, match=words):
        table.put_item({**IMAGE, "a": value})
    assert (table.items(), list(table.stream.records())) == ((), [])


def test_s280_an_image_that_is_none_is_named() -> None:
    removed: Any = RecordBuilder().remove("s", "2025-07-15#pose")
    with pytest.raises(InvalidAttributeValueError, match="NoneType"):
        image_to_python(removed["dynamodb"].get("NewImage"))
