"""Joins over a store: complete once, corrected as documented, caught by the sweep; every store behaves the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from perception_events.aggregation import (
    Aggregator,
    FallbackPolicy,
    InMemoryJoinStore,
    InvalidJoinError,
    InvalidMemberEventError,
    Join,
    JoinKey,
    JoinNotFoundError,
    JoinOutcome,
    JoinStatus,
    Manifest,
    TriggerReason,
)
from perception_events.clock import ManualClock
from support.joins import CAMERAS, bus_event, stream_record

START = 1_752_538_268.0
POSE = Join(on="pose", group_by=("site", "date", "sync"), expects=CAMERAS, trigger=("recon",))
KEY = JoinKey("pose", "haemoro_1x2", "2025-07-15", ("sync001",))


class JoinFixture:
    def __init__(self, *joins: Join) -> None:
        self.clock = ManualClock(START)
        self.store = InMemoryJoinStore()
        self.aggregator = Aggregator(joins or (POSE,), self.store, clock=self.clock)

    def pose(self, camera: str, status: str = "COMPLETED", *, version: int | None = None) -> JoinOutcome:
        event = bus_event(f"2025-07-15#pose#sync001#{camera}", status=status, sequence_number=version)
        (result,) = self.aggregator.handle(event)
        return result.outcome

    def poses(self, *cameras: str) -> list[str]:
        return [self.pose(camera).value for camera in cameras]

    @property
    def triggers(self) -> list[str]:
        return [item.sort_key for item in self.store.outbox if "#trigger_" in item.sort_key]

    def status(self) -> JoinStatus:
        (report,) = self.aggregator.reports(site=KEY.site, date=KEY.date)
        return report.status


def test_the_last_camera_triggers_once() -> None:
    fixture = JoinFixture()
    assert fixture.poses("cam1", "cam2") == ["RECORDED", "RECORDED"]
    assert fixture.triggers == []
    assert fixture.poses("cam3") == ["TRIGGERED"]
    assert fixture.triggers == ["2025-07-15#trigger_recon#sync001"]
    assert fixture.poses(*CAMERAS) == ["UNCHANGED"] * 3
    assert len(fixture.triggers) == 1


def test_duplicates_are_no_members() -> None:
    fixture = JoinFixture(Join(on="pose", group_by=("site", "date", "sync"), expects=3, trigger=("recon",)))
    assert fixture.poses("cam1", "cam1", "cam1", "cam2", "cam2") == [
        "RECORDED",
        "UNCHANGED",
        "UNCHANGED",
        "RECORDED",
        "UNCHANGED",
    ]
    assert fixture.triggers == []
    assert fixture.poses("cam9") == ["TRIGGERED"]


def test_the_trigger_tells_its_story_and_passes_the_original_filter() -> None:
    fixture = JoinFixture()
    fixture.poses(*CAMERAS)
    (item,) = fixture.store.outbox
    assert item.site == "haemoro_1x2"
    assert item.attributes == {
        "status": "COMPLETED",
        "event_type": "trigger_recon",
        "join": "pose",
        "run": 1,
        "opened_at": "2025-07-15T00:11:08.000Z",
        "members": frozenset(CAMERAS),
        "trigger_id": "haemoro_1x2#2025-07-15#trigger_recon#sync001",
        "module": "recon",
        "reason": "COMPLETE",
        "triggered_at": "2025-07-15T00:11:08.000Z",
    }
    assert item.expires_at == int(START + timedelta(days=14).total_seconds())


def test_a_day_triggers_every_next_module() -> None:
    fixture = JoinFixture(Join(on="recon", expects={"sync001", "sync002"}, trigger=("preprocessing", "reid")))
    fixture.aggregator.handle([stream_record(f"2025-07-15#recon#sync00{n}") for n in (1, 2)])
    assert fixture.triggers == ["2025-07-15#trigger_preprocessing", "2025-07-15#trigger_reid"]


def test_a_join_of_several_event_types() -> None:
    fixture = JoinFixture(Join(on=("preprocessing", "reid"), trigger=("postprocessing",)))
    fixture.aggregator.handle({"Records": [stream_record("2025-07-15#reid")]})
    assert fixture.triggers == []
    (result,) = fixture.aggregator.handle(stream_record("2025-07-15#preprocessing"))
    assert result.outcome is JoinOutcome.TRIGGERED
    assert result.state.completed == {"preprocessing", "reid"}


def test_groups_do_not_mix() -> None:
    fixture = JoinFixture()
    for site, sync in (("a", "sync001"), ("b", "sync001"), ("a", "sync002")):
        fixture.aggregator.handle(bus_event(f"2025-07-15#pose#{sync}#cam1", site=site))
    for camera in ("cam2", "cam3"):
        fixture.aggregator.handle(bus_event(f"2025-07-15#pose#sync001#{camera}", site="b"))
    assert [(item.site, item.sort_key) for item in fixture.store.outbox] == [("b", "2025-07-15#trigger_recon#sync001")]


def test_events_of_no_join_do_nothing() -> None:
    fixture = JoinFixture()
    assert fixture.aggregator.handle(bus_event("2025-07-15#thermal#sync001")) == []
    assert fixture.aggregator.invoke(bus_event("2025-07-15#pose#sync001#cam1")) == [
        {"join": "haemoro_1x2#2025-07-15#pose#sync001", "outcome": "RECORDED"}
    ]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (7, "an event is a JSON object, this is a int"),
        ({"detail": {}}, "no 'dynamodb' object"),
        ({"dynamodb": {}}, "no string 'site'"),
        (stream_record("2025-07-15#pose"), "groups by 'sync', which sort key '2025-07-15#pose' lacks"),
        (
            {**stream_record("2025-07-15#pose#s#c"), "dynamodb": {"SequenceNumber": "x"}},
            "no string 'site'",
        ),
    ],
)
def test_what_is_no_change_of_an_item_is_rejected(event: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidMemberEventError, match=says):
        JoinFixture().aggregator.handle(event)  # type: ignore[arg-type]  # the first case is wrong on purpose


# --- corrections -------------------------------------------------------------------------------------------------


def test_a_member_that_goes_back_to_processing_does_not_count() -> None:
    fixture = JoinFixture()
    fixture.pose("cam1", version=10)
    assert fixture.pose("cam1", "PROCESSING", version=12) is JoinOutcome.WITHDRAWN
    fixture.pose("cam2", version=13)
    assert fixture.pose("cam3", version=14) is JoinOutcome.RECORDED
    assert fixture.triggers == []
    assert fixture.pose("cam1", version=20) is JoinOutcome.TRIGGERED


def test_reordered_news_of_one_member_is_sorted_out_by_version() -> None:
    fixture = JoinFixture()
    assert fixture.pose("cam1", version=9) is JoinOutcome.RECORDED
    assert fixture.pose("cam1", "PROCESSING", version=8) is JoinOutcome.UNCHANGED  # older: arrived late
    assert fixture.pose("cam1", "FAILED", version=100) is JoinOutcome.WITHDRAWN  # 100 > 9, as numbers
    assert fixture.pose("cam1", version=9) is JoinOutcome.UNCHANGED


def test_without_versions_completed_is_the_last_word() -> None:
    fixture = JoinFixture()
    assert fixture.pose("cam1", "PROCESSING") is JoinOutcome.WITHDRAWN
    assert fixture.pose("cam1") is JoinOutcome.RECORDED
    assert fixture.pose("cam1", "PROCESSING") is JoinOutcome.UNCHANGED


def test_a_late_member_is_recorded_and_triggers_nothing() -> None:
    fixture = JoinFixture()
    fixture.poses(*CAMERAS)
    assert fixture.poses("cam4") == ["LATE"]
    (report,) = fixture.aggregator.reports(site=KEY.site, date=KEY.date)
    assert (report.state.late, report.unexpected) == (frozenset({"cam4"}), ("cam4",))
    assert len(fixture.triggers) == 1


def test_a_withdrawal_after_the_trigger_is_visible_and_triggers_nothing() -> None:
    fixture = JoinFixture()
    for version, camera in enumerate(CAMERAS):
        fixture.pose(camera, version=version)
    assert fixture.pose("cam1", "PROCESSING", version=50) is JoinOutcome.LATE
    (report,) = fixture.aggregator.reports(site=KEY.site, date=KEY.date)
    assert report.state.withdrawn == {"cam1"}
    assert fixture.pose("cam1", version=51) is JoinOutcome.LATE
    assert len(fixture.triggers) == 1


def test_a_member_that_ttl_deletes_stays_in() -> None:
    fixture = JoinFixture()
    fixture.poses("cam1", "cam2")
    expired = stream_record("2025-07-15#pose#sync001#cam1", event_name="REMOVE", ttl=True, sequence_number=99)
    assert fixture.aggregator.handle(expired) == []
    assert fixture.poses("cam3") == ["TRIGGERED"]


def test_a_member_that_somebody_deletes_is_withdrawn() -> None:
    fixture = JoinFixture()
    fixture.pose("cam1", version=1)
    removed = stream_record("2025-07-15#pose#sync001#cam1", event_name="REMOVE", sequence_number=2)
    (result,) = fixture.aggregator.handle(removed)
    assert result.outcome is JoinOutcome.WITHDRAWN
    assert result.missing == frozenset(CAMERAS)


def test_the_expected_set_may_grow_before_the_trigger_and_not_after() -> None:
    cameras = {"cam1", "cam2"}
    fixture = JoinFixture(
        Join(on="pose", group_by=("site", "date", "sync"), expects=lambda key: cameras, trigger=("recon",))
    )
    fixture.poses("cam1")
    cameras.add("cam3")
    assert fixture.poses("cam2", "cam3") == ["RECORDED", "TRIGGERED"]
    cameras.add("cam4")
    assert fixture.status() is JoinStatus.TRIGGERED
    assert fixture.poses("cam4") == ["LATE"]
    assert len(fixture.triggers) == 1


def test_a_shrinking_expectation_triggers_at_the_next_look() -> None:
    cameras = {"cam1", "cam2", "cam3"}
    fixture = JoinFixture(
        Join(on="pose", group_by=("site", "date", "sync"), expects=lambda key: cameras, trigger=("recon",))
    )
    fixture.poses("cam1", "cam2")
    cameras.remove("cam3")
    assert fixture.status() is JoinStatus.COMPLETE
    assert [result.outcome for result in fixture.aggregator.sweep()] == [JoinOutcome.TRIGGERED]


def test_a_member_that_nobody_expects_counts_only_toward_a_number() -> None:
    fixture = JoinFixture()
    fixture.poses("cam1", "cam2", "cam9")
    (report,) = fixture.aggregator.reports()
    assert (report.status, report.unexpected, report.missing) == (JoinStatus.OPEN, ("cam9",), ("cam3",))
    assert fixture.poses("cam3") == ["TRIGGERED"]
    counting = JoinFixture(Join(on="pose", group_by=("site", "date", "sync"), expects=3, trigger=("recon",)))
    assert counting.poses("cam1", "cam2", "cam9") == ["RECORDED", "RECORDED", "TRIGGERED"]


def test_a_state_that_is_lost_does_not_repeat_its_trigger() -> None:
    fixture = JoinFixture()
    fixture.poses(*CAMERAS)
    fixture.store._states.clear()  # as when somebody deletes the group's item, and not its trigger
    assert fixture.poses(*CAMERAS) == ["RECORDED", "RECORDED", "RECORDED"]
    assert fixture.status() is JoinStatus.TRIGGERED
    assert len(fixture.triggers) == 1


def test_a_manifest_completes_a_group_whenever_it_comes() -> None:
    fixture = JoinFixture(Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid",)))
    fixture.aggregator.handle([stream_record(f"2025-07-15#recon#sync00{n}") for n in (1, 2)])
    (report,) = fixture.aggregator.reports()
    assert (report.status, report.missing_count) == (JoinStatus.OPEN, None)
    fixture.store.put_manifest("haemoro_1x2", "2025-07-15#manifest_recon", {"sync001", "sync002"})
    (result,) = fixture.aggregator.handle(stream_record("2025-07-15#manifest_recon"))
    assert result.outcome is JoinOutcome.TRIGGERED
    assert fixture.triggers == ["2025-07-15#trigger_reid"]


def test_a_manifest_for_each_group() -> None:
    manifest = Manifest("manifest_pose", group_by=("site", "date", "sync"))
    fixture = JoinFixture(Join(on="pose", group_by=("site", "date", "sync"), expects=manifest, trigger=("recon",)))
    fixture.poses("cam1")
    fixture.store.put_manifest("haemoro_1x2", "2025-07-15#manifest_pose#sync001", {"cam1"})
    assert fixture.aggregator.handle(stream_record("2025-07-15#manifest_pose#sync002")) == []
    assert len(fixture.aggregator.handle(stream_record("2025-07-15#manifest_pose#sync001"))) == 1
    assert fixture.triggers == ["2025-07-15#trigger_recon#sync001"]


@pytest.mark.parametrize("found", ["cam1", None, 1.5, True])
def test_a_callable_that_returns_nonsense_is_named(found: object) -> None:
    fixture = JoinFixture(
        Join(on="pose", group_by=("site", "date", "sync"), expects=lambda key: found, trigger=("recon",))  # type: ignore[arg-type, return-value]
    )
    with pytest.raises(InvalidJoinError, match=r"join 'pose': expects\(haemoro_1x2#2025-07-15#pose#sync001\) returned"):
        fixture.pose("cam1")


# --- re-runs -----------------------------------------------------------------------------------------------------


def test_a_rerun_counts_only_what_changes_anew() -> None:
    fixture = JoinFixture()
    for version, camera in enumerate(CAMERAS):
        fixture.pose(camera, version=version)
    assert fixture.aggregator.rerun(KEY).state.run == 2
    assert fixture.pose("cam1", version=0) is JoinOutcome.UNCHANGED  # a duplicate from the first run
    outcomes = [fixture.pose(camera, version=100 + n) for n, camera in enumerate(CAMERAS)]
    assert outcomes == [JoinOutcome.RECORDED, JoinOutcome.RECORDED, JoinOutcome.TRIGGERED]
    assert fixture.triggers == ["2025-07-15#trigger_recon#sync001", "2025-07-15#trigger_recon#sync001#run2"]


def test_a_rerun_with_its_members_triggers_at_once() -> None:
    fixture = JoinFixture()
    fixture.poses(*CAMERAS)
    assert fixture.aggregator.rerun(KEY, keep_members=True).outcome is JoinOutcome.TRIGGERED
    assert len(fixture.triggers) == 2


def test_a_rerun_of_what_never_was_is_rejected() -> None:
    with pytest.raises(JoinNotFoundError, match="was never opened"):
        JoinFixture().aggregator.rerun(KEY)
    with pytest.raises(JoinNotFoundError, match="no join 'x'; declared: pose"):
        JoinFixture().aggregator.rerun(JoinKey("x", "a", "2025-07-15"))


# --- fallback ----------------------------------------------------------------------------------------------------


def with_policy(policy: FallbackPolicy, quorum: int | None = None) -> JoinFixture:
    return JoinFixture(
        Join(
            on="pose",
            group_by=("site", "date", "sync"),
            expects=CAMERAS,
            trigger=("recon",),
            deadline=timedelta(hours=1),
            policy=policy,
            quorum=quorum,
        )
    )


def sweep(fixture: JoinFixture) -> list[str]:
    return [result.outcome.value for result in fixture.aggregator.sweep()]


def test_before_the_deadline_the_sweep_waits() -> None:
    fixture = with_policy(FallbackPolicy.TRIGGER)
    fixture.poses("cam1")
    fixture.clock.advance(3599)
    assert sweep(fixture) == []
    assert fixture.status() is JoinStatus.OPEN


def test_policy_trigger_goes_with_what_is_there() -> None:
    fixture = with_policy(FallbackPolicy.TRIGGER)
    fixture.poses("cam1", "cam3")
    fixture.clock.advance(3600)
    assert fixture.status() is JoinStatus.OVERDUE
    assert sweep(fixture) == ["TRIGGERED"]
    (item,) = fixture.store.outbox
    assert (item.attributes["reason"], item.attributes["members"], item.attributes["missing"]) == (
        "DEADLINE",
        frozenset({"cam1", "cam3"}),
        frozenset({"cam2"}),
    )
    assert fixture.poses("cam2") == ["LATE"]
    assert sweep(fixture) == []
    assert len(fixture.triggers) == 1


def test_policy_trigger_with_nobody_left_waits() -> None:
    fixture = with_policy(FallbackPolicy.TRIGGER)
    fixture.pose("cam1", version=1)
    fixture.pose("cam1", "FAILED", version=2)
    fixture.clock.advance(3600)
    assert sweep(fixture) == []
    assert fixture.status() is JoinStatus.OVERDUE


def test_policy_quorum_alerts_below_and_triggers_from_it() -> None:
    fixture = with_policy(FallbackPolicy.QUORUM, quorum=2)
    fixture.poses("cam1")
    fixture.clock.advance(3600)
    assert sweep(fixture) == ["ALERTED"]
    assert sweep(fixture) == []
    fixture.poses("cam2")
    assert sweep(fixture) == ["TRIGGERED"]
    assert [item.sort_key for item in fixture.store.outbox] == [
        "2025-07-15#alert_pose#sync001",
        "2025-07-15#trigger_recon#sync001",
    ]
    assert fixture.store.outbox[1].attributes["reason"] == TriggerReason.QUORUM


def test_policy_alert_says_it_once_and_waits_on() -> None:
    fixture = with_policy(FallbackPolicy.ALERT)
    fixture.poses("cam1")
    fixture.clock.advance(3600)
    assert (sweep(fixture), sweep(fixture)) == (["ALERTED"], [])
    assert fixture.store.outbox[0].attributes["missing"] == frozenset({"cam2", "cam3"})
    assert fixture.poses("cam2", "cam3") == ["RECORDED", "TRIGGERED"]


def test_policy_wait_lists_it_as_overdue() -> None:
    fixture = with_policy(FallbackPolicy.WAIT)
    fixture.poses("cam1")
    fixture.clock.advance(3600)
    assert sweep(fixture) == []
    (report,) = fixture.aggregator.reports()
    assert report.to_dict() == {
        "join": "pose",
        "site": "haemoro_1x2",
        "date": "2025-07-15",
        "group": ["sync001"],
        "status": "OVERDUE",
        "run": 1,
        "triggers": ["recon"],
        "members": ["cam1"],
        "missing": ["cam2", "cam3"],
        "missing_count": 2,
        "missing_since": "2025-07-15T00:11:08.000Z",
        "unexpected": [],
        "late": [],
        "withdrawn": [],
        "opened_at": "2025-07-15T00:11:08.000Z",
        "due_at": "2025-07-15T01:11:08.000Z",
        "alerted_at": None,
        "triggered_at": None,
        "reason": None,
        "problem": None,
    }


def test_the_sweep_triggers_what_a_crash_left_complete() -> None:
    fixture = with_policy(FallbackPolicy.WAIT)
    fixture.poses("cam1", "cam2")

    class CrashError(Exception):
        pass

    class CrashBeforeCommit(InMemoryJoinStore):
        def __getattribute__(self, name: str) -> object:
            if name == "commit":
                raise CrashError
            return object.__getattribute__(self, name)

    fixture.store.__class__ = CrashBeforeCommit
    with pytest.raises(CrashError):
        fixture.pose("cam3")
    fixture.store.__class__ = InMemoryJoinStore
    assert fixture.status() is JoinStatus.COMPLETE
    assert sweep(fixture) == ["TRIGGERED"]
    assert fixture.poses("cam3") == ["UNCHANGED"]
    assert len(fixture.triggers) == 1


def test_the_sweep_tells_of_everything_it_looked_at() -> None:
    fixture = with_policy(FallbackPolicy.ALERT)
    fixture.poses("cam1")
    seen: list[JoinOutcome] = []
    fixture.aggregator.sweep(on_result=lambda result: seen.append(result.outcome))
    assert seen == [JoinOutcome.UNCHANGED]


def test_reports_want_site_and_date_together() -> None:
    with pytest.raises(ValueError, match="both site and date, or neither"):
        list(JoinFixture().aggregator.reports(site="a"))


def test_two_joins_of_one_name_are_rejected() -> None:
    joins: Iterable[Join] = (POSE, POSE)
    with pytest.raises(InvalidJoinError, match="two joins are called 'pose'"):
        Aggregator(joins, InMemoryJoinStore(), clock=ManualClock())
