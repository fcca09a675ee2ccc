"""One bad thing never stops the others: a strange manifest, a callable that raises, a foreign item, a damaged group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perception_events.aggregation import (
    Aggregator,
    Expected,
    FallbackPolicy,
    InMemoryJoinStore,
    InvalidExpectationError,
    InvalidJoinError,
    InvalidMemberEventError,
    Join,
    JoinContentionError,
    JoinFailure,
    JoinFailuresError,
    JoinKey,
    JoinResult,
    JoinState,
    Manifest,
    Member,
    UnreadableGroup,
    group_size,
    item_changes,
    join_item,
    manifest_members,
)
from perception_events.clock import ManualClock
from perception_events.item_names import ItemNames
from perception_events.json_values import JSONValue
from perception_events.streams import item_size
from support.joins import CAMERAS, bus_event, stream_record

START = 1_752_538_268.0
POSE = Join(on="pose", group_by=("site", "date", "sync"), expects=CAMERAS, trigger=("recon",))
DAY = Join(
    on="recon",
    expects=Manifest("manifest_recon"),
    trigger=("reid",),
    deadline=timedelta(hours=1),
    policy=FallbackPolicy.TRIGGER,
)
HOUR = 3600.0


class JoinFixture:
    def __init__(self, *joins: Join, read_item: Any = None) -> None:
        self.clock = ManualClock(START)
        self.store = InMemoryJoinStore(read_item=read_item)
        self.aggregator = Aggregator(joins, self.store, clock=self.clock)

    def recon(self, *syncs: str, site: str) -> list[JoinResult]:
        events: list[JSONValue] = [
            bus_event(f"2025-07-15#recon#{sync}", site=site, sequence_number=n) for n, sync in enumerate(syncs)
        ]
        return self.aggregator.handle(events)

    @property
    def triggers(self) -> list[tuple[str, str]]:
        return [(item.site, item.sort_key) for item in self.store.outbox]


def manifests(**members: Any) -> Any:
    return lambda site, sort_key: {"members": members[site]} if site in members else None


def test_a_bad_manifest_does_not_keep_the_sweep_from_other_groups() -> None:
    fixture = JoinFixture(DAY, read_item=manifests(a={"N": "2.5"}, c={"SS": ["sync001"]}))
    for site in "abc":
        fixture.recon("sync001", site=site) if site != "c" else None
    fixture.clock.advance(2 * HOUR)
    with pytest.raises(JoinFailuresError) as failed:
        fixture.aggregator.sweep()
    assert fixture.triggers == [("a", "2025-07-15#trigger_reid"), ("b", "2025-07-15#trigger_reid")]
    (failure,) = failed.value.failures
    assert "the manifest a 2025-07-15#manifest_recon: 'members' must be a string set or list" in str(failure)
    assert "{'N': '2.5'}" in str(failure)
    assert [result.key.site for result in failed.value.results] == ["a", "b"]
    assert not failed.value.retryable


def test_a_bad_manifest_does_not_fail_the_event_and_is_told() -> None:
    fixture = JoinFixture(DAY, read_item=manifests(a={"L": [{"S": "sync001"}, {"N": "2"}]}))
    (result,) = fixture.recon("sync001", site="a")
    assert result.outcome == "RECORDED"
    assert result.problem is not None
    assert "the manifest a 2025-07-15#manifest_recon" in result.problem
    assert fixture.triggers == []
    (report,) = fixture.aggregator.reports()
    assert (report.status, report.missing_count, report.problem) == ("OPEN", None, result.problem)


def test_a_callable_that_raises_stops_neither_sweep_nor_reports() -> None:
    def expects(key: JoinKey) -> Iterable[str]:
        if key.site == "a":
            raise ConnectionResetError("no network")
        return CAMERAS

    overdue = replace(POSE, expects=expects, deadline=timedelta(hours=1), policy=FallbackPolicy.TRIGGER)
    fixture = JoinFixture(overdue)
    with pytest.raises(ConnectionResetError) as raised:
        fixture.aggregator.handle(bus_event("2025-07-15#pose#sync001#cam1", site="a"))
    assert "expects= of join 'pose' for the group a#2025-07-15#pose#sync001" in raised.value.__notes__[0]
    fixture.aggregator.handle(bus_event("2025-07-15#pose#sync001#cam1", site="b"))
    reports = {report.state.key.site: report.problem for report in fixture.aggregator.reports()}
    assert reports["b"] is None
    assert "expects(a#2025-07-15#pose#sync001) raised ConnectionResetError: no network" in str(reports["a"])
    fixture.clock.advance(2 * HOUR)
    with pytest.raises(JoinFailuresError, match=r"1 of the open groups failed: .*no network"):
        fixture.aggregator.sweep()
    assert [site for site, _ in fixture.triggers] == ["a", "b"]


def test_each_event_of_a_batch_is_taken_whatever_the_others_are() -> None:
    fixture = JoinFixture(POSE)
    good = [stream_record(f"2025-07-15#pose#sync001#{camera}") for camera in CAMERAS]
    batch: list[Any] = [good[0], {"eventID": "e7", "detail": 5}, good[1], stream_record("2025-07-15#pose"), 7, good[2]]
    with pytest.raises(JoinFailuresError, match="3 of the events failed") as failed:
        fixture.aggregator.handle(batch)
    assert [failure.subject for failure in failed.value.failures] == ["event 2 (e7)", "event 4", "event 5"]
    assert all(isinstance(failure.error, InvalidMemberEventError) for failure in failed.value.failures)
    assert [result.outcome.value for result in failed.value.results] == ["RECORDED", "RECORDED", "TRIGGERED"]
    assert fixture.triggers == [("haemoro_1x2", "2025-07-15#trigger_recon#sync001")]


def test_an_item_with_a_foreign_sort_key_does_nothing() -> None:
    fixture = JoinFixture(POSE)
    poses = [stream_record(f"2025-07-15#pose#sync001#{camera}") for camera in CAMERAS[:2]]
    results = fixture.aggregator.handle({"Records": [poses[0], stream_record("config"), poses[1]]})
    assert [result.outcome.value for result in results] == ["RECORDED", "RECORDED"]
    assert fixture.aggregator.handle(bus_event("config")) == []


def test_one_join_that_fails_does_not_keep_an_event_from_another() -> None:
    def expects(key: JoinKey) -> int:
        raise LookupError("not today")

    fixture = JoinFixture(
        replace(POSE, name="first", expects=expects), replace(POSE, name="second", expects=1, trigger=("x",))
    )
    with pytest.raises(JoinFailuresError, match=r"1 of the joins failed: .*not today") as failed:
        fixture.aggregator.handle(bus_event("2025-07-15#pose#sync001#cam1"))
    assert [result.outcome.value for result in failed.value.results] == ["TRIGGERED"]
    assert fixture.triggers == [("haemoro_1x2", "2025-07-15#trigger_x#sync001")]


class BrokenStore(InMemoryJoinStore):
    """A store where somebody has damaged a group, and which is busy for ever for some sites."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[str] = []

    def open_states(self, group: JoinKey | None = None) -> Iterable[Any]:
        yield UnreadableGroup("z", "2025-07-15#join_pose#s", "KeyError: 'S'")
        yield from super().open_states(group)

    def commit(self, before: JoinState, after: JoinState, outbox: Any = ()) -> Any:
        self.attempts.append(before.key.site)
        if before.key.site.startswith("busy"):
            raise JoinContentionError("busy")
        return super().commit(before, after, outbox)


