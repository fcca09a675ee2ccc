"""The conformance file: what each operator does, readable by a person, run by every engine there is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError, RuleSet
from support.oracle import start_oracle

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
FROM_THE_ENGINE = [case for case in CASES if case["reference"].startswith("event-ruler")]


def text_of(value: Any) -> str:
    """A text stands for itself; anything else for its JSON."""
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    dialect = Dialect(case["dialect"])
    if "error" in case:
        with pytest.raises(InvalidEventPatternError) as caught:
            EventPattern.parse(text_of(case["pattern"]), dialect=dialect)
        assert caught.value.reason.startswith(case["error"])
        return
    pattern = EventPattern.parse(text_of(case["pattern"]), dialect=dialect)
    event = text_of(case["event"])
    assert pattern.matches_json(event) == case["matches"]
    assert RuleSet({"rule": pattern}).matching_rules_json(event) == ["rule"] * case["matches"]
    if not isinstance(case["event"], str):
        assert pattern.matches(case["event"]) == case["matches"]
        assert bool(pattern.explain(case["event"])) != case["matches"]


@pytest.mark.java
def test_the_real_engine_says_the_same() -> None:
    asked = [
        (text_of(case["pattern"]), [text_of(case["event"])] if "event" in case else []) for case in FROM_THE_ENGINE
    ]
    with start_oracle() as oracle:
        verdicts = oracle.ask(asked)
    for case, verdict in zip(FROM_THE_ENGINE, verdicts, strict=True):
        if "error" in case:
            assert verdict.error is not None, case["name"]
            assert case["error"] in verdict.error, case["name"]
        else:
            assert (verdict.error, verdict.matches) == (None, [case["matches"]]), case["name"]


def test_every_operator_has_at_least_six_cases() -> None:
    counts = Counter(case["name"].split(":")[0] for case in CASES)
    operators = [
        name for name in counts if name not in ("structure", "numbers", "text", "accidents", "dialects", "limits")
    ]
    assert len(operators) >= 20
    assert {name: counts[name] for name in operators if counts[name] < 6} == {}
