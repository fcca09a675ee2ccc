"""The catalogue of AWS's own events, and the module that rebuilds it."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.schemas import ANYTHING, Array, Null, Number, Object, Property, String, Union, aws_catalogue
from perception_events.schemas._catalogue import schema_of_tree, tree_of
from perception_events.schemas.build_catalogue import build


def database(*events: dict[str, Any]) -> dict[str, Any]:
    text, nested = {"type": {"type": "string"}, "required": True}, {"type": {"type": "ref", "reference": {"$ref": "2"}}}
    types = [
        {"$id": "1", "properties": {"id": text, "part": nested, "requestParameters": nested}},
        {"$id": "2", "properties": {
            "n": {"type": {"type": "integer"}},
            "list": {"type": {"type": "array", "element": {"type": "json"}}},
            "map": {"type": {"type": "map", "element": {"type": "union", "types": [text["type"], {"type": "number"}]}}},
            "again": {"type": {"type": "ref", "reference": {"$ref": "2"}}},
        }},
        {"$id": "3", "properties": {"other": {"type": {"type": "boolean"}, "required": True}}},
    ]  # fmt: skip
    return {"schema": {"event": {"entities": list(events)}, "eventTypeDefinition": {"entities": types}}}


def event(detail_type: str, root: str = "1") -> dict[str, Any]:
    return {"source": "aws.x", "detailType": detail_type, "rootProperty": {"$ref": root}}


PART = {"n?": "integer", "list?": ["?"], "map?": {"*": {"|": ["string", "number"]}}, "again?": {"*": "?"}}


def test_the_packages_database_becomes_trees() -> None:
    ((source, detail_type, tree),) = build(database(event("A")))
    assert (source, detail_type) == ("aws.x", "A")
    assert tree == {"id": "string", "part?": PART, "requestParameters?": PART}


def test_what_differs_for_each_api_is_open() -> None:
    ((_, _, tree),) = build(database(event("AWS API Call via CloudTrail")))
    assert tree == {"id": "string", "part?": PART, "requestParameters?": {**PART, "*": "?"}}


def test_events_that_are_listed_twice_are_merged() -> None:
    ((_, _, tree),) = build(database(event("A"), event("A", "3")))
    assert tree == {"id?": "string", "part?": PART, "requestParameters?": PART, "other?": "boolean"}


def test_an_unknown_type_is_an_error() -> None:
    changed = database(event("A"))
    changed["schema"]["eventTypeDefinition"]["entities"][0]["properties"]["id"]["type"] = {"type": "date"}
    with pytest.raises(KeyError, match="'date'"):
        build(changed)


@pytest.mark.parametrize(
    "schema",
    [
        Object((Property("a", String()), Property("b", Array(Number()), False)), ANYTHING),
        Union((Object((Property("a", Number(integer=True)),)), String())),
    ],
)
def test_trees_say_what_schemas_say(schema: Any) -> None:
    assert schema_of_tree(tree_of(schema)) == schema


@pytest.mark.parametrize("schema", [Null(), String(format="date"), Object((Property("a?", String()),))])
def test_what_trees_cannot_say_is_an_error(schema: Any) -> None:
    with pytest.raises(ValueError, match="catalogue's form"):
        tree_of(schema)


def test_nothing_in_a_detail_of_the_catalogue_is_required() -> None:
    schema = aws_catalogue()["aws.ec2", "EC2 Instance State-change Notification"]
    assert isinstance(schema.detail, Object)
    assert schema.detail.get("state") == Property("state", Union((String(), Null())), required=False)
