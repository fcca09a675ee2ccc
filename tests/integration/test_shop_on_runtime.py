"""The shop of `docs/shop.md` with its functions on the real Lambda runtime client and its joins in DynamoDB Local."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from docs.examples.shop.shop import pipeline

from perception_events.json_values import JSONValue
from perception_events.simulation import Simulation, SimulationResult
from perception_events.testing import RecordBuilder
from support.dynamodb_local import CREDENTIALS, DynamoDBLocal
from support.lambda_runtime import LambdaFunction, start_lambda

pytestmark = [pytest.mark.aws_parts, pytest.mark.java]

SHOP = Path(__file__).resolve().parents[2] / "docs" / "examples" / "shop" / "shop.py"
HANDLERS = """
from shop import pipeline
from perception_events.lambdas import EventRouter, enrichment_handler
from perception_events.lambdas.joins import join_handler, sweep_handler
from perception_events.models import EventItem


class OrderItem(EventItem, names=pipeline.item_names):
    total: float


enrichment = enrichment_handler(pipeline)
collect_order = join_handler(pipeline)
sweep = sweep_handler(pipeline)
review_order = EventRouter(field=pipeline.event_type_field, key_names=("tenant_id", "created#kind#order_id"))


@review_order.on("order")
def review(item: OrderItem) -> dict:
    return {"tenant": item.site, "order": item.key.segments[-1], "total": item.total, "status": item.status}
"""
ALERT = {
    "join": "ready",
    "site": "acme",
    "date": "-",
    "group": ["A18"],
    "outcome": "ALERTED",
    "missing": ["payment"],
    "triggers": [],
    "alerts": ["-#alert_ready#A18"],
    "problem": None,
}
ROWS = RecordBuilder(pipeline.names("dev").table, "tenant_id", "created#kind#order_id")


class AnsweringFunction(LambdaFunction):
    """One that keeps what it answered."""

    def __init__(self, runtime: Any) -> None:
        super().__init__(runtime)
        self.answers: list[JSONValue] = []

    def invoke(self, event: JSONValue) -> JSONValue:
        answer = super().invoke(event)
        self.answers.append(answer)
        return answer


def create_orders(server: DynamoDBLocal) -> str:
    name, table = pipeline.names("dev").table, pipeline.table
    keys = ((table.partition_key, "HASH"), (table.sort_key, "RANGE"))
    server.client().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
    )
    return name


def row(kind: str, created: str, total: str = "129.90", order: str = "A17") -> dict[str, Any]:
    return ROWS.insert("acme", f"{created}#{kind}#{order}", state="DONE", total={"N": total}, lines={"L": []})


def key_of(sort_key: str) -> dict[str, Any]:
    return {"tenant_id": {"S": "acme"}, "created#kind#order_id": {"S": sort_key}}


def details(result: SimulationResult) -> list[Any]:
    return [event["detail"] for event in result.events]


def test_an_order_and_its_payment_are_enriched_reviewed_joined_and_shipped(
    dynamodb_local: DynamoDBLocal, tmp_path: Path
) -> None:
    table = create_orders(dynamodb_local)
    shutil.copy(SHOP, tmp_path)
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    environment = {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_local.endpoint_url,
        "PERCEPTION_EVENTS_ENV": "dev",
    }
    with ExitStack() as running:

        def function(handler: str) -> AnsweringFunction:
            started = start_lambda(f"handlers.{handler}", tmp_path, environment=environment)
            return AnsweringFunction(running.enter_context(started)[0])

        enrichment, collect, review = (function(name) for name in ("enrichment", "collect_order", "review_order"))
        simulation = Simulation(
            pipeline.topology("dev"),
            functions={
                "EnrichmentFunction": enrichment,
                "CollectOrderFunction": collect,
                "ReviewOrderFunction": review,
            },
        )
        ordered = simulation.put_record(row("order", "2026-02-03T10:11:12Z"), "EventTable.stream")
        assert ordered.failures == ()
        [detail] = details(ordered)
        assert (detail["amount"], detail["order"]) == (129.9, "A17")
        assert review.answers == [{"tenant": "acme", "order": "A17", "total": 129.9, "status": "COMPLETED"}]
        paid = simulation.put_record(row("payment", "2026-02-03T10:15:00Z", "9.90"), "EventTable.stream")
        assert paid.failures == ()
        assert len(review.answers) == 1

        key = key_of("-#trigger_shipping#A17")
        item = dynamodb_local.client().get_item(TableName=table, Key=key)["Item"]
        assert item["state"] == {"S": "DONE"}
        again = simulation.put_record(row("payment", "2026-02-03T10:15:00Z", "9.90"), "EventTable.stream")
        assert again.failures == ()
        # An order whose payment never comes: its deadline is moved into the past, and the sweep's function alerts.
        late = simulation.put_record(row("order", "2026-02-03T11:00:00Z", order="A18"), "EventTable.stream")
        assert late.failures == ()
        overdue = {":due": {"S": "2026-02-03T11:00:01Z"}}
        change = {"UpdateExpression": "SET due_at = :due", "ExpressionAttributeValues": overdue}
        dynamodb_local.client().update_item(TableName=table, Key=key_of("-#join_ready#A18"), **change)
        sweep = function("sweep")
        swept = sweep.invoke({"source": "aws.scheduler"})
        assert swept == {"triggered": [], "alerted": [ALERT], "looked_at": 1}
        assert sweep.invoke({}) == {"triggered": [], "alerted": [], "looked_at": 1}
        alert = dynamodb_local.client().get_item(TableName=table, Key=key_of("-#alert_ready#A18"))["Item"]
        assert (alert["state"], alert["missing"]) == ({"S": "DONE"}, {"SS": ["payment"]})

        shipping = ROWS.insert(
            "acme", "-#trigger_shipping#A17", **{name: item[name] for name in item if name not in key}
        )
        shipped = simulation.put_record(shipping, "EventTable.stream")
        assert shipped.inputs_of("Shipments") == [{"order": "A17"}]
        assert [event["detail-type"] for event in shipped.events] == ["trigger_shipping", "Shipment"]
