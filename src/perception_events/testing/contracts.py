"""Checks that a classifier or target of your own must pass; each says in its docstring which rule it holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from typing import Any

from perception_events.classifiers import Classifier
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes import PartialFailure, PipeItem, PipeTarget
from perception_events.targets import Invocable, as_target

__all__ = ["check_classifier", "check_pipe_target", "check_target"]

STRANGE_KEYS = ("", "#", "##", "2025-07-15", "2025-07-15#", "not a key", "2025-07-15#\u00e9\U0001f600", "#" * 200)


def check_classifier(classifier: Classifier, *, claims: Iterable[str], items: Iterable[JSONObject] = ()) -> None:
    """A classifier names itself, answers a text or None, alike each time, for any key, and changes no item.

    `claims` are sort keys that it must give a type; `items` are items (`NewImage`) to try it on.

    Raises:
        AssertionError: it breaks a rule; the message says which and with what.
    """
    name = classifier.name
    assert isinstance(name, str), f"name is a {type(name).__name__}; a classifier's name is text"
    assert name, "name is empty; errors and explanations use it"
    assert name == classifier.name, "name differs from one reading to the next"
    for sort_key in claims:
        _check_answer(classifier, sort_key, None)
        answer = classifier.classify(sort_key, None)
        assert answer is not None, f"{name} has no type for {sort_key!r}, which it is said to claim"
    for sort_key in STRANGE_KEYS:
        _check_answer(classifier, sort_key, None)
    for item in items:
        before = copy.deepcopy(item)
        for sort_key in (*STRANGE_KEYS, *claims):
            _check_answer(classifier, sort_key, item)
        assert item == before, f"{name} changed the item it was given; other classifiers see it too"


def check_target(target: Invocable, *, events: Sequence[JSONValue]) -> None:
    """A target takes an event twice (delivery is at least once), changes none, and answers JSON.

    Raises:
        AssertionError: it breaks a rule.
        Exception: whatever the target raises: it must take each of `events`.
    """
    for event in events:
        before = copy.deepcopy(event)
        for _ in range(2):
            answer: Any = as_target(target).invoke(event)
            assert event == before, "the target changed the event; a retry and other targets would see it changed"
            try:
                json.dumps(answer, allow_nan=False)
            except (TypeError, ValueError) as error:
                raise AssertionError(f"the target answered what JSON cannot hold: {error}") from error


def check_pipe_target(target: PipeTarget, *, values: Sequence[JSONObject]) -> None:
    """A pipe target takes items, alone and up to its maximum, and names only items of the call as failed.

    Raises:
        AssertionError: it breaks a rule.
        Exception: whatever the target raises.
    """
    limit = target.maximum_batch_size
    assert limit is None or limit >= 1, f"maximum_batch_size is {limit}; it is None or at least 1"
    items = [PipeItem(value, value, "pipe", "aws:dynamodb", _event_id(value)) for value in values]
    for batch in ([items[0]], items[: limit or len(items)]):
        answer = target.send(batch)
        assert answer is None or isinstance(answer, PartialFailure), f"send answered a {type(answer).__name__}"
        if answer is not None:
            known = {item.value.get("eventID") for item in batch if isinstance(item.value, dict)} | {None}
            strangers = set(answer.event_ids) - known
            assert not strangers, f"send named {strangers} as failed, which it was not given"


def _check_answer(classifier: Classifier, sort_key: str, item: JSONObject | None) -> None:
    try:
        first: object = classifier.classify(sort_key, item)
        second: object = classifier.classify(sort_key, item)
    except Exception as error:
        raise AssertionError(f"{classifier.name} raised {error!r} for {sort_key!r}; answer None instead") from error
    assert first is None or (isinstance(first, str) and first), f"{classifier.name} answered {first!r} for {sort_key!r}"
    assert first == second, f"{classifier.name} answered {first!r}, then {second!r} for {sort_key!r}"


def _event_id(value: JSONObject) -> str | None:
    event_id = value.get("eventID")
    return event_id if isinstance(event_id, str) else None
