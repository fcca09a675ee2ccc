"""Checks of rules beside each other: the same event delivered twice, the same pattern under contrary names, circles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from perception_events.checks._context import Context
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns.analysis import FindingKind, ReviewedRule, overlap, review
from perception_events.topology import EventBus, Rule, unresolved_in

__all__ = ["check_pairs"]

_CONTRARY: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        (
            "success successful succeed succeeds succeeded ok passed complete completed done",
            "fail fails failed failure failures error errors rejected aborted timedout cancelled canceled",
        ),
        ("approved accepted approve accept", "rejected denied reject deny declined"),
        ("allow allowed", "deny denied block blocked"),
        ("start started starting", "stop stopped stopping end ended"),
        ("create created creation add added insert inserted", "delete deleted deletion remove removed removal"),
        ("enable enabled", "disable disabled"),
        ("open opened", "close closed"),
        ("connect connected", "disconnect disconnected"),
    )
)


class _Known:
    """A rule with a pattern, of which parts may not be known."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        pattern = rule.event_pattern
        assert isinstance(pattern, Mapping)
        self.source: Mapping[str, Any] = pattern
        self.targets = tuple(sorted({str(target.target) for target in rule.targets} - {""}))
        self.pattern: EventPattern | None = None
        if not any(unresolved_in(pattern)):
            try:
                self.pattern = EventPattern.parse(pattern)
            except InvalidEventPatternError:
                self.pattern = None

    @property
    def location(self) -> Location:
        return Location(self.rule).of("event_pattern", self.source)


def check_pairs(context: Context) -> Iterator[Found]:
    """Everything that is wrong with rules of one bus beside each other, and with buses beside each other."""
    for bus in context.topology.of(EventBus):
        known = [
            _Known(rule)
            for rule in context.rules_of(bus.id)
            if isinstance(rule.event_pattern, Mapping) and rule.state != "DISABLED"
        ]
        yield from _same_text(known)
        yield from _proved(known, overlaps=context.overlaps)
    yield from _circles(context)


def _exclusive(one: Rule, other: Rule) -> bool:
    """Two conditions may exclude each other, so that the two rules never exist together."""
    return one.condition is not None and other.condition is not None and one.condition != other.condition


def _same_text(known: list[_Known]) -> Iterator[Found]:
    """Rules that are written alike, whether their patterns are wholly known or not."""
    groups: dict[str, list[_Known]] = {}
    for one in known:
        groups.setdefault(json.dumps(one.source, sort_keys=True, default=str), []).append(one)
    twice: set[str] = set()
    for group in groups.values():
        for one, other in combinations(group, 2):
            if one.source != other.source or _exclusive(one.rule, other.rule):
                continue
            shared = sorted({*one.targets} & {*other.targets})
            words = None if shared else _contrary_words(one.rule, other.rule)
            if words:
                reason = (
                    f"rule {one.rule.id} has the same pattern, and its name says {words[0]} where this one says "
                    f"{words[1]}"
                )
                yield Found("PE322", other.location, reason)
            if shared and other.rule.id not in twice:  # once for each rule that could go, not for each pair
                twice.add(other.rule.id)
                reason = f"rule {one.rule.id} has the same pattern, and both invoke {', '.join(shared)}"
                yield Found("PE321", other.location, reason)


def _proved(known: list[_Known], *, overlaps: bool) -> Iterator[Found]:
    """Rules that are written otherwise, by proof: which takes all events of another, and which share some."""
    by_name = {one.rule.id: one for one in known if one.pattern is not None}
    rules = [ReviewedRule(name, one.pattern, one.targets) for name, one in by_name.items() if one.pattern is not None]
    twice: set[str] = set()
    for found in review(rules, overlaps=overlaps).findings:
        pairs = combinations((by_name[name] for name in found.rules), 2)
        for one, other in pairs:
            if _exclusive(one.rule, other.rule):
                continue
            shared = sorted({*one.targets} & {*other.targets})
            inner, outer = (other, one) if found.kind is FindingKind.EQUAL else (one, other)
            includes = found.kind in (FindingKind.EQUAL, FindingKind.INCLUDED) and one.source != other.source
            if includes and shared and inner.rule.id not in twice:
                twice.add(inner.rule.id)
                reason = f"rule {outer.rule.id} takes all of its events too, and both invoke {', '.join(shared)}"
                yield Found("PE321", inner.location, reason)
            if overlaps:
                first, second = sorted((one, other), key=lambda each: known.index(each))
                reason = f"rule {first.rule.id} takes some of its events too, such as {found.witness_json}"
                yield Found("PE323", second.location, reason)


def _words(rule: Rule) -> set[str]:
    text = f"{rule.id} {rule.name if isinstance(rule.name, str) else ''}"
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)}


def _contrary_words(one: Rule, other: Rule) -> tuple[str, str] | None:
    """A word of each name that says the contrary of the other's, where neither name has both."""
    first, second = _words(one), _words(other)
    for left, right in _CONTRARY:
        for these, those in ((left, right), (right, left)):
            here, there = first & these, second & those
            if here and there and not (first & those or second & these):
                return min(here), min(there)
    return None


# --- buses that feed each other


def _circles(context: Context) -> Iterator[Found]:
    """Each circle of buses once, reported at its first rule."""
    edges: dict[str, list[tuple[Rule, int, str]]] = {}
    for rule in context.topology.of(Rule):
        for number, target in enumerate(rule.targets):
            if isinstance(rule.bus, str) and isinstance(context.resource(target.target), EventBus):
                edges.setdefault(rule.bus, []).append((rule, number, str(target.target)))
    seen: set[frozenset[str]] = set()
    for start in edges:
        for way in _ways_back(edges, start):
            rules = [rule for rule, _, _ in way]
            key = frozenset(rule.id for rule in rules)
            if key not in seen and _all_pass(rules):
                seen.add(key)
                rule, number, _ = way[0]
                names = " -> ".join([*(str(r.bus) for r in rules), str(start)])
                location = Location(rule, f"targets[{number}]", part=rule.targets[number].origin)
                yield Found("PE324", location, f"the way is {names}, by {', '.join(r.id for r in rules)}")


def _ways_back(edges: dict[str, list[tuple[Rule, int, str]]], start: str) -> Iterator[list[tuple[Rule, int, str]]]:
    trail: list[list[tuple[Rule, int, str]]] = [[edge] for edge in edges[start]]
    while trail:
        way = trail.pop(0)
        last = way[-1][2]
        if last == start:
            yield way
        elif last not in {str(rule.bus) for rule, _, _ in way}:
            trail.extend([*way, edge] for edge in edges.get(last, ()))


def _all_pass(rules: list[Rule]) -> bool:
    """Whether one event may pass all the patterns; it goes from bus to bus as it is."""
    patterns = [rule.event_pattern for rule in rules]
    if any(pattern is None for pattern in patterns):
        return False
    known = [p for p in patterns if isinstance(p, Mapping) and not any(unresolved_in(p))]
    try:
        return all(overlap(one, other).verdict is not False for one, other in combinations(known, 2))
    except InvalidEventPatternError:
        return False
