"""The in-memory event bus: entries in, events to the targets of the rules that match."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias

from perception_events.buses._archive import Archive, Replay
from perception_events.buses._delivery import Delivery, default_retry_delay
from perception_events.buses._entries import EntryError, check_request, envelope, response
from perception_events.buses._errors import EventBusError, SelfFeedingRuleError, TargetError
from perception_events.buses._names import check_name
from perception_events.buses._rule import Rule, RuleState
from perception_events.clock import Clock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import EventPattern, RuleSet
from perception_events.trace import Put, RuleMatched, TraceEvent

__all__ = ["MAX_RULES", "BusTarget", "Deliver", "EventBus"]

MAX_RULES = 300
"""AWS: EventBridge quotas; adjustable there."""
MAX_SELF_FEEDING = 10
"""How often one rule may stand in the chain that led to an event before it is called a loop."""

Deliver: TypeAlias = Callable[[Callable[[], Generator[float, None, bool]]], object]
"""Takes a delivery over: it gets what starts one, which gives its steps, a generator of seconds to wait."""


class EventBus:
    """A bus with rules and targets: the kind that AWS now calls "Custom Event Bus - Classic".

    `clock` tells the time, `new_id` makes event ids, `trace` is called with every step. Deliveries run at once, in
    order, and between attempts a time of their own runs ahead; `deliver` takes them over instead (a scheduler that
    delays, repeats and reorders them, as AWS may): it gets a function that starts a delivery, once for each call, and
    gives its steps, a generator which yields the seconds to wait before the next one.

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
        trace: Callable[[TraceEvent], object] | None = None,
        retry_delay: Callable[[int], float] = default_retry_delay,
        deliver: Deliver | None = None,
    ) -> None:
        check_name("bus name", name)
        self.name = name
        self.account = account
        self.region = region
        self.arn = f"arn:aws:events:{region}:{account}:event-bus/{name}"
        self._clock = clock
        self._new_id = new_id
        self._trace = trace or (lambda event: None)
        self._retry_delay = retry_delay
        self._deliver = deliver
        self._ahead = 0.0
        self._rules: dict[str, Rule] = {}
        self._enabled = RuleSet()
        self._archives: dict[str, Archive] = {}
        self._replays: set[str] = set()
        self._chain: tuple[str, ...] = ()
        """The rules whose targets are being invoked right now."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by name."""
        return self._rules

    def put_rule(self, rule: Rule) -> None:
        """Add `rule`, or replace the one of its name.

        Raises:
            EventBusError: the bus has as many rules as it may.
        """
        if rule.name not in self._rules and len(self._rules) >= MAX_RULES:
            raise EventBusError(
                "LimitExceededException", f"The bus {self.name} has {MAX_RULES} rules, the most allowed"
            )
        if rule.name in self._enabled:
            self._enabled.remove(rule.name)
        self._rules[rule.name] = rule
        if rule.state is not RuleState.DISABLED:
            self._enabled.add(rule.name, rule.event_pattern)

    def remove_rule(self, name: str) -> None:
        """Remove a rule and its targets.

        Raises:
            EventBusError: there is none of that name.
        """
        if name not in self._rules:
            raise EventBusError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {self.name}.")
        del self._rules[name]
        if name in self._enabled:
            self._enabled.remove(name)

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Put 1 to 10 entries (`Source`, `DetailType`, `Detail` as JSON text, `Resources`, `Time`, `EventBusName`).

        Answers as AWS does: `FailedEntryCount`, and for each entry, in order, its `EventId` or `ErrorCode` and
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
        accepted: list[tuple[JSONObject, str]] = []
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
            self._accept(event, text, from_bus=False)
        return results

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
        self._archives[name] = Archive(name, self.name, pattern, retention_days)
        return self._archives[name]

    def start_replay(
        self, name: str, archive: Archive, *, start: float, end: float, rules: Iterable[str] | None = None
    ) -> Replay:
        """Put the archived events from `start` to before `end` (seconds since the epoch) through the rules again.

        Each carries `replay-name` and keeps its id; whether AWS keeps it is unknown. `rules` limits the replay to
        the rules named.

        Raises:
            EventBusError: the archive is another bus's, the name is taken or bad, a rule is not there, or `start` is
                behind `end`.
        """
        check_name("replay name", name)
        if archive.bus != self.name:
            reason = "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
            raise EventBusError("ValidationException", reason)
        if start > end:
            reason = "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            raise EventBusError("ValidationException", reason)
        if name in self._replays:
            raise EventBusError("ResourceAlreadyExistsException", f"Replay {name} already exists.")
        only = None if rules is None else set(rules)
        for rule in only or ():
            if rule not in self._rules:
                raise EventBusError("ResourceNotFoundException", f"Rule {rule} does not exist on EventBus {self.name}.")
        self._replays.add(name)
        events = archive.between(start, end, self.now())
        for event in events:
            replayed: JSONObject = {}
            for field, value in event.items():
                if field == "resources":
                    replayed["replay-name"] = name
                replayed[field] = value
            self._accept(replayed, None, from_bus=False, only=only)
        return Replay(name, archive.name, len(events))

    def receive(self, event: JSONObject) -> None:
        """Take an event from another bus; its fields stay as they are."""
        self._accept(event, None, from_bus=True)

    def now(self) -> float:
        """The bus's time, in seconds since the epoch."""
        return self._clock.now() + self._ahead

    def _accept(self, event: JSONObject, text: str | None, *, from_bus: bool, only: set[str] | None = None) -> None:
        self._trace(Put(self.now(), self.name, event))
        for archive in self._archives.values():
            archive.keep(event, text or json.dumps(event, ensure_ascii=False))
        names = self._enabled.matching_rules(event) if text is None else self._enabled.matching_rules_json(text)
        for name in names:
            if only is not None and name not in only:
                continue
            self._trace(RuleMatched(self.now(), self.name, str(event["id"]), name))
            chain = (*self._chain, name)
            if chain.count(name) > MAX_SELF_FEEDING:
                raise SelfFeedingRuleError(
                    f"rule {name!r} of bus {self.name!r} feeds itself: its target puts events that it matches "
                    f"(way: {' -> '.join(dict.fromkeys(chain))} -> {name}); let the pattern reject what the target puts"
                )
            self._deliver_rule(self._rules[name], event, chain, from_bus=from_bus)

    def _deliver_rule(self, rule: Rule, event: JSONObject, chain: tuple[str, ...], *, from_bus: bool) -> None:
        at = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        prefix = "" if self.name == "default" else f"{self.name}/"
        arn = f"arn:aws:events:{self.region}:{self.account}:rule/{prefix}{rule.name}"
        variables = {
            "aws.events.rule-arn": arn,
            "aws.events.rule-name": rule.name,
            "aws.events.event.ingestion-time": at,
        }
        for target in rule.targets:
            if from_bus and isinstance(target.target, BusTarget):
                target = replace(target, target=_Rejects())
            delivery = Delivery(event, rule, target, self.name, arn, variables, self._retry_delay, self._trace, chain)
            if self._deliver is not None:
                self._deliver(partial(self._in_chain, delivery, self._clock.now))
            else:
                self._run(delivery)

    def _run(self, delivery: Delivery) -> None:
        """All steps at once; the waits pass on a time of the delivery's own."""
        before = self._ahead
        try:
            for seconds in self._in_chain(delivery, self.now):
                self._ahead += seconds
        finally:
            self._ahead = before

    def _in_chain(self, delivery: Delivery, now: Callable[[], float]) -> Generator[float, None, bool]:
        """The delivery's steps, each with the rules that led to it in view of what its target puts."""
        steps = delivery.steps(now)
        while True:
            outer, self._chain = self._chain, delivery.chain
            try:
                seconds = next(steps)
            except StopIteration as stop:
                return bool(stop.value)
            finally:
                self._chain = outer
            yield seconds


class BusTarget:
    """Another event bus as a rule's target: events arrive there unchanged.

    AWS: EventBridge User Guide, "Sending events between event buses": a received event is not sent on to a third.
    Unknown on AWS: whether the event's id is kept; here it is.
    """

    def __init__(self, bus: EventBus) -> None:
        self.bus = bus

    def invoke(self, event: JSONValue) -> JSONValue:
        """Hand the event over.

        Raises:
            TargetError: the input was transformed into something that is no event.
        """
        if not isinstance(event, dict) or "detail" not in event:
            raise TargetError(
                "what reached the bus is no event; bus targets take no transformed input", code="INVALID_PARAMETER"
            )
        self.bus.receive(event)
        return None


class _Rejects:
    def invoke(self, event: JSONValue) -> JSONValue:
        reason = "an event that came from another bus is not sent on to a third"
        raise TargetError(reason, code="THIRD_ACCOUNT_HOP_DETECTED", retryable=False)
