"""A shop's orders: a table of its own keys, an enrichment that makes numbers, other targets, a join per order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from perception_events.aggregation import FallbackPolicy, Join
from perception_events.pipeline import (
    BusSettings,
    EnrichmentSettings,
    Module,
    Pipeline,
    PipeSettings,
    RuleSettings,
    TableSettings,
)
from perception_events.sort_keys import KeyFormat
from perception_events.topology import Filter, InputTransformer, LogGroup, Pipe, Queue, RuleTarget, SourceParameters

ORDERS = TableSettings(
    name="Orders",
    partition_key="tenant_id",
    sort_key="created#kind#order_id",
    key_format=KeyFormat("created", dated=False),
    status_attribute="state",
    done=("DONE",),
)


def add_numbers(items: list[Any]) -> list[Any]:
    """Add what rules compare: the order's id, its total as a number, how many lines it has."""
    return [item | _numbers(item["dynamodb"]["NewImage"]) for item in items]


def _numbers(image: dict[str, Any]) -> dict[str, Any]:
    order = image["created#kind#order_id"]["S"].split("#")[-1]
    total, lines = image.get("total", {"N": "0"}), image.get("lines", {"L": []})
    return {"order": order, "amount": float(total["N"]), "lines": len(lines["L"])}


READY = Join(
    on=("order", "payment"),
    group_by=("tenant_id", "order_id"),
    trigger=("shipping",),
    name="ready",
    deadline=timedelta(days=2),
    policy=FallbackPolicy.ALERT,
)

SHIPMENT = InputTransformer({"order": "$.detail.order"}, '{"order": <order>}')

pipeline = Pipeline(
    name="shop",
    table=ORDERS,
    pipe=PipeSettings(
        name="orders",
        filter_criteria=ORDERS.status_filters("DONE"),
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
    enrichment=EnrichmentSettings(add_numbers, adds=("order", "amount", "lines")),
    modules=(
        Module("order", targets=("collect_order",), parts=("order_id",), joins=(READY,)),
        Module("payment", targets=("collect_order",), parts=("order_id",)),
        Module("shipping"),
    ),
    entries=("order", "payment"),
    extra_rules=(
        RuleSettings("review-rule", {"detail": {"amount": [{"numeric": [">=", 100]}]}}, ("review_order",)),
        RuleSettings(
            "ship-rule",
            {"detail": {"OrderKind": ["trigger_shipping"]}},
            (
                RuleTarget(
                    "shipments",
                    "Shipments",
                    input_transformer=SHIPMENT,
                    parameters={"SqsParameters": {"MessageGroupId": "shipments"}},
                ),
            ),
        ),
        RuleSettings("audit-rule", {"source": [{"prefix": "shop."}]}, (RuleTarget("audit", "Audit"),)),
    ),
    resources=(
        Queue(
            "Shipments",
            fifo=True,
            content_based_deduplication=True,
            visibility_timeout=180,
            dead_letter_queue="Lost",
            max_receive_count=5,
        ),
        Queue("Lost", fifo=True, retention=1_209_600),
        LogGroup("Audit", name="/aws/events/shop", retention_days=90),
        Pipe(
            "ShipmentsPipe",
            name="shipments",
            source="Shipments",
            source_parameters=SourceParameters(batch_size=1),
            filters=(Filter({"body": {"order": [{"exists": True}]}}),),
            target="EventBus",
            target_input_template='{"order": <$.body.order>}',
            target_parameters={"EventBridgeEventBusParameters": {"Source": "shop.shipping", "DetailType": "Shipment"}},
        ),
    ),
)
