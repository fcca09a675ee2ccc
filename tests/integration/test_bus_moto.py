"""The same calls to moto's EventBridge and to ours: what is accepted, what is refused, what a replay carries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from perception_events.buses import EventBus, EventBusError
from perception_events.clock import ManualClock

pytestmark = pytest.mark.aws_parts
ENTRY = {"Source": "s", "DetailType": "t", "Detail": "{}"}


@pytest.fixture
def moto_events(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    moto = pytest.importorskip("moto", reason="needs the [dev] extra")
    boto3 = pytest.importorskip("boto3", reason="needs the [dev] extra")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with moto.mock_aws():
        yield boto3.client("events", region_name="us-east-1")


def ours() -> EventBus:
    return EventBus(clock=ManualClock(1752538268.0), new_id=lambda: "id")


def outcome(answer: Any) -> list[tuple[bool, str | None]]:
    """For each entry whether it was taken, and the code where not."""
    return [("EventId" in entry, entry.get("ErrorCode")) for entry in answer["Entries"]]


@pytest.mark.filterwarnings("ignore:EventDetail should be of type dict")
@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        {**ENTRY, "Resources": ["arn:aws:s3:::b"]},
        {**ENTRY, "Detail": "text"},
        {**ENTRY, "Detail": "[1]"},
        {"DetailType": "t", "Detail": "{}"},
        {"Source": "s", "Detail": "{}"},
        {"Source": "s", "DetailType": "t"},
    ],
    ids=json.dumps,
)
def test_an_entry_is_taken_or_refused_alike(moto_events: Any, entry: dict[str, Any]) -> None:
    theirs = outcome(moto_events.put_events(Entries=[ENTRY, entry]))
    mine = outcome(ours().put_events([ENTRY, entry]))
    if entry.get("Detail") == "[1]":
        # AWS was recorded to refuse a detail that is no object; moto takes it.
        assert (theirs[1], mine[1]) == ((True, None), (False, "MalformedDetail"))
    else:
        assert mine == theirs


def test_eleven_entries_are_refused_alike(moto_events: Any) -> None:
    with pytest.raises(moto_events.exceptions.ClientError, match="ValidationException"):
        moto_events.put_events(Entries=[ENTRY] * 11)
    with pytest.raises(EventBusError, match="ValidationException"):
        ours().put_events([ENTRY] * 11)
