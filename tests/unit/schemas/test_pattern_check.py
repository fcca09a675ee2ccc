"""Patterns against schemas: each finding is one that a user would want, and none where an event could match."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.patterns import Dialect, EventPattern
from perception_events.schemas import (
    ANYTHING,
    NOTHING,
    Array,
    Boolean,
    EventSchema,
    FindingKind,
    Null,
    Number,
    Object,
    PatternChecker,
    Property,
    Reference,
    String,
    Union,
    aws_catalogue,
    can_match,
    check_pattern,
    check_rules,
    discover,
    union_of,
)

ITEM = Object((Property("sku", String()), Property("count", Number(integer=True, minimum=1))))
ORDER = EventSchema.of_detail(
    "shop.orders",
    "Order Placed",
    Object(
        (
            Property("order-id", String()),
            Property("status", String(values=("PAID", "PLACED", "SHIPPED"))),
            Property("total", Number()),
            Property("gift", Boolean()),
            Property("note", Union((String(), Null())), required=False),
            Property("items", Array(ITEM)),
            Property("customer", Object((Property("address", Object((Property("city", String()),))),))),
            Property("labels", Object(additional=String()), required=False),
            Property("extra", ANYTHING, required=False),
            Property("seen", Array(NOTHING), required=False),
            Property("dotted.name", String(), required=False),
        )
    ),
)
USER = EventSchema.of_detail("shop.users", "User Created", Object((Property("email", String(format="email")),)))


def pattern(detail: Any = None, **event: Any) -> EventPattern:
    event = {"source": ["shop.orders"], **{name.replace("_", "-"): value for name, value in event.items()}}
    return EventPattern.parse({**event, "detail": detail} if detail is not None else event)


def found(detail: Any) -> list[tuple[str, str, str | None]]:
    findings = check_pattern(pattern(detail), [ORDER, USER])
    return [
        (finding.kind.value, finding.path, finding.suggestion)
        for finding in findings
        if finding.kind is not FindingKind.CANNOT_MATCH
    ]


@pytest.mark.parametrize(
    "detail",
    [
        {"order-id": ["x"]},
        {"status": ["PAID", {"prefix": "S"}]},
        {"status": [{"anything-but": ["PAID", "PLACED"]}]},
        {"total": [{"numeric": [">", 5]}]},
        {"gift": [True]},
        {"note": [None]},
        {"note": [{"exists": False}]},
        {"items": {"sku": [{"wildcard": "a*b"}], "count": [3, {"numeric": [">=", 1]}]}},
        {"items": {"sku": [{"exists": False}]}},  # the array may be empty
        {"labels": {"anything": ["x"]}},
        {"extra": {"deep": {"er": [1]}}},
        {"extra": [{"exists": False}]},
        {"seen": {"x": [1]}},
        {"dotted.name": ["x"]},
        {"total": [{"cidr": "10.0.0.0/8"}]},
        {"$or": [{"order-id": ["x"]}, {"gift": [False]}]},
    ],
)
def test_a_pattern_that_an_event_can_match_has_no_findings(detail: dict[str, Any]) -> None:
    assert found(detail) == []


@pytest.mark.parametrize(
    ("detail", "kind", "path", "suggestion"),
    [
        ({"statu": ["PAID"]}, "unknown-field", "detail.statu", "detail.status"),
        ({"orderId": ["x"]}, "unknown-field", "detail.orderId", "detail.order-id"),
        ({"city": ["x"]}, "unknown-field", "detail.city", "detail.customer.address.city"),
        ({"items": {"skus": ["x"]}}, "unknown-field", "detail.items.skus", "detail.items.sku"),
        ({"status": {"code": ["x"]}}, "unknown-field", "detail.status.code", None),
        ({"statu": [{"exists": False}]}, "unknown-field", "detail.statu", "detail.status"),
        ({"status": ["paid"]}, "value-not-allowed", "detail.status", '"PAID"'),
        ({"status": ["PAID", "SHIPED"]}, "value-not-allowed", "detail.status", '"SHIPPED"'),
        ({"status": [{"prefix": "X"}]}, "value-not-allowed", "detail.status", None),
        ({"status": [{"anything-but": ["PAID", "PLACED", "SHIPPED"]}]}, "value-not-allowed", "detail.status", None),
        ({"items": {"count": [{"numeric": ["<", 1]}]}}, "value-not-allowed", "detail.items.count", None),
        ({"items": {"count": [{"numeric": [">", 1, "<", 2]}]}}, "value-not-allowed", "detail.items.count", None),
        ({"items": {"count": [2.5]}}, "value-not-allowed", "detail.items.count", None),
        ({"total": ["5"]}, "wrong-type", "detail.total", "5"),
        ({"order-id": [5]}, "wrong-type", "detail.order-id", '"5"'),
        ({"gift": ["true"]}, "wrong-type", "detail.gift", "true"),
        ({"order-id": [None]}, "wrong-type", "detail.order-id", None),
        ({"order-id": [{"numeric": [">", 5]}]}, "operator-never-matches", "detail.order-id", None),
        ({"total": [{"prefix": "5"}]}, "operator-never-matches", "detail.total", None),
        ({"gift": [{"exists": False}]}, "operator-never-matches", "detail.gift", None),
        ({"customer": [{"exists": True}]}, "operator-never-matches", "detail.customer", None),
    ],
)
def test_what_no_event_can_match_is_found(detail: dict[str, Any], kind: str, path: str, suggestion: str | None) -> None:
    assert found(detail) == [(kind, path, suggestion)]


def test_a_value_beside_one_that_can_match_does_not_stop_the_rule() -> None:
    kinds = [finding.kind for finding in check_pattern(pattern({"status": ["PAID", "SHIPED"]}), [ORDER])]
    assert kinds == [FindingKind.VALUE_NOT_ALLOWED]


def test_a_rule_that_no_event_can_match_names_the_field_to_blame() -> None:
    (_, finding) = check_pattern(pattern({"order-id": ["x"], "total": ["5"]}), [ORDER, USER])
    assert (finding.kind, finding.path, finding.schemas) == (
        FindingKind.CANNOT_MATCH,
        "detail.total",
        ("shop.orders@OrderPlaced",),
    )
    assert finding.message == "no event of shop.orders@OrderPlaced can match: detail.total never does"


def test_every_branch_of_or_must_fail_before_a_rule_cannot_match() -> None:
    one = pattern({"$or": [{"total": ["5"]}, {"gift": [True]}]})
    assert [finding.kind for finding in check_pattern(one, [ORDER])] == [FindingKind.WRONG_TYPE]
    assert can_match(one, ORDER).verdict is True
    both = pattern({"$or": [{"total": ["5"]}, {"gift": ["x"]}]})
    assert can_match(both, ORDER).blamed == (("detail.total",), ("detail.gift",))


@pytest.mark.parametrize(
    ("event", "path", "suggestion"),
    [
        ({"source": ["shop.order"]}, "source", '"shop.orders"'),
        ({"source": ["elsewhere"]}, "source", None),
        ({"detail_type": ["Order Place"]}, "detail-type", '"Order Placed"'),
        ({"detail_type": ["order placed"]}, "detail-type", '"Order Placed"'),
        ({"detail_type": ["User Created"]}, "detail-type", None),  # not of this source
    ],
)
def test_an_event_that_no_schema_has_is_found(event: dict[str, Any], path: str, suggestion: str | None) -> None:
    (finding,) = check_pattern(pattern(**event), [ORDER, USER])
    assert (finding.kind, finding.path, finding.suggestion) == (FindingKind.UNKNOWN_EVENT, path, suggestion)


def test_a_field_of_one_of_several_events_is_enough() -> None:
    either = EventPattern.parse({"source": [{"prefix": "shop."}], "detail": {"email": [{"suffix": ".com"}]}})
    assert check_pattern(either, [ORDER, USER]) == ()


def test_beside_events_that_have_no_schema_only_known_events_are_checked() -> None:
    checker = PatternChecker(aws_catalogue().values(), complete=False)
    for mine in ({"detail": {"x": [1]}}, {"source": ["mine"], "detail": {"x": [1]}}, {"source": ["aws.es"]}):
        assert checker.check(EventPattern.parse(mine)) == ()
    (finding,) = checker.check(
        EventPattern.parse({"source": ["aws.ec2"], "detail-type": ["C2 Instance State-change Notification"]})
    )
    assert finding.suggestion == '"EC2 Instance State-change Notification"'
    call = {"source": ["aws.s3"], "detail-type": ["AWS API Call via CloudTrail"]}
    assert checker.check(EventPattern.parse({**call, "detail": {"requestParameters": {"anyOf": ["x"]}}})) == ()


def test_rules_are_checked_together_with_the_events_that_none_takes() -> None:
    rules = {"orders": pattern({"total": ["5"]}), "paid": pattern({"status": ["PAID"]})}
    findings = check_rules(rules, [ORDER, USER])
    assert [(finding.rule, finding.kind) for finding in findings] == [
        ("orders", FindingKind.WRONG_TYPE),
        ("orders", FindingKind.CANNOT_MATCH),
        ("", FindingKind.NOT_TAKEN),
    ]
    assert findings[-1].message == "no rule takes 'User Created' of shop.users"


def test_recursive_schemas_are_followed() -> None:
    node = Object((Property("name", String()), Property("child", Reference("Node"), required=False)))
    schema = EventSchema.of_detail("shop.orders", "Tree", Reference("Node"), {"Node": node})
    assert check_pattern(pattern({"child": {"child": {"name": ["x"]}}}), [schema]) == ()
    (finding, _) = check_pattern(pattern({"child": {"child": {"nam": ["x"]}}}), [schema])
    assert finding.suggestion == "detail.child.child.name"


def test_filters_are_checked_against_stream_records() -> None:
    records = [
        {"eventName": name, "dynamodb": {"NewImage": {"status": {"S": "DONE"}, "count": {"N": "5"}}}}
        for name in ("INSERT", "MODIFY") * 10
    ]
    schemas = discover(records)

    def filter(source: Any) -> list[str]:
        return [each.message for each in check_pattern(EventPattern.parse(source, dialect=Dialect.PIPE), schemas)]

    good = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["DONE"]}, "count": {"N": ["5"]}}}}
    assert filter(good) == []
    (message, _) = filter({"eventName": ["UPDATE"]})
    assert message == "eventName is one of 'INSERT', 'MODIFY' in aws:dynamodb@StreamRecord, so \"UPDATE\" never matches"
    (message, _) = filter({"dynamodb": {"NewImage": {"count": {"N": [5]}}}})
    assert message.endswith('5 is a number, so it never matches; did you mean "5"?')
    (message, _) = filter({"dynamodb": {"NewImage": {"status": ["DONE"]}}})
    assert message.endswith("is an object in aws:dynamodb@StreamRecord: a pattern names its fields")


def test_without_schemas_there_are_no_findings() -> None:
    assert check_pattern(pattern({"x": [1]}), []) == ()


def test_under_a_service_of_aws_other_events_may_come_than_those_that_are_known() -> None:
    checker = PatternChecker([aws_catalogue()["aws.ec2", "EC2 Instance State-change Notification"]], complete=False)
    call = EventPattern.parse({"source": ["aws.ec2"], "detail": {"eventName": ["CreateRoute"]}})
    assert checker.check(call) == ()
    named = {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]}
    misspelt = EventPattern.parse({**named, "detail": {"instance_id": ["i-1"]}})
    assert [str(one.kind) for one in checker.check(misspelt)] == ["unknown-field", "cannot-match"]


def test_a_source_that_only_resembles_another_is_another() -> None:
    schema = EventSchema.of_detail("my-cdk-application", "Order", Object())
    checker = PatternChecker([schema], complete=False)
    assert checker.check(EventPattern.parse({"source": ["my-application"]})) == ()
    (found,) = checker.check(EventPattern.parse({"source": ["my-cdk-aplication"]}))
    assert found.suggestion == '"my-cdk-application"'


CARD = Object((Property("kind", String(values=("card",))), Property("number", String(pattern="^[0-9]{16}$"))))
CASH = Object((Property("kind", String(values=("cash",))), Property("amount", Number(minimum=0))))
PAYMENT = EventSchema.of_detail(
    "shop.orders",
    "Paid",
    Object(
        (
            Property("by", union_of([CARD, CASH])),
            Property("parts", Array(union_of([CARD, CASH]), max_items=5)),
            Property("day", String(format="date")),
        )
    ),
)


@pytest.mark.parametrize(
    ("detail", "blamed"),
    [
        ({"by": {"kind": ["card"], "amount": [1]}}, [("detail.by.amount", "detail.by.kind")]),
        ({"by": {"kind": ["card"], "number": [{"exists": False}]}}, [("detail.by.kind", "detail.by.number")]),
        ({"parts": {"kind": ["cash"], "number": [{"prefix": "4"}]}}, [("detail.parts.kind", "detail.parts.number")]),
        ({"by": {"number": [{"prefix": "4x"}]}}, [("detail.by.number",)]),
        ({"by": {"number": [{"anything-but": {"wildcard": "*"}}]}}, [("detail.by.number",)]),
        ({"day": [{"prefix": "2025-13"}]}, [("detail.day",)]),
        (
            {"day": [{"exists": True}], "$or": [{"by": {"kind": ["card"], "amount": [1]}}, {"by": {"kind": ["x"]}}]},
            [("detail.by.amount", "detail.by.kind"), ("detail.by.kind",)],
        ),
    ],
)
def test_fields_that_never_match_together_are_blamed_together(detail: dict[str, Any], blamed: list[Any]) -> None:
    answer = can_match(pattern(detail), PAYMENT)
    assert (answer.verdict, answer.event, list(answer.blamed)) == (False, None, blamed)


@pytest.mark.parametrize(
    "detail",
    [
        {"by": {"kind": ["cash"], "amount": [{"numeric": [">", 0, "<", 0.001]}]}},
        {"by": {"kind": ["card"], "number": [{"wildcard": "4*2"}], "amount": [{"exists": False}]}},
        {"by": {"kind": ["card"]}, "parts": {"kind": ["cash"], "amount": [5]}},
        {
            "day": [{"suffix": "-02-29"}],
            "$or": [{"by": {"amount": ["x"]}}, {"by": {"kind": [{"anything-but": "cash"}]}}],
        },
    ],
)
def test_a_pattern_that_can_match_is_shown_by_a_valid_event(detail: dict[str, Any]) -> None:
    answer = can_match(pattern(detail), PAYMENT, seed=3)
    assert answer.verdict is True
    assert answer.event is not None
    assert pattern(detail).matches(answer.event)
    assert PAYMENT.violations(answer.event) == []


def test_fields_of_a_rule_that_never_match_together_are_named_in_the_finding() -> None:
    (finding,) = check_pattern(pattern({"by": {"kind": ["card"], "amount": [1]}}), [PAYMENT])
    assert (finding.kind, finding.fields) == (FindingKind.CANNOT_MATCH, ("detail.by.amount", "detail.by.kind"))
    assert finding.message == (
        "no event of shop.orders@Paid can match: detail.by.amount and detail.by.kind never do together"
    )
    (finding,) = check_rules({"rule": pattern({"by": {"kind": ["card"], "amount": [1]}})}, [PAYMENT])[1:]
    assert finding.kind is FindingKind.NOT_TAKEN


def test_each_schema_has_its_own_fields_to_blame() -> None:
    either = EventPattern.parse({"source": ["shop.orders"], "detail": {"total": [1], "day": ["2025-07-15"]}})
    (finding,) = check_pattern(either, [ORDER, PAYMENT])
    assert finding.message == (
        "no event of shop.orders@OrderPlaced, shop.orders@Paid can match: "
        "detail.day never does in shop.orders@OrderPlaced; detail.total never does in shop.orders@Paid"
    )


def test_what_cannot_be_decided_is_said_and_is_no_finding() -> None:
    hard = EventSchema.of_detail("shop.orders", "Hard", Object((Property("a", String(pattern="(?=a)")),)))
    undecided = pattern({"a": [{"prefix": "b"}]})
    answer = can_match(undecided, hard)
    assert (answer.verdict, answer.blamed) == (None, ())
    assert answer.reason == 'no text was found that {"prefix":"b"} takes and the schema allows'
    assert check_pattern(undecided, [hard]) == ()
    with pytest.raises(TypeError, match="compare its verdict"):
        bool(answer)


@pytest.mark.parametrize(("count", "said"), [(1, " (learnt from 1 event)"), (2, " (learnt from 2 events)"), (10, "")])
def test_a_finding_says_where_its_schema_was_learnt_from_few_events(count: int, said: str) -> None:
    (schema,) = discover([{"source": "shop", "detail-type": "Order", "detail": {"status": "PAID"}}] * count)
    pattern = EventPattern.parse({"source": ["shop"], "detail": {"stats": ["PAID"]}})
    field, rule = check_pattern(pattern, [schema])
    assert field.message == f"detail.stats is in no event of shop@Order{said}; did you mean detail.status?"
    assert rule.message == f"no event of shop@Order can match: detail.stats never does{said}"
    written = EventSchema.of_detail("shop", "Order", schema.detail)
    assert all("learnt" not in finding.message for finding in check_pattern(pattern, [schema, written]))
