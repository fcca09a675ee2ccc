"""The enrichment step: the shapes it takes, what it keeps, and what becomes of a bad item."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.classifiers import Enrichment, EnrichmentError, OnError, default_registry

POSE: Any = {"dynamodb": {"NewImage": {"date#event_type": {"S": "2025-07-15#pose#sync001#cam3"}}}}
ENRICHMENT = Enrichment(default_registry)


def test_a_list_even_of_one_comes_back_as_a_list() -> None:
    assert ENRICHMENT.invoke([POSE]) == [{**POSE, "PerceptionPipelineEventType": "pose"}]


def test_the_dict_that_the_original_handler_expected() -> None:
    assert ENRICHMENT.invoke(POSE) == {**POSE, "PerceptionPipelineEventType": "pose"}


def test_all_other_fields_are_kept_and_the_input_is_not_changed() -> None:
    record: dict[str, Any] = {"eventID": "e1", "eventName": "INSERT", **POSE, "more": [1, None]}
    before = dict(record)
    assert ENRICHMENT.invoke([record]) == [{**before, "PerceptionPipelineEventType": "pose"}]
    assert record == before


def test_a_remove_is_classified_by_its_keys() -> None:
    record: dict[str, Any] = {
        "eventName": "REMOVE",
        "dynamodb": {"Keys": {"date#event_type": {"S": "2024-10-28#reid"}}},
    }
    assert ENRICHMENT.invoke([record]) == [{**record, "PerceptionPipelineEventType": "reid"}]


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({}, 'item 1 has no "dynamodb"'),
        ({"dynamodb": {"NewImage": ""}}, 'no "date#event_type"'),
        ({"dynamodb": {"NewImage": {"date#event_type": {"N": "1"}}}}, 'expected {"S"'),
        ({"dynamodb": {"NewImage": {"date#event_type": "x"}}}, 'expected {"S"'),
    ],
)
def test_a_bad_item_is_raised_or_marked_unknown_with_the_reason(item: Any, why: str) -> None:
    with pytest.raises(EnrichmentError) as raised:
        ENRICHMENT.invoke([POSE, item])
    assert why in str(raised.value)
    answer: Any = Enrichment(default_registry, on_error=OnError.UNKNOWN).invoke([POSE, item])
    assert answer[0]["PerceptionPipelineEventType"] == "pose"
    assert answer[1]["PerceptionPipelineEventType"] == "unknown"
    assert why in answer[1]["PerceptionPipelineEventTypeReason"]


def test_what_is_no_object_is_always_raised() -> None:
    with pytest.raises(EnrichmentError, match="item 0 is a str"):
        Enrichment(default_registry, on_error=OnError.UNKNOWN).invoke(["text"])
