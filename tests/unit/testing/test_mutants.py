"""A mutant takes the place of one pattern in the topologies that tests load, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from perception_events.patterns import EventPattern
from perception_events.pipeline import perception_pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.testing import RecordBuilder, RecordingTarget
from perception_events.testing.mutant_runs import CAN_FORK
from perception_events.testing.mutants import LoadedPatterns, MutantPlan
from perception_events.topology import EventBus, Filter, Pipe, Queue, Resource, Rule, Topology, Unresolved

ORDERS = EventPattern.parse({"source": ["orders"]}).canonical
KIND = EventPattern.parse({"body": {"kind": ["a"]}}).canonical


def plan(tmp_path: Path, **settings: Any) -> MutantPlan:
    patterns = {"Paid": ORDERS, "Pipe.filters[1]": KIND}
    return MutantPlan(patterns, str(tmp_path / "report"), **settings)


def put_in(planned: MutantPlan, *resources: Resource) -> list[Resource]:
    return list(LoadedPatterns(planned).replaced(resources))


def rule(id: str, pattern: Any) -> Rule:
    return Rule(id, bus="Bus", event_pattern=pattern)


def test_only_the_rule_of_that_name_and_pattern_gets_the_mutant(tmp_path: Path) -> None:
    planned = plan(tmp_path, mutated="Paid", mutants=('{"source":["x"]}',))
    paid, other, changed, bus = put_in(
        planned,
        rule("Paid", {"source": ["orders"]}),
        rule("Other", {"source": ["orders"]}),
        rule("Paid", {"source": ["b"]}),
        EventBus("Bus"),
    )
    assert isinstance(paid, Rule)
    assert paid.event_pattern == {"source": ["x"]}
    assert (other, changed) == (rule("Other", {"source": ["orders"]}), rule("Paid", {"source": ["b"]}))
    assert bus == EventBus("Bus")
    assert planned.reported("loaded") == ["Paid"]


def test_a_rule_of_a_template_read_alone_is_the_one_with_its_stack_before_it(tmp_path: Path) -> None:
    both = MutantPlan({"shop/Paid": ORDERS}, str(tmp_path / "report"), "shop/Paid", ('{"source":["x"]}',))
    (paid,) = put_in(both, rule("Paid", {"source": ["orders"]}))
    assert isinstance(paid, Rule)
    assert paid.event_pattern == {"source": ["x"]}


def test_one_filter_of_a_pipe_gets_the_mutant(tmp_path: Path) -> None:
    planned = plan(tmp_path, mutated="Pipe.filters[1]", mutants=('{"body":{"kind":["b"]}}',))
    filters = (Filter({"body": {"kind": ["a"]}}), Filter({"body": {"kind": ["a"]}}))
    (pipe, queue) = put_in(planned, Pipe("Pipe", source="Queue", target="Bus", filters=filters), Queue("Queue"))
    assert isinstance(pipe, Pipe)
    assert pipe.filters == (filters[0], Filter({"body": {"kind": ["b"]}}))
    assert queue == Queue("Queue")


def test_without_a_mutant_it_is_only_reported_what_was_loaded(tmp_path: Path) -> None:
    planned = plan(tmp_path)
    paid = rule("Paid", {"source": ["orders"]})
    unknown = rule("Paid", {"source": [Unresolved("${Source}")]})
    assert put_in(planned, paid, unknown, paid) == [paid, unknown, paid]
    assert planned.reported("loaded") == ["Paid"]


def test_a_simulation_of_a_declaration_runs_with_the_mutant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def received() -> int:
        target = RecordingTarget()
        simulation = PipelineSimulation(perception_pipeline, targets={"aggregate_pose": target})
        pose = RecordBuilder().insert("test_site", "2025-07-15#pose#sync001#cam6", status="COMPLETED")
        assert len(list(simulation.route([pose]))) == 1
        return len(target.events)

    rule = perception_pipeline.topology("dev").get("AggregatePoseRule", Rule)
    pattern = EventPattern.parse(json.dumps(rule.event_pattern)).canonical
    planned = MutantPlan({rule.id: pattern}, str(tmp_path / "report"), rule.id, ('{"source":["nobody"]}',))
    assert received() == 1
    monkeypatch.setattr(Topology, "__init__", Topology.__init__)  # so that it is as before after this test
    LoadedPatterns(planned).install()
    assert received() == 0
    assert planned.reported("loaded") == ["AggregatePoseRule"]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    planned = plan(tmp_path, mutated="Paid", mutants=("{}", "[]"), first=("test_a",), timeout=1.5)
    assert MutantPlan.read(planned.write()) == planned
    assert planned.alone(1).mutants == ("[]",)


FORKS = """
import os, sys, time
from perception_events.pipeline import perception_pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.testing import RecordBuilder, RecordingTarget
from perception_events.testing.mutant_runs import fork_for_each
from perception_events.testing.mutants import MutantPlan
plan = fork_for_each(MutantPlan.read(sys.argv[1]))
print("this is", plan.mutants[0], "first", plan.first)
assert MutantPlan.read(os.environ["PERCEPTION_EVENTS_MUTANT"]) == plan
if plan.mutants[0] == "hangs":
    time.sleep(600)
plan.add_to_report(failed=plan.mutants[0])
sys.exit(len(plan.mutants[0]))
"""


@pytest.mark.skipif(not CAN_FORK, reason="processes cannot be forked here")
def test_each_mutant_has_a_process_and_one_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    planned = plan(tmp_path, mutated="Paid", mutants=("one", "hangs", "three"), timeout=5.0)
    done = subprocess.run([sys.executable, "-c", FORKS, planned.write()], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    one, hangs, three = (planned.alone(number) for number in range(3))
    assert [each.reported("ended") for each in (one, hangs, three)] == [[3], [None], [5]]
    assert [each.reported("failed") for each in (one, hangs, three)] == [["one"], [], ["three"]]
    assert "this is three first ('one',)" in Path(three.output).read_text(encoding="utf-8")


def test_a_line_that_a_stopped_process_left_unfinished_is_passed_over(tmp_path: Path) -> None:
    planned = plan(tmp_path)
    planned.add_to_report(failed="test_a")
    with open(planned.report, "a", encoding="utf-8") as file:
        file.write(json.dumps({"failed": "test_b"})[:9])
    assert planned.reported("failed") == ["test_a"]
