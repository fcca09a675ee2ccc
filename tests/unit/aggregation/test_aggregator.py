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


class Rig:
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
    rig = Rig()
    assert rig.poses("cam1", "cam2") == ["RECORDED", "RECORDED"]
    assert rig.triggers == []
    assert rig.poses("cam3") == ["TRIGGERED"]
    assert rig.triggers == ["2025-07-15#trigger_recon#sync001"]
    assert rig.poses(*CAMERAS) == ["UNCHANGED"] * 3
    assert len(rig.triggers) == 1


def test_duplicates_are_no_members() -> None:
    rig = Rig(Join(on="pose", group_by=("site", "date", "sync"), expects=3, trigger=("recon",)))
    assert rig.poses("cam1", "cam1", "cam1", "cam2", "cam2") == [
        "RECORDED",
        "UNCHANGED",
        "UNCHANGED",
        "RECORDED",
        "UNCHANGED",
    ]
    assert rig.triggers == []
    assert rig.poses("cam9") == ["TRIGGERED"]


def test_the_trigger_tells_its_story_and_passes_the_original_filter() -> None:
    rig = Rig()
    rig.poses(*CAMERAS)
    (item,) = rig.store.outbox
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
    rig = Rig(Join(on="recon", expects={"sync001", "sync002"}, trigger=("preprocessing", "reid")))
    rig.aggregator.handle([stream_record(f"2025-07-15#recon#sync00{n}") for n in (1, 2)])
    assert rig.triggers == ["2025-07-15#trigger_preprocessing", "2025-07-15#trigger_reid"]


def test_a_join_of_several_event_types() -> None:
    rig = Rig(Join(on=("preprocessing", "reid"), trigger=("postprocessing",)))
    rig.aggregator.handle({"Records": [stream_record("2025-07-15#reid")]})
    assert rig.triggers == []
    (result,) = rig.aggregator.handle(stream_record("2025-07-15#preprocessing"))
    assert result.outcome is JoinOutcome.TRIGGERED
    assert result.state.completed == {"preprocessing", "reid"}


def test_groups_do_not_mix() -> None:
    rig = Rig()
    for site, sync in (("a", "sync001"), ("b", "sync001"), ("a", "sync002")):
        rig.aggregator.handle(bus_event(f"2025-07-15#pose#{sync}#cam1", site=site))
    for camera in ("cam2", "cam3"):
        rig.aggregator.handle(bus_event(f"2025-07-15#pose#sync001#{camera}", site="b"))
    assert [(item.site, item.sort_key) for item in rig.store.outbox] == [("b", "2025-07-15#trigger_recon#sync001")]


