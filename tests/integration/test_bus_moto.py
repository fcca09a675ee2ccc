"""The same calls to moto's EventBridge and to ours: what is accepted, what is rejected, what a replay carries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import pytest

from perception_events.buses import Archive, EventBus, EventBusError, Rule, RuleTarget
from perception_events.clock import ManualClock
from perception_events.testing import RecordingTarget

pytestmark = pytest.mark.aws_parts
ENTRY = {"Source": "s", "DetailType": "t", "Detail": "{}"}
NOW = 1752538268


@pytest.fixture
def moto_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    moto = pytest.importorskip("moto", reason="needs the [dev] extra")
    boto3 = pytest.importorskip("boto3", reason="needs the [dev] extra")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with moto.mock_aws():
        yield boto3.session.Session(region_name="us-east-1")


@pytest.fixture
def moto_events(moto_session: Any) -> Any:
    return moto_session.client("events")


def ours() -> EventBus:
    return EventBus(clock=ManualClock(NOW), new_id=lambda: "id")


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
def test_an_entry_is_taken_or_rejected_alike(moto_events: Any, entry: dict[str, Any]) -> None:
    theirs = outcome(moto_events.put_events(Entries=[ENTRY, entry]))
    mine = outcome(ours().put_events([ENTRY, entry]))
    if entry.get("Detail") == "[1]":
        # AWS was recorded to reject a detail that is no object; moto takes it.
        assert (theirs[1], mine[1]) == ((True, None), (False, "MalformedDetail"))
    else:
        assert mine == theirs


def test_eleven_entries_are_rejected_alike(moto_events: Any) -> None:
    with pytest.raises(moto_events.exceptions.ClientError, match="ValidationException"):
        moto_events.put_events(Entries=[ENTRY] * 11)
    with pytest.raises(EventBusError, match="ValidationException"):
        ours().put_events([ENTRY] * 11)


class Buses(Protocol):
    """What the replay tests need of an EventBridge: every answer is what a user would see."""

    def put_rule(self, name: str, event_pattern: Mapping[str, Any]) -> None: ...

    def put_events(self, *entries: Mapping[str, Any]) -> None: ...

    def create_archive(self, name: str, event_pattern: Mapping[str, Any] | None = None) -> None: ...

    def start_replay(self, name: str, archive: str, start: int, end: int, *, to: str = "default") -> None: ...

    def received(self, rule: str) -> list[dict[str, Any]]:
        """The events that the rule's target got since the last time."""
        ...


class MotoBus:
    """Moto's, with a queue behind each rule."""

    def __init__(self, session: Any) -> None:
        self.events = session.client("events")
        self.sqs = session.client("sqs")
        self.archives: dict[str, str] = {}

    def put_rule(self, name: str, event_pattern: Mapping[str, Any]) -> None:
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.events.put_rule(Name=name, EventPattern=json.dumps(event_pattern))
        self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def put_events(self, *entries: Mapping[str, Any]) -> None:
        self.events.put_events(Entries=list(entries))

    def create_archive(self, name: str, event_pattern: Mapping[str, Any] | None = None) -> None:
        source = self.events.describe_event_bus(Name="default")["Arn"]
        pattern = {} if event_pattern is None else {"EventPattern": json.dumps(event_pattern)}
        made = self.events.create_archive(ArchiveName=name, EventSourceArn=source, **pattern)
        self.archives[name] = made["ArchiveArn"]

    def start_replay(self, name: str, archive: str, start: int, end: int, *, to: str = "default") -> None:
        if to != "default":
            self.events.create_event_bus(Name=to)
        destination = {"Arn": self.events.describe_event_bus(Name=to)["Arn"]}
        source = self.archives[archive]
        self.events.start_replay(
            ReplayName=name, EventSourceArn=source, EventStartTime=start, EventEndTime=end, Destination=destination
        )

    def received(self, rule: str) -> list[dict[str, Any]]:
        url = self.sqs.get_queue_url(QueueName=rule)["QueueUrl"]
        got = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                got.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return got


class OurBus:
    """Ours, with a recording target behind each rule."""

    def __init__(self) -> None:
        self.bus = ours()
        self.targets: dict[str, RecordingTarget] = {}
        self.archives: dict[str, Archive] = {}

    def put_rule(self, name: str, event_pattern: Mapping[str, Any]) -> None:
        target = self.targets[name] = RecordingTarget()
        self.bus.put_rule(Rule(name, event_pattern, targets=(RuleTarget("queue", target),)))

    def put_events(self, *entries: Mapping[str, Any]) -> None:
        self.bus.put_events(entries)

    def create_archive(self, name: str, event_pattern: Mapping[str, Any] | None = None) -> None:
        self.archives[name] = self.bus.create_archive(name, event_pattern=event_pattern)

    def start_replay(self, name: str, archive: str, start: int, end: int, *, to: str = "default") -> None:
        bus = self.bus if to == "default" else EventBus(to, clock=ManualClock(NOW), new_id=lambda: "id")
        bus.start_replay(name, self.archives[archive], start=start, end=end)

    def received(self, rule: str) -> list[dict[str, Any]]:
        got: list[Any] = list(self.targets[rule].events)
        self.targets[rule].events.clear()
        return got


