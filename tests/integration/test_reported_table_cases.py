"""Cases reported of libraries like this one, each with its outcome here: rows, claims and joins in a real table.

A test's name begins with the case's own number. The others are in `tests/unit/test_reported_record_cases.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perception_events.aggregation import (
    COMPLETED,
    Aggregator,
    FallbackPolicy,
    InvalidJoinError,
    Join,
    JoinFailuresError,
    JoinKey,
    JoinState,
    Manifest,
    Member,
    join_item,
    open_item,
)
from perception_events.attribute_values import InvalidAttributeValueError
from perception_events.aws.event_table import EventStatus, EventTable, InvalidRowError, OtherRow, StatusConflictError
from perception_events.aws.join_store import DynamoDBJoinStore, JoinStoreError
from perception_events.aws.stream_poller import StreamPoller
from perception_events.clock import ManualClock
from perception_events.item_names import ItemNames
from perception_events.pipeline import Module, Pipeline
from support.dynamodb_local import DynamoDBLocal
from support.joins import bus_event
from support.workflow_fixture import TABLE, WorkflowFixture, workflow_fixture

pytestmark = pytest.mark.java
NOW = 1_752_538_268.0
SITE = "test_site"
POSE = "2025-07-15#pose#sync001#cam1"
NAMES = ItemNames()
SYNC = Join(on="pose", group_by=("site", "date", "sync"), expects=2, trigger=("recon",))
OVERDUE = Join(
    on="pose",
    expects=Manifest("manifest_pose"),
    trigger=("recon",),
    deadline=timedelta(hours=1),
    policy=FallbackPolicy.TRIGGER,
)
pipeline = Pipeline((Module("pose", targets=("aggregate_pose",), joins=(OVERDUE,)), Module("recon")))


class TableFixture:
    """A fresh table, and what works on it."""

    def __init__(self, server: DynamoDBLocal) -> None:
        self.server = server
        self.name = server.create_event_table()
        self.client = server.client()
        self.clock = ManualClock(NOW)
        self.events = EventTable(self.client, self.name, clock=self.clock)
        self.store = DynamoDBJoinStore(self.client, self.name)

    def aggregator(self, *joins: Join) -> Aggregator:
        return Aggregator(joins, self.store, clock=self.clock)

    def put(self, sort_key: str, *, site: str = SITE, **attributes: Any) -> None:
        item = {"site": {"S": site}, "date#event_type": {"S": sort_key}, **attributes}
        self.client.put_item(TableName=self.name, Item=item)

    def keys(self) -> list[str]:
        return [str(row.sort_key) for row in self.events.query(SITE, "2025-07-15")]

    def triggers(self) -> set[tuple[str, str]]:
        items = self.client.scan(TableName=self.name, ConsistentRead=True)["Items"]
        places = {(item["site"]["S"], item["date#event_type"]["S"]) for item in items}
        return {place for place in places if "#trigger_" in place[1]}

    def stream(self) -> list[Any]:
        records: list[Any] = []
        arn = self.server.stream_arn(self.name)
        StreamPoller(self.server.client("dynamodbstreams"), arn).run(records.extend, idle_seconds=0.5)
        return records


@pytest.fixture
def table(dynamodb_local: DynamoDBLocal) -> TableFixture:
    return TableFixture(dynamodb_local)


# Rows that somebody else wrote


def test_s001_a_join_in_the_same_table_does_not_hide_its_events(table: TableFixture) -> None:
    table.events.save(SITE, POSE, EventStatus.COMPLETED)
    joins = table.aggregator(SYNC)
    joins.handle(bus_event(POSE, site=SITE, sequence_number=1))
    assert table.keys() == [POSE]
    assert [str(row.sort_key) for row in table.events.page(SITE).items] == [POSE]
    joins.handle(bus_event("2025-07-15#pose#sync001#cam2", site=SITE, sequence_number=2))
    assert table.keys() == [POSE, "2025-07-15#trigger_recon#sync001"]
    assert [str(row.sort_key) for row in table.events.query(SITE)] == [POSE, "2025-07-15#trigger_recon#sync001"]
    assert table.events.get(SITE, "2025-07-15#join_pose#sync001") is None


@pytest.mark.parametrize(
    ("sort_key", "status"),
    [
        pytest.param("2025-07-15#pose#sync002", {"S": "DONE"}, id="S002"),
        pytest.param("config", {"S": "COMPLETED"}, id="S003"),
        pytest.param("2025-07-15#pose#sync002", {"NULL": True}, id="S004"),
    ],
)
def test_s002_s003_s004_a_foreign_row_is_left_out_and_can_be_named(
    table: TableFixture, sort_key: str, status: Any
) -> None:
    table.events.save(SITE, POSE, EventStatus.COMPLETED)
    table.put(sort_key, status=status)
    others: list[OtherRow] = []
    assert [str(row.sort_key) for row in table.events.query(SITE, on_other=others.append)] == [POSE]
    assert [other.sort_key for other in others] == [sort_key]
    with pytest.raises(InvalidRowError, match=f"'{SITE}' '{sort_key}'"):
        list(table.events.query(SITE, strict=True))


# Numbers


@pytest.mark.parametrize(
    "number",
    [pytest.param("1E+100", id="S010"), pytest.param("1234567895171680000000000000000000000000", id="S011")],
)
def test_s010_s011_every_number_that_dynamodb_holds_is_read_and_written(table: TableFixture, number: str) -> None:
    table.events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"a": Decimal(number)})
    table.put("2025-07-15#pose#sync002", status={"S": "COMPLETED"}, a={"N": number})
    assert [row.attributes["a"] for row in table.events.query(SITE)] == [Decimal(number)] * 2
    row = EventTable(table.server.resource().Table(table.name), clock=table.clock).get(SITE, POSE)
    assert row is not None
    assert row.attributes["a"] == Decimal(number)


def test_s013_a_number_of_too_many_digits_is_rejected_by_name(table: TableFixture) -> None:
    with pytest.raises(InvalidAttributeValueError, match=r"a: expected .*38"):
        table.events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"a": int("1" * 39)})


# Writes


def test_s110_a_completion_over_an_expired_row_is_written_and_streamed(table: TableFixture) -> None:
    table.events.save(SITE, POSE, EventStatus.COMPLETED, expires_at=int(NOW) - 5)
    assert table.events.get(SITE, POSE) is None
    assert table.events.complete(SITE, POSE).expires_at == int(NOW) + 86_400
    assert [record["eventName"] for record in table.stream()] == ["INSERT", "REMOVE", "INSERT"]


def test_s111_an_expired_row_can_be_claimed(table: TableFixture) -> None:
    table.events.save(SITE, POSE, EventStatus.COMPLETED, expires_at=int(NOW) - 5)
    assert table.events.processing(SITE, POSE).status is EventStatus.PROCESSING


def test_s130_a_repeated_save_succeeds_later_too(table: TableFixture) -> None:
    first = table.events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"frames": 3})
    table.clock.advance(1.1)
    assert table.events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"frames": 3}).expires_at == first.expires_at


def test_s140_of_six_claims_one_gets_the_work_and_the_others_are_told(table: TableFixture) -> None:
    barrier = threading.Barrier(6)

    def claim(worker: int) -> int | None:
        events = EventTable(table.server.client(), table.name, clock=table.clock)
        barrier.wait()
        try:
            events.processing(SITE, POSE, attributes={"worker": worker})
        except StatusConflictError:
            return None
        return worker

    with ThreadPoolExecutor(6) as pool:
        won = [worker for worker in pool.map(claim, range(6)) if worker is not None]
    row = table.events.get(SITE, POSE)
    assert row is not None
    assert won == [row.attributes["worker"]]


# One bad group and the others


def test_s020_a_bad_manifest_does_not_keep_the_sweep_from_another_group(table: TableFixture) -> None:
    joins = table.aggregator(OVERDUE)
    table.put("2025-07-15#manifest_pose", site="a", members={"N": "2.5"})
    table.put("2025-07-15#manifest_pose", site="b", members={"N": "9"})
    for site in "ab":
        joins.handle(bus_event(POSE, site=site, sequence_number=1))
    table.clock.advance(7200)
    with pytest.raises(JoinFailuresError, match=r"the manifest a 2025-07-15#manifest_pose: 'members' must be .*2\.5"):
        joins.sweep()
    assert ("b", "2025-07-15#trigger_recon") in table.triggers()


def fill(table: TableFixture, site: str, count: int, length: int = 13) -> JoinKey:
    """A group with so many members, put there at once."""
    key = JoinKey("pose", site, "2025-07-15")
    names = (f"sync{n:04d}#cam1".ljust(length, "x") for n in range(count))
    members = {name: Member(COMPLETED, "21" + "0" * 21, NOW) for name in names}
    state = JoinState(key, NOW, None, int(NOW) + 1_000_000, members, revision=1)
    for item in (join_item(state, NAMES), open_item(state, NAMES)):
        table.client.put_item(TableName=table.name, Item=item)
    return key


def test_s021_a_full_group_does_not_keep_the_sweep_from_another_one(table: TableFixture) -> None:
    most = (409_600 - 1_000) // (2 * 300 + 86) - 1
    fill(table, "aa", most, length=300)
    day = Join(on="pose", expects=lambda key: 10**6, trigger=("recon",))
    recorded, full = most, False
    while not full:
        name = f"sync{recorded:04d}#cam1".ljust(300, "x")
        try:
            table.aggregator(day).handle(bus_event(f"2025-07-15#pose#{name}", site="aa", sequence_number=1))
        except JoinStoreError as error:
            full = "the group's item is full" in str(error)
            if not full:
                raise
        else:
            recorded += 1
    assert recorded > most
    table.aggregator(replace(day, expects=2)).handle(bus_event(POSE, site="b", sequence_number=1))
    swept = table.aggregator(replace(day, expects=lambda key: 1 if key.site == "b" else recorded)).sweep()
    assert {(result.key.site, result.outcome.value) for result in swept} == {("aa", "TRIGGERED"), ("b", "TRIGGERED")}


def test_s030_s031_what_never_fits_is_rejected_at_once_and_what_was_recorded_triggers(table: TableFixture) -> None:
    for count in (3_400, 4_000):
        names = [f"sync{n:04d}#cam1" for n in range(count)]
        with pytest.raises(InvalidJoinError, match=r"can never complete: its .* members take about .* in two steps"):
            table.aggregator(Join(on="pose", expects=names, trigger=("recon",)))
    fill(table, "aa", 2_990)
    joins = table.aggregator(Join(on="pose", expects=2_991, trigger=("recon",)))
    (result,) = joins.handle(bus_event("2025-07-15#pose#last#cam1", site="aa", sequence_number=1))
    assert (result.outcome, len(result.state.trigger_members)) == ("TRIGGERED", 2_991)


@pytest.mark.parametrize("command", ["joins", "sweep"])
def test_s025_the_commands_name_a_bad_manifest_in_one_line_and_list_the_rest(
    table: TableFixture, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typer_testing = pytest.importorskip("typer.testing", reason="the command needs the [cli] extra")
    from perception_events.cli.app import app

    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    table.put("2025-07-15#manifest_pose", site="a", members={"N": "2.5"})
    for site in "ab":
        table.aggregator(OVERDUE).handle(bus_event(POSE, site=site, sequence_number=1))
    arguments = [command, "--table", table.name, "--endpoint-url", table.server.endpoint_url]
    done = typer_testing.CliRunner().invoke(app, [*arguments, "--pipeline", f"{__name__}:pipeline"])
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    assert len([line for line in done.stderr.splitlines() if "2.5" in line]) <= 1
    assert {site for site in "ab" if f"{site}  " in done.stdout or f" {site}#" in done.stdout} == {"a", "b"}


# The workflow


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowFixture]:
    with workflow_fixture(monkeypatch) as made:
        yield made


def test_s023_s024_the_workflow_settles_the_other_groups_as_the_sweep_does(workflow: WorkflowFixture) -> None:
    never = replace(OVERDUE, policy=FallbackPolicy.ALERT)
    before = workflow.aggregator(never, age=timedelta(hours=2))
    manifests: dict[str, Any] = {"a": {"L": []}, "b": {"SS": ["sync001#cam1"]}, "c": {"L": [{"N": "1"}]}}
    for site, members in manifests.items():
        before.handle(bus_event(POSE, site=site, sequence_number=1))
        item = {"site": {"S": site}, "date#event_type": {"S": "2025-07-15#manifest_pose"}, "members": members}
        workflow.dynamodb.put_item(TableName=TABLE, Item=item)
    stored = workflow.dynamodb.scan(TableName=TABLE)["Items"]

    cause = workflow.run(never, page_size=1)
    assert cause is not None
    for site in "ac":
        assert f"problem: {site} 2025-07-15#join_pose: the manifest is neither" in cause
    triggered, alerted = workflow.written(), sorted(workflow.places("alert_"))
    assert {item["site"]["S"] for item in triggered.values()} == {"b"}
    assert {site for site, _ in alerted} == {"a", "c"}

    for item in workflow.dynamodb.scan(TableName=TABLE)["Items"]:
        key = {name: item[name] for name in ("site", "date#event_type")}
        workflow.dynamodb.delete_item(TableName=TABLE, Key=key)
    for item in stored:
        workflow.dynamodb.put_item(TableName=TABLE, Item=item)
    with pytest.raises(JoinFailuresError):
        workflow.aggregator(never).sweep()
    assert workflow.written().keys() == triggered.keys()
    assert sorted(workflow.places("alert_")) == alerted
