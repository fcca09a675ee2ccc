"""Documents read and written: EventBridge's forms, JSON Schema, pydantic models, and what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from perception_events.models import EventBridgeEvent, WireModel
from perception_events.schemas import (
    ANYTHING,
    ENVELOPE_EXAMPLE,
    MAX_DEPTH,
    NOTHING,
    Array,
    Boolean,
    EventSchema,
    ExternalReferenceError,
    InvalidSchemaError,
    Null,
    Number,
    Object,
    Property,
    Reference,
    SchemaFormat,
    String,
    Union,
    aws_catalogue,
    discover,
    document_of,
    infer_schema,
    is_valid,
    read_document,
    schema_of_model,
)

JSON_SCHEMA_FORMATS = [SchemaFormat.DRAFT_4, SchemaFormat.DRAFT_2020_12]


def read(schema: dict[str, Any]) -> Any:
    """The detail that a JSON Schema says."""
    (found,) = read_document(schema, source="shop", detail_type="Order Placed")
    return found.detail


def as_aws_writes_it() -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "OrderPlaced"},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": {
                    "type": "object",
                    "required": [
                        "detail-type",
                        "resources",
                        "detail",
                        "id",
                        "source",
                        "time",
                        "region",
                        "version",
                        "account",
                    ],
                    "x-amazon-events-detail-type": "Order Placed",
                    "x-amazon-events-source": "shop",
                    "properties": {
                        "detail": {"$ref": "#/components/schemas/OrderPlaced"},
                        "account": {"type": "string"},
                        "detail-type": {"type": "string"},
                        "resources": {"type": "array", "items": {"type": "object"}},
                        "source": {"type": "string"},
                        "time": {"type": "string", "format": "date-time"},
                    },
                },
                "OrderPlaced": {
                    "type": "object",
                    "required": ["id", "customer"],
                    "properties": {
                        "id": {"type": "integer", "format": "int64"},
                        "customer": {"$ref": "#/components/schemas/Customer"},
                        "note": {"type": "string", "nullable": True},
                        "anything": {},
                    },
                },
                "Customer": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            }
        },
    }


DETAIL = Object(
    (
        Property("id", Number(integer=True)),
        Property("customer", Object((Property("name", String()),))),
        Property("note", Union((String(), Null())), required=False),
        Property("anything", ANYTHING, required=False),
    )
)


def test_a_document_as_eventbridge_writes_it_is_read() -> None:
    document = as_aws_writes_it()
    del document["components"]["schemas"]["AWSEvent"]["properties"]["resources"]
    (schema,) = read_document(document)
    assert schema == EventSchema.of_detail("shop", "Order Placed", DETAIL)


def test_what_the_registry_prints_is_read_with_its_version() -> None:
    printed = {
        "Content": json.dumps(as_aws_writes_it()),
        "SchemaName": "shop@OrderPlaced",
        "SchemaVersion": "3",
        "Type": "OpenApi3",
    }
    (schema,) = read_document(json.dumps(printed))
    assert (schema.name, schema.version) == ("shop@OrderPlaced", 3)


def test_a_draft_4_document_that_names_no_event_takes_its_name_from_the_registry() -> None:
    content = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "properties": {"a": {}}}
    printed = {"Content": json.dumps(content), "SchemaName": "shop@OrderPlaced", "Type": "JSONSchemaDraft4"}
    (schema,) = read_document(printed)
    assert (schema.source, schema.detail_type) == ("shop", "OrderPlaced")


@pytest.mark.parametrize("name", ["aws.partner/example.com/Order.Placed", "OrderPlaced"])
def test_a_partners_unescaped_references_are_followed(name: str) -> None:
    document = as_aws_writes_it()
    schemas = document["components"]["schemas"]
    schemas[name] = schemas.pop("OrderPlaced")
    reference = "#/components/schemas/aws.partner/example.com/Order.Placed"
    schemas["AWSEvent"]["properties"]["detail"]["$ref"] = reference
    (schema,) = read_document(document)
    assert schema.detail == DETAIL
    schemas[name + "x"] = schemas.pop(name)
    with pytest.raises(InvalidSchemaError, match="the document has nothing there"):
        read_document(document)


def test_a_document_without_an_event_is_read_where_there_is_only_one_schema() -> None:
    order = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    document: dict[str, Any] = {"openapi": "3.0.0", "components": {"schemas": {"Some Order": order}}}
    (schema,) = read_document(document, source="shop", detail_type="Order Placed")
    assert schema == EventSchema.of_detail("shop", "Order Placed", Object((Property("id", String()),)))
    document["components"]["schemas"]["Other"] = order
    with pytest.raises(InvalidSchemaError, match="which of Some Order, Other describes an event"):
        read_document(document, source="shop", detail_type="Order Placed")


def test_one_document_may_describe_several_events() -> None:
    event = {"type": "object", "properties": {"detail": {"type": "object"}}}
    document = {
        "openapi": "3.0.2",
        "components": {
            "schemas": {
                "A": {**event, "x-amazon-events-source": "shop", "x-amazon-events-detail-type": "A"},
                "B": {"allOf": [event], "x-amazon-events-source": "shop", "x-amazon-events-detail-type": "B"},
                "Part": {"type": "string"},
            }
        },
    }
    assert [schema.name for schema in read_document(document)] == ["shop@A", "shop@B"]


@pytest.mark.parametrize("format", SchemaFormat)
def test_the_whole_catalogue_reads_back_as_it_was_written(format: SchemaFormat) -> None:
    catalogue = aws_catalogue()
    assert len(catalogue) == 378
    # All in the form that AWS has; a few in the others.
    for schema in list(catalogue.values())[:: 1 if format is SchemaFormat.OPENAPI else 6]:
        assert read_document(json.dumps(document_of(schema, format))) == [schema]


@pytest.mark.parametrize("format", JSON_SCHEMA_FORMATS)
@pytest.mark.parametrize(
    "detail",
    [
        Object((Property("a", Null()), Property("b", Array(NOTHING)), Property("c", Boolean((True,)))), NOTHING),
        Object((Property("a", Number(minimum=1, exclusive_minimum=True, maximum=5, multiple_of=0.5)),)),
        Object((Property("a", String(values=("A", "B"), counts=(1, 2))), Property("b", String(pattern="^x")))),
        Object((Property("a", Array(String(min_length=1, max_length=5), min_items=1, max_items=3)),)),
        Object(additional=Union((Object((Property("a", String()),)), Number(values=(1, 2), integer=True), Null()))),
        Union((Object((Property("x", String()),)), Array(Object((Property("x", String()),))))),
    ],
)
def test_schemas_read_back_as_they_were_written(format: SchemaFormat, detail: Any) -> None:
    schema = EventSchema.of_detail("shop", "Order Placed", detail, samples=3, description="An order.")
    (back,) = read_document(document_of(schema, format))
    assert back == schema
    assert (back.samples, back.description, back.approximations) == (3, "An order.", ())


@pytest.mark.parametrize("format", SchemaFormat)
@pytest.mark.parametrize(
    "wrap", [lambda value: {"n": value}, lambda value: {"M": {"n": value}}], ids=["objects", "images"]
)
def test_the_schema_of_an_event_of_any_depth_reads_back_as_it_was_written(
    format: SchemaFormat, wrap: Callable[[Any], Any]
) -> None:
    value: Any = {"S": "x"}
    for _ in range(MAX_DEPTH + 50):
        value = wrap(value)
    schema = EventSchema.of_detail("shop", "Order Placed", infer_schema([{"image": value}]))
    assert read_document(document_of(schema, format)) == [schema]


def test_recursive_schemas_keep_a_definition() -> None:
    tree = Object((Property("children", Array(Reference("Node"))), Property("value", String(), False)))
    schema = EventSchema.of_detail("shop", "Tree", Reference("Node"), {"Node": tree})
    for format in SchemaFormat:
        (back,) = read_document(document_of(schema, format))
        assert back == schema
        event = dict.fromkeys(("version", "id", "account", "time", "region"), "x")
        event |= {"source": "shop", "detail-type": "Tree"}
        good: dict[str, Any] = {"children": [{"children": [{"children": []}]}]}
        assert back.accepts({**event, "resources": [], "detail": good})
        (violation,) = back.violations({**event, "resources": [], "detail": {"children": [{"children": [{}]}]}})
        assert violation.path == "detail.children[0].children[0].children"


def test_discovered_schemas_have_eventbridges_form() -> None:
    event: dict[str, Any] = dict.fromkeys(("version", "id", "account", "time", "region"), "x")
    event |= {"source": "shop", "detail-type": "Order Placed", "resources": []}
    event["detail"] = {"id": 1, "customer": {"name": "x"}, "n": None}
    document = document_of(discover([event])[0])
    schemas = document["components"]["schemas"]
    assert document["info"] == {"version": "1.0.0", "title": "OrderPlaced"}
    assert schemas["AWSEvent"]["x-amazon-events-source"] == "shop"
    assert schemas["AWSEvent"]["properties"]["detail"] == {"$ref": "#/components/schemas/OrderPlaced"}
    assert set(schemas["AWSEvent"]["required"]) == set(schemas["AWSEvent"]["properties"])
    assert len(schemas["AWSEvent"]["required"]) == 9
    assert schemas["OrderPlaced"]["properties"] == {
        "id": {"type": "integer", "format": "int64"},
        "customer": {"$ref": "#/components/schemas/Customer"},
        "n": {},
    }


@pytest.mark.parametrize("format", JSON_SCHEMA_FORMATS)
def test_jsonschema_agrees_with_what_was_written(format: SchemaFormat) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    values: list[Any] = [
        {"a": 1, "b": [{"S": "x"}], "c": None, "d": []},
        {"a": 2.5, "b": [{"N": "1"}], "c": {"2025-07-15": 1}, "e": "A"},
    ]
    schema = EventSchema("aws:dynamodb", "t", infer_schema(values))
    kind = jsonschema.Draft4Validator if format is SchemaFormat.DRAFT_4 else jsonschema.Draft202012Validator
    document = document_of(schema, format)
    kind.check_schema(document)
    wrong = [{**values[0], name: wrong} for name in "abcde" for wrong in ("x", 1, True, [1], {"S": 1}, {"x": 1})]
    validator = kind(document)
    for value in (*values, *wrong):
        if value.get("d") in ([], None):  # an array in which nothing was ever seen is written as one of anything
            assert validator.is_valid(value) == schema.accepts(value), value


class Customer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    vip: bool = False


class Node(BaseModel):
    children: list[Node] = []


class OrderPlaced(WireModel):
    order_id: int = Field(alias="order-id", ge=1)
    customer: Customer
    kind: Literal["web", "shop"]
    tree: Node | None = None


class OrderPlacedEvent(EventBridgeEvent[OrderPlaced]):
    source: Literal["shop"]
    detail_type: Literal["Order Placed"]


def test_a_model_of_a_whole_event_is_read() -> None:
    schema = schema_of_model(OrderPlacedEvent)
    assert (schema.source, schema.detail_type) == ("shop", "Order Placed")
    detail = schema.detail
    assert isinstance(detail, Object)
    assert detail.additional is None
    assert [(member.name, member.required) for member in detail.properties] == [
        ("customer", True),
        ("kind", True),
        ("order-id", True),
        ("tree", False),
    ]
    assert detail.get("order-id") == Property("order-id", Number(integer=True, minimum=1))
    assert detail.get("kind") == Property("kind", String(values=("shop", "web")))
    assert schema.definitions.keys() == {"Node"}


def test_a_model_of_a_detail_needs_to_be_told_which_events_it_describes() -> None:
    schema = schema_of_model(EventBridgeEvent[OrderPlaced], source="shop", detail_type="Order Placed")
    assert schema.detail == schema_of_model(OrderPlaced, source="shop", detail_type="Order Placed").detail
    with pytest.raises(InvalidSchemaError, match="does not say which events it describes"):
        schema_of_model(OrderPlaced)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, Union((String(), Null()))),
        ({"const": "x"}, String(values=("x",))),
        ({"enum": ["b", "a", 1, None, True]}, Union((String(values=("a", "b")), Number(integer=True, values=(1,)),
                                                     Boolean((True,)), Null()))),
        ({"type": "string", "enum": ["a", 1]}, String(values=("a",))),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, Number(minimum=1, exclusive_minimum=True)),
        ({"type": "number", "exclusiveMinimum": 1}, Number(minimum=1, exclusive_minimum=True)),
        ({"properties": {"a": {}}}, Object((Property("a", ANYTHING, False),))),
        ({"type": "object", "additionalProperties": True}, Object()),
        ({"type": "object", "additionalProperties": {}}, Object(additional=ANYTHING)),
        ({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"required": ["a"]}]},
         Object((Property("a", String()),))),
        ({"type": "object", "properties": {"a": {"type": "number"}}, "anyOf": [{"required": ["a"]}]},
         Object((Property("a", Number()),))),
        ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, String(values=("b",))),
        ({"allOf": [{"type": "number"}, {"type": "integer", "minimum": 2}]}, Number(integer=True, minimum=2)),
        ({"oneOf": [{"type": "string"}, {"type": "string", "nullable": True}]}, Union((String(), Null()))),
        ({"$ref": "#/definitions/a~1b%20c", "definitions": {"a/b c": {"type": "boolean"}}}, Boolean()),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, Reference("A")),
    ],
)  # fmt: skip
def test_keywords_are_read(schema: dict[str, Any], expected: Any) -> None:
    assert read({"type": "object", "properties": {"x": schema}, **_definitions(schema)}).get("x").schema == expected


def _definitions(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: schema.pop(name) for name in ("definitions", "$defs") if name in schema}


@pytest.mark.parametrize("keyword", ["not", "if", "patternProperties", "prefixItems"])
def test_keywords_that_are_read_loosely_are_named(keyword: str) -> None:
    inner = [{"type": "string"}] if keyword == "prefixItems" else {"^x": {"type": "string"}}
    document = {"type": "object", "properties": {"a": {keyword: inner}}}
    (schema,) = read_document(document, source="s", detail_type="t")
    assert schema.approximations == (f"/properties/a/{keyword}",)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "it is not JSON"),
        ([], "a schema document is a JSON object, this is a list"),
        ({}, "no schema is in this document"),
        ({"type": "record"}, "/type: type must be one or more of"),
        ({"properties": []}, "/properties: properties must be an object"),
        ({"properties": {"a": 5}}, "/properties/a: a schema is an object, true or false, this is int"),
        ({"type": "object", "required": "a"}, "/required: required must be a list of names"),
        ({"anyOf": []}, "/anyOf: anyOf must be a list of at least one schema"),
        ({"type": "string", "maxLength": -1}, "/maxLength: maxLength must be a whole number from 0"),
        ({"type": "number", "minimum": "1"}, "/minimum: minimum must be a number"),
        ({"$ref": "#/definitions/none"}, "the document has nothing there"),
        ({"$ref": "#anchor"}, "anchors are not read"),
        ({"$ref": 5}, "must be a string"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_location(document: Any, message: str) -> None:
    with pytest.raises(InvalidSchemaError, match=message):
        read_document(document, source="s", detail_type="t")


def test_nothing_is_fetched() -> None:
    with pytest.raises(ExternalReferenceError, match="points outside this document, and nothing is fetched"):
        read({"type": "object", "properties": {"a": {"$ref": "https://example.com/schema.json"}}})


def test_a_document_nested_too_deep_is_rejected() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    with pytest.raises(InvalidSchemaError, match="nested too deep"):
        read(schema)


def test_definitions_that_would_explode_stay_definitions() -> None:
    definitions: dict[str, Any] = {"D0": {"type": "string"}}
    for number in range(1, 60):
        reference = {"$ref": f"#/definitions/D{number - 1}"}
        definitions[f"D{number}"] = {"type": "object", "properties": {"a": reference, "b": reference}}
    (schema,) = read_document({"$ref": "#/definitions/D59", "definitions": definitions}, source="s", detail_type="t")
    assert schema.definitions
    assert not is_valid(schema.detail, "x", schema.definitions)


def template_with(content: Any, name: Any = "shop.orders@OrderPlaced") -> dict[str, Any]:
    properties = {"RegistryName": "shop", "Type": "OpenApi3", "SchemaName": name, "Content": content}
    return {
        "Parameters": {"Stage": {"Type": "String", "Default": "test"}},
        "Resources": {
            "Registry": {"Type": "AWS::EventSchemas::Registry", "Properties": {"RegistryName": "shop.orders"}},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "OrderPlaced": {"Type": "AWS::EventSchemas::Schema", "Properties": properties},
        },
    }


UPLOADED = {
    "openapi": "3.0.0",
    "components": {"schemas": {"Order": {"type": "object", "properties": {"id": {"type": "string"}}}}},
}


def test_schemas_that_a_template_declares_are_read() -> None:
    (schema,) = read_document(template_with(json.dumps(UPLOADED)))
    assert schema.name == "shop.orders@OrderPlaced"
    assert isinstance(schema.detail, Object)
    assert schema.detail.get("id") is not None


def test_variables_in_a_template_become_what_the_template_says() -> None:
    marked = {"type": "object", "x-amazon-events-source": "${Registry.RegistryName}.${Stage}${End}"}
    marked["x-amazon-events-detail-type"] = "Order ${Placed}"
    text = json.dumps({"openapi": "3.0.0", "components": {"schemas": {"AWSEvent": marked}}})
    (schema,) = read_document(template_with({"Fn::Sub": [text, {"Placed": "Placed", "End": "!"}]}))
    assert (schema.source, schema.detail_type) == ("shop.orders.test!", "Order Placed")


def test_a_source_that_only_a_deployment_knows_may_be_any() -> None:
    content = {"Fn::Sub": json.dumps(UPLOADED)}
    (schema,) = read_document(template_with(content, {"Fn::Sub": "${Unknown}@OrderPlaced"}))
    event = {**ENVELOPE_EXAMPLE, "source": "any", "detail-type": "OrderPlaced", "detail": {"id": "o-1"}}
    assert schema.violations(event) == []


def test_a_mistake_in_a_declared_schema_is_at_its_resource() -> None:
    broken = {"openapi": "3.0.0", "components": {"schemas": {"Order": {"type": "text"}}}}
    with pytest.raises(InvalidSchemaError, match="/Resources/OrderPlaced/Properties#/components/schemas/Order"):
        read_document(template_with(json.dumps(broken)), file="template.yaml")


def test_what_aws_writes_around_a_detail_is_in_every_event_whatever_a_document_requires() -> None:
    whole = {"type": "object", "properties": {"time": {"type": "string"}, "detail": {"type": "object"}}}
    (schema,) = read_document(whole, source="shop", detail_type="Order Placed")
    assert isinstance(schema.root, Object)
    assert [member.name for member in schema.root.properties if not member.required] == ["replay-name"]
