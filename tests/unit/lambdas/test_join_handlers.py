"""The Lambda shims of aggregation over a table on moto: an event in, a row out, and the sweep's tally."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import FallbackPolicy, InvalidMemberEventError, Join
from perception_events.item_names import ItemNames
from perception_events.lambdas.environment import MissingEnvironmentError
from perception_events.lambdas.joins import join_handler, sweep_handler
from perception_events.pipeline import Module, Pipeline, TableSettings
from perception_events.sort_keys import KeyFormat
from support.joins import CAMERAS, bus_event, stream_record
from support.moto_dynamodb import REGION, create_table, moto_client

pytestmark = pytest.mark.aws_parts
JOIN = Join(on="pose", group_by=("site", "date", "sync"), expects=CAMERAS, trigger=("recon",))
PIPELINE = Pipeline(modules=(Module("pose", targets=("aggregate_pose",), joins=(JOIN,)), Module("recon")))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with moto_client(monkeypatch) as client:
        create_table(client, "PerceptionPipelineEvents-dev")
        yield client


def test_an_event_in_a_row_out(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    handler = join_handler(PIPELINE, "dev")  # makes its own client, at the first event
    caplog.set_level(logging.INFO, "perception_events.joins")
    for camera in CAMERAS[:2]:
        handler(bus_event(f"2025-07-15#pose#sync001#{camera}"), None)
    answer = handler([stream_record("2025-07-15#pose#sync001#cam3")], None)
    assert json.loads(json.dumps(answer)) == {
        "results": [
            {
                "join": "pose",
                "site": "haemoro_1x2",
                "date": "2025-07-15",
                "group": ["sync001"],
                "outcome": "TRIGGERED",
                "missing": [],
                "triggers": ["2025-07-15#trigger_recon#sync001"],
                "alerts": [],
                "problem": None,
            }
        ]
    }
    assert caplog.messages[-1] == "join haemoro_1x2#2025-07-15#pose#sync001: TRIGGERED"
    key = {"site": {"S": "haemoro_1x2"}, "date#event_type": {"S": "2025-07-15#trigger_recon#sync001"}}
    item = client.get_item(TableName="PerceptionPipelineEvents-dev", Key=key)["Item"]
    assert item["status"] == {"S": "COMPLETED"}
    assert item["trigger_id"] == {"S": "haemoro_1x2#2025-07-15#trigger_recon#sync001"}


def test_the_environment_is_the_functions_own(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (join_handler, sweep_handler):
        handler = make(PIPELINE, client=client)
        monkeypatch.delenv("PERCEPTION_EVENTS_ENV", raising=False)
        with pytest.raises(MissingEnvironmentError, match="set the function's variable PERCEPTION_EVENTS_ENV"):
            handler(bus_event("2025-07-15#pose#sync001#cam1"), None)
        monkeypatch.setenv("PERCEPTION_EVENTS_ENV", "dev")
        handler(bus_event("2025-07-15#pose#sync001#cam1"), None)


@pytest.mark.parametrize("key_format", [KeyFormat("created", dated=False), KeyFormat(None)])
def test_a_table_of_other_keys_is_joined_by_order(client: Any, key_format: KeyFormat) -> None:
    table = TableSettings(
        name="Orders",
        partition_key="tenant_id",
        sort_key="sk",
        status_attribute="state",
        done=("PAID",),
        key_format=key_format,
    )
    create_table(client, "Orders-dev", ItemNames("tenant_id", "sk"))
    join = Join(("order", "payment"), ("tenant_id", "order_id"), trigger=("shipping",), name="ready")
    pipeline = Pipeline(
        (
            Module("order", targets=("a",), parts=("order_id",), joins=(join,)),
            Module("payment", targets=("a",), parts=("order_id",)),
            Module("shipping"),
        ),
        table=table,
        entries=("order", "payment"),
    )
    handler = join_handler(pipeline, "dev", client=client)
    prefix = "" if key_format.prefix is None else "T1#"
    outcomes = []
    for at, kind in enumerate(("order", "order", "payment")):
        item = {"tenant_id": {"S": "acme"}, "sk": {"S": f"{prefix}{kind}#A17"}, "state": {"S": "PAID"}}
        event: Any = {"detail": {"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": str(at)}}}
        answer: Any = handler(event, None)
        outcomes.append(answer["results"][0]["outcome"])
    assert outcomes == ["RECORDED", "RECORDED", "TRIGGERED"]
    trigger = "trigger_shipping#A17" if key_format.prefix is None else "-#trigger_shipping#A17"
    key = {"tenant_id": {"S": "acme"}, "sk": {"S": trigger}}
    assert client.get_item(TableName="Orders-dev", Key=key)["Item"]["state"] == {"S": "PAID"}
    assert pipeline.registry.classify(trigger) == "trigger_shipping"
    swept: Any = sweep_handler(pipeline, "dev", client=client)({}, None)
    assert swept["looked_at"] == 0


def test_what_can_never_succeed_is_told_apart(client: Any) -> None:
    with pytest.raises(InvalidMemberEventError):
        join_handler(PIPELINE, "dev", client=client)({"detail": {}}, None)


def test_the_sweep_tallies(client: Any) -> None:
    due = replace(JOIN, deadline=timedelta(microseconds=1), policy=FallbackPolicy.TRIGGER)
    alerting = Join(
        on="recon", expects=2, trigger=("reid",), deadline=timedelta(microseconds=1), policy=FallbackPolicy.ALERT
    )
    waiting = Join(on="reid", expects=2, trigger=("end",))
    pipeline = Pipeline(
        modules=(
            Module("pose", targets=("a",), joins=(due,)),
            Module("recon", targets=("a",), joins=(alerting,)),
            Module("reid", targets=("a",), joins=(waiting,)),
            Module("end"),
        )
    )
    handler = join_handler(pipeline, "dev", client=client)
    for sort_key in ("2025-07-15#pose#sync001#cam1", "2025-07-15#recon#sync001", "2025-07-15#reid"):
        handler(bus_event(sort_key), None)
    answer: Any = sweep_handler(pipeline, "dev", client=client)({}, None)
    assert [row["triggers"] for row in answer["triggered"]] == [["2025-07-15#trigger_recon#sync001"]]
    assert [row["alerts"] for row in answer["alerted"]] == [["2025-07-15#alert_recon"]]
    assert answer["looked_at"] == 3
