"""A mutant in the place of a rule or filter, in whatever topology the tests of a project load.

`perception-events mutate --tests` writes a `MutantPlan` to a file and runs the tests; in their process
`testing._mutant_plugin` reads it and puts the mutant where the tests read a template or declare a pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from perception_events.json_values import JSONValue
from perception_events.patterns import Dialect, EventPattern
from perception_events.topology import EventSourceMapping, Filter, Pipe, Resource, Rule, Topology, unresolved_in

__all__ = ["PLAN_VARIABLE", "PLUGIN", "LoadedPatterns", "MutantPlan"]

PLAN_VARIABLE = "PERCEPTION_EVENTS_MUTANT"
"""The environment variable with the path of a plan."""
PLUGIN = "perception_events.testing._mutant_plugin"
"""The pytest plugin that obeys the plan."""


@dataclass(frozen=True, slots=True)
class MutantPlan:
    """What the tests of one run get, or of several runs, one for each mutant.

    Args:
        patterns: the patterns under trial as canonical texts, by name: a rule's id, or `reader.filters[0]`.
        report: the file to which the process of a run adds one JSON object a line.
        mutated: the name of the pattern that is replaced; None where it is only asked which ones the tests load.
        mutants: the patterns to put in its place, as texts.
        first: the tests to run before others, by node id: those that noticed other mutants of the rule.
        timeout: seconds that a run may take.
    """

    patterns: Mapping[str, str]
    report: str
    mutated: str | None = None
    mutants: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    timeout: float | None = None

    @classmethod
    def read(cls, path: str | Path) -> MutantPlan:
        """The plan that `write` wrote."""
        read = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(**{**read, "mutants": tuple(read["mutants"]), "first": tuple(read["first"])})

    def write(self) -> str:
        """Write the plan to a file and return its path."""
        path = f"{self.report}.plan"
        Path(path).write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    def alone(self, number: int, first: tuple[str, ...] = ()) -> MutantPlan:
        """The plan of the run of one mutant."""
        return replace(self, report=f"{self.report}-{number}", mutants=(self.mutants[number],), first=first)

    @property
    def output(self) -> str:
        """The file of what the run prints."""
        return f"{self.report}.output"

    def add_to_report(self, **line: JSONValue) -> None:
        """Add a line to the report; several processes of one run may."""
        with open(self.report, "a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")

    def reported(self, key: str) -> list[Any]:
        """The values of the report's lines that have `key`; what a stopped process left unfinished is passed over."""
        found = []
        for text in Path(self.report).read_text(encoding="utf-8").splitlines() if Path(self.report).exists() else ():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if key in line:
                found.append(line[key])
        return found


class LoadedPatterns:
    """Sees every topology that is made in this process, puts the mutant in it, and reports what was loaded."""

    def __init__(self, plan: MutantPlan) -> None:
        self._plan = plan
        self._reported: set[str] = set()

    def install(self) -> None:
        """From now on every `Topology` holds the mutant in the place of the pattern; for a process of tests only."""
        make = Topology.__init__

        def make_with_mutant(topology: Topology, resources: Iterable[Resource] = (), *, name: str = "") -> None:
            make(topology, self.replaced(resources), name=name)

        Topology.__init__ = make_with_mutant  # type: ignore[method-assign,assignment]

    def replaced(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """The resources, with the mutant in the one that has the mutated pattern."""
        for resource in resources:
            if isinstance(resource, Rule):
                pattern = self._in_place_of(resource.id, resource.event_pattern, Dialect.EVENT_BUS)
                yield resource if pattern is None else replace(resource, event_pattern=pattern)
            elif isinstance(resource, Pipe | EventSourceMapping) and resource.filters:
                dialect = Dialect.PIPE if isinstance(resource, Pipe) else Dialect.EVENT_SOURCE_MAPPING
                filters = tuple(
                    self._filter(f"{resource.id}.filters[{number}]", one, dialect)
                    for number, one in enumerate(resource.filters)
                )
                yield resource if filters == resource.filters else replace(resource, filters=filters)
            else:
                yield resource

    def _filter(self, name: str, one: Filter, dialect: Dialect) -> Filter:
        pattern = self._in_place_of(name, one.pattern, dialect)
        return one if pattern is None else replace(one, pattern=pattern)

    def _in_place_of(self, name: str, pattern: object, dialect: Dialect) -> Any:
        """The mutant where `pattern` is the mutated one, else None."""
        planned = self._planned(name)
        if planned is None or pattern is None or not _says(pattern, self._plan.patterns[planned], dialect):
            return None
        if planned not in self._reported:
            self._reported.add(planned)
            self._plan.add_to_report(loaded=planned)
        return json.loads(self._plan.mutants[0]) if planned == self._plan.mutated else None

    def _planned(self, name: str) -> str | None:
        """The planned name; one of several templates has its stack's name before it, which one read alone has not."""
        if name in self._plan.patterns:
            return name
        return next((one for one in self._plan.patterns if _alone(one) == _alone(name)), None)


def _alone(name: str) -> str:
    return name.rpartition("/")[2]


def _says(pattern: object, canonical: str, dialect: Dialect) -> bool:
    """Whether a pattern of a topology is the one with this canonical text."""
    if next(iter(unresolved_in(pattern)), None) is not None:
        return False
    try:
        return EventPattern.parse(pattern, dialect=dialect).canonical == canonical  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