def test_a_damaged_group_is_named_and_the_others_are_settled() -> None:
    store, clock = BrokenStore(), ManualClock(START)
    waits = Aggregator([replace(POSE, expects=99)], store, clock=clock)
    for site in ("a", "busy1", "c"):
        waits.handle(bus_event("2025-07-15#pose#sync001#cam1", site=site))
    aggregator = Aggregator([replace(POSE, expects=1)], store, clock=clock)
    failures: list[JoinFailure] = []
    assert [report.state.key.site for report in aggregator.reports(on_failure=failures.append)] == ["a", "busy1", "c"]
    assert [str(failure) for failure in failures] == [
        "z 2025-07-15#join_pose#s: not the state of a group (KeyError: 'S')"
    ]
    with pytest.raises(JoinFailuresError, match="1 of the groups failed"):
        list(aggregator.reports())
    with pytest.raises(JoinFailuresError, match="2 of the open groups failed") as failed:
        aggregator.sweep()
    assert [item.site for item in store.outbox] == ["a", "c"]
    assert failed.value.retryable


def test_a_store_that_does_not_work_is_not_asked_for_every_group() -> None:
    store, clock = BrokenStore(), ManualClock(START)
    waits = Aggregator([replace(POSE, expects=99)], store, clock=clock)
    for number in range(50):
        waits.handle(bus_event("2025-07-15#pose#sync001#cam1", site=f"busy{number:02}"))
    with pytest.raises(JoinFailuresError) as failed:
        Aggregator([replace(POSE, expects=1)], store, clock=clock).sweep()
    assert store.attempts == ["busy00", "busy01", "busy02"]
    assert "gave up after 3 retryable failures in a row" in failed.value.__notes__[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"SS": ["b", "a"]}, {"a", "b"}),
        ({"SS": {"a"}}, {"a"}),
        ({"L": [{"S": "a"}, {"S": "a"}]}, {"a"}),
        ({"N": "3"}, 3),
        ({"N": "1E+2"}, 100),
        ({"N": "3.0"}, 3),
    ],
)
def test_a_manifest_is_a_set_a_list_or_a_number(value: dict[str, Any], expected: Expected) -> None:
    assert manifest_members({"who": value}, "who") == expected


