"""Real templates of public repositories: every file is read or rejected by name, and the golden answers are equal.

The files are not part of this project: `PERCEPTION_EVENTS_TEMPLATES` names their folder.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perception_events.patterns import Dialect, PartialPattern
from perception_events.readers import ReadResult, read_topology
from perception_events.simulation import Simulation, Verdict
from perception_events.topology import (
    EventBus,
    EventSourceMapping,
    Function,
    Pipe,
    Resource,
    Rule,
    RuleTarget,
    Schedule,
    Unresolved,
    unresolved_in,
)

FOLDER = Path(os.environ.get("PERCEPTION_EVENTS_TEMPLATES", ""))
needs_templates = pytest.mark.skipif(
    "PERCEPTION_EVENTS_TEMPLATES" not in os.environ, reason="PERCEPTION_EVENTS_TEMPLATES names no folder of templates"
)
pytestmark = needs_templates
yaml = pytest.importorskip("yaml", reason="YAML templates need PyYAML")


def lines(name: str) -> list[dict[str, Any]]:
    path = FOLDER / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


TEMPLATES = [one for one in lines("manifest.jsonl") if one["format"] != "event"]
GOLDEN = lines("golden.jsonl")


def path_of(manifest: dict[str, Any]) -> Path:
    files = [FOLDER / str(name) for name in manifest["files"]]
    if manifest["format"] != "terraform":
        return files[0]
    folder = FOLDER / "terraform"
    return folder / files[0].relative_to(folder).parts[0]


def test_every_template_is_read_or_rejected_by_name() -> None:
    rejected: dict[str, str] = {}
    for manifest in TEMPLATES:
        path = path_of(manifest)
        result = read_topology(path)
        if not result.files:
            assert result.problems, path
            assert all(str(path) in str(problem.origin) for problem in result.problems), path
            rejected[path.name] = result.problems[0].reason
    assert len(rejected) <= 10, rejected
    assert len(TEMPLATES) - len(rejected) >= 290


def test_patterns_and_links_are_resolved_without_any_parameter() -> None:
    """At least 97 % of the patterns can be read, and 95 % of targets, buses, sources and filters are resolved."""
    seen: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for manifest in TEMPLATES:
        for kind, value in _values(read_topology(path_of(manifest))):
            seen[kind] += 1
            if kind == "pattern":
                lost[kind] += isinstance(value, Unresolved)
                lost["pattern in part"] += not isinstance(value, Unresolved) and any(unresolved_in(value))
            else:
                lost[kind] += any(unresolved_in(value))
    links = [seen[kind] for kind in ("target", "bus", "source", "filter")]
    lost_links = [lost[kind] for kind in ("target", "bus", "source", "filter")]
    print(dict(seen), dict(lost))
    assert lost["pattern"] <= 0.03 * seen["pattern"], (seen, lost)
    assert sum(lost_links) <= 0.05 * sum(links), (seen, lost)


def _values(result: ReadResult) -> Iterator[tuple[str, Any]]:
    for one in result.topology:
        if one.existing:
            continue
        if isinstance(one, Rule):
            if one.event_pattern is not None:
                yield "pattern", one.event_pattern
            yield "bus", one.bus
            yield from (("target", target.target) for target in one.targets)
        elif isinstance(one, Pipe):
            yield from (("source", one.source), ("target", one.target))
            yield from (("filter", filter.pattern) for filter in one.filters)
            if one.enrichment is not None:
                yield "target", one.enrichment
        elif isinstance(one, EventSourceMapping):
            yield from (("source", one.source), ("target", one.function))
            yield from (("filter", filter.pattern) for filter in one.filters)
        elif isinstance(one, Schedule):
            yield "target", one.target


@pytest.mark.parametrize("golden", GOLDEN, ids=[one["path"] for one in GOLDEN])
def test_golden_declarations(golden: dict[str, Any]) -> None:
    topology = read_topology(FOLDER / golden["file"], region="eu-west-1").topology
    declares = golden["declares"]
    buses = {bus.name for bus in topology.of(EventBus) if not bus.existing}
    assert buses == set(declares["buses"])
    rules = [one for one in topology.of(Rule) if not one.existing]
    assert {one.id for one in rules} == {one["id"] for one in declares["rules"]}
    for expected in declares["rules"]:
        rule = topology.get(expected["id"], Rule)
        assert rule.event_pattern == expected["event_pattern"]
        assert rule.schedule_expression == expected["schedule"]
        assert_same(expected["bus"], rule.bus, topology.find(str(rule.bus)), name=True)
        assert len(rule.targets) == len(expected["targets"])
        for one, target in zip(expected["targets"], rule.targets, strict=True):
            assert_same(one["arn"], target.target, topology.find(str(target.target)))
            assert one["input"] == _input(target)
            assert one["dead_letter_queue"] is (target.dead_letter_queue is not None)
    assert {one.id for one in topology.of(Pipe)} == {one["id"] for one in declares["pipes"]}
    for expected in declares["pipes"]:
        pipe = topology.get(expected["id"], Pipe)
        assert [filter.pattern for filter in pipe.filters] == expected["filters"]
        assert_same(expected["source"], pipe.source, topology.find(str(pipe.source)))
        assert_same(expected["target"], pipe.target, topology.find(str(pipe.target)))
        assert (pipe.enrichment is None) == (expected["enrichment"] is None)
    assert len(topology.of(EventSourceMapping)) == len(declares["event_source_mappings"])


def assert_same(expected: str, reference: object, found: Resource | None, *, name: bool = False) -> None:
    """A golden answer says an ARN, a bus's name, a Terraform address, or that it is not known."""
    if expected.startswith("unresolved: attribute "):  # of a resource that the template declares: that one is meant
        assert found is not None
        assert found.id == expected.removeprefix("unresolved: attribute ").split(".")[0]
    elif expected.startswith("unresolved: "):
        assert isinstance(reference, Unresolved)
    elif expected.startswith("tf:"):
        assert found is not None
        wanted = expected.removeprefix("tf:")
        assert found.id in (wanted, wanted.removesuffix(".arn"), wanted.partition(".")[2])
    else:
        assert found is not None
        assert expected in (found.name if name else found.arn, _as_golden(found))


