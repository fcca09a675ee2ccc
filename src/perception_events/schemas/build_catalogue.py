"""Rebuilds the catalogue of AWS's own events: `python -m perception_events.schemas.build_catalogue db.json.gz`.

`db.json.gz` is a file of the npm package `@aws-cdk/aws-service-spec`, Apache-2.0; `npm pack` downloads it. The result
is one event a line, so that a new version of the package makes a readable diff.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perception_events.schemas._api_calls import OPEN_PARTS, is_api_call
from perception_events.schemas._catalogue import CATALOGUE_FILE, Tree, tree_of
from perception_events.schemas._join import join
from perception_events.schemas._types import (
    ANYTHING,
    Array,
    Boolean,
    Number,
    Object,
    Property,
    Schema,
    String,
    union_of,
)

__all__ = ["build", "main"]


def build(database: Mapping[str, Any]) -> list[tuple[str, str, Tree]]:
    """Source, detail type and field tree of each event in the package's database, in order.

    Raises:
        KeyError: the database has another form.
    """
    schema = database["schema"]
    types = {entity["$id"]: entity for entity in schema["eventTypeDefinition"]["entities"]}
    found: dict[tuple[str, str], Schema] = {}
    for event in schema["event"]["entities"]:
        detail = _object(types, event["rootProperty"]["$ref"], ())
        if is_api_call(event["detailType"]):
            detail = _with_open_parts(detail)
        key = event["source"], event["detailType"]
        found[key] = join(found[key], detail) if key in found else detail
    return [(source, detail_type, tree_of(detail)) for (source, detail_type), detail in sorted(found.items())]


def _with_open_parts(detail: Object) -> Object:
    members = []
    for member in detail.properties:
        schema = member.schema
        if member.name in OPEN_PARTS and isinstance(schema, Object):
            schema = Object(schema.properties, ANYTHING)
        members.append(Property(member.name, schema, member.required))
    return Object(tuple(members))


def _object(types: Mapping[str, Any], identifier: str, within: tuple[str, ...]) -> Object:
    if identifier in within:
        return Object(additional=ANYTHING)
    properties = types[identifier]["properties"]
    return Object(
        tuple(
            Property(name, _schema(types, value["type"], (*within, identifier)), bool(value.get("required")))
            for name, value in properties.items()
        )
    )


def _schema(types: Mapping[str, Any], value: Mapping[str, Any], within: tuple[str, ...]) -> Schema:
    match value["type"]:
        case "string":
            return String()
        case "number":
            return Number()
        case "integer":
            return Number(integer=True)
        case "boolean":
            return Boolean()
        case "json":
            return ANYTHING
        case "array":
            return Array(_schema(types, value["element"], within))
        case "map":
            return Object(additional=_schema(types, value["element"], within))
        case "union":
            return union_of(_schema(types, each, within) for each in value["types"])
        case "ref":
            return _object(types, value["reference"]["$ref"], within)
    raise KeyError(f"the database has a type {value['type']!r} that this script does not know")


def main(arguments: Sequence[str]) -> int:
    """Write the catalogue from the database named on the command line."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(arguments[0])
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    events = build(json.loads(text))
    lines = [json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in events]
    target = Path(__file__).parent / CATALOGUE_FILE
    target.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(events)} events of {len({event[0] for event in events})} sources: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
