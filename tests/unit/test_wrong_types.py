"""Every public entrance names what is wrong in the library's own words, whatever it is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from perception_events.aggregation import Aggregator, InMemoryJoinStore, Join, manifest_members
from perception_events.attribute_values import from_python, image_from_python, image_to_python, to_python
from perception_events.aws.checkpoints import Checkpoint
from perception_events.aws.event_table import EventRow, EventStatus, EventTable
from perception_events.aws.publisher import EventPublisher
from perception_events.clock import ManualClock
from perception_events.errors import PerceptionEventsError
from perception_events.json_values import to_json_value
from perception_events.lambdas import EventRouter, event_handler
from perception_events.models import EventBridgeEvent, EventItem, PutEventsRequestEntry, StreamRecord, read_records
from perception_events.records import json_record, wire_record
from perception_events.sort_keys import SortKey, parse_date
from perception_events.streams import InMemoryTable, as_record
from perception_events.testing import RecordBuilder
from perception_events.times import from_iso, read_time, to_iso, to_iso_seconds


def deep(levels: int) -> Any:
    value: Any = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


class RaisingObject:
    """An object whose every question is answered by an error."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


ODD: dict[str, Any] = {
    "none": None,
    "true": True,
    "number": 5,
    "huge number": 10**5000,
    "float": 0.5,
    "nan": float("nan"),
    "decimal": Decimal("1E+999999"),
    "text": "text",
    "long text": "x" * 1_000_000,
    "surrogate": "\ud800",
    "bytes": b"\xff",
    "list": [1],
    "lists": [[[]]],
    "set": {1},
    "tuple": (1, 2),
    "empty": {},
    "object": object(),
    "spiteful": RaisingObject(),
    "function": len,
    "type": int,
    "names": {1: 2},
    "wrong": {"dynamodb": 5, "detail": 5, "Records": 5},
    "records": {"Records": [None, 5, {}]},
    "deep": {"dynamodb": {"NewImage": {"a": deep(5_000)}}, "eventID": "e"},
    "wide": {"dynamodb": {"NewImage": {str(n): {"S": n} for n in range(100_000)}}, "eventID": "e"},
    "numbers": {"dynamodb": {"NewImage": {"n": {"N": "1E+999999999"}}, "ApproximateCreationDateTime": 1e30}},
}


_TEXT: Any = "x"


class NoTable:
    """A table that must not be asked."""

    table_name = "events"

    def __init__(self) -> None:
        self.meta = self
        self.client = self


def new_table() -> InMemoryTable:
    return InMemoryTable("t", clock=ManualClock())


def aggregator() -> Aggregator:
    return Aggregator([Join(on="pose", trigger=("recon",))], InMemoryJoinStore(), clock=ManualClock())


EVENTS = EventTable(NoTable(), clock=ManualClock(0.0))
ENTRANCES: dict[str, Callable[[Any], object]] = {
    "to_python": to_python,
    "image_to_python": image_to_python,
    "from_python": from_python,
    "image_from_python": image_from_python,
    "to_json_value": to_json_value,
    "wire_record": wire_record,
    "json_record": json_record,
    "to_iso": to_iso,
    "to_iso_seconds": to_iso_seconds,
    "as_record": as_record,
    "read_time": read_time,
    "from_iso": from_iso,
    "SortKey.parse": SortKey.parse,
    "parse_date": parse_date,
    "StreamRecord.parse": StreamRecord.parse,
    "EventBridgeEvent.parse": EventBridgeEvent.parse,
    "EventItem.parse": EventItem.parse,
    "EventItem.from_image": EventItem.from_image,
    "read_records": read_records,
    "PutEventsRequestEntry.of": lambda odd: PutEventsRequestEntry.of(odd, source="s", detail_type="t"),
    "Aggregator.handle": lambda odd: aggregator().handle(odd),
    "Join.on": lambda odd: Join(on=odd, trigger=("recon",)),
    "Join.expects": lambda odd: Join(on="pose", expects=odd, trigger=("recon",)),
    "Join.deadline": lambda odd: Join(on="pose", deadline=odd, trigger=("recon",)),
    "manifest": lambda odd: manifest_members({"who": odd}, "who"),
    "event_handler": lambda odd: event_handler(lambda event: None)(odd, None),
    "typed handler": lambda odd: event_handler(_typed)(odd, None),
    "event_handler of": lambda odd: event_handler(odd) if odd is not None else None,
    "router": lambda odd: EventRouter()(odd, None),
    "router.on": lambda odd: EventRouter().on(odd) if odd is not None else None,
    "publish": lambda odd: EventPublisher(_Bus()).publish(odd),
    "publish one": lambda odd: EventPublisher(_Bus()).publish([odd]),
    "InMemoryTable.put_item": lambda odd: new_table().put_item(odd),
    "InMemoryTable.get_item": lambda odd: new_table().get_item(odd),
    "RecordBuilder.insert": lambda odd: RecordBuilder().insert("s", "2025-07-15#pose", value=odd),
    "RecordBuilder site": lambda odd: RecordBuilder().insert(odd, "2025-07-15#pose"),
    "Checkpoint.from_dict": lambda odd: Checkpoint.from_dict(odd),
    "EventTable.save site": lambda odd: EVENTS.save(odd, "config", EventStatus.COMPLETED),
    "EventTable.save key": lambda odd: EVENTS.save("s", odd, EventStatus.COMPLETED),
    "EventTable.save status": lambda odd: EVENTS.save("s", "config", odd),
    "EventTable.get": lambda odd: EVENTS.get(odd, odd) if not isinstance(odd, str) else None,
    "EventTable.query": lambda odd: EVENTS.query("s", odd) if odd is not None else None,
    "EventTable.save_all": lambda odd: EVENTS.save_all([odd]),
    "EventTable.save expires_at": lambda odd: EVENTS.save(
        "s", "2025-07-15#pose", EventStatus.COMPLETED, expires_at=odd if type(odd) in (str, bytes) else _TEXT
    ),
}
VALUE_ERROR_TOO = {"Checkpoint.from_dict"}
"""Inside a file's error, which is the library's own."""


class _Bus:
    def put_events(self, **request: Any) -> Any:
        return {"Entries": [{"EventId": "1"} for _ in request["Entries"]]}


def _typed(record: StreamRecord) -> None: ...


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_wrong_input_is_taken_or_rejected_by_name(entrance: str) -> None:
    for name, odd in ODD.items():
        started = time.thread_time()
        error: Exception | None = None
        try:
            ENTRANCES[entrance](odd)
        except Exception as raised:
            error = raised
        if error is not None:
            ours = isinstance(error, PerceptionEventsError) or entrance in VALUE_ERROR_TOO
            assert ours, f"{entrance} of {name}: a bare {error!r:.300}"
            assert len(str(error)) < 3_000, f"{entrance} of {name}"
        # That nothing hangs is what this asks, not how quick a machine is: the largest of these take about a second.
        assert time.thread_time() - started < 10, f"{entrance} of {name} takes too long"


def test_a_row_of_wrong_types_is_named() -> None:
    with pytest.raises(PerceptionEventsError):
        EVENTS.save_all([EventRow("s", SortKey.parse("2025-07-15#pose"), EventStatus.COMPLETED, 1752538268000)])
