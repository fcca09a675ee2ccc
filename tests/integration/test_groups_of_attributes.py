"""Joins by attributes of the items: their handlers on DynamoDB Local, and the fallback's workflow beside the sweep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import Aggregator, FallbackPolicy, ItemAttribute, Join, Manifest
from perception_events.aws.join_store import DynamoDBJoinStore
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from perception_events.lambdas.joins import join_handler, sweep_handler
from perception_events.pipeline import Module, Pipeline
from perception_events.testing import RecordBuilder
from support.dynamodb_local import DynamoDBLocal
from support.workflow_fixture import WorkflowFixture, workflow_fixture

pytestmark = pytest.mark.aws_parts

BY_CUSTOMER = Join(
    on="parcel",
    group_by=(ItemAttribute("customer", "id"),),
    expects={"north#p1", "south#p1"},
    trigger=("invoice",),
    deadline=timedelta(hours=1),
    policy=FallbackPolicy.TRIGGER,
)
PIPELINE = Pipeline(
    modules=(
        Module("parcel", targets=("aggregate_parcel",), joins=(BY_CUSTOMER,), parts=("parcel",)),
        Module("invoice"),
    )
)
ROWS = RecordBuilder()
WORDS = ["C17", "C#18", "1%23", "50%"]


def parcel(site: str, customer: Any, before: Any = None) -> JSONObject:
    values = {"status": "COMPLETED", "customer": {"M": {"id": customer}}}
    if before is None:
        record = ROWS.insert(site, "2025-07-15#parcel#p1", **values)
    else:
        old = {**values, "customer": {"M": {"id": before}}}
        record = ROWS.modify(site, "2025-07-15#parcel#p1", old, **values)
    return {"detail": record}


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowFixture]:
    with workflow_fixture(monkeypatch) as fixture:
        yield fixture


@pytest.mark.java
def test_handlers_join_by_an_attribute_across_partitions_of_the_table(dynamodb_local: DynamoDBLocal) -> None:
    client, table = dynamodb_local.client(), dynamodb_local.create_event_table()
    handler = join_handler(PIPELINE, "dev", client=client, table=table)
    sweep = sweep_handler(PIPELINE, "dev", client=client, table=table)
    [opened] = results(handler(parcel("north", {"N": "17.0"}), None))
    assert (opened["site"], opened["date"], opened["group"], opened["missing"]) == ("-", "-", ["17"], ["south#p1"])
    [came] = results(handler(parcel("south", {"S": "C#18"}), None))
    assert came["outcome"] == "RECORDED"
    left, joined = results(handler(parcel("south", {"N": "17"}, before={"S": "C#18"}), None))
    assert (left["group"], left["outcome"]) == (["C#18"], "WITHDRAWN")
    assert (joined["group"], joined["triggers"]) == (["17"], ["-#trigger_invoice#17"])
    trigger = client.get_item(
        TableName=table, Key={"site": {"S": "-"}, "date#event_type": {"S": "-#trigger_invoice#17"}}
    )["Item"]
    assert trigger["group"] == {"M": {"customer.id": {"S": "17"}}}
    assert sweep({}, None) == {"triggered": [], "alerted": [], "looked_at": 1}

    late = Aggregator(PIPELINE.joins, DynamoDBJoinStore(client, table), clock=ManualClock(time.time() + 7200))
    assert late.sweep() == []  # nobody is in the only open group
    handler(parcel("east", {"S": "C#18"}), None)
    assert [result.triggers for result in late.sweep()] == [("-#trigger_invoice#C%2318",)]
    assert [(r.state.key.parts, r.status.value) for r in late.reports(site="-", date="-")] == [
        (("17",), "TRIGGERED"),
        (("C#18",), "TRIGGERED"),
    ]


def test_the_workflow_settles_groups_of_attributes_as_the_sweep_does(workflow: WorkflowFixture) -> None:
    joins = workflow.aggregator(BY_CUSTOMER, age=timedelta(hours=2))
    for word in WORDS:
        joins.handle(parcel("north", {"S": word}))
    assert workflow.run(BY_CUSTOMER) is None
    by_workflow = workflow.written()
    assert sorted(item["group"]["M"]["customer.id"]["S"] for item in by_workflow.values()) == sorted(WORDS)
    assert "-#trigger_invoice#C%2318" in by_workflow
    due = Aggregator([BY_CUSTOMER], workflow.store, clock=ManualClock(time.time() + 7200))
    for report in list(due.reports(site="-", date="-")):
        due.rerun(report.state.key, keep_members=True)
    assert len(due.sweep()) == 0  # their deadline counts from the new run
    assert len(Aggregator([BY_CUSTOMER], workflow.store, clock=ManualClock(time.time() + 20_000)).sweep()) == 4
    by_sweep = workflow.written()
    for key, item in by_workflow.items():
        assert by_sweep[f"{key}#run2"]["group"] == item["group"]


def test_the_workflow_reads_the_manifest_of_a_value(workflow: WorkflowFixture) -> None:
    attribute = ItemAttribute("customer", "id")
    join = replace(
        BY_CUSTOMER, expects=Manifest("packing_list", group_by=(attribute,)), deadline=None, policy=FallbackPolicy.WAIT
    )
    live = workflow.aggregator(join)
    live.handle(parcel("north", {"S": "C#18"}))
    live.handle(parcel("north", {"S": "C17"}))
    key = {"site": {"S": "-"}, "date#event_type": {"S": "-#packing_list#C%2318"}}
    workflow.dynamodb.put_item(TableName="PerceptionPipelineEvents-dev", Item={**key, "members": {"SS": ["north#p1"]}})
    assert workflow.run(join) is None
    assert sorted(workflow.written()) == ["-#trigger_invoice#C%2318"]


def results(response: Any) -> list[Any]:
    return list(response["results"])
