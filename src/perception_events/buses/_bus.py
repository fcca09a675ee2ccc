"""The in-memory event bus: entries in, events to the targets of the rules that match."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from perception_events import topology
from perception_events.aws_limits import LIMITS
from perception_events.buses._archive import Archive, Replay
from perception_events.buses._context import AHEAD, LEADING_RULES
from perception_events.buses._delivery import Delivery, Failure, default_retry_delay
from perception_events.buses._entries import EntryError, check_request, envelope, response
from perception_events.buses._errors import EventBusError, SelfFeedingRuleError, TargetError
from perception_events.buses._names import check_name
from perception_events.buses._rule import Rule, RuleState, RuleTarget
from perception_events.clock import Clock
from perception_events.json_values import JSONObject
from perception_events.patterns import EventPattern, RuleExplanation, RuleSet
from perception_events.times import to_iso
from perception_events.topology import Account
from perception_events.trace import DependsOn, Explanations, Put, RuleMatched, RulesNotMatched, TraceSink

__all__ = ["BusTarget", "DeliveryScheduler", "EventBus"]

MAX_SELF_FEEDING = 10
"""How often one rule may stand in the chain that led to an event before it is called a loop."""

DeliveryScheduler: TypeAlias = Callable[[Callable[[], Generator[float, None, bool]]], object]
"""Takes a delivery over: it gets what starts one, which gives its steps, a generator of seconds to wait."""


class EventBus:
    """A bus with rules and targets: the kind that AWS now calls "Custom Event Bus - Classic".

    `name`, `account`, `region`: make its ARN. `clock`: tells the time. `new_id`: makes event ids. `trace`: called with
    every step. `retry_delay`: seconds before the retry with a number, from 1. `assume_after`: after so many equal
    failures of a delivery in a row, the following attempts are taken to fail so too and are not made.
    `deliver`: deliveries run at once, in order, and between attempts a time of their own runs ahead; this takes them
    over instead (a scheduler that delays, repeats and reorders them, as AWS may): it gets a function that starts a
    delivery, once for each call, and gives its steps, a generator which yields the seconds to wait before the next one.

    A bus may be used from many threads, if `new_id`, `trace` and the targets may.

    AWS: EventBridge User Guide, "Event buses"; service model `events`.

    Raises:
        EventBusError: AWS rejects the name.
    """

    def __init__(
        self,
        name: str = "default",
        *,
        clock: Clock,
        new_id: Callable[[], str],
        account: str = "123456789012",
        region: str = "us-east-1",
        trace: TraceSink | None = None,
        retry_delay: Callable[[int], float] = default_retry_delay,
        assume_after: int | None = None,
        deliver: DeliveryScheduler | None = None,
    ) -> None:
        check_name("bus name", name)
        self.name = name
        self.account = account
        self.region = region
        owner = Account(account, region)
        self.arn = owner.arn_of(topology.EventBus, name)
        self._rule_arn_prefix = owner.arn_of(topology.Rule, "" if name == "default" else f"{name}/")
        self._clock = clock
        self._new_id = new_id
        self._trace = trace
        self._retry_delay = retry_delay
        self._assume_after = assume_after
        self._deliver = deliver
        self._changing = threading.Lock()
        self._rules: dict[str, Rule] = {}
        self._enabled = RuleSet()
        self._archives: dict[str, Archive] = {}
        self._replays: set[str] = set()

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by name."""
        return self._rules

    def put_rule(self, rule: Rule) -> None:
        """Add `rule`, or replace the one of its name; a rule without targets keeps those that are there.

        Raises:
            EventBusError: the bus has as many rules, or rules with wildcards, as it may.
        """
        with self._changing:
            others = [other for name, other in self._rules.items() if name != rule.name]
            _check_number("rules", len(others) + 1, self.name)
            if rule.has_wildcards:
                _check_number("wildcard rules", sum(other.has_wildcards for other in others) + 1, self.name)
            before = self._rules.get(rule.name)
            if before is not None and not rule.targets:
                rule = replace(rule, targets=before.targets)
            self._set(rule)

    def put_targets(self, rule_name: str, targets: Iterable[RuleTarget]) -> None:
        """Add `targets` to a rule; one of an id that is there takes its place.

        Raises:
            EventBusError: there is no such rule, or it would have more than five targets.
        """
        with self._changing:
            rule = self._rule(rule_name)
            self._set(replace(rule, targets=(*rule.targets, *targets)))

    def remove_targets(self, rule_name: str, ids: Iterable[str]) -> None:
        """Remove the targets with these ids from a rule.

        Raises:
            EventBusError: there is no such rule.
        """
        gone = set(ids)
        with self._changing:
            rule = self._rule(rule_name)
            self._set(replace(rule, targets=tuple(target for target in rule.targets if target.id not in gone)))

    def remove_rule(self, name: str) -> None:
        """Remove a rule, whose targets must be removed first.

        AWS: as recorded, code and message.

        Raises:
            EventBusError: there is none of that name, or it has targets.
        """
        with self._changing:
            if self._rule(name).targets:
                raise EventBusError("ValidationException", "Rule can't be deleted since it has targets.")
            if name in self._enabled:
                self._enabled.remove(name)
            self._rules = {other: rule for other, rule in self._rules.items() if other != name}

    def _rule(self, name: str) -> Rule:
        if name not in self._rules:
            raise EventBusError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {self.name}.")
        return self._rules[name]

    def _set(self, rule: Rule) -> None:
        """Replace the mapping of rules in one step: other threads look rules up while this happens."""
        before = self._rules.get(rule.name)
        self._rules = {**self._rules, rule.name: rule}
        enabled = rule.state is not RuleState.DISABLED
        if rule.name in self._enabled:
            if before is not None and enabled and before.event_pattern == rule.event_pattern:
                return
            self._enabled.remove(rule.name)
        if enabled:
            self._enabled.add(rule.name, rule.pattern)

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Put 1 to 10 entries (`Source`, `DetailType`, `Detail` as JSON text, `Resources`, `Time`, `EventBusName`).

        Responds as AWS does: `FailedEntryCount`, and for each entry, in order, its `EventId` or `ErrorCode` and
        `ErrorMessage`. An entry for a bus of another name is accepted and vanishes, as on AWS.

        Raises:
            EventBusError: AWS rejects the request as a whole: count or total size.
            SelfFeedingRuleError: the events feed the rule that led to them.
        """
        check_request(entries)
        return response(self.put_checked(entries))

    def put_checked(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """Put entries of a request that `check_request` has passed; returns the result of each, in order."""
        results: list[dict[str, str]] = []
        accepted: list[tuple[JSONObject, str | None]] = []
        for entry in entries:
            event_id = self._new_id()
            try:
                event, text = envelope(
                    entry, event_id=event_id, account=self.account, region=self.region, now=self.now()
                )
            except EntryError as error:
                results.append({"ErrorCode": error.code, "ErrorMessage": error.message})
                continue
            results.append({"EventId": event_id})
            if entry.get("EventBusName") in (None, self.name, self.arn):
                accepted.append((event, text))
        for event, text in accepted:
            self._accept(event, text)
        return results

    def put_event(self, event: JSONObject) -> None:
        """Put a whole event, as a rule or an AWS service would bring it; its fields stay as they are."""
        self._accept(event, None)

    def create_archive(
        self, name: str, *, event_pattern: EventPattern | Mapping[str, Any] | str | None = None, retention_days: int = 0
    ) -> Archive:
        """Keep the events from now on that `event_pattern` takes (all, without one).

        Raises:
            EventBusError: the name is taken or bad, or the days are below 0.
            InvalidEventPatternError: the pattern is rejected.
        """
        check_name("archive name", name)
        if retention_days < 0:
            reason = f"retention_days={retention_days} of archive {name}: 0, which is for ever, or more is allowed"
            raise EventBusError("ValidationException", reason)
        if name in self._archives:
            raise EventBusError("ResourceAlreadyExistsException", f"Archive {name} already exists.")
        pattern = event_pattern
        if pattern is not None and not isinstance(pattern, EventPattern):
            pattern = EventPattern.parse(pattern)
        archive = Archive(name, self.name, pattern, retention_days)
        self._archives = {**self._archives, name: archive}
        return archive

    def start_replay(
        self, name: str, archive: Archive, *, start: float, end: float, rules: Iterable[str] | None = None
    ) -> Replay:
        """Put the archived events from `start` to before `end` (seconds since the epoch) through the rules again.

        Each carries `replay-name` and keeps its id; whether AWS keeps it is unknown. `rules` limits the replay to
        the rules named.

        Raises:
            EventBusError: the archive is another bus's, the name is taken or bad, a rule is not there, or `start` is
                not before `end`.
        """
        check_name("replay name", name)
        if archive.bus != self.name:
            reason = "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
            raise EventBusError("ValidationException", reason)
        if start >= end:
            reason = "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            raise EventBusError("ValidationException", reason)
        if name in self._replays:
            raise EventBusError("ResourceAlreadyExistsException", f"Replay {name} already exists.")
        only = None if rules is None else set(rules)
        for rule in only or ():
            self._rule(rule)
        self._replays.add(name)
        events = archive.between(start, end, self.now())
        for event in events:
            replayed: JSONObject = {}
            for field, value in event.items():
                if field == "resources":
                    replayed["replay-name"] = name
                replayed[field] = value
            self._accept(replayed, None, only=only)
        return Replay(name, archive.name, len(events))

    def receive(self, event: JSONObject, *, from_region: str | None = None) -> None:
        """Take an event from another bus: it gets a new id if that is in another Region, and stays as it is otherwise.

        AWS: as recorded, between Regions and between accounts of one Region.
        """
        if from_region not in (None, self.region):
            event = {**event, "id": self._new_id()}
        self._accept(event, None, from_bus=True)

    def now(self) -> float:
        """The bus's time, in seconds since the epoch."""
        return self._clock.now() + AHEAD.get()

    def _accept(
        self, event: JSONObject, text: str | None, *, from_bus: bool = False, only: set[str] | None = None
    ) -> None:
        """Archive `event`, and deliver it to the targets of its rules. It is not changed from here on by anybody."""
        trace = self._trace
        if trace is not None:
            trace(Put(self.now(), self.name, event))
        for archive in self._archives.values():
            archive.keep(event, text or json.dumps(event, ensure_ascii=False))
        names = self._enabled.matching_rules(event) if text is None else self._enabled.matching_rules_json(text)
        if trace is not None and len(names) < len(self._enabled):
            trace(RulesNotMatched(self.now(), self.name, str(event["id"]), self._not_matched(event, names)))
        for name in names:
            rule = self._rules.get(name)
            if rule is None or (only is not None and name not in only):
                continue
            if rule.depends_on and (rule.certain is None or not rule.certain.matches(event)):
                if trace is not None:
                    trace(DependsOn(self.now(), self.name, str(event["id"]), f"rule {name}", rule.depends_on))
                continue
            if trace is not None:
                trace(RuleMatched(self.now(), self.name, str(event["id"]), name))
            if rule.targets:
                self._deliver_rule(rule, event, self._chain(rule), from_bus=from_bus)

    def _not_matched(self, event: JSONObject, matching: list[str]) -> Explanations:
        rules = self._rules

        def explain() -> list[RuleExplanation]:
            missed = (rule for name, rule in rules.items() if name not in matching)
            return [
                RuleExplanation(rule.name, tuple(rule.pattern.explain(event)))
                for rule in missed
                if rule.state is not RuleState.DISABLED
            ]

        return Explanations(explain)

    def _arn_of(self, rule: Rule) -> str:
        return self._rule_arn_prefix + rule.name

    def _chain(self, rule: Rule) -> tuple[str, ...]:
        """The rules that led to this delivery, `rule` included.

        Raises:
            SelfFeedingRuleError: `rule` has led to itself too often.
        """
        arn = self._arn_of(rule)
        chain = (*LEADING_RULES.get(), arn)
        if chain.count(arn) > MAX_SELF_FEEDING:
            way = " -> ".join(each.split(":rule/")[-1] for each in (*dict.fromkeys(chain), arn))
            raise SelfFeedingRuleError(
                f"rule {rule.name!r} of bus {self.name!r} feeds itself: its target puts events that it matches "
                f"(way: {way}); let the pattern reject what the target puts"
            )
        return chain

    def _deliver_rule(self, rule: Rule, event: JSONObject, chain: tuple[str, ...], *, from_bus: bool) -> None:
        arn, accepted = chain[-1], self.now()

        def variables() -> Mapping[str, str]:
            return {
                "aws.events.rule-arn": arn,
                "aws.events.rule-name": rule.name,
                "aws.events.event.ingestion-time": to_iso(accepted),
            }

        for target in rule.targets:
            if isinstance(target.target, BusTarget):
                target = replace(target, target=_Rejects() if from_bus else target.target.sent_from(self.region))
            delivery = Delivery(
                event,
                rule,
                target,
                self.name,
                arn,
                variables,
                self._retry_delay,
                self._trace,
                chain,
                self._assume_after,
            )
            if self._deliver is not None:
                self._deliver(partial(_in_chain, delivery, self._clock.now))
            else:
                self._run(delivery)

    def _run(self, delivery: Delivery) -> None:
        """All steps at once; the waits pass on a time of the delivery's own."""
        outer = LEADING_RULES.set(delivery.chain)
        try:
            # Most deliveries are over here; only others need their steps.
            outcome = delivery.attempt(self.now)
        finally:
            LEADING_RULES.reset(outer)
        if not isinstance(outcome, Failure):
            if outcome is not None and self._trace is not None:
                self._trace(outcome)
            return
        before = AHEAD.get()
        ahead = before
        try:
            for seconds in _in_chain(delivery, self.now, outcome):
                if seconds:
                    ahead += seconds
                    AHEAD.set(ahead)
        finally:
            AHEAD.set(before)


