"""Groups and manifests that nobody should have written: sweep, workflow and live path do the same, and go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import FallbackPolicy, Join, JoinFailuresError, JoinResult, Manifest
from support.joins import bus_event
from support.workflow_fixture import TABLE, WorkflowFixture, workflow_fixture

pytestmark = pytest.mark.aws_parts
WAITING = Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid",))
ACTING = Join(
    on="pose",
    expects=Manifest("manifest_pose"),
    trigger=("recon",),
    deadline=timedelta(hours=1),
    policy=FallbackPolicy.TRIGGER,
)
JOINS = (WAITING, ACTING)
GOOD: dict[str, Any] = {
    "set": {"SS": ["m1", "m2"]},
    "list": {"L": [{"S": "m2"}, {"S": "m1"}]},
    "repeated": {"L": [{"S": "m2"}, {"S": "m1"}, {"S": "m2"}]},
    "number": {"N": "2"},
}
WAITS: dict[str, Any] = {"more": {"SS": ["m1", "m2", "m3"]}, "three": {"N": "3"}, "nothing": None}
BAD: dict[str, Any] = {
    "fraction": {"N": "2.5"},
    "small": {"N": "0.0001"},
    "zero": {"N": "0"},
    "negative": {"N": "-1"},
    "empty": {"L": []},
    "numbers": {"L": [{"N": "1"}, {"N": "2"}]},
    "mixed": {"L": [{"S": "m1"}, {"N": "2"}]},
    "mixed-after": {"L": [{"N": "2"}, {"S": "m1"}]},
    "nameless": {"L": [{"S": "m1"}, {"S": ""}]},
    "text": {"S": '["m1"]'},
    "map": {"M": {"m1": {"S": "x"}}},
    "number-set": {"NS": ["1", "2"]},
    "null": {"NULL": True},
    "boolean": {"BOOL": True},
}
GROUPS = {
    "recon": {name: {**GOOD, **WAITS, **BAD}[name] for name in ("set", "more", "fraction", "mixed", "empty")},
    "pose": {**GOOD, **WAITS, **BAD},
}
DAMAGES: dict[str, dict[str, Any]] = {
    "revision": {"revision": {"S": "1"}},
    "completed": {"completed": {"S": "m1m2"}},
    "run": {"run": {"L": []}},
    "opened": {"opened_at": {"N": "5"}},
    "due": {"due_at": {"N": "5"}},
    "join": {"join": {"N": "5"}},
}


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowFixture]:
    with workflow_fixture(monkeypatch) as made:
        yield made


def key(site: str, sort_key: str) -> dict[str, Any]:
    return {"site": {"S": site}, "date#event_type": {"S": sort_key}}


def fill(workflow: WorkflowFixture) -> None:
    """A group of two members for each strange thing, of both joins, complete and untriggered, and long overdue."""
    before = workflow.aggregator(*(replace(join, expects=99) for join in JOINS), age=timedelta(hours=2))
    for kind, sites in GROUPS.items():
        for site, members in sites.items():
            before.handle([bus_event(f"2025-07-15#{kind}#m{n}", site=site, sequence_number=n) for n in (1, 2)])
            item = key(site, f"2025-07-15#manifest_{kind}")
            workflow.dynamodb.put_item(TableName=TABLE, Item=item if members is None else {**item, "members": members})
    for site, damage in DAMAGES.items():
        before.handle([bus_event(f"2025-07-15#pose#m{n}", site=f"bad-{site}", sequence_number=n) for n in (1, 2)])
        place = key(f"bad-{site}", "2025-07-15#join_pose")
        item = workflow.dynamodb.get_item(TableName=TABLE, Key=place)["Item"]
        workflow.dynamodb.put_item(TableName=TABLE, Item={**item, **damage})
    for number, odd in enumerate([{}, {"join": {"S": "pose"}}, {"join": {"N": "5"}}, {"join_site": {"S": "x"}}]):
        workflow.dynamodb.put_item(TableName=TABLE, Item={**key("#joins", f"odd{number}"), **odd})
    gone = {"join": {"S": "pose"}, "join_site": {"S": "nobody"}, "join_sort_key": {"S": "2025-07-15#join_pose"}}
    more = {"date": {"S": "2025-07-15"}, "suffix": {"S": ""}}
    workflow.dynamodb.put_item(TableName=TABLE, Item={**key("#joins", "2025-07-15#open_pose#nobody"), **gone, **more})


def snapshot(workflow: WorkflowFixture) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = workflow.dynamodb.scan(TableName=TABLE)["Items"]
    return items


def restore(workflow: WorkflowFixture, items: list[dict[str, Any]]) -> None:
    for item in snapshot(workflow):
        workflow.dynamodb.delete_item(TableName=TABLE, Key={name: item[name] for name in ("site", "date#event_type")})
    for item in items:
        workflow.dynamodb.put_item(TableName=TABLE, Item=item)


def outcome(workflow: WorkflowFixture) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """What was triggered, why and with which members."""
    return {
        (item["site"]["S"], item["date#event_type"]["S"]): (item["reason"]["S"], sorted(item["members"]["SS"]))
        for item in snapshot(workflow)
        if "#trigger_" in item["date#event_type"]["S"]
    }


def test_sweep_workflow_and_live_path_do_the_same_over_strange_groups(workflow: WorkflowFixture) -> None:
    fill(workflow)
    items = snapshot(workflow)

    with pytest.raises(JoinFailuresError) as failed:
        workflow.aggregator(*JOINS).sweep()
    swept = outcome(workflow)
    named = "\n".join(map(str, failed.value.failures))

    restore(workflow, items)
    cause = workflow.run(*JOINS)
    by_workflow = outcome(workflow)

    complete = {(site, "2025-07-15#trigger_recon") for site in GOOD} | {("set", "2025-07-15#trigger_reid")}
    overdue = {(site, "2025-07-15#trigger_recon") for site in {**WAITS, **BAD}}
    assert set(swept) == complete | overdue
    assert {place for place, (reason, _) in swept.items() if reason == "COMPLETE"} == complete
    assert by_workflow == swept
    assert cause is not None
    for kind, sites in GROUPS.items():
        for site in BAD.keys() & sites.keys():
            assert (
                f"{site}#2025-07-15#{kind}: the manifest {site} 2025-07-15#manifest_{kind}: 'members' must be" in named
            )
            assert f"problem: {site} 2025-07-15#join_{kind}: the manifest is neither" in cause
    for site in DAMAGES:
        assert f"bad-{site} 2025-07-15#join_pose: not the state of a group" in named
        assert f"problem: bad-{site} 2025-07-15#join_pose: the item is not the state of a group" in cause
    for number in range(4):
        assert f"#joins odd{number}: not the state of a group (an entry of the list of open groups names no" in named
        assert f"problem: the entry odd{number} of the list of open groups names no group" in cause
    assert len(failed.value.failures) == cause.count("problem: ") == len(BAD) + 3 + len(DAMAGES) + 4

    restore(workflow, items)
    live = workflow.aggregator(*JOINS)
    results: list[JoinResult] = []
    for kind, sites in GROUPS.items():
        for site in sites:
            results += live.handle(bus_event(f"2025-07-15#{kind}#m2", site=site, sequence_number=2))
    assert outcome(workflow) == {place: told for place, told in swept.items() if told[0] == "COMPLETE"}
    assert {result.key.site for result in results if result.problem is not None} == set(BAD)