def test_events_of_no_join_do_nothing() -> None:
    rig = Rig()
    assert rig.aggregator.handle(bus_event("2025-07-15#thermal#sync001")) == []
    assert rig.aggregator.invoke(bus_event("2025-07-15#pose#sync001#cam1")) == [
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
        Rig().aggregator.handle(event)  # type: ignore[arg-type]  # the first case is wrong on purpose


# --- corrections -------------------------------------------------------------------------------------------------


def test_a_member_that_goes_back_to_processing_does_not_count() -> None:
    rig = Rig()
    rig.pose("cam1", version=10)
    assert rig.pose("cam1", "PROCESSING", version=12) is JoinOutcome.WITHDRAWN
    rig.pose("cam2", version=13)
    assert rig.pose("cam3", version=14) is JoinOutcome.RECORDED
    assert rig.triggers == []
    assert rig.pose("cam1", version=20) is JoinOutcome.TRIGGERED


def test_reordered_news_of_one_member_is_sorted_out_by_version() -> None:
    rig = Rig()
    assert rig.pose("cam1", version=9) is JoinOutcome.RECORDED
    assert rig.pose("cam1", "PROCESSING", version=8) is JoinOutcome.UNCHANGED  # older: arrived late
    assert rig.pose("cam1", "FAILED", version=100) is JoinOutcome.WITHDRAWN  # 100 > 9, as numbers
    assert rig.pose("cam1", version=9) is JoinOutcome.UNCHANGED


def test_without_versions_completed_is_the_last_word() -> None:
    rig = Rig()
    assert rig.pose("cam1", "PROCESSING") is JoinOutcome.WITHDRAWN
    assert rig.pose("cam1") is JoinOutcome.RECORDED
    assert rig.pose("cam1", "PROCESSING") is JoinOutcome.UNCHANGED


def test_a_late_member_is_recorded_and_triggers_nothing() -> None:
    rig = Rig()
    rig.poses(*CAMERAS)
    assert rig.poses("cam4") == ["LATE"]
    (report,) = rig.aggregator.reports(site=KEY.site, date=KEY.date)
    assert (report.state.late, report.unexpected) == (frozenset({"cam4"}), ("cam4",))
    assert len(rig.triggers) == 1


def test_a_withdrawal_after_the_trigger_is_visible_and_triggers_nothing() -> None:
    rig = Rig()
    for version, camera in enumerate(CAMERAS):
        rig.pose(camera, version=version)
    assert rig.pose("cam1", "PROCESSING", version=50) is JoinOutcome.LATE
    (report,) = rig.aggregator.reports(site=KEY.site, date=KEY.date)
    assert report.state.withdrawn == {"cam1"}
    assert rig.pose("cam1", version=51) is JoinOutcome.LATE
    assert len(rig.triggers) == 1


def test_a_member_that_ttl_deletes_stays_in() -> None:
    rig = Rig()
    rig.poses("cam1", "cam2")
    expired = stream_record("2025-07-15#pose#sync001#cam1", event_name="REMOVE", ttl=True, sequence_number=99)
    assert rig.aggregator.handle(expired) == []
    assert rig.poses("cam3") == ["TRIGGERED"]


def test_a_member_that_somebody_deletes_is_withdrawn() -> None:
    rig = Rig()
    rig.pose("cam1", version=1)
    removed = stream_record("2025-07-15#pose#sync001#cam1", event_name="REMOVE", sequence_number=2)
    (result,) = rig.aggregator.handle(removed)
    assert result.outcome is JoinOutcome.WITHDRAWN
    assert result.missing == frozenset(CAMERAS)


def test_the_expected_set_may_grow_before_the_trigger_and_not_after() -> None:
    cameras = {"cam1", "cam2"}
    rig = Rig(Join(on="pose", group_by=("site", "date", "sync"), expects=lambda key: cameras, trigger=("recon",)))
    rig.poses("cam1")
    cameras.add("cam3")
    assert rig.poses("cam2", "cam3") == ["RECORDED", "TRIGGERED"]
    cameras.add("cam4")
    assert rig.status() is JoinStatus.TRIGGERED
    assert rig.poses("cam4") == ["LATE"]
    assert len(rig.triggers) == 1


def test_a_shrinking_expectation_triggers_at_the_next_look() -> None:
    cameras = {"cam1", "cam2", "cam3"}
    rig = Rig(Join(on="pose", group_by=("site", "date", "sync"), expects=lambda key: cameras, trigger=("recon",)))
    rig.poses("cam1", "cam2")
    cameras.remove("cam3")
    assert rig.status() is JoinStatus.COMPLETE
    assert [result.outcome for result in rig.aggregator.sweep()] == [JoinOutcome.TRIGGERED]


def test_a_member_that_nobody_expects_counts_only_toward_a_number() -> None:
    rig = Rig()
    rig.poses("cam1", "cam2", "cam9")
    (report,) = rig.aggregator.reports()
    assert (report.status, report.unexpected, report.missing) == (JoinStatus.OPEN, ("cam9",), ("cam3",))
    assert rig.poses("cam3") == ["TRIGGERED"]
    counting = Rig(Join(on="pose", group_by=("site", "date", "sync"), expects=3, trigger=("recon",)))
    assert counting.poses("cam1", "cam2", "cam9") == ["RECORDED", "RECORDED", "TRIGGERED"]


def test_a_state_that_is_lost_does_not_repeat_its_trigger() -> None:
    rig = Rig()
    rig.poses(*CAMERAS)
    rig.store._states.clear()  # as when somebody deletes the group's item, and not its trigger
    assert rig.poses(*CAMERAS) == ["RECORDED", "RECORDED", "RECORDED"]
    assert rig.status() is JoinStatus.TRIGGERED
    assert len(rig.triggers) == 1


def test_a_manifest_completes_a_group_whenever_it_comes() -> None:
    rig = Rig(Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid",)))
    rig.aggregator.handle([stream_record(f"2025-07-15#recon#sync00{n}") for n in (1, 2)])
    (report,) = rig.aggregator.reports()
    assert (report.status, report.missing_count) == (JoinStatus.OPEN, None)
    rig.store.put_manifest("haemoro_1x2", "2025-07-15#manifest_recon", {"sync001", "sync002"})
    (result,) = rig.aggregator.handle(stream_record("2025-07-15#manifest_recon"))
    assert result.outcome is JoinOutcome.TRIGGERED
    assert rig.triggers == ["2025-07-15#trigger_reid"]


def test_a_manifest_for_each_group() -> None:
    manifest = Manifest("manifest_pose", group_by=("site", "date", "sync"))
    rig = Rig(Join(on="pose", group_by=("site", "date", "sync"), expects=manifest, trigger=("recon",)))
    rig.poses("cam1")
    rig.store.put_manifest("haemoro_1x2", "2025-07-15#manifest_pose#sync001", {"cam1"})
    assert rig.aggregator.handle(stream_record("2025-07-15#manifest_pose#sync002")) == []
    assert len(rig.aggregator.handle(stream_record("2025-07-15#manifest_pose#sync001"))) == 1
    assert rig.triggers == ["2025-07-15#trigger_recon#sync001"]


@pytest.mark.parametrize("found", ["cam1", None, 1.5, True])
def test_a_callable_that_returns_nonsense_is_named(found: object) -> None:
    rig = Rig(
        Join(on="pose", group_by=("site", "date", "sync"), expects=lambda key: found, trigger=("recon",))  # type: ignore[arg-type, return-value]
    )
    with pytest.raises(InvalidJoinError, match=r"join 'pose': expects\(haemoro_1x2#2025-07-15#pose#sync001\) returned"):
        rig.pose("cam1")


# --- re-runs -----------------------------------------------------------------------------------------------------


def test_a_rerun_counts_only_what_changes_anew() -> None:
    rig = Rig()
    for version, camera in enumerate(CAMERAS):
        rig.pose(camera, version=version)
    assert rig.aggregator.rerun(KEY).state.run == 2
    assert rig.pose("cam1", version=0) is JoinOutcome.UNCHANGED  # a duplicate from the first run
    outcomes = [rig.pose(camera, version=100 + n) for n, camera in enumerate(CAMERAS)]
    assert outcomes == [JoinOutcome.RECORDED, JoinOutcome.RECORDED, JoinOutcome.TRIGGERED]
    assert rig.triggers == ["2025-07-15#trigger_recon#sync001", "2025-07-15#trigger_recon#sync001#run2"]


def test_a_rerun_with_its_members_triggers_at_once() -> None:
    rig = Rig()
    rig.poses(*CAMERAS)
    assert rig.aggregator.rerun(KEY, keep_members=True).outcome is JoinOutcome.TRIGGERED
    assert len(rig.triggers) == 2


def test_a_rerun_of_what_never_was_is_rejected() -> None:
    with pytest.raises(JoinNotFoundError, match="was never opened"):
        Rig().aggregator.rerun(KEY)
    with pytest.raises(JoinNotFoundError, match="no join 'x'; declared: pose"):
        Rig().aggregator.rerun(JoinKey("x", "a", "2025-07-15"))


# --- fallback ----------------------------------------------------------------------------------------------------


def with_policy(policy: FallbackPolicy, quorum: int | None = None) -> Rig:
    return Rig(
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


def sweep(rig: Rig) -> list[str]:
    return [result.outcome.value for result in rig.aggregator.sweep()]


def test_before_the_deadline_the_sweep_waits() -> None:
    rig = with_policy(FallbackPolicy.TRIGGER)
    rig.poses("cam1")
    rig.clock.advance(3599)
    assert sweep(rig) == []
    assert rig.status() is JoinStatus.OPEN


def test_policy_trigger_goes_with_what_is_there() -> None:
    rig = with_policy(FallbackPolicy.TRIGGER)
    rig.poses("cam1", "cam3")
    rig.clock.advance(3600)
    assert rig.status() is JoinStatus.OVERDUE
    assert sweep(rig) == ["TRIGGERED"]
    (item,) = rig.store.outbox
    assert (item.attributes["reason"], item.attributes["members"], item.attributes["missing"]) == (
        "DEADLINE",
        frozenset({"cam1", "cam3"}),
        frozenset({"cam2"}),
    )
    assert rig.poses("cam2") == ["LATE"]
    assert sweep(rig) == []
    assert len(rig.triggers) == 1


def test_policy_trigger_with_nobody_left_waits() -> None:
    rig = with_policy(FallbackPolicy.TRIGGER)
    rig.pose("cam1", version=1)
    rig.pose("cam1", "FAILED", version=2)
    rig.clock.advance(3600)
    assert sweep(rig) == []
    assert rig.status() is JoinStatus.OVERDUE


def test_policy_quorum_alerts_below_and_triggers_from_it() -> None:
    rig = with_policy(FallbackPolicy.QUORUM, quorum=2)
    rig.poses("cam1")
    rig.clock.advance(3600)
    assert sweep(rig) == ["ALERTED"]
    assert sweep(rig) == []
    rig.poses("cam2")
    assert sweep(rig) == ["TRIGGERED"]
    assert [item.sort_key for item in rig.store.outbox] == [
        "2025-07-15#alert_pose#sync001",
        "2025-07-15#trigger_recon#sync001",
    ]
    assert rig.store.outbox[1].attributes["reason"] == TriggerReason.QUORUM


def test_policy_alert_says_it_once_and_waits_on() -> None:
    rig = with_policy(FallbackPolicy.ALERT)
    rig.poses("cam1")
    rig.clock.advance(3600)
    assert (sweep(rig), sweep(rig)) == (["ALERTED"], [])
    assert rig.store.outbox[0].attributes["missing"] == frozenset({"cam2", "cam3"})
    assert rig.poses("cam2", "cam3") == ["RECORDED", "TRIGGERED"]


def test_policy_wait_lists_it_as_overdue() -> None:
    rig = with_policy(FallbackPolicy.WAIT)
    rig.poses("cam1")
    rig.clock.advance(3600)
    assert sweep(rig) == []
    (report,) = rig.aggregator.reports()
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
    rig = with_policy(FallbackPolicy.WAIT)
    rig.poses("cam1", "cam2")

    class CrashError(Exception):
        pass

    class CrashBeforeCommit(InMemoryJoinStore):
        def __getattribute__(self, name: str) -> object:
            if name == "commit":
                raise CrashError
            return object.__getattribute__(self, name)

    rig.store.__class__ = CrashBeforeCommit
    with pytest.raises(CrashError):
        rig.pose("cam3")
    rig.store.__class__ = InMemoryJoinStore
    assert rig.status() is JoinStatus.COMPLETE
    assert sweep(rig) == ["TRIGGERED"]
    assert rig.poses("cam3") == ["UNCHANGED"]
    assert len(rig.triggers) == 1


def test_the_sweep_tells_of_everything_it_looked_at() -> None:
    rig = with_policy(FallbackPolicy.ALERT)
    rig.poses("cam1")
    seen: list[JoinOutcome] = []
    rig.aggregator.sweep(on_result=lambda result: seen.append(result.outcome))
    assert seen == [JoinOutcome.UNCHANGED]


def test_reports_want_site_and_date_together() -> None:
    with pytest.raises(ValueError, match="both site and date, or neither"):
        list(Rig().aggregator.reports(site="a"))


def test_two_joins_of_one_name_are_rejected() -> None:
    joins: Iterable[Join] = (POSE, POSE)
    with pytest.raises(InvalidJoinError, match="two joins are called 'pose'"):
        Aggregator(joins, InMemoryJoinStore(), clock=ManualClock())
