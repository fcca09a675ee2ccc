"""Patterns against events: one, many, from text, in arrays; adding rules; what they weigh."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import time
import tracemalloc
from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any

from benchmarks.java_engine import ruler_microseconds
from benchmarks.measure import call_microseconds, fresh_microseconds, microseconds, seconds
from benchmarks.peers import Peer
from benchmarks.report import Section, number
from benchmarks.workloads import (
    city_lots,
    exact_rules,
    mixed_rules,
    pipeline_events,
    pipeline_rules,
    rules_over_elements,
    texts,
    with_elements,
)
from perception_events.patterns import EventPattern, InvalidEventPatternError, RuleSet
from perception_events.patterns._event_text import read_event

__all__ = ["adding", "arrays", "from_text", "one_pattern", "real_rules", "rule_sets"]

EVENTS = city_lots(2_000, seed=99)
TEXTS = texts(EVENTS)
FRESH = [city_lots(1_000, seed=1_000 + place) for place in range(8)]
REPEATED = EVENTS[:20] * 100
FEW = 60
"""Events that the slow are asked."""


def one_pattern(peers: Sequence[Peer]) -> Section:
    """Each pattern on each event by itself."""
    section = Section(
        "One pattern, one event",
        "Each of 60 patterns (50 mixed, 10 exact) on each of 60 city lots, and the pipeline's own rules on its events; "
        "microseconds for one pattern and one event, already parsed. Nearly all of the first miss, and each of the "
        "second kind of pair matches.",
        ("engine", "lots", "times ours", "matching pairs", "times ours"),
    )
    lots = [(pattern, event) for pattern in (mixed_rules(50) | exact_rules(10)).values() for event in EVENTS[:FEW]]
    rules, events = pipeline_rules(), pipeline_events()
    pairs = [(p, e) for p, e in itertools.product(rules.values(), events) if EventPattern.parse(p).matches(e)]
    ours = [call_microseconds(_calls(_own, some)) for some in (lots, pairs)]
    section.add("perception-events", ours[0], "1", ours[1], "1")
    for peer in peers:
        theirs = [call_microseconds(_calls(peer.matcher, some), rounds=3) for some in (lots, pairs)]
        section.add(peer.name, theirs[0], theirs[0] / ours[0], theirs[1], theirs[1] / ours[1])
    return section


def _own(pattern: dict[str, Any]) -> Callable[[dict[str, Any]], bool]:
    parsed = EventPattern.parse(pattern)
    parsed.matches({})  # makes the pattern's own function
    return parsed.matches


def _calls(
    matcher: Callable[[dict[str, Any]], Callable[[dict[str, Any]], bool]],
    pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]],
) -> list[tuple[Callable[[dict[str, Any]], bool], dict[str, Any]]]:
    known: dict[int, Callable[[dict[str, Any]], bool]] = {}
    for pattern, _ in pairs:
        if id(pattern) not in known:
            known[id(pattern)] = matcher(pattern)
    return [(known[id(pattern)], event) for pattern, event in pairs]


def rule_sets(peers: Sequence[Peer], lines: dict[str, dict[int, float]], *, largest: int) -> Section:
    """A rule set of mixed rules, by their number."""
    section = Section(
        "Many rules, one event",
        "Mixed rules: two or three fields, one of them exact, prefix, suffix or wildcard with a leading `*`, "
        "the others exact, anything-but or numeric. Microseconds an event, already parsed. New: events never seen "
        "before, others in every pass. Repeated: 20 events a hundred times; nothing is cached by value, so the two "
        "differ by the processor's caches only. The peers ask rule by rule.",
        ("rules", "new", "repeated", "matches an event", "bytes a rule", *(p.name for p in peers)),
    )
    ours: dict[int, float] = {}
    for count in (count for count in (1, 10, 100, 1_000, 10_000, 100_000) if count <= largest):
        rules = mixed_rules(count)
        tracemalloc.start()
        rule_set = RuleSet(rules)
        weight = tracemalloc.get_traced_memory()[0] / count
        tracemalloc.stop()
        ours[count] = fresh_microseconds(rule_set.matching_rules, FRESH)
        repeated = microseconds(rule_set.matching_rules, REPEATED)
        matches = sum(len(rule_set.matching_rules(event)) for event in EVENTS) / len(EVENTS)
        theirs: list[object] = []
        for peer in peers:
            if count > 1_000:
                theirs.append("")
                continue
            ask = peer.rule_set(rules)
            some = EVENTS[: max(2, 2_000 // count)][:FEW]
            assert [ask(event) for event in some] == [rule_set.matching_rules(event) for event in some], peer.name
            taken = microseconds(ask, some, rounds=3)
            lines.setdefault(f"{peer.name} (parsed)", {})[count] = taken
            theirs.append(f"{number(taken)} ({number(taken / ours[count])}x)")
        section.add(f"{count:,}", ours[count], repeated, f"{matches:.3f}", f"{weight:,.0f}", *theirs)
    lines["perception-events (parsed)"] = ours
    parse = microseconds(json.loads, TEXTS)
    section.after = (
        f"`json.loads` of such an event takes {number(parse)} microseconds. 10,000 rules cost "
        f"{number(ours[10_000] / ours[100])} times what 100 cost"
        + (
            f", 100,000 rules {number(ours[100_000] / ours[10_000])} times what 10,000 cost."
            if 100_000 in ours
            else "."
        )
    )
    return section


def from_text(lines: dict[str, dict[int, float]], *, java: bool) -> Section:
    """From the event's text, the parse included."""
    section = Section(
        "From JSON text, the parse included",
        "Microseconds an event, 2,000 different events of about "
        f"{sum(map(len, TEXTS)) // len(TEXTS)} bytes. The Java engine reads the same texts with the same rules, each "
        "line in a process of its own: its first pass over the 2,000 events, as after a cold start, and after three "
        "seconds of warming up.",
        ("rules", "perception-events", "Java, first pass", "Java, warm", "ours / first pass", "ours / warm"),
    )
    counts = (1, 100, 1_000, 10_000)
    kinds = {"exact": exact_rules, "mixed": mixed_rules}
    cases = [(f"{count:,} {kind}", make(count)) for kind, make in kinds.items() for count in counts]
    for title, rules in cases:
        ours = microseconds(RuleSet(rules).matching_rules_json, TEXTS)
        first, warm = ruler_microseconds(rules, TEXTS) if java else (nan, nan)
        if "mixed" in title:
            lines.setdefault("perception-events (from text)", {})[len(rules)] = ours
            if java:
                lines.setdefault("event-ruler, Java, warm (from text)", {})[len(rules)] = warm
        section.add(title, ours, *((first, warm, ours / first, ours / warm) if java else [""] * 4))
    plain, exact = microseconds(json.loads, TEXTS), microseconds(read_event, TEXTS)
    section.after = (
        f"Reading the text alone: {number(exact)} as the engine reads it (every number's spelling and every repeated "
        f"key kept), {number(plain)} with `json.loads`, which loses both. Exactness costs nothing: the C scanner makes "
        "tuples and bytes in less time than dicts and floats."
    )
    return section


