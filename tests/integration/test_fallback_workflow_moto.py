"""The generated workflow, run by moto's Step Functions interpreter over moto's table, does what the sweep does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import (
    Aggregator,
    FallbackPolicy,
    InvalidJoinError,
    Join,
    JoinKey,
    Manifest,
    TriggerReason,
    fallback_schedule,
    fallback_state_machine,
)
from perception_events.clock import ManualClock
from support.joins import CAMERAS, bus_event
from support.workflow_fixture import TABLE, WorkflowFixture, workflow_fixture

pytestmark = pytest.mark.aws_parts
SYNC = ("site", "date", "sync")
DUE = timedelta(hours=1)
BASE = Join(on="pose", group_by=SYNC, expects=CAMERAS, trigger=("recon",), deadline=DUE)


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowFixture]:
    with workflow_fixture(monkeypatch) as made:
        yield made


def poses(aggregator: Aggregator, *cameras: str, sync: str = "sync001", first: int = 1) -> None:
    for version, camera in enumerate(cameras, start=first):
        aggregator.handle(bus_event(f"2025-07-15#pose#{sync}#{camera}", sequence_number=version))


def complete_but_untriggered(workflow: WorkflowFixture, join: Join, *members: str) -> None:
    """What a crash between the last member and the trigger leaves."""
    poses(workflow.aggregator(replace(join, expects=99, quorum=None, policy=FallbackPolicy.WAIT)), *members)


@pytest.mark.parametrize("expects", [CAMERAS, 3, [f"cam{n}" for n in range(4)]], ids=["set", "count", "large set"])
def test_a_complete_group_is_triggered(
    workflow: WorkflowFixture, expects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perception_events.aggregation._workflow.CONTAINS_UP_TO", 3)
    join = replace(BASE, expects=expects)
    members = CAMERAS if len(CAMERAS) == expects or expects is CAMERAS else expects
    complete_but_untriggered(workflow, join, *members[:-1])
    workflow.run(join)
    assert workflow.written() == {}
    complete_but_untriggered(workflow, join, members[-1])
    workflow.run(join)
    (trigger,) = workflow.written().values()
    assert sorted(trigger["members"]["SS"]) == sorted(members)
    assert (trigger["reason"]["S"], trigger["status"]["S"]) == ("COMPLETE", "COMPLETED")
    workflow.run(join)
    assert len(workflow.written()) == 1


def test_what_it_writes_is_what_the_sweep_writes(workflow: WorkflowFixture) -> None:
    join = replace(BASE, policy=FallbackPolicy.TRIGGER, trigger=("recon", "thumbnails"))
    live = workflow.aggregator(join, age=2 * DUE)
    poses(live, "cam1", "cam2")
    poses(live, "cam1", "cam2", sync="sync002")
    workflow.run(join)
    by_workflow = workflow.written()
    assert sorted(by_workflow) == [
        f"2025-07-15#trigger_{module}#sync00{n}" for module in ("recon", "thumbnails") for n in (1, 2)
    ]
    key = JoinKey("pose", "haemoro_1x2", "2025-07-15", ("sync001",))
    state = workflow.store.load(key)
    assert state is not None
    assert (state.reason, state.trigger_members) == (TriggerReason.DEADLINE, frozenset({"cam1", "cam2"}))
    assert list(workflow.store.open_states()) == []
    # the same group anew, settled by the sweep: the items differ in their times and in what a workflow cannot tell
    workflow.aggregator(join).rerun(key, keep_members=True)
    due = ManualClock(time.time() + 2 * DUE.total_seconds())
    assert len(Aggregator([join], workflow.store, clock=due).sweep()) == 1
    by_sweep = workflow.written()["2025-07-15#trigger_recon#sync001#run2"]
    ours = by_workflow["2025-07-15#trigger_recon#sync001"]
    assert set(by_sweep) - set(ours) == {"missing"}
    assert {name for name in ours if ours[name] != by_sweep[name]} == {
        "date#event_type", "trigger_id", "run", "opened_at", "triggered_at", "expires_at",
    }  # fmt: skip
    poses(live, "cam3", first=100)
    assert len(workflow.written()) == 6


def test_before_the_deadline_it_waits(workflow: WorkflowFixture) -> None:
    join = replace(BASE, policy=FallbackPolicy.TRIGGER)
    poses(workflow.aggregator(join, age=DUE / 2), "cam1")
    workflow.run(join)
    assert workflow.written() == {}


def test_quorum(workflow: WorkflowFixture) -> None:
    join = replace(BASE, policy=FallbackPolicy.QUORUM, quorum=2)
    late = workflow.aggregator(join, age=2 * DUE)
    poses(late, "cam1")
    workflow.run(join)
    workflow.run(join)
    assert (list(workflow.written("alert_")), list(workflow.written())) == (["2025-07-15#alert_pose#sync001"], [])
    poses(late, "cam2", first=10)
    workflow.run(join)
    (trigger,) = workflow.written().values()
    assert trigger["reason"]["S"] == "QUORUM"


def test_alert_even_when_nobody_is_in(workflow: WorkflowFixture) -> None:
    join = replace(BASE, policy=FallbackPolicy.ALERT)
    event = bus_event("2025-07-15#pose#sync001#cam1", status="FAILED", sequence_number=1)
    workflow.aggregator(join, age=2 * DUE).handle(event)
    workflow.run(join)
    assert (len(workflow.written("alert_")), len(workflow.written())) == (1, 0)


@pytest.mark.parametrize(
    "listed", [{"SS": ["sync001", "sync002"]}, {"L": [{"S": "sync002"}, {"S": "sync001"}]}, {"N": "2"}]
)
def test_manifest(workflow: WorkflowFixture, listed: dict[str, Any]) -> None:
    join = Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid",))
    for sync in ("sync001", "sync002"):
        workflow.aggregator(join).handle(bus_event(f"2025-07-15#recon#{sync}"))
    workflow.run(join)
    assert workflow.written() == {}
    key = {"site": {"S": "haemoro_1x2"}, "date#event_type": {"S": "2025-07-15#manifest_recon"}}
    workflow.dynamodb.put_item(TableName=TABLE, Item={**key, "members": listed})
    workflow.run(join)
    assert list(workflow.written()) == ["2025-07-15#trigger_reid"]


def test_manifest_of_each_group(workflow: WorkflowFixture) -> None:
    join = replace(BASE, expects=Manifest("manifest_pose", attribute="who", group_by=SYNC))
    poses(workflow.aggregator(join), "cam1")
    key = {"site": {"S": "haemoro_1x2"}, "date#event_type": {"S": "2025-07-15#manifest_pose#sync001"}}
    workflow.dynamodb.put_item(TableName=TABLE, Item={**key, "who": {"SS": ["cam1"]}})
    workflow.run(join)
    assert list(workflow.written()) == ["2025-07-15#trigger_recon#sync001"]


def test_many_groups_take_several_pages(workflow: WorkflowFixture) -> None:
    join = replace(BASE, policy=FallbackPolicy.TRIGGER)
    late = workflow.aggregator(join, age=2 * DUE)
    for n in range(7):
        poses(late, "cam1", sync=f"sync{n:03d}")
    workflow.run(join, page_size=3)
    assert len(workflow.written()) == 7


def test_no_joins_is_a_workflow_too(workflow: WorkflowFixture) -> None:
    poses(workflow.aggregator(BASE), "cam1")
    workflow.run()
    workflow.run(Join(on="recon", expects=1, trigger=("reid",)))
    assert workflow.written() == {}


def test_cfn_lint_finds_the_workflow_valid() -> None:
    api = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed: pip install '.[dev]'")
    joins = [
        replace(BASE, name=policy.lower(), policy=policy, quorum=2 if policy is FallbackPolicy.QUORUM else None)
        for policy in FallbackPolicy
    ]
    joins += [
        Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid", "preprocessing")),
        Join(on="reid", expects=lambda key: 1, trigger=("tracking",)),
    ]
    definition = json.dumps(fallback_state_machine(joins, TABLE))
    properties = {"DefinitionString": definition, "RoleArn": "arn:aws:iam::123456789012:role/fallback"}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": fallback_schedule(
            "fallback",
            "arn:aws:states:us-east-1:123456789012:stateMachine:fallback",
            "arn:aws:iam::123456789012:role/schedule",
        ),
    }
    template = json.dumps({"Resources": {"Fallback": machine, "Schedule": schedule}})

    def faults(text: str) -> list[str]:
        return [str(match) for match in api.lint_all(text) if match.rule.id[0] in "EW"]

    assert faults(template) == []
    assert faults(template.replace("Begin", "Nowhere", 1)) != [], "the linter reads the definition"


def test_a_join_with_too_long_a_name_is_rejected() -> None:
    with pytest.raises(InvalidJoinError, match="has 81 characters, and Step Functions takes 80"):
        fallback_state_machine([replace(BASE, name="n" * 60)], TABLE)


def test_the_schedule() -> None:
    schedule = fallback_schedule("fallback-dev", "arn:machine", "arn:role", every=timedelta(minutes=1))
    assert (schedule["ScheduleExpression"], schedule["Target"]["Arn"]) == ("rate(1 minute)", "arn:machine")
    with pytest.raises(ValueError, match="whole number of minutes"):
        fallback_schedule("x", "a", "r", every=timedelta(seconds=90))
