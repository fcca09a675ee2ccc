"""`TemplateSimulation`: assertions on a template that read as what they say, and fail with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perception_events.readers import ReadError
from perception_events.testing.templates import TemplateSimulation

pytest.importorskip("yaml", reason="YAML templates need PyYAML")

pytest_plugins = ["perception_events.pytest_plugin"]

TEMPLATE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "orders_template" / "template.yaml"


@pytest.fixture
def shop() -> TemplateSimulation:
    return TemplateSimulation(TEMPLATE)


def event(status: str) -> dict[str, Any]:
    return {"source": "orders", "detail-type": "Order changed", "detail": {"id": "1", "status": status}}


def test_assertions_hold_where_they_say_what_happened(shop: TemplateSimulation) -> None:
    result = shop.put_event(event("NEW"))
    result.assert_matched("NotifyFunctionNewOrder").assert_received(
        "NotifyFunction", {"id": "1", "status": "NEW"}, times=1
    )
    result.assert_not_matched("PaidOrdersRule", because="detail_type").assert_not_received("ShippingQueue")
    record = {"eventName": "INSERT", "dynamodb": {"Keys": {"id": {"S": "2"}}, "NewImage": {"status": {"S": "NEW"}}}}
    shop.put_record(record).assert_received("NotifyFunction")


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        (lambda result: result.assert_matched("PaidOrdersRule"), "PaidOrdersRule did not match: .*detail_type"),
        (lambda result: result.assert_not_matched("NotifyFunctionNewOrder"), "NotifyFunctionNewOrder matched"),
        (lambda result: result.assert_not_matched("PaidOrdersRule", because="source"), "not because of source"),
        (lambda result: result.assert_received("ShippingQueue"), "ShippingQueue received nothing"),
        (lambda result: result.assert_received("NotifyFunction", {"id": "9"}), "did not receive"),
        (lambda result: result.assert_received("NotifyFunction", times=2), "received 1 inputs, not 2"),
        (lambda result: result.assert_not_received("NotifyFunction"), "NotifyFunction received"),
    ],
)
def test_assertions_fail_with_the_reason(shop: TemplateSimulation, assertion: Any, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        assertion(shop.put_event(event("NEW")))


def test_a_template_that_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist"):
        TemplateSimulation(tmp_path / "none.yaml")


def test_the_fixture_makes_simulations(simulate_template: type[TemplateSimulation]) -> None:
    simulate_template(TEMPLATE, parameters={"Environment": "x"}).put_event(event("NEW")).assert_matched(
        "NotifyFunctionNewOrder"
    )
