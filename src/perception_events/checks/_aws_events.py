"""What is known of AWS's own events: which source sends which detail-type, with which fields, and what comes near."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from perception_events.checks._values import JSONType
from perception_events.schemas import (
    Array,
    Boolean,
    EventSchema,
    Null,
    Number,
    Object,
    Schema,
    String,
    aws_catalogue,
    aws_event_types,
)

__all__ = [
    "CLOUDTRAIL_FIELDS",
    "NearPair",
    "field_types",
    "cloudtrail_name",
    "is_known_pair",
    "is_read_only",
    "near_name",
    "near_pair",
    "unknown_field",
]

_EVERY_SOURCE = frozenset(
    {
        "AWS API Call via CloudTrail",
        "AWS Console Action via CloudTrail",
        "AWS Console Sign In via CloudTrail",
        "AWS Console Signin via CloudTrail",
        "AWS Insight via CloudTrail",
        "AWS Service Event via CloudTrail",
    }
)
"""AWS: EventBridge User Guide, "AWS service events delivered via AWS CloudTrail": any service may send them."""
_BOTH_SPELLINGS = frozenset(
    {
        ("aws.iotanalytics", "IoT Analytics Dataset Lifecycle Notification"),
        ("aws.sagemaker", "Sagemaker Training Job State Change"),
    }
)
"""Events that AWS's console shows with other capitals than its schema registry; either may be what is sent."""
_RENAMED = (("Amazon ES ", "Amazon OpenSearch "),)
"""Beginnings of detail-types that changed. AWS: OpenSearch Service Developer Guide, "Summary of changes"."""
CLOUDTRAIL_FIELDS = frozenset(
    {
        "addendum",
        "additionalEventData",
        "apiVersion",
        "awsRegion",
        "edgeDeviceDetails",
        "errorCode",
        "errorMessage",
        "eventCategory",
        "eventContext",
        "eventID",
        "eventName",
        "eventSource",
        "eventTime",
        "eventType",
        "eventVersion",
        "insightDetails",
        "managementEvent",
        "readOnly",
        "recipientAccountId",
        "requestID",
        "requestParameters",
        "resources",
        "responseElements",
        "serviceEventDetails",
        "sessionCredentialFromConsole",
        "sharedEventID",
        "sourceIPAddress",
        "tlsDetails",
        "userAgent",
        "userIdentity",
        "vpcEndpointAccountId",
        "vpcEndpointId",
    }
)
"""AWS: CloudTrail User Guide, "CloudTrail record contents"."""
_READ_ONLY = re.compile(r"(?:Get|List|Describe)[A-Z]\w*")
_DELIVERED_READS = frozenset({"GetFederationToken", "GetSessionToken"})
_DATA_EVENT_SOURCES = frozenset(
    f"{service}.amazonaws.com" for service in ("dynamodb", "lambda", "s3", "s3-outposts", "sns", "sqs", "kinesis")
)
"""Services whose reads can be data events, which a trail that logs them delivers."""


@lru_cache(maxsize=1)
def _by_source() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for source, detail_type in aws_event_types():
        found.setdefault(source, set()).add(detail_type)
    return {source: frozenset(types) for source, types in found.items()}


def is_known_pair(source: str, detail_type: str) -> bool:
    """Whether AWS is known to send `detail_type` from `source`."""
    known = detail_type in _EVERY_SOURCE or detail_type in _by_source().get(source, frozenset())
    return known or (source, detail_type) in _BOTH_SPELLINGS


class NearPair:
    """A source and a detail-type that AWS sends, and that come near what was written."""

    __slots__ = ("detail_type", "source")

    def __init__(self, source: str, detail_type: str) -> None:
        self.source = source
        self.detail_type = detail_type


def near_pair(sources: Iterable[str], detail_type: str) -> NearPair | None:
    """What was probably meant by `detail_type` of one of `sources`, where it differs in spelling only.

    The catalogue does not have every event, so only small differences count: case, blanks and punctuation, one or two
    letters, last words left out, and names that AWS itself has changed.
    """
    for source in sources:
        types = _by_source().get(source, frozenset()) | _EVERY_SOURCE
        near = near_name(detail_type, sorted(types)) or _begun(detail_type, types)
        if near is not None:
            return NearPair(source, near)
        for old, new in _RENAMED:
            if detail_type.startswith(old):
                return NearPair(source, new + detail_type.removeprefix(old))
        owners = [s for s, known in _by_source().items() if detail_type in known]
        right = near_name(source, owners)
        if right is not None:
            return NearPair(right, detail_type)
    return None


