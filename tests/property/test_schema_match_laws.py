"""Laws of the question whether an event of a schema can match a pattern: no is a proof, yes comes with the event."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from perception_events.patterns import EventPattern
from perception_events.schemas import (
    ANYTHING,
    NOTHING,
    Array,
    Boolean,
    EventSchema,
    Null,
    Number,
    Object,
    Property,
    Reference,
    Schema,
    String,
    can_match,
    is_valid,
    union_of,
)
from perception_events.schemas._text_languages import languages_of
from perception_events.testing.schemas import events_of

laws = settings(
    deadline=None,
    max_examples=int(os.environ.get("PERCEPTION_EVENTS_CASES", "25")),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
names = st.sampled_from(["a", "b", "c", "a.b"])
leaves: st.SearchStrategy[Schema] = st.sampled_from(
    [
        String(),
        String(values=("x", "y")),
        String(values=("x",)),
        String(values=("z",)),
        String(pattern="^[xy]+$"),
        String(format="date"),
        String(format="dynamodb-integer"),
        String(min_length=2, max_length=3),
        Number(),
        Number(integer=True, minimum=1, maximum=3),
        Number(minimum=0, maximum=1, exclusive_maximum=True),
        Number(multiple_of=0.5, maximum=4, minimum=-4),
        Number(values=(1, 2.5)),
        Boolean(),
        Boolean((True,)),
        Null(),
        ANYTHING,
        Reference("Tree"),
    ]
)
TREE = Object((Property("a", String(values=("x", "y"))), Property("b", Array(Reference("Tree")), required=False)))


def nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    members = st.dictionaries(names, st.tuples(inner, st.booleans()), min_size=1, max_size=3)
    additional = st.sampled_from([None, None, NOTHING, String(values=("x",))])
    objects = st.builds(
        lambda made, more: Object(
            tuple(Property(name, schema, required) for name, (schema, required) in made.items()), more
        ),
        members,
        additional,
    )
    arrays = st.builds(Array, inner, st.sampled_from([0, 1, 2]), st.sampled_from([None, 3]))
    return st.one_of(objects, objects, arrays, st.lists(inner, min_size=2, max_size=3).map(union_of))


schemas = st.recursive(leaves, nested, max_leaves=8).map(
    lambda detail: EventSchema.of_detail("shop", "Order Placed", detail, {"Tree": TREE})
)
values: st.SearchStrategy[Any] = st.sampled_from(
    [
        "x", "y", "z", 1, 2.5, True, None, {"prefix": "x"}, {"suffix": "y"}, {"prefix": "1"}, {"exists": True},
        {"exists": False}, {"numeric": [">", 2]}, {"numeric": ["<", 0]}, {"anything-but": "x"}, {"wildcard": "*-*-1*"},
        {"anything-but": [1]}, {"equals-ignore-case": "X"},
    ]
)  # fmt: skip
lists_of_values = st.lists(values, min_size=1, max_size=2)
details = st.recursive(
    st.dictionaries(names, lists_of_values, min_size=1, max_size=3),
    lambda inner: st.dictionaries(names, lists_of_values | inner, min_size=1, max_size=3),
    max_leaves=3,
)
patterns = details | st.tuples(details, details).map(lambda branches: {"$or": list(branches)})


def leaves_of(value: Any, path: str = "detail") -> Iterator[tuple[str, Any]]:
    """The leaves of a parsed value, each with its dotted path."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves_of(member, f"{path}.{name}")
    elif isinstance(value, list):
        for element in value:
            yield from leaves_of(element, path)
    else:
        yield path, value


def matching_values(leaf: Any) -> st.SearchStrategy[Any]:
    """What the leaf passes."""
    if isinstance(leaf, str):
        half = len(leaf) // 2
        return st.sampled_from([leaf, {"prefix": leaf[:half]}, {"suffix": leaf[half:]}, {"anything-but": "other"}])
    if isinstance(leaf, bool) or leaf is None:
        return st.just(leaf)
    return st.sampled_from([leaf, {"numeric": ["=", leaf]}, {"anything-but": [77]}, {"exists": True}])


@given(st.data())
@laws
def test_a_pattern_that_an_event_of_the_schema_matches_is_never_said_to_match_none(data: st.DataObject) -> None:
    schema = data.draw(schemas)
    event = data.draw(events_of(schema))
    found = list(leaves_of(event["detail"]))
    assume(found)
    chosen = data.draw(st.lists(st.sampled_from(found), min_size=1, max_size=4))
    fields: dict[str, Any] = {path: [data.draw(matching_values(leaf))] for path, leaf in chosen}
    for absent in data.draw(st.lists(st.sampled_from(["detail.a", "detail.c", "detail.a.b"]), max_size=1)):
        fields.setdefault(absent, [{"exists": False}])
    try:
        pattern = EventPattern.parse(fields)
    except ValueError:
        assume(False)
    assume(pattern.matches(event))
    assert can_match(pattern, schema).verdict is not False


@given(schemas, patterns, st.data())
@laws
def test_an_answer_is_shown_by_an_event_or_holds_for_all(schema: EventSchema, detail: Any, data: st.DataObject) -> None:
    pattern = EventPattern.parse({"detail": detail})
    answer = can_match(pattern, schema)
    if answer.verdict:
        assert answer.event is not None
        assert pattern.matches(answer.event)
        assert schema.accepts(answer.event)
    if answer.verdict is False:
        assert answer.blamed
        assert not pattern.matches(data.draw(events_of(schema)))


@given(schemas, details)
@laws
def test_no_field_is_blamed_that_need_not_be(schema: EventSchema, detail: Any) -> None:
    pattern = EventPattern.parse({"detail": detail})
    (rule,) = pattern.sub_rules
    for blamed in can_match(pattern, schema).blamed:
        for one in blamed:
            others = {path: values for path, values in rule.fields if path in blamed and path != one}
            if others:
                text = ", ".join(f'"{path}": [{", ".join(map(str, values))}]' for path, values in others.items())
                assert can_match(EventPattern.parse(f"{{{text}}}"), schema).verdict is not False


@given(
    st.sampled_from(
        [
            "^a[0-9]+$", "a|b$", "^(ab|c)*d", "x{2,4}", r"^[^a-c]\w?\s*$", "", "^$", "^a.b$", "(^a|b)c",
            r"[\d\-]{3}$", r"^\S+@\S+$", "a$b", "(?:$|x)a?", "^(?:a?b){2,}$", "[é-ü]",
        ]
    ),
    st.text("abcdx01é \n-@中٣", max_size=6),
)  # fmt: skip
@laws
def test_an_automaton_takes_what_the_regular_expression_finds(expression: str, text: str) -> None:
    schema = String(pattern=expression)
    (language,) = languages_of(schema)
    state = language.start
    for character in text:
        state = language.step(state, character) if state else state
    assert (bool(state) and language.accepts(state)) == is_valid(schema, text)


@pytest.mark.parametrize("expression", ["(?=a)b", r"(a)\1", "(?i)a", r"\ba", "(?<!a)b", "[é\\w]"])
def test_an_expression_that_automata_cannot_say_leaves_the_language_open(expression: str) -> None:
    assert languages_of(String(pattern=expression)) == ()
