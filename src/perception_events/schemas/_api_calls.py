"""Records of API calls, which CloudTrail puts on the default bus: some of their parts differ for each API."""

from __future__ import annotations

from perception_events.schemas._types import ANYTHING, Array, Null, Object, Property, Schema, alternatives, union_of

__all__ = ["OPEN_PARTS", "is_api_call", "with_open_parts"]

OPEN_PARTS = ("requestParameters", "responseElements", "additionalEventData")
"""The parts of a call's detail that every API fills in its own way.

AWS: CloudTrail User Guide, "CloudTrail record contents".
"""


def is_api_call(detail_type: str) -> bool:
    """Whether events of `detail_type` are CloudTrail's records."""
    return detail_type.endswith("via CloudTrail")


def with_open_parts(detail: Schema) -> Schema:
    """`detail` as it was seen, but with parts that may have any fields: a few calls say nothing of all the others."""
    if not isinstance(detail, Object):
        return detail
    members = {member.name: member for member in detail.properties}
    for name in OPEN_PARTS:
        seen = members.get(name, Property(name, Object(), required=False))
        members[name] = Property(name, _open(seen.schema), seen.required and name in members, seen.description)
    return Object(tuple(members.values()), detail.additional)


def _open(part: Schema) -> Schema:
    kinds = alternatives(part)
    if all(isinstance(kind, Null | Array) for kind in kinds):
        kinds = (*kinds, Object())
    return union_of(Object(kind.properties, ANYTHING) if isinstance(kind, Object) else kind for kind in kinds)
