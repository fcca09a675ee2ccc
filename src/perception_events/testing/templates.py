"""Tests of a template: a simulation of it, and assertions on what became of each input that read as what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from perception_events.json_values import JSONValue
from perception_events.readers import read_topology
from perception_events.simulation import RuleVerdict, Simulation, SimulationResult, Verdict
from perception_events.targets import Invocable
from perception_events.topology import Resource, Rule, Topology

__all__ = ["TemplateResult", "TemplateSimulation"]

_NOT_GIVEN: Any = object()


class TemplateSimulation:
    """A template in memory, for tests.

    `paths`, `parameters`, `account`, `region`: as `read_topology` takes them; what cannot be read raises.
    `functions`: what stands in for functions, by id, name or ARN: enrichments and targets.

    Raises:
        ReadError: something could not be read.
        InvalidTopologyError: AWS would reject a part of the template.
        UnknownTargetError: `functions` names what the template does not hold.
    """

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        parameters: Mapping[str, Any] | None = None,
        account: str | None = None,
        region: str | None = None,
        functions: Mapping[str, Invocable] | None = None,
    ) -> None:
        read = read_topology(paths, parameters=parameters, account=account, region=region, strict=True)
        self.simulation = Simulation(read.topology, functions=functions)

    @property
    def topology(self) -> Topology:
        """What the template declares."""
        return self.simulation.topology

    def put_event(self, event: Mapping[str, Any], bus: str | None = None) -> TemplateResult:
        """Put an event on a bus; as `Simulation.put_event`."""
        return TemplateResult(self.simulation, self.simulation.put_event(event, bus))

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> TemplateResult:
        """Put entries as `PutEvents` takes them; as `Simulation.put_events`."""
        return TemplateResult(self.simulation, self.simulation.put_events(entries))

    def put_record(self, record: Mapping[str, Any], source: str | None = None) -> TemplateResult:
        """Put a record into its stream or queue; as `Simulation.put_record`."""
        return TemplateResult(self.simulation, self.simulation.put_record(record, source))

    def put_message(self, body: JSONValue, queue: str | None = None, **settings: Any) -> TemplateResult:
        """Send a message to a queue; as `Simulation.put_message`."""
        return TemplateResult(self.simulation, self.simulation.put_message(body, queue, **settings))


class TemplateResult:
    """What became of one input. Each assertion returns the result, so that they can be chained."""

    def __init__(self, simulation: Simulation, result: SimulationResult) -> None:
        self._simulation = simulation
        self.result = result

    def assert_matched(self, rule: str) -> TemplateResult:
        """The rule with this id or name matched an event.

        Raises:
            AssertionError: it did not; the message says why.
        """
        verdict = self._verdict(rule)
        if verdict.verdict is not Verdict.MATCHED:
            self._fail(f"rule {rule} did not match: {_reasons(verdict)}")
        return self

    def assert_not_matched(self, rule: str, *, because: str | None = None) -> TemplateResult:
        """The rule with this id or name did not match; `because`: a field that is at fault, or words of the reason.

        Raises:
            AssertionError: it matched, or for other reasons, or it depends on what is not known.
        """
        verdict = self._verdict(rule)
        if verdict.verdict is Verdict.MATCHED:
            self._fail(f"rule {rule} matched")
        if verdict.verdict is Verdict.DEPENDS:
            self._fail(f"rule {rule} {_reasons(verdict)}")
        if because is not None and not any(because in str(one) for one in verdict.mismatches):
            self._fail(f"rule {rule} did not match, but not because of {because}: {_reasons(verdict)}")
        return self

    def assert_received(
        self, resource: str, input: JSONValue = _NOT_GIVEN, *, times: int | None = None
    ) -> TemplateResult:
        """The target with this id, name or ARN received something: `input`, where it is given, and `times` times.

        Raises:
            AssertionError: it did not; the message says what it received.
        """
        received = self._inputs(resource)
        if times is not None and len(received) != times:
            self._fail(f"{resource} received {len(received)} inputs, not {times}: {received}")
        if not received:
            others = ", ".join(dict.fromkeys(one.resource for one in self.result.received)) or "nothing"
            self._fail(f"{resource} received nothing; what received something: {others}")
        if input is not _NOT_GIVEN and input not in received:
            self._fail(f"{resource} did not receive {input!r}, but {received}")
        return self

    def assert_not_received(self, resource: str) -> TemplateResult:
        """The target with this id, name or ARN received nothing.

        Raises:
            AssertionError: it did.
        """
        received = self._inputs(resource)
        if received:
            self._fail(f"{resource} received {received}")
        return self

    def _inputs(self, resource: str) -> list[JSONValue]:
        return self.result.inputs_of(self._simulation.topology.get(resource, Resource).id)

    def _verdict(self, rule: str) -> RuleVerdict:
        wanted = self._simulation.topology.get(rule, Rule).id
        verdicts = [one for one in self.result.rules if self._simulation.rule(one.bus, one.rule).id == wanted]
        if not verdicts:
            self._fail(f"no event reached the bus of rule {rule}")
        return verdicts[-1]

    def _fail(self, reason: str) -> NoReturn:
        raise AssertionError(f"{reason}\n{self.result.table()}")


def _reasons(verdict: RuleVerdict) -> str:
    if verdict.verdict is Verdict.DEPENDS:
        return f"depends on {', '.join(verdict.depends_on)}"
    return "; ".join(str(one) for one in verdict.mismatches)
