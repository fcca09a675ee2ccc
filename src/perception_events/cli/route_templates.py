"""`perception-events route`: each input through a topology, rule by rule, target by target."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perception_events.checks import check
from perception_events.cli.console import note, print_json_line, print_line, print_wrapped
from perception_events.cli.errors import CommandError
from perception_events.cli.input_files import FoundInput, read_inputs
from perception_events.cli.json_files import UnreadableInput, read_text
from perception_events.cli.load import load_function
from perception_events.cli.route_status import FailOn, route_status
from perception_events.cli.schema_notes import note_schema_findings
from perception_events.cli.topologies import load_topology
from perception_events.errors import PerceptionEventsError
from perception_events.schemas import EventSchema
from perception_events.simulation import InputForm, RuleVerdict, Simulation, SimulationResult, Verdict
from perception_events.topology import EventBus, KinesisStream, Pipe, Queue, Resource, TableStream, Topology

__all__ = ["InputRoutes", "enrichment_functions", "route_through_templates"]

_SOURCES: Mapping[InputForm, type[Resource]] = {
    InputForm.STREAM_RECORD: TableStream,
    InputForm.KINESIS_RECORD: KinesisStream,
    InputForm.QUEUE_MESSAGE: Queue,
}


def route_through_templates(
    inputs: Iterable[str],
    templates: Iterable[str],
    *,
    parameters: Iterable[str] | None,
    account: str | None,
    region: str | None,
    to: str | None,
    enrichments: Iterable[str],
    schemas: Sequence[EventSchema],
    as_json: bool,
    fail_on: FailOn,
    strict: bool,
) -> int:
    """Put every input into the topology of `templates` and print what became of it; returns the exit status.

    `to`: the source or bus by id, name or ARN; without it what the input names, else each one of the kind that it can
    go to. `enrichments`: `[RESOURCE=]package.module:function` or `[RESOURCE=]sample.json`, what stands in for
    enrichment functions. `schemas`: what rules ask for and no schema has is noted.
    """
    loaded = load_topology(templates, pipeline=None, env="", parameters=parameters, account=account, region=region)
    simulation = Simulation(loaded.topology, functions=enrichment_functions(loaded.topology, enrichments))
    if to is not None:
        loaded.topology.get(to, Resource)
    for problem in loaded.problems:
        note(problem)
    for id, reason in simulation.not_simulated.items():
        note(f"{id} does not run here: {reason}")
    if schemas:
        note_schema_findings(check(loaded.topology, schemas=schemas))
    routes = InputRoutes(simulation, to=to, as_json=as_json)
    unreadable = 0
    for found in read_inputs(inputs):
        if isinstance(found, UnreadableInput):
            unreadable += 1
            note(found)
        else:
            unreadable += routes.put(found)
        if unreadable and strict:
            break
    routes.close()
    return route_status(
        fail_on, unreadable=unreadable + len(loaded.problems), failed=routes.failed, undelivered=routes.undelivered
    )


class InputRoutes:
    """Puts inputs into `simulation` and prints what became of each; `to` as `route_through_templates` has it."""

    def __init__(self, simulation: Simulation, *, to: str | None = None, as_json: bool) -> None:
        self._simulation = simulation
        self._to = to
        self._writer = _JSONLines(simulation) if as_json else _Text(simulation)

    @property
    def count(self) -> int:
        """How many inputs were put in, counted at each place."""
        return self._writer.counts.total()

    @property
    def failed(self) -> int:
        """How often something was given up on the way of an input."""
        return self._writer.counts["failed"]

    @property
    def undelivered(self) -> int:
        """How many inputs ended before a target, without a failure."""
        return self._writer.counts["ended before a target"]

    def put(self, found: FoundInput) -> int:
        """Put an input in at each place; returns how many places did not take it."""
        refused = 0
        for place, put in _places(self._simulation, found, self._to):
            try:
                self._writer.write(found, place, put())
            except (PerceptionEventsError, ValueError) as error:
                refused += 1
                note(f"{found.location}: {error}")
        return refused

    def close(self) -> None:
        """Print the summary, where it is for a reader and something was put in."""
        if self.count:
            self._writer.close()


def _places(
    simulation: Simulation, found: FoundInput, to: str | None
) -> Iterator[tuple[str, Callable[[], SimulationResult]]]:
    """Where an input goes in: what `to` or the input names, else everything of its kind that somebody reads."""
    topology, value = simulation.topology, found.value
    if found.form is InputForm.ENTRY:
        yield str(value.get("EventBusName") or "default"), lambda: simulation.put_events([value])
    elif found.form is InputForm.EVENT:
        buses = simulation.event_buses
        for bus in [topology.get(to, EventBus).id] if to is not None else buses:
            yield bus, lambda bus=bus: simulation.put_event(value, bus)  # type: ignore[misc]
        if to is None and not buses:
            yield "", lambda: simulation.put_event(value)
    else:
        kind = _SOURCES[found.form]
        named = value.get("eventSourceARN")
        known = topology.find(named) if isinstance(named, str) else None
        sources = [one.id for one in topology.of(kind) if simulation.readers(one.id)]
        if to is not None:
            sources = [topology.get(to, Resource).id]
        elif known is not None:
            sources = [known.id]
        for source in sources:
            yield source, lambda source=source: simulation.put_record(value, source)  # type: ignore[misc]
        if not sources:
            yield "", lambda: simulation.put_record(value)


class _JSONLines:
    """One JSON object for each input and each place it goes in; nothing else on standard output."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.counts: Counter[str] = Counter()

    def write(self, found: FoundInput, place: str, result: SimulationResult) -> None:
        self.counts[_outcome(result)] += 1
        line: dict[str, Any] = {
            "file": found.file,
            "line": found.line,
            "element": found.element,
            "form": found.form.value,
            "to": place,
        }
        line |= result.to_dict()
        for verdict, shown in zip(result.rules, line["rules"], strict=True):
            shown["id"] = _rule_id(self._simulation, verdict)
        if result.response is not None:
            line["response"] = result.response
        print_json_line(line)

    def close(self) -> None:
        """Machines count lines."""


