"""Every verdict is the real engine's: generated patterns and events, rejections included.

`PERCEPTION_EVENTS_CASES` sets the number of patterns (three events each), `PERCEPTION_EVENTS_SEED` the seed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest

from perception_events.patterns import (
    EventPattern,
    InvalidEventError,
    InvalidEventPatternError,
    RuleSet,
)
from support.oracle import Oracle, start_oracle
from support.pattern_cases import make_case
from support.single_values import single_value_patterns

CASES = int(os.environ.get("PERCEPTION_EVENTS_CASES", "4000"))
COMPLEXITIES = int(os.environ.get("PERCEPTION_EVENTS_COMPLEXITIES", "2000"))
SEED = int(os.environ.get("PERCEPTION_EVENTS_SEED", "20261124"))

pytestmark = pytest.mark.java


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with start_oracle() as running:
        yield running


def parsed(text: str) -> EventPattern | InvalidEventPatternError:
    try:
        return EventPattern.parse(text)
    except InvalidEventPatternError as error:
        return error


def verdict(pattern: EventPattern, event: str) -> bool | None:
    try:
        return pattern.matches_json(event)
    except InvalidEventError:
        return None


def test_generated_cases(oracle: Oracle) -> None:
    random = Random(SEED)
    disagreements = []
    accepted: dict[str, EventPattern] = {}
    by_event: list[tuple[str, dict[str, bool | None]]] = []
    for start in range(0, CASES, 1000):
        cases = [make_case(random) for _ in range(min(1000, CASES - start))]
        for (text, events), engine in zip(cases, oracle.ask(cases), strict=True):
            ours = parsed(text)
            rejected = str(ours) if isinstance(ours, InvalidEventPatternError) else engine.error
            if isinstance(ours, EventPattern) != (engine.error is None) and spelled_longer_by_old_java(rejected):
                continue
            if isinstance(ours, InvalidEventPatternError) != (engine.error is not None):
                disagreements.append(f"pattern {text}\n  engine: {engine.error}\n  ours: {ours}")
            elif isinstance(ours, EventPattern):
                answers = [verdict(ours, event) for event in events]
                disagreements += [
                    f"pattern {text}\n  event {event}\n  engine {theirs}, ours {mine}"
                    for event, theirs, mine in zip(events, engine.matches, answers, strict=True)
                    if theirs != mine and not single_values_decide(oracle, ours, event, mine)
                ]
                accepted[f"rule-{len(accepted)}"] = ours
                by_event += [
                    (event, {f"rule-{len(accepted) - 1}": a}) for event, a in zip(events, answers, strict=True)
                ]
    assert not disagreements, f"{len(disagreements)} of {CASES}, seed {SEED}:\n" + "\n".join(disagreements[:10])
    check_rule_sets(accepted, by_event)


def spelled_longer_by_old_java(error: str | None) -> bool:
    """Whether one side rejects a number that Java before 19 spells with digits too many.

    It rejects the shortest spelling then, and takes the longer one, the double's whole value, which we reject.
    """
    found = re.search(r"Cannot compare number : (\S+)", error or "")
    if found is None or abs(float(found[1])) <= 1e15:
        return False
    return Decimal(found[1]) in (Decimal(repr(float(found[1]))), Decimal(float(found[1])))


def single_values_decide(oracle: Oracle, pattern: EventPattern, event: str, answer: bool | None) -> bool:
    """Whether the engine, asked about each value of a list alone, says `answer`: where it contradicts itself."""
    verdicts = oracle.ask([(text, [event]) for text in single_value_patterns(pattern)])
    return len(verdicts) > 1 and any(verdict.matches == [True] for verdict in verdicts) == answer


def check_rule_sets(patterns: dict[str, EventPattern], by_event: list[tuple[str, dict[str, bool | None]]]) -> None:
    """Together in one rule set, every rule answers as the engine answered for it alone."""
    names = list(patterns)
    for start in range(0, len(names), 200):
        rules = RuleSet({name: patterns[name] for name in names[start : start + 200]})
        for event, expected in by_event:
            ((name, answer),) = expected.items()
            if name in rules and answer is not None:
                assert (name in rules.matching_rules_json(event)) == answer, (str(patterns[name]), event)


def test_the_complexity_of_a_rule_is_the_engines(oracle: Oracle) -> None:
    """Equal figures; where values share places in one machine by the order of a list, the engine's may be higher."""
    random = Random(SEED)

    def wildcard() -> str:
        return re.sub(r"\*+", "*", "".join(random.choices("ab:é**", k=random.randint(1, 10))))

    def value(several: bool) -> object:
        if random.random() < 0.3:
            return {"anything-but": {"wildcard": [wildcard() for _ in range(random.randint(1, 3) if several else 1)]}}
        return {"wildcard": wildcard()} if random.random() < 0.9 else random.choice(["ab", {"prefix": "a"}])

    def fields(several: bool) -> dict[str, object]:
        names = random.sample("ab", random.randint(1, 2))
        return {name: [value(several) for _ in range(random.randint(1, 4))] for name in names}

    stacks = [{"wildcard": f"*:stack/{name}Stack/*"} for name in ("Shared", "Api", "Worker", "Monitoring")]
    exact: list[dict[str, object]] = [{"a": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}, {"a": stacks}, {"a": stacks[:3]}]
    exact += [fields(several=False) for _ in range(COMPLEXITIES)]
    near = [{"$or": [fields(several=True) for _ in range(random.randint(1, 3) + 1)]} for _ in range(COMPLEXITIES // 4)]
    for patterns, most in ((exact, 0), (near, 2)):
        texts = [json.dumps(pattern) for pattern in patterns]
        engine = [verdict.complexity for verdict in oracle.ask([(text, []) for text in texts], complexity=True)]
        ours = [EventPattern.parse(text, max_wildcard_complexity=None).wildcard_complexity for text in texts]
        off = [(t, o, e) for t, o, e in zip(texts, ours, engine, strict=True) if e is None or not o <= e <= o + most]
        assert not off, f"{len(off)} of {len(texts)}: {off[:5]}"
        different = sum(o != e for o, e in zip(ours, engine, strict=True))
        assert different <= len(texts) // 10, f"{different} of {len(texts)} differ"
