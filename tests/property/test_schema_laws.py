"""Laws of schemas, over generated JSON values."""

from __future__ import annotations

import json
import os
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perception_events.schemas import (
    EventSchema,
    Inference,
    SchemaFormat,
    compare,
    document_of,
    example,
    infer_schema,
    is_valid,
    join,
    read_document,
    violations,
)
from perception_events.schemas._observations import Budget, Observations
from perception_events.testing.schemas import events_of

laws = settings(deadline=None, max_examples=int(os.environ.get("PERCEPTION_EVENTS_CASES", "25")))
names = st.sampled_from(["a", "b", "S", "N", "L", "M", "2025-07-15", "id.x", ""])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(["A", "B", "5", "2025-07-15", "x" * 200]),
    st.text(max_size=5),
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
samples = st.lists(json_values, min_size=1, max_size=12)


@given(samples)
@laws
def test_samples_are_valid_under_what_was_inferred_from_them(values: list[Any]) -> None:
    schema = infer_schema(values)
    for value in values:
        assert list(violations(schema, value)) == []


@given(samples, st.randoms(use_true_random=False))
@laws
def test_the_same_schema_is_inferred_in_every_order(values: list[Any], order: random.Random) -> None:
    shuffled = list(values)
    order.shuffle(shuffled)
    assert repr(infer_schema(shuffled)) == repr(infer_schema(values))


@given(samples, samples)
@laws
def test_observations_that_are_merged_are_those_of_all_values(first: list[Any], second: list[Any]) -> None:
    parts = []
    for values in (first, second):
        seen = Observations(Budget())
        for value in values:
            seen.add(value)
        parts.append(seen)
    parts[0].merge(parts[1])
    assert repr(Inference().schema(parts[0])) == repr(infer_schema(first + second))


@given(samples, samples)
@laws
def test_a_joined_schema_accepts_the_samples_of_both(first: list[Any], second: list[Any]) -> None:
    joined = join(infer_schema(first), infer_schema(second))
    assert all(is_valid(joined, value) for value in first + second)


schemas = st.lists(json_values, min_size=1, max_size=6).map(
    lambda values: EventSchema.of_detail("shop", "Order Placed", infer_schema(values))
)


@given(st.data())
@laws
def test_examples_of_a_schema_are_valid(data: st.DataObject) -> None:
    schema = data.draw(schemas)
    assert schema.accepts(data.draw(events_of(schema)))
    assert schema.accepts(example(schema, seed=data.draw(st.integers(0, 9))))


@given(schemas, st.sampled_from([SchemaFormat.DRAFT_4, SchemaFormat.DRAFT_2020_12]))
@laws
def test_a_document_reads_back_as_it_was_written(schema: EventSchema, format: SchemaFormat) -> None:
    assert read_document(json.dumps(document_of(schema, format))) == [schema]


@given(st.data())
@laws
def test_an_event_that_consumers_of_the_old_schema_reject_is_shown_by_a_change(data: st.DataObject) -> None:
    old, new = data.draw(schemas), data.draw(schemas)
    event = data.draw(events_of(new))
    if not old.accepts(event):
        assert any(change.breaks_old_consumers for change in compare(old, new))
