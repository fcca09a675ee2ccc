"""A hypothesis strategy of the events that a schema allows, so that rules and handlers meet what producers may send."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from perception_events.schemas import (
    Anything,
    Array,
    Boolean,
    EventSchema,
    Nothing,
    Null,
    Number,
    Object,
    Reference,
    Schema,
    String,
    Union,
    is_valid,
)

__all__ = ["events_of", "values_of"]

_FIRST_TIME = datetime(1970, 1, 1)  # hypothesis takes times without a zone; `Z` comes behind it
"""AWS writes the time of an event, so it is never before its epoch; models reject earlier ones."""


def events_of(schema: EventSchema) -> st.SearchStrategy[dict[str, Any]]:
    """Events that are valid under `schema`: with and without what is optional, all members of closed sets, odd texts.

    What AWS writes around a detail (id, account, time, region) looks as AWS writes it. Members that the schema does not
    name are not made.
    """
    events = values_of(schema.root, schema.definitions)
    if schema.is_envelope:
        envelopes = st.fixed_dictionaries(
            {
                "version": st.just("0"),
                "id": st.uuids(version=4).map(str),
                "account": st.from_regex(r"\A[0-9]{12}\Z"),
                "time": st.datetimes(_FIRST_TIME).map(lambda at: at.replace(microsecond=0).isoformat() + "Z"),
                "region": st.sampled_from(["eu-west-1", "us-east-1"]),
            }
        )
        events = st.builds(lambda event, envelope: {**event, **envelope}, events, envelopes)
    return events.filter(schema.accepts)


def values_of(schema: Schema, definitions: Mapping[str, Schema] | None = None) -> st.SearchStrategy[Any]:
    """Values that are valid under `schema`."""
    return _Strategies(definitions or {}).of(schema)


class _Strategies:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self.definitions = definitions
        self.made: dict[str, st.SearchStrategy[Any]] = {}

    def of(self, schema: Schema) -> st.SearchStrategy[Any]:
        match schema:
            case Anything():
                return st.recursive(
                    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
                    max_leaves=3,
                )
            case Nothing():
                return st.nothing()
            case Null():
                return st.none()
            case Boolean(values):
                return st.sampled_from(values) if values else st.booleans()
            case Number():
                return _numbers(schema)
            case String():
                return _texts(schema)
            case Array(items, least, most):
                if isinstance(items, Nothing):
                    return st.nothing() if least else st.builds(list)
                return st.lists(self.of(items), min_size=least, max_size=least + 3 if most is None else most)
            case Object():
                return self._objects(schema)
            case Union(members):
                return st.one_of([self.of(member) for member in members])
            case Reference(name):
                if name not in self.made:
                    self.made[name] = st.deferred(lambda: self.of(self.definitions[name]))
                return self.made[name]

    def _objects(self, schema: Object) -> st.SearchStrategy[dict[str, Any]]:
        required = {member.name: self.of(member.schema) for member in schema.properties if member.required}
        optional = {
            member.name: self.of(member.schema)
            for member in schema.properties
            if not member.required and not isinstance(member.schema, Nothing)
        }
        named = st.fixed_dictionaries(required, optional=optional)
        if schema.additional is None or isinstance(schema.additional, Nothing):
            return named
        names = st.text(max_size=5).filter(lambda name: schema.get(name) is None)
        others = st.dictionaries(names, self.of(schema.additional), max_size=3)
        return st.builds(lambda one, two: {**two, **one}, named, others)


def _numbers(schema: Number) -> st.SearchStrategy[int | float]:
    if schema.values:
        return st.sampled_from(schema.values)
    low, high = schema.minimum, schema.maximum
    whole: st.SearchStrategy[int | float] = st.integers(
        None if low is None else math.ceil(low), None if high is None else math.floor(high)
    )
    if schema.multiple_of:
        step = schema.multiple_of
        whole = st.integers(
            None if low is None else int(low // step), None if high is None else int(high // step) + 1
        ).map(lambda number: number * step)
    elif not schema.integer:
        bounded = st.floats(low, high, allow_nan=False, allow_infinity=False)
        whole = bounded if low is not None and high is not None and high - low < 1 else whole | bounded
    return whole.filter(lambda value: is_valid(schema, value))


def _texts(schema: String) -> st.SearchStrategy[str]:
    if schema.values:
        return st.sampled_from(schema.values)
    if schema.pattern is not None:
        try:
            made = st.from_regex(re.compile(schema.pattern))
        except re.error:  # of another dialect: it describes, and rejects nothing
            made = st.text(min_size=schema.min_length, max_size=schema.max_length)
        return made.filter(lambda text: is_valid(schema, text))
    known = _FORMATS.get(schema.format or "")
    if known is not None:
        return known.filter(lambda text: is_valid(schema, text))
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=schema.min_length, max_size=schema.max_length)


_FORMATS: Mapping[str, st.SearchStrategy[str]] = {
    "date-time": st.datetimes().map(lambda at: at.isoformat() + "Z"),
    "date": st.dates().map(str),
    "uuid": st.uuids().map(str),
    "arn": st.from_regex(r"\Aarn:aws:s3:::[a-z0-9-]{3,10}\Z"),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "email": st.from_regex(r"\A[a-z]{1,8}@example\.com\Z"),
    "uri": st.from_regex(r"\Ahttps://example\.com/[a-z]{0,8}\Z"),
    "byte": st.binary(max_size=6).map(lambda data: base64.b64encode(data).decode()),
    "dynamodb-integer": st.integers(-(10**37), 10**37).map(str),
    "dynamodb-number": st.decimals(-1000, 1000, places=2).map(str),
}
