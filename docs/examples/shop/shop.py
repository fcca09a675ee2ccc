"""A shop's orders: a table of one's own, an enrichment that makes numbers, rules with targets of three kinds."""

from __future__ import annotations

from typing import Any

from perception_events.classifiers import SegmentClassifier
from perception_events.pipeline import (
    BusSettings,
    EnrichmentSettings,
    Module,
    Pipeline,
    PipeSettings,
    RuleSettings,
    TableSettings,
)
from perception_events.topology import (
    Filter,
    InputTransformer,
    LogGroup,
    Pipe,
    Queue,
    RuleTarget,
    SourceParameters,
)

ORDERS = TableSettings(
    name="Orders",
    partition_key="tenant_id",
    sort_key="created#kind#order_id",
    status_attribute="state",
)


def add_amount(items: list[Any]) -> list[Any]:
    """Put the total, which DynamoDB sends as a string, into each item as a number that a rule can compare."""
    return [{**item, "amount": float(item["dynamodb"]["NewImage"]["total"]["N"])} for item in items]


def _paid(amount: list[Any]) -> dict[str, Any]:
    return {"detail": {"amount": amount, "dynamodb": {"NewImage": {"state": {"S": ["PAID"]}}}}}


pipeline = Pipeline(
    name="shop",
    table=ORDERS,
    pipe=PipeSettings(
        name="orders",
        filter_criteria=ORDERS.status_filters("PAID", "CANCELLED"),
        enrichment_input_template=None,
        source="shop.orders",
        detail_type="$.OrderKind",
        starting_position="TRIM_HORIZON",
        maximum_retry_attempts=5,
        maximum_record_age=3600,
        on_partial_batch_item_failure="AUTOMATIC_BISECT",
    ),
    bus=BusSettings(name="shop", schema_discovery=False),
    event_type_field="OrderKind",
    enrichment=EnrichmentSettings(add_amount, adds=("amount",)),
    modules=(Module("order", classifier=SegmentClassifier("order"), targets=("pack_order",)),),
    extra_rules=(
        RuleSettings("review-rule", _paid([{"numeric": [">=", 100]}]), ("review_order",)),
        RuleSettings(
            "ship-rule",
            _paid([{"numeric": [">", 0]}]),
            (
                RuleTarget(
                    "shipments",
                    "Shipments",
                    input_transformer=InputTransformer(
                        {"order": "$.detail.dynamodb.Keys.created#kind#order_id.S", "amount": "$.detail.amount"},
                        '{"order": <order>, "amount": <amount>}',
                    ),
                    parameters={"SqsParameters": {"MessageGroupId": "shipments"}},
                ),
            ),
        ),
        RuleSettings("audit-rule", {"source": ["shop.orders"]}, (RuleTarget("audit", "Audit"),)),
    ),
    resources=(
        Queue("Shipments", fifo=True, content_based_deduplication=True, visibility_timeout=180),
        LogGroup("Audit", name="/aws/events/shop", retention_days=90),
        Pipe(
            "ShipmentsPipe",
            name="shipments",
            source="Shipments",
            source_parameters=SourceParameters(batch_size=1),
            filters=(Filter({"body": {"amount": [{"numeric": ["<", 10_000]}]}}),),
            target="EventBus",
            target_input_template='{"order": <$.body.order>}',
            target_parameters={"EventBridgeEventBusParameters": {"Source": "shop.shipping", "DetailType": "Shipment"}},
        ),
    ),
)