def arrays() -> Section:
    """Events with arrays of objects."""
    section = Section(
        "Arrays of objects",
        "1,000 rules, each with three fields (a prefix, two exact) that must hold in one element; events with so many "
        "elements of nine fields.",
        ("elements", "microseconds an event", "an element"),
    )
    rule_set = RuleSet(rules_over_elements(1_000))
    for count in (1, 10, 100, 1_000):
        taken = microseconds(rule_set.matching_rules, [with_elements(count, seed) for seed in range(8)])
        section.add(f"{count:,}", taken, taken / count)
    return section


def adding() -> Section:
    """Adding rules, all at once and one to many."""
    section = Section("Adding rules", "From mappings, checks included.", ("what", "seconds", "a rule, microseconds"))
    for title, rules in (("10,000 exact rules", exact_rules(10_000)), ("10,000 mixed rules", mixed_rules(10_000))):
        taken = seconds(lambda rules=rules: RuleSet(rules))  # type: ignore[misc]
        section.add(title, taken, taken / len(rules) * 1e6)
    rule_set, more = RuleSet(mixed_rules(10_000)), mixed_rules(2_000, seed=77)
    for title, change in (
        ("one more to 10,000", rule_set.add),
        ("one less of 10,000", lambda name, _: rule_set.remove(name)),
    ):
        started = time.perf_counter()
        for name, pattern in more.items():
            change(f"more-{name}", pattern)
        taken = (time.perf_counter() - started) / len(more)
        section.add(title, f"{taken:.6f}", taken * 1e6)
    return section


def real_rules(peers: Sequence[Peer], *, java: bool) -> Section | None:
    """Rules and events of public repositories, where `PERCEPTION_EVENTS_CORPORA` says where they are."""
    folder = os.environ.get("PERCEPTION_EVENTS_CORPORA")
    if folder is None:
        return None
    rules: dict[str, Any] = {}
    for index, line in enumerate(Path(folder, "patterns.jsonl").read_text(encoding="utf-8").splitlines()):
        pattern = json.loads(line)["pattern"]
        try:
            EventPattern.parse(pattern)
        except InvalidEventPatternError:
            continue
        rules[f"rule-{index}"] = pattern
    with gzip.open(Path(folder, "events.jsonl.gz"), "rt", encoding="utf-8") as file:
        events = [event for event in (json.loads(line)["event"] for line in file) if isinstance(event, dict)]
    rule_set = RuleSet(rules)
    matches = sum(len(rule_set.matching_rules(event)) for event in events) / len(events)
    section = Section(
        "Real rules together",
        f"{len(rules)} patterns and {len(events)} events of public repositories (not part of this project), "
        f"{number(matches)} matches an event.",
        ("engine", "microseconds an event"),
    )
    section.add("perception-events (parsed)", microseconds(rule_set.matching_rules, events))
    section.add("perception-events (from text)", microseconds(rule_set.matching_rules_json, texts(events)))
    if java:
        first, warm = ruler_microseconds(rules, texts(events))
        section.add("event-ruler, Java (from text), first pass", first)
        section.add("event-ruler, Java (from text), warm", warm)
    for peer in peers:
        section.add(f"{peer.name} (parsed)", _tolerant(peer, rules, events[:: len(events) // FEW]))
    return section


def _tolerant(peer: Peer, rules: dict[str, Any], events: list[Any]) -> float:
    """Not every peer takes every rule."""
    prepared = []
    for pattern in rules.values():
        try:
            matches = peer.matcher(pattern)
            for event in events:
                matches(event)
        except Exception:
            continue
        prepared.append(matches)
    print(f"    {peer.name} takes {len(prepared)} of {len(rules)} rules")
    return microseconds(lambda event: [matches for matches in prepared if matches(event)], events, rounds=3)
