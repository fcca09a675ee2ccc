"""Answers about generated pairs of patterns: no wrong witness, and no event that contradicts a verdict.

`PERCEPTION_EVENTS_PAIRS` sets the number of pairs, `PERCEPTION_EVENTS_SEED` the seed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from perception_events.patterns import EventPattern, InvalidEventError
from perception_events.patterns.analysis import Answer, disjoint, equivalent, implies, overlap, satisfiable, uncovered
from support.pattern_cases import make_event, shape_of
from support.pattern_pairs import SMALL_EVENTS, make_pair, make_small_pattern, shown

PAIRS = int(os.environ.get("PERCEPTION_EVENTS_PAIRS", "150"))
SEED = int(os.environ.get("PERCEPTION_EVENTS_SEED", "20261125"))

SHOWS: dict[Callable[..., Answer], tuple[bool, Callable[[bool, bool], bool]]] = {
    overlap: (True, lambda first, second: first and second),
    disjoint: (False, lambda first, second: first and second),
    implies: (False, lambda first, second: first and not second),
    equivalent: (False, lambda first, second: first is not second),
}
"""For each question: the verdict that comes with a witness, and what a witness is matched by."""


def one_valued(value: Any) -> bool:
    """Whether an event has no arrays, and no names that read as paths."""
    if isinstance(value, dict):
        return all(name and "." not in name and one_valued(member) for name, member in value.items())
    return not isinstance(value, list)


def scalar_arrays_only(value: Any) -> bool:
    if isinstance(value, dict):
        return all(name and scalar_arrays_only(member) for name, member in value.items())
    return not isinstance(value, list) or not any(isinstance(element, dict | list) for element in value)


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a repeated key")
    return dict(pairs)


def sample_events(random: Random, patterns: tuple[EventPattern, EventPattern], *, arrays: bool) -> list[str]:
    """Events near the patterns, of the kind that the answers are about."""
    (first, wanted), (second, more) = (shape_of(pattern.canonical) for pattern in patterns)
    texts = [make_event(random, random.choice([first, second, first + second]), wanted + more) for _ in range(8)]
    kept = []
    for text in texts:
        try:
            event = json.loads(text, object_pairs_hook=without_repeats)
        except ValueError:
            continue
        if (scalar_arrays_only if arrays else one_valued)(event):
            kept.append(text)
    return kept


def matched(pattern: EventPattern, text: str) -> bool:
    try:
        return pattern.matches_json(text)
    except InvalidEventError:
        return False


def value_and_object(pattern: EventPattern) -> bool:
    """Whether one field is named below another."""
    paths = {f"{path}." for rule in pattern.sub_rules for path, _ in rule.fields}
    return any(other != path and other.startswith(path) for path in paths for other in paths)


def test_no_witness_is_wrong_and_no_event_contradicts_a_verdict() -> None:
    random = Random(SEED)
    witnesses = contradicted = 0
    for _ in range(PAIRS):
        pair = make_pair(random)
        arrays = random.random() < 0.3
        answers = {question: question(*pair, arrays=arrays) for question in SHOWS}
        for question, answer in answers.items():
            with_witness, shows = SHOWS[question]
            assert (answer.witness is not None) == (answer.verdict is with_witness), (question, shown(*pair))
            if answer.witness_json is not None:
                witnesses += 1
                first, second = (pattern.matches_json(answer.witness_json) for pattern in pair)
                assert shows(first, second), (question, shown(*pair), answer)
        for text in sample_events(random, pair, arrays=arrays):
            first, second = (matched(pattern, text) for pattern in pair)
            for question, (with_witness, shows) in SHOWS.items():
                if shows(first, second):
                    contradicted += 1
                    assert answers[question].verdict is not (not with_witness), (question, shown(*pair), text)
    assert min(witnesses, contradicted) > PAIRS / 4, "the pairs show too little"


def test_small_pairs_agree_with_trying_every_event() -> None:
    random = Random(SEED + 1)
    said = {question: {True: 0, False: 0} for question in SHOWS}
    for _ in range(min(PAIRS, 20_000)):
        pair = make_small_pattern(random), make_small_pattern(random)
        found = [tuple(pattern.matches(event) for pattern in pair) for event in SMALL_EVENTS]
        for question, (with_witness, shows) in SHOWS.items():
            answer = question(*pair)
            assert answer.verdict is not None, (shown(*pair), answer.reason)
            there_is_one = any(shows(first, second) for first, second in found)
            # A witness that the small events do not have is one as well: it has been confirmed.
            assert answer.verdict is with_witness or not there_is_one, (question, shown(*pair))
            if answer.verdict is with_witness and not there_is_one:
                assert answer.witness not in SMALL_EVENTS, (question, shown(*pair), answer)
            said[question][answer.verdict] += 1
        satisfied = [any(verdicts[index] for verdicts in found) for index in (0, 1)]
        assert [satisfiable(pattern).verdict for pattern in pair] == satisfied, shown(*pair)
    assert min(count for counts in said.values() for count in counts.values()) > 0, said


def test_what_several_patterns_leave_out_agrees_with_trying_every_event() -> None:
    random = Random(SEED + 2)
    said = {True: 0, False: 0}
    for _ in range(min(PAIRS, 20_000)):
        pattern, *others = (make_small_pattern(random) for _ in range(4))
        answer = uncovered(pattern, others)
        assert answer.verdict is not None
        left = [e for e in SMALL_EVENTS if pattern.matches(e) and not any(other.matches(e) for other in others)]
        assert answer.verdict or not left, (shown(pattern, *others), left[:1])
        said[answer.verdict] += 1
    assert min(said.values()) > 0, said


def test_an_implication_without_absence_holds_for_events_with_arrays_of_objects_too() -> None:
    random = Random(SEED + 3)
    held = 0
    for _ in range(PAIRS):
        first, second = make_pair(random)
        if (
            '"exists":false' in second.canonical
            or value_and_object(first)
            or implies(first, second).verdict is not True
        ):
            continue
        shape, wanted = shape_of(first.canonical)
        for _ in range(8):
            text = make_event(random, shape, wanted)
            if matched(first, text):
                held += 1
                assert matched(second, text), (shown(first, second), text)
    assert held > 0


@pytest.mark.parametrize("question", SHOWS, ids=lambda question: question.__name__)
def test_a_question_has_the_same_answer_every_time(question: Callable[..., Answer]) -> None:
    random = Random(SEED + 4)
    for _ in range(30):
        pair = make_pair(random)
        assert question(*pair) == question(*pair)
