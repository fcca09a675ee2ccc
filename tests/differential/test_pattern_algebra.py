"""Every witness is one to the real engine too.

`PERCEPTION_EVENTS_PAIRS` sets the number of pairs, `PERCEPTION_EVENTS_SEED` the seed.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import equivalent, implies, overlap
from support.oracle import Oracle, start_oracle
from support.pattern_pairs import make_pair
from support.single_values import single_value_patterns

PAIRS = int(os.environ.get("PERCEPTION_EVENTS_PAIRS", "300"))
SEED = int(os.environ.get("PERCEPTION_EVENTS_SEED", "20261126"))

pytestmark = pytest.mark.java


def engine_says(oracle: Oracle, pattern: EventPattern, event: str, expected: bool | None) -> bool:
    """Whether the engine agrees about each value of a list alone: it contradicts itself on some lists."""
    verdicts = oracle.ask([(text, [event]) for text in single_value_patterns(pattern)])
    return any(verdict.matches == [True] for verdict in verdicts) is expected


def test_witnesses_are_confirmed_by_the_engine() -> None:
    random = Random(SEED)
    wrong = []
    confirmed = 0
    with start_oracle() as oracle:
        for start in range(0, PAIRS, 500):
            claims: list[tuple[EventPattern, str, bool]] = []
            for _ in range(min(500, PAIRS - start)):
                first, second = make_pair(random)
                arrays = random.random() < 0.3
                for question, shown in ((overlap, True), (implies, False), (equivalent, None)):
                    event = question(first, second, arrays=arrays).witness_json
                    if event is None:
                        continue
                    # Of an equivalence that fails, the engine must tell the two apart as we do.
                    in_first = first.matches_json(event) if shown is None else True
                    claims += [(first, event, in_first), (second, event, not in_first if shown is None else shown)]
            verdicts = oracle.ask([(pattern.canonical, [event]) for pattern, event, _ in claims])
            for (pattern, event, expected), verdict in zip(claims, verdicts, strict=True):
                confirmed += 1
                if verdict.matches != [expected] and not engine_says(oracle, pattern, event, expected):
                    wrong.append(f"pattern {pattern}\n  event {event}\n  engine {verdict}, expected {expected}")
    assert not wrong, f"{len(wrong)} of {confirmed}, seed {SEED}:\n" + "\n".join(wrong[:10])
    assert confirmed > PAIRS