@pytest.mark.parametrize(
    "value",
    [
        {"N": "2.5"}, {"N": "0"}, {"N": "-3"}, {"N": "1E+125"}, {"N": "NaN"}, {"N": "many"}, {"N": 3}, {"N": "9" * 999},
        {"L": []}, {"L": [{"N": "1"}]}, {"L": [{"S": "a"}, {"N": "2"}]}, {"L": [{"S": ""}]}, {"L": ["a"]}, {"L": "ab"},
        {"SS": []}, {"SS": [1]}, {"SS": "ab"}, {"S": "a"}, {"M": {"a": {"S": "b"}}}, {"NS": ["1"]}, {"NULL": True}, {},
        {"S": "a", "N": "1"}, None, 5, "a", ["a"],
    ],
)  # fmt: skip
def test_a_manifest_of_another_shape_is_rejected_with_its_key(value: Any) -> None:
    with pytest.raises(InvalidExpectationError, match="the manifest s 2025-07-15#m: 'who' must be"):
        manifest_members({"who": value}, "who", "the manifest s 2025-07-15#m")


@pytest.mark.parametrize(
    "expects",
    [{1, 2}, [1], 3.0, True, Decimal(3), 0, -1, "cam1", b"cam1", {}, set(), {"a", ""}, {"a": 1}, object(), [None]],
)
def test_an_expectation_of_a_wrong_type_is_rejected_when_it_is_declared(expects: Any) -> None:
    with pytest.raises(InvalidJoinError, match="join 'pose': expects is "):
        replace(POSE, expects=expects)
    fixture = JoinFixture(replace(POSE, expects=lambda key: expects))
    with pytest.raises(InvalidExpectationError, match=r"join 'pose': expects\(.*\) returned "):
        fixture.aggregator.handle(bus_event("2025-07-15#pose#sync001#cam1"))


@pytest.mark.parametrize(
    "argument",
    [
        {"on": 5},
        {"on": ("a", 5)},
        {"group_by": 5},
        {"group_by": ("site", 5)},
        {"trigger": "recon"},
        {"trigger": (5,)},
        {"name": 5}, {"deadline": 3600}, {"retention": None}, {"policy": "LATER"}, {"policy": 5}, {"quorum": "2"},
        {"quorum": True},
    ],
)  # fmt: skip
def test_a_parameter_of_a_wrong_type_is_rejected_by_name(argument: dict[str, Any]) -> None:
    (name,) = argument
    with pytest.raises(InvalidJoinError, match=f"a join's {name} is "):
        Join(**{"on": "pose", "trigger": ("recon",), **argument})


@pytest.mark.parametrize("event_name", ["INSERT", "MODIFY"])
@pytest.mark.parametrize("view", ["KEYS_ONLY", "OLD_IMAGE"])
def test_a_stream_without_new_images_is_an_error_and_not_silence(event_name: str, view: str) -> None:
    record = stream_record("2025-07-15#pose#sync001#cam1", event_name=event_name)
    change: Any = record["dynamodb"]
    bare = {"Keys": change["Keys"], "StreamViewType": view, "SequenceNumber": "1"}
    if view == "OLD_IMAGE" and event_name == "MODIFY":
        bare["OldImage"] = change["NewImage"]
    with pytest.raises(InvalidMemberEventError, match=f"has no NewImage .*view type is {view}.; joins need"):
        JoinFixture(POSE).aggregator.handle({**record, "dynamodb": bare})