def on_both(session: Any, play: Callable[[Buses], object]) -> tuple[object, object]:
    """What `play` gives with moto's buses and with ours: its answer, or the rejection's code and message."""
    from botocore.exceptions import ClientError

    def outcome(buses: Buses) -> object:
        try:
            return play(buses)
        except ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        except EventBusError as error:
            return str(error)

    return outcome(MotoBus(session)), outcome(OurBus())


def at(seconds: int, **detail: Any) -> dict[str, Any]:
    """An entry of `seconds` after the first, with `detail`."""
    return {**ENTRY, "Time": NOW + seconds, "Resources": ["arn:aws:s3:::b"], "Detail": json.dumps(detail)}


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    """`event` without what moto does its own way.

    It gives a replayed event a new id, leaves `account` out of the first delivery to a queue, and an `ingestion-time`
    in the replayed event.
    """
    return {name: value for name, value in event.items() if name not in ("id", "account", "ingestion-time")}


def test_a_replay_delivers_what_the_archive_took_and_says_so(moto_session: Any) -> None:
    def play(buses: Buses) -> object:
        buses.put_rule("everything", {"source": ["s"]})
        buses.put_rule("replayed", {"replay-name": [{"exists": True}]})
        buses.create_archive("poses", {"detail": {"kind": ["pose"]}})
        buses.put_events(at(0, kind="pose", n=1), at(1, kind="recon"), at(2, kind="pose", n=2.0))
        before = buses.received("everything"), buses.received("replayed")
        buses.start_replay("again", "poses", NOW, NOW + 60)
        after = buses.received("everything"), buses.received("replayed")
        return [[comparable(event) for event in events] for events in (*before, *after)]

    theirs, mine = on_both(moto_session, play)
    assert mine == theirs
    assert isinstance(mine, list)
    everything, replayed_before, again, replayed = mine
    assert [len(events) for events in mine] == [3, 0, 2, 2]
    assert again == replayed == [event | {"replay-name": "again"} for event in everything if event["detail"].get("n")]
    assert replayed_before == []


def test_what_a_replay_delivers_is_not_archived_again(moto_session: Any) -> None:
    def play(buses: Buses) -> object:
        buses.put_rule("everything", {"source": ["s"]})
        buses.create_archive("all")
        buses.put_events(at(0, n=1))
        for name in ("first", "second"):
            buses.start_replay(name, "all", NOW, NOW + 60)
        return [event.get("replay-name") for event in buses.received("everything")]

    theirs, mine = on_both(moto_session, play)
    assert mine == theirs == [None, "first", "second"]


def twice(call: Callable[[Buses], object]) -> Callable[[Buses], object]:
    def play(buses: Buses) -> object:
        buses.create_archive("all")
        return [call(buses), call(buses)]

    return play


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (twice(lambda buses: buses.create_archive("again")), "ResourceAlreadyExistsException"),
        (twice(lambda buses: buses.start_replay("again", "all", NOW, NOW + 1)), "ResourceAlreadyExistsException"),
        (twice(lambda buses: buses.start_replay("r", "all", NOW + 1, NOW)), "ValidationException"),
        (twice(lambda buses: buses.start_replay("r", "all", NOW, NOW + 1, to="other")), "ValidationException"),
    ],
    ids=["archive twice", "replay twice", "ends before it starts", "to another bus"],
)
def test_archives_and_replays_are_rejected_in_the_same_words(
    moto_session: Any, play: Callable[[Buses], object], code: str
) -> None:
    theirs, mine = on_both(moto_session, play)
    assert mine == theirs
    assert str(mine).startswith(code)


def test_a_name_too_long_is_rejected_by_both(moto_session: Any) -> None:
    theirs, mine = on_both(moto_session, lambda buses: buses.create_archive("a" * 49))
    assert str(theirs).startswith("ValidationException")
    assert str(mine).startswith("ValidationException")


def test_where_moto_differs_a_replay_keeps_to_its_minutes(moto_session: Any) -> None:
    """AWS replays the events between the two times; moto replays the whole archive."""

    def play(buses: Buses) -> object:
        buses.put_rule("everything", {"source": ["s"]})
        buses.create_archive("all")
        buses.put_events(at(0, n=1), at(3600, n=2))
        buses.start_replay("first-hour", "all", NOW, NOW + 3600)
        return [event["detail"]["n"] for event in buses.received("everything") if "replay-name" in event]

    theirs, mine = on_both(moto_session, play)
    assert (theirs, mine) == ([1, 2], [1])
