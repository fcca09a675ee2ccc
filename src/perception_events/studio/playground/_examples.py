"""What the playground begins with: a template, rules, a pattern, and events to try on them."""

from __future__ import annotations

from typing import Any

__all__ = ["EXAMPLES", "SAMPLES"]

_TEMPLATE = """\
# A template: CloudFormation or SAM. Paste your own here.
Resources:
  Orders:
    Type: AWS::Events::EventBus
    Properties: {Name: orders}

  Shipping:
    Type: AWS::SQS::Queue
    Properties: {QueueName: shipping}

  Alerts:
    Type: AWS::SQS::Queue
    Properties: {QueueName: alerts}

  PaidOrders:
    Type: AWS::Events::Rule
    Properties:
      Name: paid-orders
      EventBusName: !Ref Orders
      EventPattern:
        source: [shop]
        detail-type: [Order changed]
        detail: {status: [PAID]}
      Targets:
        - Id: shipping
          Arn: !GetAtt Shipping.Arn
          InputTransformer:
            InputPathsMap: {order: $.detail.id}
            InputTemplate: '{"ship": <order>}'

  LargeOrders:
    Type: AWS::Events::Rule
    Properties:
      Name: large-orders
      EventBusName: !Ref Orders
      EventPattern:
        source: [shop]
        detail: {total: [{numeric: ['>', 1000]}]}
      Targets:
        - {Id: alerts, Arn: !GetAtt Alerts.Arn}
"""
_RULES = """\
{
  "paid-orders": {
    "source": ["shop"],
    "detail": {"status": ["PAID"]}
  },
  "test-customers": {
    "source": ["shop"],
    "detail": {"customer": [{"wildcard": "test-*@example.com"}]}
  },
  "not-cancelled": {
    "source": [{"prefix": "sho"}],
    "detail": {"status": [{"anything-but": ["CANCELLED"]}]}
  }
}
"""
_PATTERN = """\
{
  "source": ["shop"],
  "detail": {
    "items": {"sku": ["A-1"], "count": [{"numeric": [">", 5]}]}
  }
}
"""

EXAMPLES: dict[str, str] = {"A template": _TEMPLATE, "Rules by name": _RULES, "One pattern": _PATTERN}
"""The texts by the names that the page shows."""


def _order(**detail: Any) -> dict[str, Any]:
    return {"source": "shop", "detail-type": "Order changed", "detail": {"id": "o-1", **detail}}


SAMPLES: dict[str, dict[str, Any]] = {
    "a paid order": _order(status="PAID", total=250, customer="ann@example.com"),
    "a large order": _order(status="NEW", total=2500, customer="test-1@example.com"),
    "the status in other case": _order(status="Paid", total=20),
    "fields in different elements of an array": _order(
        status="NEW", items=[{"sku": "A-1", "count": 1}, {"sku": "B-2", "count": 9}]
    ),
}
"""Events by the names that the page shows."""
