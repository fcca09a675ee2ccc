"""`mutate_topology`: which mistakes samples notice, and the event that is missing for the others."""

from __future__ import annotations

import json
from typing import Any

from perception_events.analysis import mutate_topology, mutation_json, mutation_text
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
