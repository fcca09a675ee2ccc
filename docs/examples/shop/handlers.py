"""The shop's Lambda functions: one name for each function of the declaration, in the zip as `handlers.py`."""

from __future__ import annotations

from shop import pipeline

from perception_events.lambdas import EventRouter, enrichment_handler, event_handler
from perception_events.lambdas.joins import join_handler
from perception_events.models import EventBridgeEvent, EventItem, StreamRecord

enrichment = enrichment_handler(pipeline)
collect_order = join_handler(pipeline)


class OrderItem(EventItem, names=pipeline.item_names):
    total: float


review_order = EventRouter(field=pipeline.event_type_field, key_names=("tenant_id", "created#kind#order_id"))


@review_order.on("order")
def review(order: OrderItem) -> str:
    print(f"review {order.key.segments[-1]} of {order.site}: {order.total}")
    return "reviewed"


@event_handler
def trigger_shipping(event: EventBridgeEvent[StreamRecord]) -> str:
    """The joins' trigger, delivered at least once: `trigger_id` is what makes its work happen once."""
    print(f"shipping {event.detail.dynamodb.new_values['trigger_id']}")
    return "started"


@event_handler
def alert_joins(event: EventBridgeEvent[StreamRecord]) -> str:
    print(f"not complete in time: {event.detail.dynamodb.new_values}")
    return "alerted"
