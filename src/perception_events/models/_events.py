"""EventBridge events, generic over their detail, and the entries that put them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from typing_extensions import TypeVar

from perception_events.models._base import WireModel, wire_names

__all__ = ["EventBridgeEvent", "PutEventsRequestEntry"]

Detail = TypeVar("Detail", default=dict[str, Any])


def _read_time(at: object) -> object:
    if isinstance(at, int | float):
        raise ValueError("a time such as 2025-07-15T00:11:08Z")
    return at


def _write_time(at: datetime) -> str:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


EventTime = Annotated[datetime, BeforeValidator(_read_time), PlainSerializer(_write_time, when_used="json")]


class EventBridgeEvent(WireModel, Generic[Detail]):
    """An event as a bus delivers it; `EventBridgeEvent[StreamRecord].parse(event)` reads the detail too.

    `time` is in UTC and written in whole seconds. `replay_name` is set on events from an archive.

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
        """An entry whose detail is a model or a mapping."""
        value = detail.to_dict() if isinstance(detail, WireModel) else detail
        value = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else dict(value)
        given: dict[str, Any] = {"event_bus_name": event_bus_name, "resources": resources, "time": time}
        return cls(
            source=source,
            detail_type=detail_type,
            detail=json.dumps(value, ensure_ascii=False, separators=(",", ":")),
            **{name: field for name, field in given.items() if field},
        )
