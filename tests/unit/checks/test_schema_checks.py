"""Rules and filters against schemas: what no event has is found at its place, with the nearest name or value."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from perception_events.checks import Finding, check, findings_text
from perception_events.pipeline import BusSettings, Module, Pipeline, PipeSettings, RuleSettings
from perception_events.pipeline.checks import check_pipeline
from perception_events.schemas import Boolean, EventSchema, Number, Object, Property, String, discover
from perception_events.topology import (
    EventBus,
    Filter,
    Function,
    Pipe,
    Rule,
    RuleTarget,
    Table,
    TableStream,
    Topology,
    Unresolved,
)

ORDER = Object(
    (
        Property("state", String(values=("PAID", "SENT"))),
        Property("total", Number()),
        Property("express", Boolean(), required=False),
    )
)
SCHEMAS = (EventSchema.of_detail("shop.orders", "Order Placed", ORDER),)
NAMES = {"source": ["shop.orders"], "detail-type": ["Order Placed"]}


def found(pattern: Any, **options: Any) -> list[Finding]:
    rule = Rule("Rule", bus="Bus", event_pattern=pattern, targets=(RuleTarget("a", "Ship"),))
    topology = Topology([EventBus("Bus", name="bus"), Function("Ship", name="ship"), rule])
    options.setdefault("schemas", SCHEMAS)
    return [one for one in check(topology, **options) if one.identifier.startswith("PE51")]


@pytest.mark.parametrize(
    ("detail", "identifier", "location", "fix"),
    [
        ({"stat": ["PAID"]}, "PE512", "Rule.event_pattern.detail.stat", "did you mean `detail.state`?"),
        ({"total": ["12"]}, "PE513", "Rule.event_pattern.detail.total[0]", "did you mean `12`?"),
        ({"total": [12, {"prefix": "1"}]}, "PE513", "Rule.event_pattern.detail.total[1]", None),
        ({"total": [{"exists": False}]}, "PE513", "Rule.event_pattern.detail.total[0]", None),
        ({"state": ["PAID", "paid"]}, "PE514", "Rule.event_pattern.detail.state[1]", 'did you mean `"PAID"`?'),
    ],
)
def test_what_no_event_of_the_schema_has(detail: Any, identifier: str, location: str, fix: str | None) -> None:
    first = found({**NAMES, "detail": detail})[0]
    assert (first.identifier, first.location) == (identifier, location)
    assert fix is None or first.fix == fix


def test_a_rule_that_no_event_can_match_is_an_error_at_the_field_to_blame() -> None:
    (error,) = [one for one in found({**NAMES, "detail": {"stat": ["PAID"]}}) if one.identifier == "PE515"]
    assert (error.severity, error.location) == ("error", "Rule.event_pattern.detail.stat")
    assert not [one for one in found({**NAMES, "detail": {"state": ["PAID", "x"]}}) if one.identifier == "PE515"]


def test_the_path_of_a_field_is_reported_as_it_is_written_and_a_sentence_with_a_capital() -> None:
    text = findings_text(found({**NAMES, "detail": {"stat": ["PAID"]}}))
    assert "has the field. detail.stat is in no event of shop.orders@OrderPlaced.\n" in text
    assert "can match. No event of shop.orders@OrderPlaced can match: detail.stat never does.\n" in text


def test_a_source_that_is_nearly_right_is_found_and_another_is_left_alone() -> None:
    assert [one.identifier for one in found({"source": ["shop.order"]})][:1] == ["PE511"]
    others = found({"source": ["billing"], "detail": {"status": ["PAID"]}})
    assert [one.identifier for one in others] == ["PE516"]
    strict = found({"source": ["billing"]}, complete_schemas=True)
    assert [one.identifier for one in strict] == ["PE511", "PE516"]


def test_events_that_no_rule_takes_are_noted_unless_a_rule_is_not_known() -> None:
    (note,) = found({"source": ["billing"]})
    assert (note.identifier, note.severity, note.location) == ("PE516", "note", "schemas[shop.orders@OrderPlaced]")
    assert found({"source": [Unresolved("${Source}")]}) == []
    assert found(NAMES) == []


def test_filters_are_held_against_the_records_of_their_table() -> None:
    records = [
        {
            "eventSource": "aws:dynamodb",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/1",
            "eventName": "INSERT",
            "dynamodb": {"NewImage": {"id": {"S": f"o-{number}"}, "state": {"S": "PAID"}}},
        }
        for number in range(3)
    ]
    schemas = discover(records)
    assert [schema.detail_type for schema in schemas] == ["orders"]
    wrong: Any = {"dynamodb": {"NewImage": {"stat": {"S": ["PAID"]}}}}
    resources = (
        EventBus("Bus", name="bus"),
        Table("Table", name="orders"),
        TableStream("Stream", table="Table"),
        Pipe("Pipe", source="Stream", target="Bus", filters=(Filter(wrong),)),
    )
    findings = [one for one in check(Topology(resources), schemas=schemas) if one.identifier.startswith("PE51")]
    assert [(one.identifier, one.location) for one in findings] == [
        ("PE512", "Pipe.filters[0].dynamodb.NewImage.stat.S"),
        ("PE515", "Pipe.filters[0].dynamodb.NewImage.stat.S"),
    ]


class Detail(BaseModel):
    state: str
    total: float


def pipeline(pattern: Any, **more: Any) -> Pipeline:
    return Pipeline(
        modules=(Module("order", targets=("collect",)),),
        pipe=PipeSettings(source="shop.orders", detail_type="Order"),
        bus=BusSettings(schema_discovery=False),
        extra_rules=(RuleSettings("big-rule", pattern, ("big",)),),
        **more,
    )


def test_a_declaration_says_what_its_events_look_like() -> None:
    def findings(pattern: Any, **more: Any) -> list[tuple[str, str]]:
        checked = check_pipeline(pipeline(pattern, **more))
        return [(one.identifier, one.fix) for one in checked if one.identifier.startswith("PE51")]

    assert findings({"detail": {"total": [{"numeric": [">", 10]}]}}, detail=Detail) == []
    wrong = {"detail": {"totals": [{"numeric": [">", 10]}]}}
    assert findings(wrong, detail=Detail)[0] == ("PE512", "did you mean `detail.total`?")
    assert findings(wrong) == []


def test_the_fields_of_the_enrichment_belong_to_the_declared_detail() -> None:
    field = pipeline({}).event_type_field
    typed = pipeline({"detail": {field: ["ordr"]}}, detail=Detail)
    kinds = [one.identifier for one in check_pipeline(typed) if one.identifier.startswith("PE51")]
    assert kinds == ["PE514", "PE515"]
