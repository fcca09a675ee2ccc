"""Schemas of a table's stream records -> the classes of its decoded rows, for `models_source`."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Iterator

from perception_events.schemas._event_schema import EventSchema
from perception_events.schemas._join import join
from perception_events.schemas._types import Object, Property, Schema, String, alternatives, attribute_type
from perception_events.schemas._writing import pascal_case

__all__ = ["row_classes"]

_KINDS = {
    "N": "Decimal",
    "BOOL": "bool",
    "NULL": "None",
    "B": "bytes",
    "SS": "set[str]",
    "NS": "set[Decimal]",
    "BS": "set[bytes]",
}


def row_classes(schema: EventSchema, taken: Iterable[str]) -> dict[str, str]:
    """The classes of a table's rows by name, the row's own last; none where no image was seen.

    Args:
        schema: of the stream records of one table.
        taken: names that other classes have.
    """
    image = _image(schema)
    if image is None:
        return {}
    maker = _Rows(schema, set(taken))
    maker.add(image, f"{pascal_case(schema.detail_type) or 'Table'}Row", f"A row of {schema.detail_type}.")
    return maker.classes


def _image(schema: EventSchema) -> Object | None:
    """What the new and old images have between them."""
    images: Schema | None = None
    for record in schema.resolve(schema.root):
        change = record.get("dynamodb") if isinstance(record, Object) else None
        for inside in schema.resolve(change.schema) if change is not None else ():
            for name in ("NewImage", "OldImage"):
                member = inside.get(name) if isinstance(inside, Object) else None
                if member is not None:
                    images = member.schema if images is None else join(images, member.schema)
    found = None if images is None else schema.resolve(images)
    return found[0] if found and len(found) == 1 and isinstance(found[0], Object) else None


class _Rows:
    """The classes of one table."""

    def __init__(self, schema: EventSchema, taken: set[str]) -> None:
        self.classes: dict[str, str] = {}
        self._schema = schema
        self._taken = taken

    def add(self, image: Object, name: str, said: str) -> str:
        """Write the class of an object of attributes, after those that it needs; its name."""
        chosen, number = name, 1
        while chosen in self._taken:
            number += 1
            chosen = f"{name}{number}"
        self._taken.add(chosen)
        names: set[str] = set()
        lines = [f"class {chosen}(RowModel):", f'    """{_shown(said)}"""', ""]
        for member in image.properties:
            lines.append(self._field(member, chosen, names))
        self.classes[chosen] = "\n".join(lines if image.properties else [*lines, "    pass"])
        return chosen

    def _field(self, member: Property, owner: str, names: set[str]) -> str:
        kinds = list(dict.fromkeys(self._kinds(member.schema, owner, member.name)))
        kind = " | ".join(kinds) or "Any"
        name = _field_name(member.name, names)
        default = "" if member.required else "None"
        if default and "None" not in kinds and kind != "Any":
            kind += " | None"
        if name != member.name:
            alias = json.dumps(member.name)
            default = f"Field({default + ', ' if default else ''}alias={alias})"
        return f"    {name}: {kind}{f' = {default}' if default else ''}"

    def _kinds(self, schema: Schema, owner: str, name: str) -> Iterator[str]:
        """The Python types of an attribute value; of one that is no attribute value, `Any`."""
        for one in self._schema.resolve(schema):
            key = attribute_type(one)
            if key is None or not isinstance(one, Object):
                yield "Any"
                continue
            content = one.properties[0].schema
            if key in _KINDS:
                yield _KINDS[key]
            elif key == "S":
                yield _text(content)
            elif key == "L":
                items = getattr(content, "items", None)
                inner = [] if items is None else list(dict.fromkeys(self._kinds(items, owner, f"{name}Item")))
                yield f"list[{' | '.join(inner) or 'Any'}]"
            else:
                yield self._map(content, owner, name)

    def _map(self, content: Schema, owner: str, name: str) -> str:
        found = self._schema.resolve(content)
        if len(found) == 1 and isinstance(found[0], Object):
            if found[0].properties:
                return self.add(found[0], f"{owner}{pascal_case(name) or 'Map'}", f"`{name}` of {owner}.")
            if found[0].additional is not None:
                kinds = list(dict.fromkeys(self._kinds(found[0].additional, owner, f"{name}Value")))
                return f"dict[str, {' | '.join(kinds) or 'Any'}]"
        return "dict[str, Any]"


def _text(content: Schema) -> str:
    values = [value for one in alternatives(content) if isinstance(one, String) for value in one.values]
    return f"Literal[{', '.join(map(json.dumps, values))}]" if values else "str"


def _field_name(name: str, names: set[str]) -> str:
    """A name that Python, pydantic and the base class leave free."""
    from perception_events.models import RowModel

    found = name if name.isidentifier() and name.isascii() else re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_").lower()
    if not found or found[0].isdigit() or found.startswith(("_", "model_")):
        found = f"field_{found.strip('_')}"
    if keyword.iskeyword(found) or hasattr(RowModel, found):
        found += "_"
    chosen, number = found, 1
    while chosen in names:
        number += 1
        chosen = f"{found}{number}"
    names.add(chosen)
    return chosen


def _shown(text: str) -> str:
    return text.replace("\\", "").replace('"""', "'''")
