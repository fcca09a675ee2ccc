"""The poller against a scripted stream: order, checkpoints, faults, restarts."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.aws.checkpoints import Checkpoint, CheckpointStore, InMemoryCheckpoints
from perception_events.aws.errors import BackOff
from perception_events.aws.stream_poller import StartingPosition, StreamPoller, StreamReadError
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from perception_events.records import wire_record
from support.fake_streams import ARN, ClientError, FakeShard, FakeStreams, Stop, stream_record


def poller(
    streams: FakeStreams,
    checkpoints: CheckpointStore | None = None,
    position: StartingPosition = StartingPosition.TRIM_HORIZON,
    clock: ManualClock | None = None,
) -> StreamPoller:
    return StreamPoller(
        streams,
        ARN,
        checkpoints=checkpoints,
        starting_position=position,
        clock=clock or ManualClock(1000.0),
        back_off=BackOff(attempts=3, base=0.0),
    )


def read(reader: StreamPoller, stop: Stop | None = None) -> list[int]:
    """The numbers of all records that come before a second without any."""
    seen: list[int] = []

    def process(records: tuple[JSONObject, ...]) -> None:
        seen.extend(number(record) for record in records)

    clock = reader._clock
    assert isinstance(clock, ManualClock)
    reader.run(process, stop or Stop(clock), idle_seconds=1.0)
    return seen


def number(record: JSONObject) -> int:
    change = record["dynamodb"]
    assert isinstance(change, dict)
    return int(str(change["SequenceNumber"]))


def records(*numbers: int) -> list[dict[str, Any]]:
    return [stream_record(n) for n in numbers]


def test_every_record_in_order_within_its_shard() -> None:
    streams = FakeStreams(FakeShard("a", records=records(1, 3, 5)), FakeShard("b", records=records(2, 4)))
    seen = read(poller(streams))
    assert sorted(seen) == [1, 2, 3, 4, 5]
    assert [n for n in seen if n % 2] == [1, 3, 5]


def test_parents_are_read_to_their_end_before_their_children() -> None:
    grandchild = FakeShard("aa", parent="b", records=records(6))
    child = FakeShard("b", parent="c", records=records(4, 5), closed=True)
    parent = FakeShard("c", parent="gone", records=records(1, 2, 3), closed=True)
    assert read(poller(FakeStreams(grandchild, child, parent))) == [1, 2, 3, 4, 5, 6]


def test_a_restart_goes_on_behind_the_last_batch_processed() -> None:
    streams, kept = FakeStreams(FakeShard("a", records=records(1, 2, 3, 4))), InMemoryCheckpoints()
    batches = poller(streams, kept).batches()
    next(batches)
    next(batches)  # the first batch is processed, the second is not
    batches.close()
    assert kept.load(ARN) == {"a": Checkpoint("2")}
    assert read(poller(streams, kept)) == [3, 4]
    assert read(poller(streams, kept)) == []


def test_a_finished_shard_is_not_read_again() -> None:
    streams = FakeStreams(FakeShard("a", records=records(1), closed=True), FakeShard("b", parent="a"))
    kept = InMemoryCheckpoints()
    assert read(poller(streams, kept)) == [1]
    streams.shards["b"].records += records(2)
    assert read(poller(streams, kept)) == [2]


def test_an_expired_iterator_is_replaced_without_loss() -> None:
    streams = FakeStreams(FakeShard("a", records=records(1, 2, 3)))
    reader = poller(streams)
    batches = reader.batches()
    assert len(next(batches).records) == 2
    streams.expire_iterators()
    assert [number(r) for r in next(batches).records] == [3]


def test_latest_begins_with_what_comes_later() -> None:
    clock, kept = ManualClock(1000.0), InMemoryCheckpoints()
    streams = FakeStreams(FakeShard("a", records=[stream_record(1, created=1.0)]), FakeShard("old", closed=True))
    reader = poller(streams, kept, StartingPosition.LATEST, clock)
    batches = reader.batches(Stop(clock, waits=2))
    assert list(batches) == []
    streams.shards["a"].records.append(stream_record(2, created=1000.0))
    streams.shards["b"] = FakeShard("b", records=[stream_record(3, created=1001.0)])
    # Nothing was read before this restart: what came since is still ours, what was there before is not.
    assert sorted(read(poller(streams, kept, StartingPosition.LATEST, clock))) == [2, 3]


def test_trimmed_records_are_said_and_the_rest_is_read(caplog: pytest.LogCaptureFixture) -> None:
    kept = InMemoryCheckpoints()
    kept.save(ARN, {"a": Checkpoint("1"), "gone": Checkpoint("7")})
    streams = FakeStreams(FakeShard("a", records=records(1, 2, 3, 4), trimmed_below=3))
    reader = poller(streams, kept)
    with caplog.at_level(logging.WARNING):
        assert read(reader) == [4]
    assert reader.trimmed_shards == ["gone", "a"]
    assert "shard gone was trimmed" in caplog.text
    assert kept.load(ARN) == {"a": Checkpoint("4")}


def test_throttling_is_waited_for_and_a_rejection_is_raised() -> None:
    streams = FakeStreams(FakeShard("a", records=records(1)))
    streams.faults = {
        "describe_stream": ["ThrottlingException"],
        "get_shard_iterator": ["InternalServerError"],
        "get_records": ["ThrottlingException", "InternalServerError"],
    }
    assert read(poller(streams)) == [1]
    streams.faults = {"describe_stream": ["AccessDeniedException"]}
    with pytest.raises(StreamReadError, match=r"describe_stream on .* failed 1 time.*AccessDeniedException"):
        read(poller(streams))
    streams.faults = {"get_records": ["ThrottlingException"] * 3}
    with pytest.raises(StreamReadError, match=r"failed 3 time"):
        read(poller(streams))


def test_a_shard_that_vanishes_while_it_is_read() -> None:
    streams = FakeStreams(FakeShard("a", records=records(1)), FakeShard("b", parent="a", records=records(2)))
    reader, clock = poller(streams), ManualClock(0.0)
    batches = reader.batches(Stop(clock))
    assert next(batches).shard_id == "a"
    del streams.shards["a"]
    assert next(batches).shard_id == "b"
    assert reader.trimmed_shards == ["a"]


def test_a_batch_that_fails_is_given_again_and_then_raised() -> None:
    streams, kept = FakeStreams(FakeShard("a", records=records(1, 2, 3))), InMemoryCheckpoints()
    seen: list[int] = []

    def process(batch: tuple[JSONObject, ...]) -> None:
        seen.extend(number(record) for record in batch)
        if seen.count(3) < 4 and 3 in seen:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError) as caught:
        poller(streams, kept).run(process)
    assert "after 3 attempts" in caught.value.__notes__[0]
    assert seen == [1, 2, 3, 3, 3]
    assert kept.load(ARN) == {"a": Checkpoint("2")}
    poller(streams, kept).run(process, idle_seconds=0.0)
    assert seen == [1, 2, 3, 3, 3, 3]


def test_told_to_stop_between_attempts_the_batch_stays_open() -> None:
    streams, kept, clock = FakeStreams(FakeShard("a", records=records(1))), InMemoryCheckpoints(), ManualClock(0.0)

    def process(batch: tuple[JSONObject, ...]) -> None:
        raise RuntimeError("no")

    assert poller(streams, kept, clock=clock).run(process, Stop(clock, waits=1)) == 0
    assert kept.load(ARN) == {}


def test_told_to_stop_while_waiting_for_the_listing() -> None:
    streams = FakeStreams(FakeShard("a", records=records(1)))
    streams.faults = {"describe_stream": ["ThrottlingException"]}
    clock = ManualClock(0.0)
    assert read(poller(streams, clock=clock), Stop(clock, waits=1)) == []


# Nothing dropped, nobody starved


class DatedStreams(FakeStreams):
    """As AWS: each response has the time of the service in a header."""

    def __init__(self, *shards: FakeShard, date: str) -> None:
        super().__init__(*shards)
        self.date = date

    def describe_stream(self, **request: Any) -> Mapping[str, Any]:
        metadata = {"HTTPHeaders": {"date": self.date}}
        return {**super().describe_stream(**request), "ResponseMetadata": metadata}


def test_a_clock_that_runs_ahead_loses_no_record() -> None:
    true_time = 1_752_538_268.0
    shard = FakeShard("a", records=records(1, 2))
    streams = DatedStreams(shard, date="Tue, 15 Jul 2025 00:11:08 GMT")
    kept = InMemoryCheckpoints()
    ahead = ManualClock(true_time + 300)
    assert read(poller(streams, kept, position=StartingPosition.LATEST, clock=ahead)) == []
    shard.records.append(stream_record(3, created=true_time + 1))
    assert (read(poller(streams, kept, position=StartingPosition.LATEST, clock=ahead))) == [3]


def test_a_record_without_a_time_is_delivered_after_a_restart() -> None:
    shard = FakeShard("a")
    streams, kept, clock = FakeStreams(shard), InMemoryCheckpoints(), ManualClock(1_752_538_268.0)
    assert read(poller(streams, kept, position=StartingPosition.LATEST, clock=clock)) == []
    untimed = stream_record(1)
    del untimed["dynamodb"]["ApproximateCreationDateTime"]
    shard.records.append(untimed)
    assert (read(poller(streams, kept, position=StartingPosition.LATEST, clock=clock))) == [1]


class OddStreams(FakeStreams):
    """Answers for shard `odd` as `odd_response` does."""

    odd_response: Any = None

    def get_records(self, **request: Any) -> Mapping[str, Any]:
        if request["ShardIterator"].startswith("odd"):
            self.calls.append("odd")
            if isinstance(self.odd_response, Exception):
                raise self.odd_response
            response: Mapping[str, Any] = self.odd_response
            return response
        return super().get_records(**request)


ODD_RESPONSES = [
    ClientError("TrimmedDataAccessException"),
    ClientError("ValidationException"),
    {"Records": [{"eventID": "1"}], "NextShardIterator": "odd:0:0"},
    {"Records": [5], "NextShardIterator": "odd:0:0"},
    {"Records": "many", "NextShardIterator": "odd:0:0"},
]


@pytest.mark.parametrize("response", ODD_RESPONSES, ids=repr)
def test_a_shard_that_is_answered_for_strangely_does_not_starve_the_others(response: Any) -> None:
    good = FakeShard("good", records=records(*range(1, 10)))
    streams = OddStreams(FakeShard("odd"), good)
    streams.odd_response = response
    clock = ManualClock(0.0)
    back_off = BackOff(attempts=3, base=1.0, jitter=lambda: 0.0)
    reading = StreamPoller(streams, ARN, clock=clock, back_off=back_off)
    got: list[int] = []
    with pytest.raises(StreamReadError):
        reading.run(lambda batch: got.extend(map(number, batch)), Stop(clock, waits=200), idle_seconds=20)
    assert got == list(range(1, 10))
    assert streams.calls.count("odd") < 20, "it waits longer and longer"
    assert len(reading.trimmed_shards) <= 1


@pytest.mark.parametrize("response", ODD_RESPONSES, ids=repr)
def test_where_no_shard_can_be_read_it_ends(response: Any) -> None:
    streams = OddStreams(FakeShard("odd"))
    streams.odd_response = response
    clock = ManualClock(0.0)
    with pytest.raises(StreamReadError):
        list(poller(streams, clock=clock).batches(Stop(clock, waits=500)))


def test_a_record_that_is_not_one_is_named_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    bad = stream_record(2)
    bad["dynamodb"]["ApproximateCreationDateTime"] = 1654699573622
    streams = FakeStreams(FakeShard("a", records=[stream_record(1), bad, stream_record(3)]), page=10)
    reading = poller(streams)
    assert (read(reading)) == [1, 3]
    assert reading.unreadable == ["2"]
    assert "record 2 of a is left out: dynamodb.ApproximateCreationDateTime: expected seconds" in caplog.text


def test_calls_are_repeated_for_ever_where_that_is_wanted() -> None:
    streams = FakeStreams(FakeShard("a", records=records(1, 2)))
    streams.faults = {"get_records": ["InternalServerError"] * 50}
    clock = ManualClock(0.0)
    told: list[str] = []
    endless = BackOff(attempts=None, base=0.1, longest=1.0, jitter=lambda: 0.0)
    reading = StreamPoller(streams, ARN, clock=clock, back_off=endless, on_retry=told.append)
    got: list[Any] = []
    reading.run(got.extend, Stop(clock, waits=60))
    assert len(got) == 2
    assert len(told) == 50
    assert "InternalServerError" in told[0]


def test_page_size_is_checked() -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        StreamPoller(FakeStreams(), ARN, page_size=0)


def test_records_get_the_form_that_pipes_see() -> None:
    change = {"ApproximateCreationDateTime": datetime(2025, 7, 15, 1, 2, 3, tzinfo=UTC)}
    identity = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    image = {"b": {"B": b"foobar"}, "bs": {"BS": [b"a"]}, "l": {"L": [{"B": b"foobar"}]}, "t": {"BOOL": True}}
    wire = wire_record({"dynamodb": {**change, "NewImage": image}, "userIdentity": identity, "new": 1}, ARN)
    assert wire == {
        "dynamodb": {
            "ApproximateCreationDateTime": 1752541323,
            "NewImage": {
                "b": {"B": "Zm9vYmFy"},
                "bs": {"BS": [base64.b64encode(b"a").decode()]},
                "l": {"L": [{"B": "Zm9vYmFy"}]},
                "t": {"BOOL": True},
            },
        },
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "new": 1,
        "eventSourceARN": ARN,
    }


@st.composite
def trees(draw: st.DrawFn) -> list[FakeShard]:
    """Shards with parents; a parent's records come before its children's, and it is closed."""
    shards: list[FakeShard] = []
    sequence = 0
    for index in range(draw(st.integers(1, 5))):
        parent = draw(st.sampled_from([None, *(s.shard_id for s in shards)]))
        shard = FakeShard(f"s{index}", parent)
        for _ in range(draw(st.integers(0, 5))):
            sequence += 1
            shard.records.append(stream_record(sequence))
        shards.append(shard)
    for shard in shards:
        shard.closed = any(s.parent == shard.shard_id for s in shards) or draw(st.booleans())
    return draw(st.permutations(shards))


@given(trees(), st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.booleans()), max_size=8))
def test_no_record_is_lost_whatever_crashes(shards: list[FakeShard], lives: list[tuple[int, bool, bool]]) -> None:
    """Each life reads some batches and dies before or after processing the last; then one reads to the end."""
    streams, kept = FakeStreams(*shards), InMemoryCheckpoints()
    seen: list[int] = []
    for batches, processed_last, expire in lives:
        reader = poller(streams, kept).batches(Stop(ManualClock(0.0), waits=5))
        for index, batch in enumerate(reader):
            if index == batches:
                seen.extend(number(record) for record in batch.records if processed_last)
                break
            seen.extend(number(record) for record in batch.records)
            if expire:
                streams.expire_iterators()
        reader.close()
    seen += read(poller(streams, kept))
    expected = [r["dynamodb"]["SequenceNumber"] for s in shards for r in s.records]
    assert {str(n) for n in seen} == set(expected)
    first = {n: seen.index(n) for n in seen}
    by_id = {s.shard_id: s for s in shards}
    for shard in shards:
        own = [int(r["dynamodb"]["SequenceNumber"]) for r in shard.records]
        assert [first[n] for n in own] == sorted(first[n] for n in own)
        if shard.parent and own:
            parents = [int(r["dynamodb"]["SequenceNumber"]) for r in by_id[shard.parent].records]
            assert all(first[p] < first[own[0]] for p in parents)
