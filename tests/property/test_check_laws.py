"""What checks say without trying is true of every record and event: never means never, always means always."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perception_events.checks import check
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns.analysis import implies, satisfiable_on_a_bus
from perception_events.topology import PartialJSON
from support.checked_topologies import pipe, pipe_topology, rule, rule_topology

TEXTS = st.sampled_from(["a", "ab", "b", "1", "true", ""])
NAMES = st.sampled_from(["a", "S", "customer", "order", "N"])


def attribute_values(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Attribute values as DynamoDB writes them."""
    leaves: list[st.SearchStrategy[dict[str, Any]]] = [
        TEXTS.map(lambda v: {"S": v}),
        st.sampled_from(["1", "2.5"]).map(lambda v: {"N": v}),
        st.booleans().map(lambda v: {"BOOL": v}),
        st.just({"NULL": True}),
        st.lists(TEXTS, min_size=1, max_size=2).map(lambda v: {"SS": v}),
        st.just({"NS": ["1", "2"]}),
    ]
    if depth:
        leaves.append(st.dictionaries(NAMES, attribute_values(depth - 1), max_size=2).map(lambda v: {"M": v}))
        leaves.append(st.lists(attribute_values(depth - 1), max_size=2).map(lambda v: {"L": v}))
    return st.one_of(leaves)


ITEMS = st.dictionaries(st.sampled_from(["a", "S", "N", "status"]), attribute_values(), max_size=3)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """Stream records of the table `Orders`."""
    keys = {"customer": {"S": draw(TEXTS)}, "order": {"N": draw(st.sampled_from(["1", "2"]))}}
    name = draw(st.sampled_from(["INSERT", "MODIFY", "REMOVE"]))
    change: dict[str, Any] = {
        "Keys": keys,
        "SequenceNumber": "1",
        "SizeBytes": 1,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if name != "REMOVE":
        change["NewImage"] = {**draw(ITEMS), **keys}
    if name != "INSERT":
        change["OldImage"] = {**draw(ITEMS), **keys}
    return {"eventName": name, "eventID": "1", "eventSource": "aws:dynamodb", "awsRegion": "x", "dynamodb": change}


VALUES = st.one_of(
    TEXTS,
    st.sampled_from([1, 2.5, True, False, None]),
    st.sampled_from(
        [
            {"prefix": "a"},
            {"exists": True},
            {"exists": False},
            {"anything-but": 1},
            {"anything-but": ["a", "b"]},
            {"anything-but": {"prefix": "a"}},
            {"numeric": [">", 0]},
        ]
    ),
)
TYPE_KEYS = st.sampled_from(["S", "N", "BOOL", "NULL", "SS", "NS", "M", "L", "s"])


@st.composite
def attribute_filters(draw: st.DrawFn) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A filter of one leaf in an image, and the way to it."""
    path = ["dynamodb", draw(st.sampled_from(["Keys", "NewImage", "OldImage"]))]
    for _ in range(draw(st.integers(0, 2))):
        path.append(draw(st.one_of(NAMES, st.just("status"))))
        if draw(st.integers(0, 3)):
            path.append(draw(TYPE_KEYS))
    pattern: Any = draw(st.lists(VALUES, min_size=1, max_size=2))
    for step in reversed(path):
        pattern = {step: pattern}
    return tuple(path), pattern


NEVER = {"PE109", "PE111", "PE113", "PE115", "PE117", "PE118", "PE119"}


def findings(pattern: PartialJSON) -> set[str]:
    return {finding.identifier for finding in check(pipe_topology(pipe(pattern)))}


@given(attribute_filters(), st.lists(records(), min_size=1, max_size=4))
def test_a_filter_that_is_said_never_to_pass_passes_nothing(
    filter: tuple[tuple[str, ...], dict[str, Any]], seen: list[dict[str, Any]]
) -> None:
    path, pattern = filter
    found = findings(pattern)
    try:
        parsed = EventPattern.parse(pattern)
    except InvalidEventPatternError:
        return
    values: Any = pattern
    for step in path:
        values = values[step]
    partly = "PE109" in found and any(isinstance(v, str | dict) for v in values)  # one number among other values
    if found & NEVER and not partly:
        assert not any(parsed.matches(record) for record in seen)
    if "PE110" in found and values in ([{"exists": True}], [{"exists": False}]):
        assert {parsed.matches(record) for record in seen} == {not values[0]["exists"]}
    if "PE116" in found:
        for record in seen:
            here: Any = record
            for step in path:
                here = here.get(step) if isinstance(here, dict) else None
            if here not in (None, []):
                assert parsed.matches(record)


RULE_VALUES = st.one_of(
    TEXTS,
    st.sampled_from(
        [
            {"prefix": "a"},
            {"prefix": "ab"},
            {"suffix": "b"},
            {"anything-but": "a"},
            {"anything-but": ["a", "b"]},
            {"anything-but": {"prefix": "a"}},
            {"equals-ignore-case": "A"},
            {"exists": True},
            {"exists": False},
            {"wildcard": "a*"},
        ]
    ),
)
RULE_PATTERNS = st.dictionaries(
    st.sampled_from(["source", "id", "time"]), st.lists(RULE_VALUES, min_size=1, max_size=2), min_size=1, max_size=2
)


@given(RULE_PATTERNS, RULE_PATTERNS)
def test_a_double_delivery_is_found_exactly_where_one_pattern_implies_the_other(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = [f for f in check(rule_topology(rule(one, "One"), rule(other, "Other"))) if f.identifier == "PE321"]
    alive = all(satisfiable_on_a_bus(pattern).verdict is True for pattern in (one, other))
    included = one == other or (alive and (implies(one, other).verdict is True or implies(other, one).verdict is True))
    assert bool(found) == included
