"""Tests of the rule in `before.yaml`, run by `perception-events mutate --tests` in docs/changes.md."""

from pathlib import Path

from perception_events.testing.templates import TemplateResult, TemplateSimulation

TEMPLATE = Path(__file__).with_name("before.yaml")


def put(state: str, total: int, source: str = "orders") -> TemplateResult:
    """Put an order on the bus of the template."""
    event = {"source": source, "detail-type": "Order", "detail": {"id": "o-4", "state": state, "total": total}}
    return TemplateSimulation(TEMPLATE).put_event(event, "orders")


def test_an_order_of_just_100_is_not_large() -> None:
    put("PAID", 100).assert_not_received("ShippingQueue")


def test_an_order_that_is_partly_paid_is_not_shipped() -> None:
    put("PAID-IN-PART", 250).assert_not_received("ShippingQueue")
