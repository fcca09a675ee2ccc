"""EventBridge events, generic over their detail, and the entries that put them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainSerializer,
    SerializationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from typing_extensions import TypeVar

from perception_events.json_values import InvalidJSONValueError, to_json_value
from perception_events.models._base import WireModel, is_for_the_wire, wire_names
from perception_events.times import InvalidTimeError, from_iso, read_time, to_iso_seconds

__all__ = ["EventBridgeEvent", "PutEventsRequestEntry"]

Detail = TypeVar("Detail", default=dict[str, Any])


class _WrittenTime(datetime):
    """A time that was read from text, which is written back as it was; what is derived from it is written anew."""

    text: str | None = None

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _written_time, (self.timestamp(), self.text)


def _written_time(at: float, text: str | None) -> _WrittenTime:
    made = _WrittenTime.fromtimestamp(at, UTC)
    made.text = text
    return made


def _read_event_time(at: object, read: ValidatorFunctionWrapHandler) -> datetime:
    try:
        if isinstance(at, _WrittenTime):
            return at
        if isinstance(at, datetime):
            found: datetime = read(datetime.fromtimestamp(read_time(at), UTC))
            return found
        if isinstance(at, str):
            return _written_time(from_iso(at), at)
    except InvalidTimeError as error:
        raise ValueError(error.expected) from None
    raise ValueError("a time such as 2025-07-15T00:11:08Z")


def _write_event_time(at: datetime, info: SerializationInfo) -> object:
    if not is_for_the_wire(info):
        return at
    return getattr(at, "text", None) or to_iso_seconds(at.timestamp())


EventTime = Annotated[datetime, WrapValidator(_read_event_time), PlainSerializer(_write_event_time)]


class EventBridgeEvent(WireModel, Generic[Detail]):
    """An event as a bus delivers it; `EventBridgeEvent[StreamRecord].parse(event)` reads the detail too.

    `time` is in UTC; what was read is written as it was, another time in whole seconds. `replay_name` is set on events
    from an archive.

    AWS: EventBridge User Guide, "Events".
    """

    model_config = ConfigDict(alias_generator=wire_names({"detail_type": "detail-type", "replay_name": "replay-name"}))

    version: str = "0"
    id: str
    detail_type: str
    source: str
    account: str
    time: EventTime
    region: str
    resources: tuple[str, ...] = ()
    replay_name: str | None = None
    detail: Detail


class PutEventsRequestEntry(WireModel):
    """One entry of `PutEvents`; `detail` is JSON text.

    AWS: service model `events`, `PutEventsRequestEntry`.
    """

    model_config = ConfigDict(
        alias_generator=wire_names(
            {
                "source": "Source",
                "detail_type": "DetailType",
                "detail": "Detail",
                "event_bus_name": "EventBusName",
                "resources": "Resources",
                "time": "Time",
                "trace_header": "TraceHeader",
            }
        )
    )

    source: str
    detail_type: str
    detail: str
    event_bus_name: str | None = None
    resources: tuple[str, ...] = ()
    time: EventTime | None = None
    trace_header: str | None = None

    @classmethod
    def of(
        cls,
        detail: BaseModel | Mapping[str, Any],
        *,
        source: str,
        detail_type: str,
        event_bus_name: str | None = None,
        resources: tuple[str, ...] = (),
        time: datetime | None = None,
    ) -> PutEventsRequestEntry:
        """An entry whose detail is a model or a mapping; Decimals, sets and bytes in it become JSON.

        Raises:
            InvalidJSONValueError: the detail is not an object, or JSON cannot hold a member, which is named.
        """
        if isinstance(detail, WireModel):
            value: object = detail.to_dict()
        else:
            value = detail.model_dump(by_alias=True) if isinstance(detail, BaseModel) else detail
        value = to_json_value(value)
        if not isinstance(value, dict):
            raise InvalidJSONValueError("detail", "a model or a mapping", detail)
        given: dict[str, Any] = {"event_bus_name": event_bus_name, "resources": resources, "time": time}
        return cls(
            source=source,
            detail_type=detail_type,
            detail=json.dumps(value, ensure_ascii=False, separators=(",", ":")),
            **{name: field for name, field in given.items() if field},
        )
