"""Joins in the declaration: the rules and classifiers they bring, and graphs that are rejected with their path."""

from __future__ import annotations

from datetime import timedelta

import pytest

from perception_events.aggregation import FallbackPolicy, InMemoryJoinStore, Join, Manifest
from perception_events.clock import ManualClock
from perception_events.pipeline import InvalidPipelineError, Module, Pipeline
from support.joins import CAMERAS, bus_event

SYNC = ("site", "date", "sync")
CAMERAS_OF_A_SYNC = Join(
    on="pose",
    group_by=SYNC,
    expects=CAMERAS,
    trigger=("recon",),
    deadline=timedelta(hours=1),
    policy=FallbackPolicy.ALERT,
)
SYNCS_OF_A_DAY = Join(on="recon", expects=Manifest("manifest_recon"), trigger=("preprocessing", "reid"))


def pipeline(*more: Module, entries: tuple[str, ...] = ()) -> Pipeline:
    return Pipeline(
        modules=(
            Module("pose", targets=("aggregate_pose",), joins=(CAMERAS_OF_A_SYNC,)),
            Module("recon", targets=("aggregate_recon",), joins=(SYNCS_OF_A_DAY,)),
            Module("preprocessing"),
            Module("reid"),
            *more,
        ),
        entries=entries,
    )


def test_joins_bring_their_rules() -> None:
    assert {name: next(iter(rule["detail"].values())) for name, rule in pipeline().rules("dev").items()} == {  # type: ignore[union-attr]
        "aggregate-pose-rule-dev": ["pose"],
        "aggregate-recon-rule-dev": ["recon", "manifest_recon"],
        "trigger-recon-rule-dev": ["trigger_recon"],
        "trigger-preprocessing-rule-dev": ["trigger_preprocessing"],
        "trigger-reid-rule-dev": ["trigger_reid"],
        "alert-joins-rule-dev": ["alert_pose"],
    }


def test_joins_bring_their_event_types() -> None:
    registry = pipeline().registry
    for event_type in ("trigger_recon", "alert_pose", "manifest_recon", "pose"):
        assert registry.classify(f"2025-07-15#{event_type}#sync001") == event_type
    assert registry.classify("2025-07-15#join_pose#sync001") == "unknown"


def test_the_graph_of_the_modules() -> None:
    assert pipeline().next_modules == {
        "pose": ("recon",),
        "recon": ("preprocessing", "reid"),
        "preprocessing": (),
        "reid": (),
    }


def test_the_declaration_makes_the_aggregator() -> None:
    store = InMemoryJoinStore()
    aggregator = pipeline().aggregator(store, clock=ManualClock())
    for camera in CAMERAS:
        aggregator.invoke(bus_event(f"2025-07-15#pose#sync001#{camera}"))
    assert [item.sort_key for item in store.outbox] == ["2025-07-15#trigger_recon#sync001"]


def test_parts_of_a_module_of_your_own() -> None:
    join = Join(on="tracking", group_by=("site", "date", "zone"), expects=2, trigger=("counting",))
    modules = (Module("tracking", targets=("a",), parts=("person", "zone"), joins=(join,)), Module("counting"))
    store = InMemoryJoinStore()
    aggregator = Pipeline(modules=modules).aggregator(store, clock=ManualClock())
    for person in ("p1", "p2"):
        aggregator.invoke(bus_event(f"2025-07-15#tracking#{person}#north"))
    assert [item.sort_key for item in store.outbox] == ["2025-07-15#trigger_counting#north"]


def test_a_cycle_is_rejected_with_its_path() -> None:
    back = Join(on="reid", trigger=("pose",))
    modules = (*pipeline().modules[:3], Module("reid", targets=("a",), joins=(back,)))
    with pytest.raises(InvalidPipelineError, match="circle: pose -> recon -> reid -> pose"):
        Pipeline(modules=modules)


def test_an_unreachable_module_is_rejected_unless_it_is_an_entry() -> None:
    with pytest.raises(InvalidPipelineError, match="nothing starts module 'audit': from the entries"):
        pipeline(Module("audit"))
    pipeline(Module("audit"), entries=("pose", "audit"))
    with pytest.raises(InvalidPipelineError, match="entries names 'x', which is not declared"):
        pipeline(entries=("pose", "x"))


def test_a_join_at_the_wrong_module_is_rejected() -> None:
    modules = (Module("pose", targets=("a",)), Module("recon", joins=(CAMERAS_OF_A_SYNC,)))
    with pytest.raises(InvalidPipelineError, match="module 'recon' has join 'pose', which is on pose"):
        Pipeline(modules=modules)


def test_a_module_with_the_name_of_a_trigger_is_rejected() -> None:
    with pytest.raises(InvalidPipelineError, match="module 'trigger_recon' has the name of an event type"):
        pipeline(Module("trigger_recon"), entries=("pose", "trigger_recon"))


def test_a_join_that_can_never_complete_is_rejected() -> None:
    with pytest.raises(InvalidPipelineError, match=r"no function gets the events of 'pose' \(pose -> join pose"):
        Pipeline(modules=(Module("pose", joins=(CAMERAS_OF_A_SYNC,)), Module("recon")))


def test_a_function_serves_joins_that_another_module_declares() -> None:
    both = Join(on=("preprocessing", "reid"), trigger=("end",))
    modules = (
        Module("start", triggers=("preprocessing", "reid")),
        Module("preprocessing", targets=("a",)),
        Module("reid", targets=("b",), joins=(both,)),
        Module("end"),
    )
    declared = Pipeline(modules=modules)
    assert declared.joins_of("a") == declared.joins_of("b") == (both,)
    assert declared.joins_of("trigger_end") == ()
    assert declared.started_by("trigger_end") == ("end",)
