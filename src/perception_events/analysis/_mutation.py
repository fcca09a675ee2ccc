"""Small mistakes in the rules and filters of a topology, and which of them samples and tests would not notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from perception_events.analysis._bus_rules import bus_rules, reader_filters
from perception_events.json_values import JSONObject
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import Mutant, mutants
from perception_events.topology import EventSourceMapping, Origin, Pipe, Topology
from perception_events.traffic import UndecidedRule

__all__ = [
    "MutantOutcome",
    "MutantTests",
    "MutantTrial",
    "MutatedRule",
    "TopologyMutation",
    "mutate_topology",
]


class MutantOutcome(StrEnum):
    """What became of a mutant."""

    NOTICED = "noticed"
    """A sample or a test tells it from the rule."""
    SURVIVED = "survived"
    """Nothing does: a test is missing."""
    ERROR = "error"
    """The tests had no result: they were stopped, or did not run."""


@dataclass(frozen=True, slots=True)
class MutantTrial:
    """One mutant and what became of it.

    Args:
        mutant: the mutant.
        outcome: what became of it.
        detail: the test that noticed it, or why there is no result; empty for samples and survivors.
    """

    mutant: Mutant
    outcome: MutantOutcome
    detail: str = ""


class MutantTests(Protocol):
    """Tests that a mutant is tried with."""

    def loaded(self, patterns: Mapping[str, EventPattern]) -> set[str]:
        """The names of those patterns that the tests load: mutants of the others cannot be noticed."""

    def outcomes(self, name: str, mutants: Sequence[Mutant]) -> Iterator[MutantTrial]:
        """Each mutant in the place of the pattern `name`, in order."""


@dataclass(frozen=True, slots=True)
class MutatedRule:
    """One rule or filter, and what became of its mutants.

    Args:
        name: the rule's id, or `reader.filters[0]`.
        origin: where its pattern was written.
        matched: the number of samples that it matches; where it is 0, no sample holds the rule at all.
        trials: its mutants in order.
        is_loaded: whether the tests load it; True where no tests were tried.
    """

    name: str
    origin: Origin | None
    matched: int
    trials: tuple[MutantTrial, ...]
    is_loaded: bool = True

    @property
    def tried(self) -> int:
        """How many mutants were made."""
        return len(self.trials)

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The mutants that nothing notices; the witness of each is the test that is missing."""
        return tuple(trial.mutant for trial in self.trials if trial.outcome is MutantOutcome.SURVIVED)

    @property
    def errors(self) -> tuple[MutantTrial, ...]:
        """The mutants without a result."""
        return tuple(trial for trial in self.trials if trial.outcome is MutantOutcome.ERROR)


@dataclass(frozen=True, slots=True)
class TopologyMutation:
    """What was tried, for each rule and filter in order, and the rules of which nothing is known.

    Args:
        rules: the rules and filters.
        events: the number of samples of events.
        records: the number of samples of records.
        undecided: rules whose patterns are not known.
        with_tests: whether tests were tried, too.
    """

    rules: tuple[MutatedRule, ...]
    events: int
    records: int
    undecided: tuple[UndecidedRule, ...] = ()
    with_tests: bool = False

    @property
    def tried(self) -> int:
        """How many mutants were made."""
        return sum(rule.tried for rule in self.rules)

    @property
    def survived(self) -> int:
        """How many of them nothing notices."""
        return sum(len(rule.survivors) for rule in self.rules)

    @property
    def errors(self) -> int:
        """How many of them have no result."""
        return sum(len(rule.errors) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class _Mutated:
    """A pattern before the tests are tried: its mutants, and which of them a sample notices."""

    name: str
    pattern: EventPattern
    origin: Origin | None
    matched: int
    mutants: list[Mutant]
    noticed: list[bool]


def mutate_topology(
    topology: Topology,
    events: Iterable[JSONObject] = (),
    records: Iterable[JSONObject] = (),
    *,
    bus: str | None = None,
    tests: MutantTests | None = None,
) -> TopologyMutation:
    """Put one mistake after the other into each rule and filter and see which samples or tests tell the difference.

    A sample notices a mutant that it matches and the rule does not, or the other way round: so does a test that says
    which rules the sample matches. Tests get what no sample notices.

    Args:
        topology: the rules and filters.
        events: samples of events, held against the rules of buses.
        records: samples of stream records, messages and the like, held against the filters of pipes and mappings.
        bus: id, ARN or name of the one bus whose rules are mutated, and no filters; by default all.
        tests: tests that are run with each mutant in the place of its rule.

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
    loaded = tests.loaded({one.name: one.pattern for one in mutated}) if tests is not None and mutated else set()
    tried = tuple(_tried(one, tests if one.name in loaded else None, tests is not None) for one in mutated)
    return TopologyMutation(tried, len(events), len(records), tuple(undecided), tests is not None)


def _mutated(name: str, pattern: EventPattern, origin: Origin | None, samples: list[JSONObject]) -> _Mutated:
    expected = [pattern.matches(sample) for sample in samples]
    made = mutants(pattern)
    noticed = [[mutant.pattern.matches(sample) for sample in samples] != expected for mutant in made]
    return _Mutated(name, pattern, origin, sum(expected), made, noticed)


def _tried(one: _Mutated, tests: MutantTests | None, with_tests: bool) -> MutatedRule:
    left = [mutant for mutant, noticed in zip(one.mutants, one.noticed, strict=True) if not noticed]
    if tests is None:
        outcomes = iter([MutantTrial(mutant, MutantOutcome.SURVIVED) for mutant in left])
    else:
        outcomes = iter(list(tests.outcomes(one.name, left)))
    trials = tuple(
        MutantTrial(mutant, MutantOutcome.NOTICED) if noticed else next(outcomes)
        for mutant, noticed in zip(one.mutants, one.noticed, strict=True)
    )
    return MutatedRule(one.name, one.origin, one.matched, trials, tests is not None or not with_tests)
