"""What people feed a schema tool by mistake: each ends in a clear schema or a clear error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.patterns import EventPattern
from perception_events.schemas import (
    EventSchema,
    ExternalReferenceError,
    InvalidSchemaError,
    NoExampleError,
    Null,
    Number,
    Object,
    String,
    Union,
    check_pattern,
    document_of,
    example,
    infer_schema,
    read_document,
    resolve,
)


def detail_of(document: dict[str, Any]) -> tuple[EventSchema, Any]:
    (schema,) = read_document(document, source="shop", detail_type="Order")
    return schema, schema.detail


def field(schema: Any, name: str) -> Any:
    assert isinstance(schema, Object)
    member = schema.get(name)
    assert member is not None
    return member.schema


def test_conflicting_types_become_alternatives_and_are_no_closed_set() -> None:
    samples = [{"v": value} for value in (1, "1", True, None, {"a": 1}, [1])]
    found = field(infer_schema(samples), "v")
    assert isinstance(found, Union)
    assert {type(one).__name__ for one in found.members} == {"Number", "String", "Boolean", "Null", "Object", "Array"}


def test_ids_as_names_become_a_map_whatever_is_below_them() -> None:
    samples = [{"by_id": {f"{number:032x}": {"count": number}}} for number in range(3000)]
    found = field(infer_schema(samples), "by_id")
    assert isinstance(found, Object)
    assert found.properties == ()
    assert isinstance(found.additional, Object)


def test_a_field_that_is_always_null_is_null_until_something_else_comes() -> None:
    assert field(infer_schema([{"note": None}] * 3), "note") == Null()
    mixed = field(infer_schema([{"note": None}, {"note": "x"}]), "note")
    assert set(resolve(mixed, {})) == {Null(), String()}
    schema = EventSchema.of_detail("shop", "Order", infer_schema([{"note": None}] * 3))
    back = read_document(document_of(schema))[0]
    assert back.accepts({**example(schema), "detail": {"note": None}})
    (finding, _) = check_pattern(EventPattern.parse({"source": ["shop"], "detail": {"note": ["x"]}}), [schema])
    assert finding.kind == "wrong-type"


def test_a_huge_enum_is_read_checked_and_shown_in_short() -> None:
    values = [f"value-{number}" for number in range(5_000)]
    schema, detail = detail_of({"type": "object", "properties": {"kind": {"type": "string", "enum": values}}})
    assert len(field(detail, "kind").values) == 5_000
    pattern = EventPattern.parse({"source": ["shop"], "detail": {"kind": ["valeu-5"]}})
    finding, never = check_pattern(pattern, [schema])
    assert (finding.kind, never.kind) == ("value-not-allowed", "cannot-match")
    assert len(finding.message) < 500


def test_many_different_values_are_no_enum() -> None:
    found = field(infer_schema([{"kind": f"value-{number}"} for number in range(2000)] * 2), "kind")
    assert found == String()


def test_a_recursive_schema_stays_one_and_has_examples() -> None:
    node = {
        "type": "object",
        "properties": {"value": {"type": "number"}, "next": {"$ref": "#/definitions/node"}},
        "required": ["value"],
    }
    schema, _ = detail_of({"$ref": "#/definitions/node", "definitions": {"node": node}})
    event = example(schema, seed=3)
    assert schema.accepts(event)
    event["detail"] = {"value": 1, "next": {"value": 2, "next": {"value": "x"}}}
    assert not schema.accepts(event)
    deep = EventPattern.parse({"source": ["shop"], "detail": {"next": {"next": {"value": [{"numeric": [">", 1]}]}}}})
    assert check_pattern(deep, [schema]) == ()


def test_a_schema_that_is_only_itself_has_no_example_and_says_so() -> None:
    definitions = {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}
    schema, _ = detail_of({"$ref": "#/definitions/a", "definitions": definitions})
    with pytest.raises(NoExampleError, match="detail: the schema allows no value"):
        example(schema)


@pytest.mark.parametrize("reference", ["other.json#/a", "https://example.com/schema.json", "#/definitions/missing"])
def test_a_reference_that_leads_nowhere_is_an_error_with_its_place(reference: str) -> None:
    document = {"type": "object", "properties": {"a": {"$ref": reference}}}
    with pytest.raises(InvalidSchemaError, match="properties/a") as raised:
        detail_of(document)
    assert isinstance(raised.value, ExternalReferenceError) is not reference.startswith("#")


def test_numbers_at_the_edge_of_json_keep_their_samples_valid() -> None:
    samples = [{"n": value} for value in (0, -0.0, 1e308, -(2**63), 2**64, 1.5)]
    schema = infer_schema(samples)
    assert field(schema, "n") == Number()
    assert all(EventSchema.of_detail("shop", "Order", schema).detail == schema for _ in samples)
    assert json.dumps(document_of(EventSchema.of_detail("shop", "Order", schema)))
