"""JSON Schema (draft 4 to 2020-12) and OpenAPI 3 schemas, read into the one form: keyword by keyword.

Definitions that `$ref` names are read once and kept by name, so recursive schemas need nothing special. What the one
form cannot say (`not`, `if`, ...) is read as allowing everything, and its JSON Pointer is noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from perception_events.schemas._intersection import intersect
from perception_events.schemas._types import (
    ANYTHING,
    NOTHING,
    Anything,
    Array,
    Boolean,
    Null,
    Number,
    Object,
    Property,
    Reference,
    Schema,
    String,
    union_of,
)
from perception_events.schemas.errors import ExternalReferenceError, InvalidSchemaError

__all__ = ["COUNTS_KEY", "EMPTY_KEY", "SchemaReader"]

COUNTS_KEY = "x-perception-events-counts"
"""How often each value of an `enum` was seen."""
EMPTY_KEY = "x-perception-events-always-empty"
"""Beside an array in which no item was ever seen."""

_KINDS = ("object", "array", "string", "number", "boolean", "null")
_KIND_OF_KEYWORD = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern"), "string"),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), "number"),
}
_LOOSE = ("not", "if", "dependentSchemas", "dependencies", "dependentRequired", "propertyNames", "contains",
          "unevaluatedProperties", "uniqueItems", "minProperties", "maxProperties", "$dynamicRef")  # fmt: skip
"""Keywords that allow less than what is read."""


class SchemaReader:
    """Reads the schemas of one document.

    Parameters:
        document: the whole, which `$ref`s point into.
        file: goes before the locations in error messages.
    """

    def __init__(self, document: Mapping[str, Any], file: str = "") -> None:
        self.document = document
        self.file = file
        self.definitions: dict[str, Schema] = {}
        self.loose: list[str] = []
        """Pointers of the keywords that were read as allowing everything."""
        self._names: dict[str, str] = {}
        self._unread: list[tuple[str, Any]] = []
        """Definitions that were referred to and not read yet. They are read one after the other rather than within each
        other: a chain of a hundred references, as discovery writes it of a deep event, must not be a deep recursion."""
        self._ids = {value for key in ("$id", "id") if isinstance(value := document.get(key), str)}

    def read(self, value: Any, pointer: str) -> Schema:
        """The schema at `pointer`, which is `value`, and all that it refers to.

        Raises:
            InvalidSchemaError: it is not a schema.
            ExternalReferenceError: a `$ref` points outside the document.
        """
        try:
            schema = self._read(value, pointer)
            self._read_definitions()
        except RecursionError:
            raise InvalidSchemaError("it is nested too deep to be read", self._at(pointer)) from None
        return schema

    def _read_definitions(self) -> None:
        while self._unread:
            target, value = self._unread.pop()
            self.definitions[self._names[target]] = self._read(value, target)

    def error(self, reason: str, pointer: str) -> InvalidSchemaError:
        """An error at `pointer`."""
        return InvalidSchemaError(reason, self._at(pointer))

    def _at(self, pointer: str) -> str:
        return f"{self.file}#{pointer}" if self.file else pointer or "/"

    def _read(self, value: Any, pointer: str) -> Schema:
        if value is True:
            return ANYTHING
        if value is False:
            return NOTHING
        if not isinstance(value, Mapping):
            raise self.error(f"a schema is an object, true or false, this is {type(value).__name__}", pointer)
        self.loose += [f"{pointer}/{keyword}" for keyword in _LOOSE if value.get(keyword) not in (None, False)]
        parts = list(self._parts(value, pointer))
        schema = parts[0] if parts else ANYTHING
        for part in parts[1:]:
            schema = self._intersect(schema, part, pointer)
        if value.get("nullable") is True and not isinstance(schema, Anything):
            schema = union_of([schema, Null()])
        return schema

    def _intersect(self, first: Schema, second: Schema, pointer: str) -> Schema:
        self._read_definitions()  # what is intersected must be known
        schema, exact = intersect(first, second, self.definitions)
        if not exact:
            self.loose.append(pointer)
        return schema

    def _parts(self, value: Mapping[str, Any], pointer: str) -> Iterator[Schema]:
        """What must hold together."""
        if "$ref" in value:
            yield self._reference(value["$ref"], pointer)
        own = self._own(value, pointer)
        if own is not None:
            yield own
        for keyword in ("anyOf", "oneOf"):
            if keyword in value:
                yield union_of(self._members(value, keyword, pointer))
        if "allOf" in value:
            yield from self._members(value, "allOf", pointer)

    def _members(self, value: Mapping[str, Any], keyword: str, pointer: str) -> list[Schema]:
        members = value[keyword]
        if not isinstance(members, list) or not members:
            raise self.error(f"{keyword} must be a list of at least one schema", f"{pointer}/{keyword}")
        return [self._read(member, f"{pointer}/{keyword}/{index}") for index, member in enumerate(members)]

    def _own(self, value: Mapping[str, Any], pointer: str) -> Schema | None:
        """What the keywords beside `$ref`, `anyOf`, `oneOf` and `allOf` say; None where there are none."""
        if "const" in value:
            return _of_values([value["const"]])
        kinds = self._kinds(value, pointer)
        if "enum" in value:
            values = value["enum"]
            if not isinstance(values, list):
                raise self.error("enum must be a list of values", f"{pointer}/enum")
            return self._enum(values, kinds, value)
        if kinds is None:
            return None
        if len(kinds) == len(_KINDS) and not _KIND_OF_KEYWORD.keys() & value.keys():
            return ANYTHING
        return union_of(self._kind(kind, value, pointer) for kind in kinds)

    def _kinds(self, value: Mapping[str, Any], pointer: str) -> list[str] | None:
        kinds = value.get("type")
        if kinds is None:
            # Keywords of one kind say nothing of others; read as they are meant, they name the kind.
            implied = {kind for keyword, kind in _KIND_OF_KEYWORD.items() if keyword in value}
            return sorted(implied) or None
        names = [kinds] if isinstance(kinds, str) else kinds
        allowed = (*_KINDS, "integer")
        if not isinstance(names, list) or not all(isinstance(name, str) and name in allowed for name in names):
            raise self.error(f"type must be one or more of {', '.join(allowed)}; this is {kinds!r}", f"{pointer}/type")
        return list(dict.fromkeys(names))

    def _enum(self, values: list[Any], kinds: list[str] | None, value: Mapping[str, Any]) -> Schema:
        schema = _of_values(values, value.get(COUNTS_KEY))
        if kinds is None:
            return schema
        exact, _ = intersect(schema, union_of(_bare(kind) for kind in kinds), {})
        return exact

    def _kind(self, kind: str, value: Mapping[str, Any], pointer: str) -> Schema:
        match kind:
            case "object":
                return self._object(value, pointer)
            case "array":
                return self._array(value, pointer)
            case "string":
                format, pattern = value.get("format"), value.get("pattern")
                return String(
                    format=format if isinstance(format, str) else None,
                    min_length=self._size(value, "minLength", pointer) or 0,
                    max_length=self._size(value, "maxLength", pointer),
                    pattern=pattern if isinstance(pattern, str) else None,
                )
            case "number" | "integer":
                return self._number(kind, value, pointer)
        return _bare(kind)

    def _size(self, value: Mapping[str, Any], keyword: str, pointer: str) -> int | None:
        size = value.get(keyword)
        if size is None:
            return None
        if isinstance(size, bool) or not isinstance(size, int | float) or size < 0 or size != int(size):
            raise self.error(f"{keyword} must be a whole number from 0, this is {size!r}", f"{pointer}/{keyword}")
        return int(size)

    def _number(self, kind: str, value: Mapping[str, Any], pointer: str) -> Number:
        low, low_open = self._bound(value, "minimum", "exclusiveMinimum", pointer)
        high, high_open = self._bound(value, "maximum", "exclusiveMaximum", pointer)
        return Number(
            integer=kind == "integer",
            minimum=low,
            maximum=high,
            exclusive_minimum=low_open,
            exclusive_maximum=high_open,
            multiple_of=self._limit(value, "multipleOf", pointer),
        )

    def _bound(
        self, value: Mapping[str, Any], keyword: str, exclusive: str, pointer: str
    ) -> tuple[float | int | None, bool]:
        """Draft 4's flag beside the bound, or the bound of its own that later drafts have."""
        bound = self._limit(value, keyword, pointer)
        if isinstance(value.get(exclusive), bool):
            return bound, bool(value[exclusive]) and bound is not None
        own = self._limit(value, exclusive, pointer)
        if own is None:
            return bound, False
        if bound is None or (own >= bound if keyword == "minimum" else own <= bound):
            return own, True
        return bound, False

    def _limit(self, value: Mapping[str, Any], keyword: str, pointer: str) -> float | int | None:
        limit = value.get(keyword)
        if limit is None or (isinstance(limit, int | float) and not isinstance(limit, bool)):
            return limit
        raise self.error(f"{keyword} must be a number, this is {limit!r}", f"{pointer}/{keyword}")

    def _array(self, value: Mapping[str, Any], pointer: str) -> Array:
        if value.get(EMPTY_KEY) is True:
            return Array(NOTHING)
        items = value.get("items", True)
        if isinstance(items, list):  # one schema for each position, before 2020-12
            first, rest = items, value.get("additionalItems", True)
            keyword = "items"
        else:
            first, rest = value.get("prefixItems", []), items
            keyword = "prefixItems"
        if not first:
            return Array(self._read(rest, f"{pointer}/items"), *self._sizes(value, pointer))
        self.loose.append(f"{pointer}/{keyword}")
        schemas = [self._read(item, f"{pointer}/{keyword}/{index}") for index, item in enumerate(first)]
        return Array(union_of([*schemas, self._read(rest, f"{pointer}/items")]), *self._sizes(value, pointer))

    def _sizes(self, value: Mapping[str, Any], pointer: str) -> tuple[int, int | None]:
        return self._size(value, "minItems", pointer) or 0, self._size(value, "maxItems", pointer)

    def _object(self, value: Mapping[str, Any], pointer: str) -> Object:
        properties, required = value.get("properties", {}), value.get("required", [])
        if not isinstance(properties, Mapping):
            raise self.error("properties must be an object", f"{pointer}/properties")
        if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
            raise self.error("required must be a list of names", f"{pointer}/required")
        members = []
        for name, schema in properties.items():
            description = schema.get("description", "") if isinstance(schema, Mapping) else ""
            read = self._read(schema, f"{pointer}/properties/{_escaped(name)}")
            members.append(Property(name, read, name in required, str(description)))
        for name in dict.fromkeys(required):
            if name not in properties:
                members.append(Property(name, ANYTHING))
        return Object(tuple(members), self._additional(value, pointer))

    def _additional(self, value: Mapping[str, Any], pointer: str) -> Schema | None:
        """None where nothing is said, or only what goes without saying: that others may be there."""
        additional = value.get("additionalProperties", True)
        schema = None if additional is True else self._read(additional, f"{pointer}/additionalProperties")
        patterns = value.get("patternProperties")
        if not isinstance(patterns, Mapping) or not patterns:
            return schema
        self.loose.append(f"{pointer}/patternProperties")
        read = [self._read(each, f"{pointer}/patternProperties/{_escaped(name)}") for name, each in patterns.items()]
        return union_of([*read, schema]) if schema is not None else ANYTHING

    def _reference(self, target: Any, pointer: str) -> Reference:
        pointer = f"{pointer}/$ref"
        if not isinstance(target, str):
            raise self.error(f"$ref must be a string, this is {target!r}", pointer)
        base, _, fragment = target.partition("#")
        if base and base not in self._ids:
            raise ExternalReferenceError(
                f"$ref {target!r} points outside this document, and nothing is fetched: "
                "put the schema under definitions and point to it with '#/definitions/...'",
                self._at(pointer),
            )
        if fragment and not fragment.startswith("/"):
            raise self.error(f"$ref {target!r}: anchors are not read; point to it with '#/...'", pointer)
        return Reference(self._define(unquote(fragment), pointer))

    def _at_pointer(self, target: str) -> Any:
        value: Any = self.document
        for step in target.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            value = value[int(step)] if isinstance(value, list) else value[step]
        return value

    def _unescaped_component(self, target: str) -> str | None:
        """The component that a partner's document means: `#/components/schemas/aws.partner/example.com/Ticket.Created`.

        Its slashes are part of a name, or the component is called `TicketCreated`.
        """
        prefix = "/components/schemas/"
        components = self.document.get("components")
        schemas = components.get("schemas") if isinstance(components, Mapping) else None
        if not target.startswith(prefix) or not isinstance(schemas, Mapping):
            return None
        name = target.removeprefix(prefix)
        if name in schemas:
            return name
        alike = [each for each in schemas if _plain(each) == _plain(name.rpartition("/")[2])]
        return alike[0] if "/" in name and len(alike) == 1 else None

    def _define(self, target: str, pointer: str) -> str:
        """The name of the definition at the JSON Pointer `target`, which is put among the unread if it is new."""
        if target in self._names:
            return self._names[target]
        try:
            value = self._at_pointer(target)
        except (KeyError, IndexError, ValueError, TypeError):
            written = self._unescaped_component(target)
            if written is None:
                raise self.error(f"$ref '#{target}': the document has nothing there", pointer) from None
            value = self.document["components"]["schemas"][written]
        name = target.rpartition("/")[2].replace("~1", "/").replace("~0", "~") or "Root"
        if name in self._names.values():
            name = target or "Root"
        self._names[target] = name
        self._unread.append((target, value))
        return name


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _bare(kind: str) -> Schema:
    schemas: dict[str, Schema] = {
        "object": Object(),
        "array": Array(ANYTHING),
        "string": String(),
        "number": Number(),
        "integer": Number(integer=True),
        "boolean": Boolean(),
        "null": Null(),
    }
    return schemas[kind]


def _of_values(values: list[Any], counts: Any = None) -> Schema:
    """The schema of the listed values. Of arrays and objects only the kind is kept."""
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    booleans = [value for value in values if isinstance(value, bool)]
    found: list[Schema] = []
    if texts:
        counted = isinstance(counts, list) and len(counts) == len(texts)
        pairs = sorted(dict(zip(texts, counts if counted else [0] * len(texts), strict=True)).items())
        found.append(String(values=tuple(t for t, _ in pairs), counts=tuple(c for _, c in pairs) if counted else ()))
    if numbers:
        whole = all(isinstance(number, int) or number.is_integer() for number in numbers)
        found.append(Number(integer=whole, values=tuple(sorted(set(numbers)))))
    if booleans:
        found.append(Boolean(tuple(sorted(set(booleans)))))
    found += [Null()] if None in values else []
    found += [Object()] if any(isinstance(value, Mapping) for value in values) else []
    found += [Array(ANYTHING)] if any(isinstance(value, list) for value in values) else []
    return union_of(found)
