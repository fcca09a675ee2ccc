"""Checks of rules beside each other: the same event delivered twice, the same pattern under contrary names, circles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from perception_events.checks._context import Context
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.checks._pattern_leaves import Leaf, pattern_leaves
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns.analysis import implies, overlap
from perception_events.topology import EventBus, PartialJSON, Rule, unresolved_in

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
    """A rule whose pattern is wholly known, read once."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        pattern = rule.event_pattern
        assert isinstance(pattern, Mapping)
        self.source: Mapping[str, Any] = pattern
        self.leaves = {leaf.path: leaf for leaf in pattern_leaves(pattern)}
        self.unknown = any(unresolved_in(pattern))
        self.has_or = any("$or" in leaf.steps for leaf in self.leaves.values())
        self.pattern: EventPattern | None = None
        if not self.unknown:
            try:
                self.pattern = EventPattern.parse(pattern)
            except InvalidEventPatternError:
                self.pattern = None


class _Proofs:
    """Counts the pairs of one bus that are decided by proof, which takes a millisecond each; above, none is taken."""

    def __init__(self, most: int = 1000) -> None:
        self._left = most

    def take(self) -> bool:
        """Whether one more may be taken."""
        self._left -= 1
        return self._left >= 0


def check_pairs(context: Context) -> Iterator[Found]:
    """Everything that is wrong with rules of one bus beside each other, and with buses beside each other."""
    for bus in context.topology.of(EventBus):
        known = [
            _Known(rule)
            for rule in context.rules_of(bus.id)
            if isinstance(rule.event_pattern, Mapping) and rule.state != "DISABLED"
        ]
        twice: set[str] = set()
        proofs = _Proofs()
        for one, other in combinations(known, 2):
            if _exclusive(one.rule, other.rule) or _disjoint_at_sight(one, other):
                continue
            for found in _pair(context, one, other, proofs):
                if found.identifier == "PE321":  # once for each rule that could go, not for each pair
                    if found.location.resource.id in twice:
                        continue
                    twice.add(found.location.resource.id)
                yield found
    yield from _circles(context)


def _exclusive(one: Rule, other: Rule) -> bool:
    """Two conditions may exclude each other, so that the two rules never exist together."""
    return one.condition is not None and other.condition is not None and one.condition != other.condition


def _disjoint_at_sight(one: _Known, other: _Known) -> bool:
    """Whether a field of both has exact values only, of which none is the same; decides most pairs at no cost."""
    return any(_exact_apart(leaf, other.leaves[path]) for path, leaf in one.leaves.items() if path in other.leaves)


def _exact_apart(one: Leaf, other: Leaf) -> bool:
    texts = [leaf.values for leaf in (one, other) if leaf.values and all(isinstance(v, str) for v in leaf.values)]
    return len(texts) == 2 and not set(texts[0]) & set(texts[1])


def _pair(context: Context, one: _Known, other: _Known, proofs: _Proofs) -> Iterator[Found]:
    equal = one.source == other.source
    shared = sorted({str(t.target) for t in one.rule.targets} & {str(t.target) for t in other.rule.targets} - {""})
    if shared:
        yield from _delivered_twice(one, other, equal, shared, proofs)
    elif equal:
        words = _contrary_words(one.rule, other.rule)
        if words:
            reason = (
                f"rule {one.rule.id} has the same pattern, and its name says {words[0]} where this one says {words[1]}"
            )
            yield Found("PE322", Location(other.rule).of("event_pattern", other.source), reason)
    if context.overlaps and one.pattern is not None and other.pattern is not None:
        answer = overlap(one.pattern, other.pattern)
        if answer.verdict is True:
            reason = f"rule {one.rule.id} takes some of its events too, such as {answer.witness_json}"
            yield Found("PE323", Location(other.rule).of("event_pattern", other.source), reason)


def _delivered_twice(one: _Known, other: _Known, equal: bool, shared: list[str], proofs: _Proofs) -> Iterator[Found]:
    targets = ", ".join(shared)
    if equal:
        reason = f"rule {one.rule.id} has the same pattern, and both invoke {targets}"
        yield Found("PE321", Location(other.rule).of("event_pattern", other.source), reason)
        return
    if one.pattern is None or other.pattern is None:
        return
    for inner, outer in ((one, other), (other, one)):
        if _may_imply(inner, outer) and proofs.take() and implies(inner.source, outer.source).verdict is True:
            reason = f"rule {outer.rule.id} takes all of its events too, and both invoke {targets}"
            yield Found("PE321", Location(inner.rule).of("event_pattern", inner.source), reason)
            return


def _may_imply(inner: _Known, outer: _Known) -> bool:
    """Whether single fields leave it open that `outer` takes all that `inner` takes; rules most pairs out at no cost.

    What `outer` asks of a field, `inner` has to ask too, and no value of `inner` may be one that `outer` rejects.
    """
    if outer.has_or or inner.has_or:
        return True
    for path, leaf in outer.leaves.items():
        same = inner.leaves.get(path)
        if same is None:
            if not leaf.may_be_absent:
                return False
        elif not all(any(_may_cover(one, value, len(leaf.values)) for one in leaf.values) for value in same.values):
            return False
    return True


def _may_cover(outer: PartialJSON, inner: PartialJSON, beside: int) -> bool:
    """Whether all that the value `inner` takes may be taken by `outer`, which is one of `beside` values.

    False is a proof, also where several values share the work. Exact values, prefixes and suffixes of strings are
    decided, and one list of excluded texts; all else may be.
    """
    if not isinstance(outer, Mapping):
        return outer == inner and type(outer) is type(inner) if not isinstance(inner, Mapping) else _is_odd(inner)
    (name, argument), *_ = outer.items()
    if name == "anything-but" and beside == 1 and isinstance(inner, Mapping) and "anything-but" in inner:
        left, right = _texts(argument), _texts(inner["anything-but"])
        return left is None or right is None or left <= right
    if name not in ("prefix", "suffix") or not isinstance(argument, str):
        return True
    text = inner if isinstance(inner, str) else inner.get(name) if isinstance(inner, Mapping) else None
    if isinstance(text, str):
        return text.startswith(argument) if name == "prefix" else text.endswith(argument)
    return isinstance(inner, Mapping) and _is_odd(inner)


def _is_odd(value: Mapping[str, PartialJSON]) -> bool:
    """Whether an operator is more than a plain prefix or suffix."""
    return not any(isinstance(value.get(name), str) for name in ("prefix", "suffix"))


def _texts(argument: PartialJSON) -> set[str] | None:
    values = argument if isinstance(argument, list) else [argument]
    return {value for value in values if isinstance(value, str)} if all(isinstance(v, str) for v in values) else None


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