def _in_chain(
    delivery: Delivery, now: Callable[[], float], first: Failure | None = None
) -> Generator[float, None, bool]:
    """The delivery's steps, each with the rules that led to it in view of what its target puts."""
    steps = delivery.steps(now, first)
    while True:
        outer = LEADING_RULES.set(delivery.chain)
        try:
            seconds = next(steps)
        except StopIteration as stop:
            return bool(stop.value)
        finally:
            LEADING_RULES.reset(outer)
        yield seconds


def _check_number(limit_name: str, number: int, bus: str) -> None:
    limit = LIMITS[limit_name]
    if not limit.allows(number):
        raise EventBusError("LimitExceededException", f"The bus {bus} would have {number} {limit_name}; {limit.words}")


class BusTarget:
    """Another bus as a rule's target: it gets the event as it is, whatever its account or Region.

    An event that came from a bus is not sent on to a third one. AWS: EventBridge User Guide, "Sending and receiving
    events between event buses".
    """

    takes_events_only = True

    def __init__(self, bus: EventBus) -> None:
        self.bus = bus
        self._from_region: str | None = None

    def sent_from(self, region: str) -> BusTarget:
        """This target, for events that a bus in `region` sends."""
        target = BusTarget(self.bus)
        target._from_region = region
        return target

    def invoke(self, event: Any) -> None:
        """Put `event` on the bus.

        Raises:
            TargetError: it is not an event.
        """
        if not isinstance(event, dict) or "detail" not in event:
            raise TargetError(
                "what reached the bus is not an event; bus targets take no transformed input", code="INVALID_PARAMETER"
            )
        self.bus.receive(event, from_region=self._from_region)


class _Rejects:
    def invoke(self, event: Any) -> None:
        reason = "an event that came from another bus is not sent on to a third"
        raise TargetError(reason, code="THIRD_ACCOUNT_HOP_DETECTED", retryable=False)
