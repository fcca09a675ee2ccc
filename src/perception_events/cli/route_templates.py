"""`perception-events route --template`: each input through a topology, rule by rule, target by target."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from perception_events.classifiers import ClassifierRegistry, Enrichment
from perception_events.cli.input_files import FoundInput, InputForm, read_inputs
from perception_events.cli.json_files import UnreadableInput
from perception_events.cli.load import PipelineNotFoundError
from perception_events.cli.topologies import load_topology
from perception_events.errors import PerceptionEventsError
from perception_events.simulation import RuleVerdict, Simulation, SimulationResult, Verdict
from perception_events.topology import EventBus, KinesisStream, Pipe, Queue, Resource, Rule, TableStream, Topology

__all__ = ["enrichment_functions", "route_through_templates"]

EXIT_UNREADABLE = 1
EXIT_USAGE = 2
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
    as_json: bool,
    strict: bool,
) -> int:
    """Put every input into the topology of `templates` and print what became of it; returns the exit status.

    `to`: the source or bus by id, name or ARN; without it what the input names, else each one of the kind that it can
    go to. `enrichments`: `[RESOURCE=]package.module:function` or `[RESOURCE=]sample.json`, what stands in for
    enrichment functions.
    0: all was read and routed. 1: an input could not be read or put in. 2: a template could not be read, or the call
    itself is wrong.
    """
    try:
        loaded = load_topology(templates, pipeline=None, env="", parameters=parameters, account=account, region=region)
        simulation = Simulation(loaded.topology, functions=enrichment_functions(loaded.topology, enrichments))
        if to is not None:
            loaded.topology.get(to, Resource)
    except (PerceptionEventsError, OSError, ValueError) as error:
        print(f"perception-events route: {error}", file=sys.stderr)
        return EXIT_USAGE
    for problem in loaded.problems:
        print(f"perception-events route: {problem}", file=sys.stderr)
    for id, reason in simulation.not_simulated.items():
        print(f"perception-events route: {id} does not run here: {reason}", file=sys.stderr)
    writer = _JSONLines(simulation) if as_json else _Text(simulation)
    unreadable = 0
    for found in read_inputs(inputs):
        if isinstance(found, UnreadableInput):
            unreadable += 1
            print(f"perception-events route: {found}", file=sys.stderr)
        else:
            unreadable += _route(simulation, found, to, writer)
        if unreadable and strict:
            break
    writer.close()
    return EXIT_USAGE if loaded.problems else EXIT_UNREADABLE if unreadable else 0


def _route(simulation: Simulation, found: FoundInput, to: str | None, writer: _JSONLines | _Text) -> int:
    """Put one input in at each place; returns how many places did not take it."""
    refused = 0
    for place, put in _places(simulation, found, to):
        try:
            writer.write(found, place, put())
        except (PerceptionEventsError, ValueError) as error:
            refused += 1
            print(f"perception-events route: {found.location}: {error}", file=sys.stderr)
    return refused


def _places(
    simulation: Simulation, found: FoundInput, to: str | None
) -> Iterator[tuple[str, Callable[[], SimulationResult]]]:
    """Where an input goes in: what `to` or the input names, else everything of its kind that somebody reads."""
    topology, value = simulation.topology, found.value
    if found.form is InputForm.ENTRY:
        yield str(value.get("EventBusName") or "default"), lambda: simulation.put_events([value])
    elif found.form is InputForm.EVENT:
        read = {rule.bus for rule in topology.of(Rule)} | {pipe.target for pipe in topology.of(Pipe)}
        buses = [bus.id for bus in topology.of(EventBus) if bus.id in read]
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

    def write(self, found: FoundInput, place: str, result: SimulationResult) -> None:
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
        print(json.dumps(line, ensure_ascii=False))

    def close(self) -> None:
        """Machines count lines."""


class _Text:
    """What became of each input, indented by how far it came, and a summary."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._summary: Counter[str] = Counter()

    def write(self, found: FoundInput, place: str, result: SimulationResult) -> None:
        self._summary["inputs"] += 1
        self._summary["delivered" if result.received else "ended before a target"] += 1
        print(f"{found.location}: {found.form}{f' to {place}' if place else ''}")
        for entry in (result.response or {}).get("Entries", ()):
            if "ErrorCode" in entry:
                print(f"  PutEvents rejects it: {entry['ErrorCode']}: {entry.get('ErrorMessage', '')}")
        for where, explanations in result.filtered_out:
            print(f"  {_id_of(self._simulation, where)}: filtered out")
            for line in explanations.lines:
                print(f"    {line}")
        for event in result.events:
            print(f"  event {event.get('source')} / {event.get('detail-type')}")
            for verdict in result.rules:
                if verdict.event_id == event.get("id"):
                    self._verdict(verdict)
        for step in result.depends_on:
            if not step.subject.startswith("rule "):
                print(f"  {step.subject} depends on {', '.join(step.expressions)}")
        for one in result.received:
            parameters = f" {json.dumps(one.parameters, ensure_ascii=False)}" if one.parameters else ""
            print(f"  {one.kind} {one.resource} receives {json.dumps(one.input, ensure_ascii=False)}{parameters}")
        for failure in result.failures:
            print(f"  failed: {failure}")

    def _verdict(self, verdict: RuleVerdict) -> None:
        words = {
            Verdict.MATCHED: "matches",
            Verdict.NOT_MATCHED: "does not match",
            Verdict.DEPENDS: f"depends on {', '.join(verdict.depends_on)}",
        }
        print(f"    rule {_rule_id(self._simulation, verdict)}: {words[verdict.verdict]}")
        for mismatch in verdict.mismatches:
            print(f"      {mismatch}")

    def close(self) -> None:
        """The summary."""
        count = self._summary.pop("inputs", 0)
        rest = ", ".join(f"{number} {what}" for what, number in sorted(self._summary.items()))
        print(f"\n{count} {'input' if count == 1 else 'inputs'}{f': {rest}' if rest else ''}")


def _rule_id(simulation: Simulation, verdict: RuleVerdict) -> str:
    return simulation.rule(verdict.bus, verdict.rule).id


def _id_of(simulation: Simulation, name: str) -> str:
    """The id of the pipe or mapping that a step calls by its name."""
    found = simulation.topology.find(name)
    return name if found is None else found.id


def enrichment_functions(topology: Topology, texts: Iterable[str]) -> dict[str, Callable[[Any], Any]]:
    """What stands in for enrichments, by the resource's id; each text as `route_through_templates` takes it."""
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
        sample = json.loads(Path(location).read_text(encoding="utf-8"))
        return lambda event: sample
    module_name, colon, name = location.partition(":")
    if not (module_name and colon and name):
        raise PipelineNotFoundError(f"--enrichment {location!r} must read package.module:function or sample.json")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise PipelineNotFoundError(f"--enrichment {location!r}: {error}") from None
    if isinstance(found, ClassifierRegistry):
        found = Enrichment(found)
    found = getattr(found, "invoke", found)
    if not callable(found):
        raise PipelineNotFoundError(f"--enrichment {location!r} is a {type(found).__name__}, not a function")
    return _of_one_argument(found)


def _of_one_argument(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A Lambda handler takes a context too; None stands in for it."""
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return lambda event: function(event, None)
    return function
