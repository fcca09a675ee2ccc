"""Events of the original system's modules, as a rule delivers them to an aggregate function."""

from __future__ import annotations

from perception_events.json_values import JSONObject

__all__ = ["CAMERAS", "bus_event", "stream_record"]

CAMERAS = ("cam1", "cam2", "cam3")


def stream_record(
    sort_key: str,
    *,
    site: str = "haemoro_1x2",
    status: str = "COMPLETED",
    sequence_number: int | None = None,
    event_name: str = "INSERT",
    ttl: bool = False,
) -> JSONObject:
    """A record of the event table's stream; `ttl` makes it the deletion by TTL."""
    keys: JSONObject = {"site": {"S": site}, "date#event_type": {"S": sort_key}}
    image: JSONObject = {**keys, "status": {"S": status}}
    data: JSONObject = {"Keys": keys, "OldImage" if event_name == "REMOVE" else "NewImage": image}
    if sequence_number is not None:
        data["SequenceNumber"] = f"{sequence_number:021d}"
    record: JSONObject = {"eventName": event_name, "eventSource": "aws:dynamodb", "dynamodb": data}
    if ttl:
        record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return record


def bus_event(
    sort_key: str, *, site: str = "haemoro_1x2", status: str = "COMPLETED", sequence_number: int | None = None
) -> JSONObject:
    """The event that the bus delivers for an insert."""
    record = stream_record(sort_key, site=site, status=status, sequence_number=sequence_number)
    return {"version": "0", "id": "1", "detail-type": "Event from aws:dynamodb", "detail": record}