class _Text:
    """What became of each input, indented by how far it came, and a summary."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.counts: Counter[str] = Counter()

    def write(self, found: FoundInput, place: str, result: SimulationResult) -> None:
        self.counts[_outcome(result)] += 1
        print_wrapped(f"{found.location}: {found.form}{f' to {place}' if place else ''}", indent=0)
        for entry in (result.response or {}).get("Entries", ()):
            if "ErrorCode" in entry:
                print_wrapped(f"PutEvents rejects it: {entry['ErrorCode']}: {entry.get('ErrorMessage', '')}", indent=2)
        for where, explanations in result.filtered_out:
            print_wrapped(f"{_id_of(self._simulation, where)}: filtered out", indent=2)
            for line in explanations.lines:
                print_wrapped(f"{line}", indent=4)
        for event in result.events:
            print_wrapped(f"event {event.get('source')} / {event.get('detail-type')}", indent=2)
            for verdict in result.rules:
                if verdict.event_id == event.get("id"):
                    self._verdict(verdict)
        for step in result.depends_on:
            if not step.subject.startswith("rule "):
                print_wrapped(f"{step.subject} depends on {', '.join(step.expressions)}", indent=2)
        for one in result.received:
            parameters = f" {json.dumps(one.parameters, ensure_ascii=False)}" if one.parameters else ""
            print_wrapped(
                f"{one.kind} {one.resource} receives {json.dumps(one.input, ensure_ascii=False)}{parameters}", indent=2
            )
        for failure in result.failures:
            print_wrapped(f"failed: {failure}", indent=2)

    def _verdict(self, verdict: RuleVerdict) -> None:
        words = {
            Verdict.MATCHED: "matches",
            Verdict.NOT_MATCHED: "does not match",
            Verdict.DEPENDS: f"depends on {', '.join(verdict.depends_on)}",
        }
        print_wrapped(f"rule {_rule_id(self._simulation, verdict)}: {words[verdict.verdict]}", indent=4)
        for mismatch in verdict.mismatches:
            print_wrapped(f"{mismatch}", indent=6)

    def close(self) -> None:
        """The summary."""
        count = self.counts.total()
        rest = ", ".join(f"{number} {what}" for what, number in sorted(self.counts.items()))
        print_line()
        print_line(f"{count} {'input' if count == 1 else 'inputs'}{f': {rest}' if rest else ''}")


def _outcome(result: SimulationResult) -> str:
    if result.failures:
        return "failed"
    return "delivered" if result.received else "ended before a target"


def _rule_id(simulation: Simulation, verdict: RuleVerdict) -> str:
    return simulation.rule(verdict.bus, verdict.rule).id


def _id_of(simulation: Simulation, name: str) -> str:
    """The id of the pipe or mapping that a step calls by its name."""
    found = simulation.topology.find(name)
    return name if found is None else found.id


def enrichment_functions(topology: Topology, texts: Iterable[str]) -> dict[str, Callable[[Any], Any]]:
    """What stands in for enrichments, by the resource's id."""
    enrichments = dict.fromkeys(pipe.enrichment for pipe in topology.of(Pipe) if isinstance(pipe.enrichment, str))
    functions: dict[str, Callable[[Any], Any]] = {}
    for text in texts:
        resource, equals, location = text.rpartition("=")
        function = _function(location)
        if equals:
            functions[topology.get(resource, Resource).id] = function
        else:
            functions |= dict.fromkeys((one for one in enrichments if one is not None), function)
    return functions


def _function(location: str) -> Callable[[Any], Any]:
    """The function, handler, registry or object with `invoke` that a text names, or a sample of its output."""
    if location.endswith(".json"):
        try:
            sample = json.loads(read_text(Path(location)))
        except ValueError as error:
            raise CommandError(f"--enrichment {location}: it is not JSON: {error}", "correct the file") from error
        return lambda event: sample
    return load_function(location, "--enrichment")