def _as_golden(found: Resource) -> str:
    """The golden answers call each stack `stack`, and a function of serverless.yml by its key alone."""
    if isinstance(found, Function) and "LambdaFunction" not in str(found.arn) and found.handler:
        return re.sub(r":function:.*", f":function:{found.id}", str(found.arn))
    return re.sub(rf":[\w-]+-{found.id}-GENERATED", f":stack-{found.id}-GENERATED", str(found.arn))


def _input(target: RuleTarget) -> str:
    if target.input_transformer is not None:
        return "transformer"
    if target.input_path is not None:
        return f"path {target.input_path}"
    return "constant" if target.input is not None else "event"


@pytest.mark.parametrize("golden", GOLDEN, ids=[one["path"] for one in GOLDEN])
def test_golden_verdicts(golden: dict[str, Any]) -> None:
    """Every event of the golden answers, put into the simulation of its template."""
    topology = read_topology(FOLDER / golden["file"], region="eu-west-1").topology
    for one in golden["events"]:
        if "passes" in one:
            # These pipes read a stream that only the deployment knows, so their filters are asked by themselves.
            passed = [
                pipe.id
                for pipe in topology.of(Pipe)
                if any(
                    PartialPattern.parse(f.pattern, dialect=Dialect.PIPE).verdict(one["record"]) for f in pipe.filters
                )
            ]
            assert sorted(passed) == sorted(one["passes"])
            continue
        simulation = Simulation(topology)
        if "entry" in one:
            result = simulation.put_events([one["entry"]])
            assert result.response is not None
            (entry,) = result.response["Entries"]
            code = one["put_events"].partition(":")[0]
            assert entry.get("ErrorCode", "accepted") == code
        else:
            rules = topology.of(Rule)
            bus = rules[0].bus
            if isinstance(bus, Unresolved):  # a bus that SSM names: its rules are asked by themselves
                matched = [rule.id for rule in rules if PartialPattern.parse(rule.event_pattern).verdict(one["event"])]
                assert sorted(matched) == sorted(one["matches"])
                continue
            result = simulation.put_event(one["event"], bus)
        verdicts = [one for one in result.rules if one.verdict is Verdict.MATCHED]
        matched = [simulation.rule(verdict.bus, verdict.rule).id for verdict in verdicts]
        assert sorted(matched) == sorted(one["matches"])
        for name, text in one.get("rendered", {}).items():
            rule, _, number = name.partition(".targets[")
            target = topology.get(rule, Rule).targets[int(number.rstrip("]"))]
            (received,) = result.inputs_of(str(target.target))
            assert _without_what_differs(received) == _without_what_differs(json.loads(text))


def _without_what_differs(value: Any) -> Any:
    """Without the event's id, time, account and region, which each run has of its own."""
    if isinstance(value, dict):
        return {k: _without_what_differs(v) for k, v in value.items() if k not in ("id", "time", "account", "region")}
    return value
