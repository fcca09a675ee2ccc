"""`mutate_topology`: which mistakes samples notice, and the event that is missing for the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perception_events.analysis import MutantOutcome, MutantTrial, mutate_topology, mutation_json, mutation_text
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import Mutant
from perception_events.topology import EventBus, Filter, Function, Pipe, Queue, Rule, RuleTarget, Topology, Unresolved

PAID: Any = {"source": ["orders"], "detail": {"total": [{"numeric": [">", 100]}]}}


def topology(*more: Any) -> Topology:
    rule = Rule("Paid", bus="Bus", event_pattern=PAID, targets=(RuleTarget("a", "Ship"),))
    return Topology([EventBus("Bus", name="bus"), Function("Ship", name="ship"), Queue("Queue"), rule, *more])


def event(total: Any, source: str = "orders") -> Any:
    return {"source": source, "detail-type": "Order", "detail": {"total": total}}


def test_without_samples_no_mutant_is_noticed() -> None:
    mutation = mutate_topology(topology(), [])
    assert mutation.tried == mutation.survived > 5
    assert "Paid: " in mutation_text(mutation)
    assert ": no sample matches it" in mutation_text(mutation)


def test_the_witness_of_a_survivor_is_the_sample_that_is_missing() -> None:
    samples = [event(150), event(50)]
    survivors = mutate_topology(topology(), samples).rules[0].survivors
    bound = next(mutant for mutant in survivors if mutant.change == '">" became ">="')
    assert bound.witness == {"detail": {"total": 100}, "source": "orders"}
    with_it = mutate_topology(topology(), [*samples, event(100)]).rules[0].survivors
    assert '">" became ">="' not in [mutant.change for mutant in with_it]


def test_all_witnesses_together_leave_no_survivor() -> None:
    samples: list[Any] = []
    while survivors := mutate_topology(topology(), samples).rules[0].survivors:
        assert survivors[0].witness is not None
        samples.append(survivors[0].witness)
    assert mutate_topology(topology(), samples).survived == 0


def test_filters_are_held_against_records_and_rules_against_events() -> None:
    insert: Any = {"body": {"kind": ["a"]}}
    pipe = Pipe("Pipe", source="Queue", target="Bus", filters=(Filter(insert),))
    records: list[Any] = [{"body": {"kind": "a"}}, {"body": {"kind": "b"}}]
    rule, filter = mutate_topology(topology(pipe), [event(150)], records).rules
    assert (rule.name, rule.matched, filter.name, filter.matched) == ("Paid", 1, "Pipe.filters[0]", 1)
    assert 0 < len(filter.survivors) < filter.tried
    assert [one.name for one in mutate_topology(topology(pipe), [], bus="Bus").rules] == ["Paid"]


def test_a_pattern_that_is_not_known_is_listed() -> None:
    unknown = Rule("Unknown", bus="Bus", event_pattern={"source": [Unresolved("${Source}")]})
    mutation = mutate_topology(topology(unknown), [])
    assert [one.name for one in mutation.undecided] == ["Unknown"]


def test_the_json_report_has_every_survivor() -> None:
    mutation = mutate_topology(topology(), [event(150)])
    read = json.loads(mutation_json(mutation))
    assert (read["tried"], read["survived"], read["events"]) == (mutation.tried, mutation.survived, 1)
    assert len(read["rules"][0]["survivors"]) == mutation.survived
    assert mutation_text(mutation, show=1).splitlines()[-1].startswith("1 pattern: 1 event notices ")


class FakeTests:
    """Tests that load one rule and notice what was left out; what stands in detail they cannot decide."""

    def __init__(self, loads: str) -> None:
        self.loads = loads
        self.asked: list[str] = []

    def loaded(self, patterns: Mapping[str, EventPattern]) -> set[str]:
        return {self.loads} & set(patterns)

    def outcomes(self, name: str, mutants: Sequence[Mutant]) -> Iterator[MutantTrial]:
        for mutant in mutants:
            self.asked.append(mutant.change)
            if mutant.change == "field left out":
                yield MutantTrial(mutant, MutantOutcome.NOTICED, "test_a")
            elif mutant.change == "one level down, in detail":
                yield MutantTrial(mutant, MutantOutcome.ERROR, "the tests were stopped after 30 s")
            else:
                yield MutantTrial(mutant, MutantOutcome.SURVIVED)


def test_tests_are_asked_about_what_no_sample_notices() -> None:
    tests = FakeTests("Paid")
    (alone,) = mutate_topology(topology(), [event(150)]).rules
    (rule,) = mutate_topology(topology(), [event(150)], tests=tests).rules
    assert tests.asked == [mutant.change for mutant in alone.survivors]
    assert rule.tried == alone.tried
    assert len(rule.survivors) + len(rule.errors) + 2 == len(alone.survivors)
    assert [trial.detail for trial in rule.trials if trial.detail.startswith("test_")] == ["test_a", "test_a"]


def test_mutants_without_a_result_are_neither_noticed_nor_survivors() -> None:
    mutation = mutate_topology(topology(), tests=FakeTests("Paid"))
    assert mutation.errors == len(mutation.rules[0].errors) > 0
    text = mutation_text(mutation)
    assert "the tests were stopped after 30 s" in text
    noticed = mutation.tried - mutation.survived - mutation.errors
    assert text.endswith(
        f"the tests notice {noticed} of {mutation.tried} mutants, {mutation.errors} without a result\n"
    )
    assert json.loads(mutation_json(mutation))["errors"] == mutation.errors


def test_a_rule_that_no_test_loads_is_said_to_be_so() -> None:
    tests = FakeTests("Other")
    mutation = mutate_topology(topology(), tests=tests)
    assert mutation.survived == mutation.tried
    assert ": no test loads it" in mutation_text(mutation)
    assert tests.asked == []
