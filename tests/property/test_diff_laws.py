"""Random changes of rules: what the diff says is what recorded events show, and nothing else.

`PERCEPTION_EVENTS_DIFFS` sets the number of changes, `PERCEPTION_EVENTS_SEED` the seed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from perception_events.analysis import diff_topologies
from perception_events.topology import EventBus, Function, InputTransformer, Rule, RuleTarget, Topology
from perception_events.traffic import compare, read_blocks
from support.pattern_pairs import SMALL_EVENTS, make_small_pattern

CHANGES = int(os.environ.get("PERCEPTION_EVENTS_DIFFS", "12"))
SEED = int(os.environ.get("PERCEPTION_EVENTS_SEED", "20261125"))

INPUTS: list[dict[str, Any]] = [
    {},
    {},
    {"input": '{"fixed": 1}'},
    {"input_path": "$.detail"},
    {"input_transformer": InputTransformer({"a": "$.detail.a"}, '{"a": <a>}')},
    {"input_transformer": InputTransformer({"x": "$.detail.a"}, '{"a": <x>}')},
    {"input_transformer": InputTransformer({"b": "$.detail.b"}, '{"b": <b>}')},
]


def make_rule(random: Random, name: str) -> Rule:
    pattern = {"source": ["s"], "detail": json.loads(str(make_small_pattern(random)))}
    chosen = random.sample(["One", "Two"], random.choice([1, 1, 2]))
    targets = tuple(RuleTarget(target, target, **random.choice(INPUTS)) for target in chosen)
    return Rule(name, name=name, bus="Bus", event_pattern=pattern, targets=targets)


def make_change(random: Random) -> tuple[Topology, Topology]:
    parts = [EventBus("Bus", name="bus"), Function("One", name="one"), Function("Two", name="two")]
    old = [make_rule(random, f"old{number}") for number in range(random.choice([1, 2, 3]))]
    kept = [Rule(f"new-{rule.id}", bus="Bus", event_pattern=rule.event_pattern, targets=rule.targets) for rule in old]
    random.shuffle(kept)
    new = kept[random.choice([0, 0, 1]) :]
    new += [make_rule(random, f"new{number}") for number in range(random.choice([0, 1, 1, 2]))]
    return Topology([*parts, *old]), Topology([*parts, *new])


def full(detail_or_event: dict[str, Any]) -> dict[str, Any]:
    return {"source": "s", "detail-type": "t", **detail_or_event}


@pytest.mark.parametrize("number", range(CHANGES))
def test_the_diff_and_recorded_events_name_the_same_targets(number: int, tmp_path: Path) -> None:
    random = Random(f"{SEED}/{number}")
    old, new = make_change(random)
    diff = diff_topologies(old, new)
    events = [full({"detail": detail}) for detail in SMALL_EVENTS]
    shown: list[dict[str, Any]] = []
    for one in diff.receivers:
        shown += [full(dict(event)) for change in (one.gained, one.lost) for event in change.witnesses]
        shown += [full(dict(item.event)) for item in one.inputs]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in (*events, *shown)), encoding="utf-8")
    recorded = compare(old, new, read_blocks([str(file)]))
    assert recorded.events == len(events) + len(shown)
    expected = {change.target for change in recorded.changes}
    found = {one.receiver for one in diff.receivers}
    assert found <= expected, f"seed {SEED}/{number}"
    assert expected <= found | {one.receiver for one in diff.undecided}, f"seed {SEED}/{number}"
    assert not diff.undecided, f"seed {SEED}/{number}: nothing here is too hard"


@pytest.mark.parametrize("number", range(CHANGES))
def test_each_witness_shows_by_itself_what_it_is_said_to_show(number: int, tmp_path: Path) -> None:
    old, new = make_change(Random(f"{SEED}/{number}"))
    file = tmp_path / "event.json"
    for one in diff_topologies(old, new).receivers:
        for kind, change in (("gained", one.gained), ("lost", one.lost)):
            for event in change.witnesses:
                file.write_text(json.dumps(full(dict(event))), encoding="utf-8")
                found = compare(old, new, read_blocks([str(file)])).changes
                assert (one.receiver, kind) in {(each.target, each.kind) for each in found}
        for item in one.inputs:
            file.write_text(json.dumps(full(dict(item.event))), encoding="utf-8")
            found = compare(old, new, read_blocks([str(file)])).changes
            assert one.receiver in {each.target for each in found}


def test_nothing_differs_between_a_system_and_itself_with_other_names() -> None:
    for number in range(CHANGES):
        old, _ = make_change(Random(f"{SEED}/{number}"))
        renamed = [
            Rule(f"renamed-{part.id}", bus="Bus", event_pattern=part.event_pattern, targets=part.targets)
            if isinstance(part, Rule)
            else part
            for part in old
        ]
        diff = diff_topologies(old, Topology(renamed))
        assert (diff.receivers, diff.undecided) == ((), ())
