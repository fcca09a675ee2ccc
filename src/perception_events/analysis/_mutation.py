"""Small mistakes in the rules and filters of a topology, and which of them sample events would not notice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.analysis._bus_rules import bus_rules, reader_filters
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import Mutant, try_mutants
from perception_events.topology import EventSourceMapping, Origin, Pipe, Topology
from perception_events.traffic import UndecidedRule

__all__ = ["MutatedRule", "TopologyMutation", "mutate_topology", "mutation_json", "mutation_text"]


@dataclass(frozen=True, slots=True)
class MutatedRule:
    """One rule or filter: how many samples it matches, how many mutants were made, and which of them survive.

    `name`: the rule's id, or `reader.filters[0]`. `matched`: the number of samples that it matches; where it is 0, no
    sample holds the rule at all. `survivors`: the mutants that match just the same samples; the witness of each is the
    test that is missing.
    """

    name: str
    origin: Origin | None
    matched: int
    tried: int
    survivors: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class TopologyMutation:
    """What was tried, for each rule and filter in order, and the rules of which nothing is known."""

    rules: tuple[MutatedRule, ...]
    events: int
    records: int
    undecided: tuple[UndecidedRule, ...] = ()

    @property
    def tried(self) -> int:
        """How many mutants were made."""
        return sum(rule.tried for rule in self.rules)

    @property
    def survived(self) -> int:
        """How many of them no sample notices."""
        return sum(len(rule.survivors) for rule in self.rules)


def mutate_topology(
    topology: Topology, events: Iterable[JSONObject], records: Iterable[JSONObject] = (), *, bus: str | None = None
) -> TopologyMutation:
    """Put one mistake after the other into each rule and filter and see which samples tell the difference.

    A sample notices a mutant that it matches and the rule does not, or the other way round: so does a test that says
    which rules the sample matches.

    Args:
        topology: the rules and filters.
        events: samples of events, held against the rules of buses.
        records: samples of stream records, messages and the like, held against the filters of pipes and mappings.
        bus: id, ARN or name of the one bus whose rules are mutated, and no filters; by default all.

    Raises:
        UnknownResourceError: there is no such bus.
    """
    events, records = list(events), list(records)
    rules, undecided = bus_rules(topology, bus)
    mutated = [_mutated(rule.name, rule.pattern, rule.origin, events) for rule in rules]
    if bus is None:
        filters, unknown = reader_filters((*topology.of(Pipe), *topology.of(EventSourceMapping)))
        undecided += unknown
        mutated += [_mutated(one.name, one.pattern, one.origin, records) for one in filters]
    return TopologyMutation(tuple(mutated), len(events), len(records), tuple(undecided))


def _mutated(name: str, pattern: EventPattern, origin: Origin | None, samples: list[JSONObject]) -> MutatedRule:
    report = try_mutants({name: pattern}, samples)
    matched = sum(pattern.matches(sample) for sample in samples)
    return MutatedRule(name, origin, matched, report.tried, tuple(survivor.mutant for survivor in report.survivors))


def mutation_text(mutation: TopologyMutation, *, show: int = 5) -> str:
    """Each rule with the mutants that nothing notices, `show` of them at most, and a last line that counts."""
    lines: list[str] = []
    for rule in mutation.rules:
        if not rule.survivors:
            continue
        count = len(rule.survivors)
        verb = "mutants is" if count == 1 else "mutants are"
        lines.append(f"{rule.name}: {count} of {rule.tried} {verb} not noticed{_why(rule)}")
        if rule.origin is not None:
            lines.append(f"    at {rule.origin}")
        for mutant in rule.survivors[:show]:
            lines.append(f"    {mutant.path or 'the pattern'}: {mutant.change}")
            if mutant.witness_json is not None:
                matched = "the rule matches" if _is_matched(mutant) is False else "only the mutant matches"
                lines.append(f"        {matched} {mutant.witness_json}")
        if len(rule.survivors) > show:
            lines.append(f"    and {len(rule.survivors) - show} more")
    lines += [f"not decided: {one.name}: {one.reason}" for one in mutation.undecided]
    samples = f"{mutation.events} {'event' if mutation.events == 1 else 'events'}"
    if mutation.records:
        samples += f" and {mutation.records} {'record' if mutation.records == 1 else 'records'}"
    noticed = mutation.tried - mutation.survived
    rules = f"{len(mutation.rules)} {'pattern' if len(mutation.rules) == 1 else 'patterns'}"
    verb = "notices" if samples == "1 event" else "notice"
    lines.append(f"{rules}: {samples} {verb} {noticed} of {mutation.tried} mutants")
    return "\n".join(lines) + "\n"


def _why(rule: MutatedRule) -> str:
    return "" if rule.matched else ": no sample matches it"


def _is_matched(mutant: Mutant) -> bool | None:
    """Whether the mutant matches the event by which it differs from the rule."""
    return None if mutant.witness is None else mutant.pattern.matches(mutant.witness)


def mutation_json(mutation: TopologyMutation) -> str:
    """A JSON object: `events`, `records`, `tried`, `survived`, `rules`, `undecided`."""
    rules: list[JSONValue] = list(_rule_objects(mutation.rules))
    undecided: list[JSONValue] = [{"rule": one.name, "reason": one.reason} for one in mutation.undecided]
    whole: Mapping[str, Any] = {
        "events": mutation.events,
        "records": mutation.records,
        "tried": mutation.tried,
        "survived": mutation.survived,
        "rules": rules,
        "undecided": undecided,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _rule_objects(rules: Iterable[MutatedRule]) -> Iterator[JSONObject]:
    for rule in rules:
        yield {
            "rule": rule.name,
            "file": rule.origin.file if rule.origin else None,
            "line": rule.origin.line if rule.origin else None,
            "matched": rule.matched,
            "tried": rule.tried,
            "survivors": [
                {
                    "path": mutant.path,
                    "change": mutant.change,
                    "pattern": str(mutant.pattern),
                    "event": mutant.witness_json,
                    "mutant_matches": _is_matched(mutant),
                }
                for mutant in rule.survivors
            ],
        }