def test_a_replicated_ttl_deletion_is_one() -> None:
    """A global table's other Regions see the deletion by TTL as a plain one: the item's own time tells."""
    record = stream_record("2025-07-15#pose#sync001#cam1", event_name="REMOVE", sequence_number=2)
    change: Any = record["dynamodb"]

    def status(expires_at: str) -> str | None:
        old = {**change["OldImage"], "expires_at": {"N": expires_at}}
        timed = {**change, "OldImage": old, "ApproximateCreationDateTime": 1_752_538_268}
        (found,) = item_changes({**record, "dynamodb": timed})
        return found.status

    assert status("1752538268") == "EXPIRED"
    assert status("1752538269") == "REMOVED"
    assert status("soon") == "REMOVED"


def test_names_that_look_alike_are_told_apart() -> None:
    fixture = JoinFixture(replace(POSE, expects={"cam\u00e9ra"}))
    fixture.aggregator.handle(bus_event("2025-07-15#pose#sync001#came\u0301ra"))
    (report,) = fixture.aggregator.reports()
    assert report.problem is not None
    assert r"'came\u0301ra' and the missing 'cam\xe9ra' look alike" in report.problem


def test_a_day_that_is_not_one_is_rejected() -> None:
    for date in ("2025-07", "15.07.2025", ""):
        with pytest.raises(ValueError, match="YYYY-MM-DD"):
            JoinFixture(POSE).aggregator.reports(site="a", date=date)


class SmallStore(InMemoryJoinStore):
    def capacity_problem(self, key: JoinKey, expected: Expected) -> str | None:
        count = len(expected) if isinstance(expected, frozenset) else expected or 0
        return f"{count} do not fit" if count > 3 else None


def test_a_group_that_can_never_fit_is_told_before_it_is_full() -> None:
    clock = ManualClock(START)
    with pytest.raises(InvalidJoinError, match="join 'pose' can never complete: 4 do not fit"):
        Aggregator([replace(POSE, expects=4)], SmallStore(), clock=clock)
    store = SmallStore()
    store.put_manifest("a", "2025-07-15#manifest_recon", 4)
    (result,) = Aggregator([DAY], store, clock=clock).handle(bus_event("2025-07-15#recon#sync001", site="a"))
    assert (result.outcome, result.problem) == ("RECORDED", "4 do not fit")


def test_keys_that_dynamodb_does_not_take_are_rejected_with_the_first_member() -> None:
    short, long = "s" * 900, "s" * 990
    fixture = JoinFixture(POSE)
    (result,) = fixture.aggregator.handle(bus_event(f"2025-07-15#pose#{short}#cam1"))
    assert result.outcome == "RECORDED"
    with pytest.raises(InvalidMemberEventError, match=r"could never be triggered: .* has \d+ bytes, .* takes 1024"):
        fixture.aggregator.handle(bus_event(f"2025-07-15#pose#{long}#cam1"))
    assert len(list(fixture.store.open_states())) == 1


def test_a_long_site_has_a_place_in_the_list_of_open_groups() -> None:
    sites = ["s" * 2048, "s" * 2047 + "t"]
    keys = [JoinKey("pose", site, "2025-07-15", ("sync001",)).open_sort_key for site in sites]
    assert len(set(keys)) == 2
    assert all(len(key) <= 1024 and key.startswith("2025-07-15#open_pose#") for key in keys)


def test_the_size_of_a_group_is_not_less_than_what_dynamodb_counts() -> None:
    names = [f"sync{n:04d}#cam1" for n in range(500)]
    members = {name: Member("COMPLETED", "40" + "9" * 40, START) for name in names}
    state = JoinState(JoinKey("pose", "site", "2025-07-15"), START, START, int(START), members, triggered_at=START)
    assert item_size(join_item(replace(state, triggered_at=None), ItemNames())) <= group_size(names, state.key)
