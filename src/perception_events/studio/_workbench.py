"""What the page works on: one system, its samples and what is tried; every action takes and returns JSON."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from threading import RLock
from typing import Any, NoReturn, cast

from perception_events.diagrams import graph_svg
from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import EventPattern, InvalidEventError, InvalidEventPatternError
from perception_events.patterns.analysis import NoExampleError, example
from perception_events.simulation import Simulation, SimulationResult
from perception_events.studio._inputs import InvalidInputError, put, read_input, sources_and_buses
from perception_events.studio._patterns import (
    PatternKey,
    UsedPattern,
    error_object,
    patterns_of,
    values_seen,
    with_patterns,
)
from perception_events.studio._results import described, shortened
from perception_events.studio._samples import Sample, record_for
from perception_events.studio._system import System, SystemSource
from perception_events.topology import EventBus, EventSourceMapping, Pipe, Rule, Topology
from perception_events.trace import TraceEvent

__all__ = ["InvalidCallError", "Workbench"]

MOST_FOLLOWED = 500
MOST_COMPARED = 1_000
"""How many recorded inputs an edited pattern is tried on."""


class InvalidCallError(PerceptionEventsError, ValueError):
    """The page asked for what there is not: an action, a resource, a sample or a file."""


class Workbench:
    """A system to try things on. It may be used from several threads: one waits for the other.

    `source`: reads the system, at once and at each `reload`. What cannot be read leaves the last system in place.
    `samples`: inputs that were recorded or lie beside the templates. `joins`: gives the groups of the joins, by join,
    each as `JoinReport.to_dict` writes it; None where no table is known. `live`: whether `follow` will be called.
    """

    def __init__(
        self,
        source: SystemSource,
        *,
        samples: Iterable[Sample] = (),
        joins: Callable[[], list[JSONObject]] | None = None,
        live: bool = False,
    ) -> None:
        self._lock = RLock()
        self._source = source
        self._is_live = live
        self._followed: deque[tuple[int, str, SimulationResult]] = deque(maxlen=MOST_FOLLOWED)
        self._samples = tuple(samples)
        self._joins = joins
        self._edits: dict[str, str] = {}
        self._tried: dict[PatternKey, JSONValue] = {}
        self._errors: list[JSONObject] = []
        self._system: System | None = None
        self._runs = False
        """Whether the system that was read can be simulated."""
        self._simulation: Simulation | None = None
        self._topology = Topology()
        """With the patterns that are tried; the simulation is made of it when it is next needed."""
        self._steps: list[TraceEvent] = []
        """What the simulation told since the last input was put in."""
        self._last: SimulationResult | None = None
        self._reached: Simulation | None = None
        self._baseline: tuple[Simulation, list[SimulationResult | None]] | None = None
        self.version = 0
        """Counts what was read, so that a page can tell whether it is up to date."""
        self.followed = 0
        """Counts what was followed."""
        self.reload()

    def call(self, action: str, arguments: Mapping[str, Any]) -> JSONObject:
        """Carry out an action of the page: `overview`, `send`, `pattern`, ...

        Raises:
            InvalidCallError: there is no such action, or it does not take these arguments.
        """
        known = {
            "overview": self.overview,
            "send": self.send,
            "sample": self.sample,
            "generate": self.generate,
            "patterns": self.patterns,
            "try_pattern": self.try_pattern,
            "restore_pattern": self.restore_pattern,
            "source": self.source,
            "edit": self.edit,
            "joins": self.joins,
            "live": self.live,
            "live_result": self.live_result,
        }
        method = known.get(action)
        if method is None:
            near = get_close_matches(action, known, 1)
            raise InvalidCallError(f"no action {action!r}{f'; did you mean {near[0]!r}?' if near else ''}")
        try:
            with self._lock:
                return cast("Callable[..., JSONObject]", method)(**arguments)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise InvalidCallError(f"{action} does not take {', '.join(arguments) or 'no arguments'}") from None
            raise

    # --- what there is

    def reload(self) -> bool:
        """Read the system again; whether it could be read. Otherwise the last one stays, and `overview` says why."""
        with self._lock:
            return self._reload()

    def _reload(self) -> bool:
        self.version += 1
        try:
            system = self._source.read(self._edits)
        except (PerceptionEventsError, OSError, ValueError, ImportError) as error:
            if self._system is None:
                raise
            self._errors = [_error(error)]
            return False
        self._errors = [_problem(one) for one in system.problems]
        if self._system is not None and _is_broken(self._system, system):
            return False
        topology, simulation = with_patterns(system.topology, self._tried), None
        try:
            simulation = self._simulation_of(topology, system)
        except (PerceptionEventsError, ValueError) as error:
            self._errors.append(_error(error, system))
            if self._runs:
                return False
        # Without a simulation there is still a picture to look at, and what AWS rejects in it.
        self._system, self._simulation, self._topology = system, simulation, topology
        self._last = self._reached = self._baseline = None
        self._runs = simulation is not None
        if simulation is not None:
            _warm(simulation)
        return self._runs

    def overview(self) -> JSONObject:
        """The picture, the resources, findings, samples and files."""
        system = self._now
        topology = system.topology
        return {
            "version": self.version,
            "title": system.title or topology.name,
            "svg": graph_svg(system.graph, styled=False),
            "resources": [
                {
                    "id": resource.id,
                    "name": resource.id if resource.made_up_name else str(resource.name) or resource.id,
                    "kind": resource.kind,
                    "patterns": len(patterns_of(resource)),
                }
                for resource in topology
            ],
            "places": list[JSONValue](sources_and_buses(topology)),
            "findings": [
                {
                    "severity": finding.severity.value,
                    "identifier": finding.identifier,
                    "name": finding.check.name,
                    "summary": finding.check.summary,
                    "reason": finding.reason,
                    "fix": finding.fix,
                    "resource": finding.resource,
                    "location": finding.location,
                    "file": finding.origin.file if finding.origin else None,
                    "line": finding.origin.line if finding.origin else None,
                }
                for finding in system.findings
                if finding.waived is None
            ],
            "errors": list[JSONValue](self._errors),
            "not_simulated": dict(self._simulation.not_simulated) if self._simulation is not None else {},
            "samples": [sample.name for sample in self._samples],
            "files": list[JSONValue](system.files),
            "is_editable": system.is_editable,
            "edited": list[JSONValue](self._edits),
            "tried": [
                {"resource": key.resource, "index": key.index, "text": json.dumps(pattern, ensure_ascii=False)}
                for key, pattern in self._tried.items()
            ],
            "has_joins": self._joins is not None,
            "is_live": self._is_live,
        }

    def source(self, file: str) -> JSONObject:
        """The text of a file that the system was read from.

        Raises:
            InvalidCallError: it is not one of those.
        """
        if file not in self._now.files:
            raise InvalidCallError(f"{file!r} is not a file of this system")
        text = self._edits.get(file)
        return {"text": Path(file).read_text(encoding="utf-8", errors="replace") if text is None else text}

    def edit(self, file: str, text: str | None) -> JSONObject:
        """Try another text of a file, or its own again where `text` is None; nothing is written to the file."""
        if file not in self._now.files:
            raise InvalidCallError(f"{file!r} is not a file of this system")
        if not self._now.is_editable:
            raise InvalidCallError(f"{file!r} is not edited in the page; edit the file itself, with --watch")
        if text is None:
            self._edits.pop(file, None)
        else:
            self._edits[file] = text
        self.reload()
        return self.overview()

    def sample(self, index: int) -> JSONObject:
        """A recorded input, as text."""
        if not 0 <= index < len(self._samples):
            raise InvalidCallError(f"there is no sample {index}")
        return {"text": _text(self._samples[index].value)}

    def joins(self) -> JSONObject:
        """The groups of the joins, with their members and deadlines."""
        return {"groups": list[JSONValue](self._joins() if self._joins is not None else [])}

    # --- an input on its way

    def send(self, text: str, to: str | None = None) -> JSONObject:
        """Put an input in, and say what became of it; `error` where it is not one, or does not fit.

        What ends on its way, since a rule feeds itself, has its steps up to there, and the reason among its failures.
        """
        failures: list[JSONValue] = []
        self._steps.clear()
        try:
            value = read_input(text)
            simulation = self._running
            result = put(simulation, value, to or None)
        except InvalidInputError as error:
            return {"error": {"reason": error.reason, "line": error.line, "column": error.column}}
        except (PerceptionEventsError, ValueError) as error:
            if not self._steps:
                return {"error": _error(error)}
            result = SimulationResult(tuple(self._steps))
            failures.append(str(error))
            self._simulation = None  # what has not arrived would go on with the next input
        self._last, self._reached = result, simulation
        whole = described(simulation, result)
        return {**whole, "failures": [*result.failures, *failures], "input": shortened(value)}

    def generate(self, resource: str, index: int = 0, seed: int = 0) -> JSONObject:
        """An event that the pattern of a rule, or a record that a filter, matches, made from the pattern."""
        used = self._used(resource, index)
        pattern = used.parsed()
        if pattern is None:
            return {"error": {"reason": "a part of the pattern is not known, or it is rejected"}}
        try:
            made = example(pattern, seed=seed)
        except NoExampleError as error:
            return {"error": {"reason": str(error)}}
        holder = self._topology[resource]
        if isinstance(holder, Pipe | EventSourceMapping):
            made = record_for(made, self._topology, holder)
        return {"text": _text(made)}

    # --- what happens elsewhere

    def follow(self, title: str, trace: Iterable[TraceEvent]) -> None:
        """Take in what became of an input elsewhere, in a simulation of this same system, for the page to show.

        `title`: what the page calls the input. Of many, the newest are kept.
        """
        with self._lock:
            self.followed += 1
            self._followed.append((self.followed, title, SimulationResult(tuple(trace))))

    def live(self, after: int = 0) -> JSONObject:
        """The inputs that were followed, the oldest first, from the one behind number `after` on."""
        inputs: list[JSONValue] = [
            {
                "number": number,
                "title": title,
                "received": len(result.received),
                "failed": bool(result.failures),
                "filtered_out": bool(result.filtered_out) and not result.events,
            }
            for number, title, result in self._followed
            if number > after
        ]
        return {"count": self.followed, "inputs": inputs}

    def live_result(self, number: int) -> JSONObject:
        """What became of an input that was followed, as `send` says it."""
        for known, _, result in self._followed:
            if known == number:
                self._last, self._reached = result, self._running
                return described(self._running, result)
        raise InvalidCallError(f"input {number} is not kept any more")

    # --- patterns

    def patterns(self, resource: str) -> JSONObject:
        """The patterns of a resource, each with what it says of the last input: the value that it saw, and why not."""
        holder = self._topology.find(resource)
        if holder is None:
            raise InvalidCallError(f"no resource {resource!r}")
        return {"patterns": [self._seen(used) for used in patterns_of(holder)]}

    def try_pattern(self, resource: str, index: int, text: str) -> JSONObject:
        """Try another pattern from now on: why it is rejected, or which recorded inputs change sides.

        A pattern that is rejected changes nothing: the last good one stays in use.
        """
        used = self._used(resource, index)
        try:
            pattern = EventPattern.parse(text, dialect=used.dialect)
        except InvalidEventPatternError as error:
            return {"error": error_object(error)}
        before = self._original(used.key).parsed()
        self._tried[used.key] = json.loads(text)
        self._use(used.key, pattern)
        changed: list[JSONValue] = []
        compared = 0
        for number, values in enumerate(self._recorded(used.key)):
            for value in values:
                compared += 1
                old, new = before is not None and _matches(before, value), _matches(pattern, value)
                if old != new:
                    changed.append({"sample": number, "name": self._samples[number].name, "now": new})
        current = self._seen(self._used(resource, index))
        return {"changed": changed, "compared": compared, "current": current}

    def restore_pattern(self, resource: str, index: int) -> JSONObject:
        """Use the pattern of the file again."""
        key = PatternKey(resource, index)
        original = self._original(key)
        self._tried.pop(key, None)
        self._use(key, original.parsed())
        return {"current": self._seen(self._used(resource, index))}

    # --- inside

    @property
    def _now(self) -> System:
        return self._system if self._system is not None else _not_read()

    @property
    def _running(self) -> Simulation:
        if self._simulation is None:
            self._simulation = self._simulation_of(self._topology, self._now)
        return self._simulation

    def _simulation_of(self, topology: Topology, system: System) -> Simulation:
        return Simulation(topology, functions=system.functions, trace=self._steps.append)

    def _use(self, key: PatternKey, pattern: EventPattern | None) -> None:
        """Try what is in `_tried`: a rule of the simulation gets its pattern, else the simulation is made again."""
        self._topology = with_patterns(self._now.topology, self._tried)
        simulation, holder = self._simulation, self._topology[key.resource]
        self._simulation = None
        if simulation is None or pattern is None or not isinstance(holder, Rule) or not isinstance(holder.bus, str):
            return
        bus = simulation.bus(holder.bus)
        for name, rule in bus.rules.items():
            if simulation.rule(bus.name, name).id == key.resource:
                bus.put_rule(replace(rule, event_pattern=pattern, depends_on=()))
                self._simulation = simulation
                return

    def _used(self, resource: str, index: int) -> UsedPattern:
        return _pattern(self._topology, resource, index)

    def _original(self, key: PatternKey) -> UsedPattern:
        return _pattern(self._now.topology, key.resource, key.index)

    def _seen(self, used: UsedPattern) -> JSONObject:
        """A pattern, and what it says of the values that reached it with the last input."""
        pattern = used.parsed()
        shown: list[JSONValue] = []
        for value in values_seen(self._reached, self._last, used.key) if self._reached is not None else ():
            mismatches: list[JSONValue] = []
            if pattern is not None:
                mismatches = [each.to_dict() for each in pattern.explain(value)]
            shown.append(
                {"value": shortened(value), "matches": pattern is not None and not mismatches, "mismatches": mismatches}
            )
        return {
            "index": used.key.index,
            "text": used.text,
            "known": used.known,
            "tried": used.key in self._tried,
            "values": shown,
        }

    def _recorded(self, key: PatternKey) -> list[list[JSONObject]]:
        """The values that reached a pattern, for each of the samples, with the patterns of the files."""
        if self._baseline is None:
            simulation = Simulation(self._now.topology, functions=self._now.functions)
            results = [_put(simulation, sample.value) for sample in self._samples[:MOST_COMPARED]]
            self._baseline = simulation, results
        simulation, results = self._baseline
        return [values_seen(simulation, result, key) for result in results]


def _pattern(topology: Topology, resource: str, index: int) -> UsedPattern:
    holder = topology.find(resource)
    found = patterns_of(holder) if holder is not None else []
    if not 0 <= index < len(found):
        raise InvalidCallError(f"{resource!r} has no pattern {index}")
    return found[index]


def _put(simulation: Simulation, value: JSONObject) -> SimulationResult | None:
    try:
        return put(simulation, value, None)
    except (PerceptionEventsError, ValueError):
        return None  # it does not belong to this system


def _matches(pattern: EventPattern, value: JSONObject) -> bool:
    try:
        return pattern.matches(value)
    except (TypeError, InvalidEventError):
        return False


def _warm(simulation: Simulation) -> None:
    """Make the patterns' functions now, so that the first input is not slower than the others."""
    for bus in simulation.topology.of(EventBus):
        for rule in simulation.bus(bus.id).rules.values():
            rule.pattern.explain({})


def _is_broken(before: System, now: System) -> bool:
    """Whether a file is just being typed: something cannot be read that could, and resources are missing for it."""
    known = {(problem.reason, problem.origin.file) for problem in before.problems}
    new = any((problem.reason, problem.origin.file) not in known for problem in now.problems)
    return new and len(now.topology) < len(before.topology)


def _error(error: Exception, system: System | None = None) -> JSONObject:
    origin = getattr(error, "origin", None)
    file = getattr(origin, "file", None)
    return {
        "reason": getattr(error, "reason", None) or str(error),
        "file": system.given_name(file) if system is not None and file is not None else file,
        "line": getattr(origin, "line", None),
    }


def _problem(problem: Any) -> JSONObject:
    origin = problem.origin
    return {"reason": problem.reason, "fix": problem.fix, "file": origin.file, "line": origin.line}


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _not_read() -> NoReturn:
    raise AssertionError("a workbench has read its system before anything is asked of it")