def near_name(name: str, known: Sequence[str]) -> str | None:
    """The one of `known` that differs from `name` in case, blanks and punctuation, or in one or two letters only."""
    plain = _plain(name)
    for one in known:
        if one != name and _plain(one) == plain:
            return one
    allowed = 0 if len(plain) < 5 else 1 if len(plain) < 12 else 2
    return next((one for one in known if one != name and _distance(plain, _plain(one), allowed) <= allowed), None)


def _begun(name: str, known: Iterable[str]) -> str | None:
    """The only one of `known` of which `name` is the beginning: its last words were left out."""
    found = [one for one in known if one.startswith(f"{name} ")]
    return found[0] if len(found) == 1 and " " in name else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _distance(one: str, other: str, most: int) -> int:
    """How many letters to change, add or drop to get from one to the other; above `most`, some number above it."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        following = [at]
        for column, against in enumerate(other, 1):
            following.append(min(row[column] + 1, following[-1] + 1, row[column - 1] + (letter != against)))
        row = following
    return row[-1]


def is_read_only(event_name: str, event_sources: Iterable[str]) -> bool:
    """Whether a CloudTrail call only reads: it reaches a rule only in the state that takes all management events."""
    if event_name in _DELIVERED_READS or not _READ_ONLY.fullmatch(event_name):
        return False
    sources = set(event_sources)
    return not sources or sources.isdisjoint(_DATA_EVENT_SOURCES)


def cloudtrail_name(detail_type: str) -> bool:
    """Whether the detail of this type is a CloudTrail record."""
    return detail_type in _EVERY_SOURCE


class UnknownField:
    """A step of a path that no known event has; `near` is what was probably meant."""

    __slots__ = ("near", "path")

    def __init__(self, path: tuple[str, ...], near: str | None) -> None:
        self.path = path
        self.near = near


def unknown_field(pairs: Iterable[tuple[str, str]], path: tuple[str, ...]) -> UnknownField | None:
    """The first part of a path below `detail` that none of the events `pairs` has; None where one may have it all."""
    worst: UnknownField | None = None
    for source, detail_type in pairs:
        if cloudtrail_name(detail_type):
            found = None if path[0] in CLOUDTRAIL_FIELDS else _unknown(path, 0, sorted(CLOUDTRAIL_FIELDS))
        else:
            schema = aws_catalogue().get((source, detail_type))
            found = None if schema is None else _missing(schema, schema.detail, path)
        if found is None:
            return None
        if worst is None or (worst.near is None and found.near is not None):
            worst = found
    return worst


_JSON_TYPES: dict[type[Schema], JSONType] = {
    String: JSONType.STRING,
    Number: JSONType.NUMBER,
    Boolean: JSONType.BOOLEAN,
    Null: JSONType.NULL,
}


def field_types(pairs: Iterable[tuple[str, str]], path: tuple[str, ...]) -> set[JSONType] | None:
    """The types that the field at `path` below `detail` has in the events `pairs`; None where not all are known."""
    found: set[JSONType] = set()
    for source, detail_type in pairs:
        event = None if cloudtrail_name(detail_type) else aws_catalogue().get((source, detail_type))
        schemas = [] if event is None else [event.detail]
        for step in (*path, None):
            schemas = [] if event is None else [inner for schema in schemas for inner in _elements(event, schema)]
            if step is not None:
                members = [schema.get(step) for schema in schemas if isinstance(schema, Object)]
                schemas = [member.schema for member in members if member is not None]
        if not schemas or not all(type(schema) in _JSON_TYPES for schema in schemas):
            return None
        found |= {_JSON_TYPES[type(schema)] for schema in schemas}
    return found


def _elements(event: EventSchema, schema: Schema) -> list[Schema]:
    """The alternatives of a schema; of an array those of its elements."""
    found: list[Schema] = []
    for one in event.resolve(schema):
        found += _elements(event, one.items) if isinstance(one, Array) else [one]
    return found


def _unknown(path: tuple[str, ...], at: int, known: Sequence[str]) -> UnknownField:
    near = near_name(path[at], known)
    return UnknownField(path[: at + 1], None if near is None else ".".join((*path[:at], near)))


def _missing(event: EventSchema, schema: Schema, path: tuple[str, ...], at: int = 0) -> UnknownField | None:
    if at == len(path):
        return None
    known: list[str] = []
    below: list[Schema] = []
    for one in event.resolve(schema):
        while isinstance(one, Array):
            one = one.items
        if isinstance(one, Null):  # a field that need not be there
            continue
        if not isinstance(one, Object) or one.additional is not None:
            return None
        known += [member.name for member in one.properties]
        found = one.get(path[at])
        if found is not None:
            below.append(found.schema)
    if not below:
        return _unknown(path, at, known)
    results = [_missing(event, one, path, at + 1) for one in below]
    return None if None in results else results[0]
