"""What is learnt from events: optional fields, closed sets, formats, maps, DynamoDB images."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from perception_events.patterns import EventPattern
from perception_events.schemas import (
    ANYTHING,
    MAX_DEPTH,
    MAX_NAMES,
    NOTHING,
    Array,
    Boolean,
    Discoverer,
    Inference,
    NotAnEventError,
    Null,
    Number,
    Object,
    Property,
    String,
    TooManyFieldsError,
    Union,
    check_pattern,
    discover,
    infer_schema,
    is_valid,
    join,
)
from perception_events.schemas import _observations as observations_module


def event(detail: Any, source: str = "shop", detail_type: str = "Order Placed") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "source": source,
        "detail-type": detail_type,
        "account": "123456789012",
        "time": "2025-07-15T00:11:08Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    }


def inferred(*values: Any) -> Any:
    return infer_schema(values)


def test_a_field_that_some_events_lack_is_optional() -> None:
    schema = inferred({"id": 1, "note": "x y"}, {"id": 2})
    assert schema.get("id").required
    assert not schema.get("note").required


def test_whole_numbers_are_integers_until_one_is_not() -> None:
    assert inferred(1, 2) == Number(integer=True)
    assert inferred(1, 2.5) == Number()


def test_kinds_that_conflict_become_alternatives() -> None:
    assert inferred("5", 5, None, True) == Union((String(), Number(integer=True), Boolean(), Null()))


def test_an_array_that_was_always_empty_has_no_items_yet() -> None:
    assert inferred([], []) == Array(NOTHING)
    assert inferred([], [1]) == Array(Number(integer=True))


@pytest.mark.parametrize(
    ("format", "values"),
    [
        ("date-time", ["2025-07-15T00:11:08Z", "2025-07-15T00:11:08.123+02:00"]),
        ("date", ["2025-07-15"]),
        ("uuid", ["6a7e8feb-b491-4cf7-a9f1-bf3703467718"]),
        ("arn", ["arn:aws:s3:::bucket", "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1"]),
        ("ipv4", ["10.0.0.1"]),
        ("email", ["a.b@example.com"]),
        ("uri", ["https://example.com/a?b=c"]),
    ],
)
def test_formats_are_recognized(format: str, values: list[str]) -> None:
    assert inferred(*values) == String(format=format)
    assert inferred(*values, "something else") == String()


@pytest.mark.parametrize("text", ["2025-13-01", "2025-07-15 00:11:08", "256.1.1.1", "123456789012", "arn:aws", ""])
def test_what_only_resembles_a_format_has_none(text: str) -> None:
    assert inferred(text) == String()


def test_strings_that_repeat_are_proposed_as_a_closed_set_with_their_counts() -> None:
    schema = inferred(*["PLACED"] * 7, *["SHIPPED"] * 4)
    assert schema == String(values=("PLACED", "SHIPPED"))
    assert schema.counts == (7, 4)


@pytest.mark.parametrize(
    "values",
    [
        ["PLACED"] * 50,  # one value is not a set
        [*["PLACED"] * 50, "SHIPPED"],  # one was seen once: there may be more
        ["A", "B"] * 3,  # too few
        [f"V{number}" for number in range(40)] * 20,  # too many
        ["cust-20251", "cust-20252"] * 40,  # ids
        ["a" * 200, "b" * 200] * 40,  # texts
    ],
)
def test_strings_that_may_be_open_are_not_a_closed_set(values: list[str]) -> None:
    assert inferred(*values) == String()


def test_closed_sets_can_be_switched_off() -> None:
    assert infer_schema(["A", "B"] * 40, Inference(enums=False)) == String()


def test_names_that_look_like_ids_make_a_map() -> None:
    readings = {f"2025-07-{day:02d}": {"value": day} for day in range(1, 10)}
    expected = Object(additional=Object((Property("value", Number(integer=True)),)))
    assert inferred(readings) == expected


@pytest.mark.parametrize(
    "names",
    [
        ("5b9bc94f-a7b6-2ece-8c06-4cb97a7779c8", "89ababc0-7253-68b9-cd4a-c8ad380b2340"),
        ("1001", "7"),
        ("2025-07-15", "2025-07-16"),
        ("arn:aws:s3:::readings", "arn:aws:s3:::orders"),
        ("i-0abc123def4567890",),
        ("10.0.0.1", "a@example.com"),
    ],
)
def test_a_few_names_that_no_field_has_make_a_map(names: tuple[str, ...]) -> None:
    assert inferred(*({name: 1} for name in names)) == Object(additional=Number(integer=True))


@pytest.mark.parametrize(
    "record", [{"order-10023": 1}, {"iso8601": "x", "rfc3339": "y"}, {"1": "x", "2": 5}, {"10": 1, "total": 11}, {}]
)
def test_a_few_names_that_may_be_of_fields_are_kept(record: dict[str, Any]) -> None:
    schema = inferred(record)
    assert [member.name for member in schema.properties] == list(record)


def test_thousands_of_names_are_data_and_are_kept_in_bounded_memory() -> None:
    discoverer = Discoverer()
    for number in range(40):
        names = {f"user {number} {index}": {"score": index} for index in range(100)}
        discoverer.observe(event({"scores": names}))
    (schema,) = discoverer.schemas()
    assert schema.detail == Object(
        (Property("scores", Object(additional=Object((Property("score", Number(integer=True)),)))),)
    )
    assert discoverer._budget.fields < 4 * MAX_NAMES


def test_a_wide_record_whose_names_are_always_there_keeps_them() -> None:
    wide = {f"field_{chr(97 + index // 26)}{chr(97 + index % 26)}": 1 for index in range(200)}
    schema = inferred(wide, wide, wide)
    assert len(schema.properties) == 200


def test_many_rare_names_of_one_kind_are_a_map() -> None:
    schema = infer_schema([{f"user-{chr(97 + n // 26)}{chr(97 + n % 26)}": n} for n in range(200)])
    assert schema == Object(additional=Number(integer=True))


def test_too_many_fields_are_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observations_module, "MAX_OBSERVED_FIELDS", 50)
    with pytest.raises(TooManyFieldsError, match="more than 50 different fields"):
        inferred({f"a{chr(97 + n)}": {"b": 1, "c": 2} for n in range(26)})


def test_values_deeper_than_the_limit_are_anything() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH + 50):
        value = {"n": value}
    schema = inferred(value)
    for _ in range(MAX_DEPTH):
        schema = schema.get("n").schema
    assert schema == ANYTHING
    assert is_valid(inferred(value), value)


def test_dynamodb_images_are_described_by_type_key() -> None:
    images = [
        {"site": {"S": "a"}, "count": {"N": "5"}, "tags": {"SS": ["x"]}, "at": {"M": {"day": {"N": "1.5"}}}},
        {"site": {"S": "b"}, "count": {"NULL": True}, "tags": {"SS": ["y"]}, "at": {"M": {}}},
    ]
    schema = infer_schema(images)

    def attribute(key: str, content: Any) -> Object:
        return Object((Property(key, content),), additional=NOTHING)

    assert schema == Object(
        (
            Property("site", attribute("S", String())),
            Property("count", Union((attribute("N", String(format="dynamodb-integer")), attribute("NULL", Boolean())))),
            Property("tags", attribute("SS", Array(String()))),
            Property(
                "at",
                attribute("M", Object((Property("day", attribute("N", String(format="dynamodb-number")), False),))),
            ),
        )
    )


@pytest.mark.parametrize(
    "value", [{"S": 5}, {"N": "five"}, {"L": [1]}, {"M": {"a": 1}}, {"S": "x", "T": "y"}, {"SS": []}]
)
def test_objects_that_only_resemble_attribute_values_stay_open(value: dict[str, Any]) -> None:
    assert inferred(value).additional is None


def test_each_source_and_detail_type_has_a_schema_and_stream_records_their_table() -> None:
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2025-07-15T00:00:00.000"
    record = {"eventName": "INSERT", "eventSourceARN": arn, "dynamodb": {"NewImage": {"id": {"S": "1"}}}}
    found = discover([event({"a": 1}), record, event({"a": 2}), event({}, detail_type="Order Shipped")])
    assert [(schema.name, schema.samples) for schema in found] == [
        ("aws:dynamodb@orders", 1),
        ("shop@OrderPlaced", 2),
        ("shop@OrderShipped", 1),
    ]
    assert found[0].accepts(record)
    assert found[1].violations(event({"a": "x"}))[0].path == "detail.a"


def test_fields_of_the_envelope_that_samples_lack_are_optional() -> None:
    partial = {"source": "shop", "detail-type": "x", "detail": {}}
    (schema,) = discover([{**partial, "resources": [{"a": 1}]}, partial, event({}, "shop", "x")])
    assert schema.accepts(partial)
    assert schema.accepts({**partial, "resources": [{"a": 2}, "arn"]})
    assert not schema.accepts({**partial, "id": 5})
    (whole,) = discover([event({})])
    assert [violation.path for violation in whole.violations({"source": "shop", "detail-type": "Order Placed"})] == [
        "account", "detail", "id", "region", "resources", "time", "version",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "an event is a JSON object, this is a list"),
        ({"source": "shop", "detail": {}}, "no detail-type"),
        ({"detail-type": "x"}, "no source and no detail"),
    ],
)
def test_what_is_not_an_event_is_rejected_by_name(value: Any, message: str) -> None:
    with pytest.raises(NotAnEventError, match=message):
        Discoverer().observe(value)


def test_a_value_that_json_does_not_have_is_rejected() -> None:
    with pytest.raises(TypeError, match="set"):
        inferred({"a": {1}})


def test_the_order_of_events_does_not_matter() -> None:
    values = [{"a": 1}, {"a": "x", "b": [None]}, {"b": []}, {"a": {"S": "x"}}, {"a": {"S": 1}}]
    schemas = {json.dumps(repr(infer_schema(order))) for order in itertools.permutations(values)}
    assert len(schemas) == 1


def test_joining_schemas_takes_in_the_values_of_both() -> None:
    first, second = inferred(*[{"s": "A", "n": 1}, {"s": "B", "n": 2}] * 10), inferred({"s": "C", "m": [1.5]})
    joined = join(first, second)
    assert is_valid(joined, {"s": "C", "m": [2.5]})
    assert is_valid(joined, {"s": "A", "n": 1})
    assert not is_valid(joined, {"s": 1})
    assert join(first, first) == first


def test_parts_of_api_calls_that_differ_for_each_api_may_have_any_fields() -> None:
    call = {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": {
        "eventName": "CreateBucket", "requestParameters": {"bucketName": "b"}, "responseElements": None,
    }}  # fmt: skip
    (schema,) = discover([call])
    assert schema.accepts(call)
    asked = {"requestParameters": {"key": ["k"]}, "responseElements": {"x": [1]}, "additionalEventData": {"y": ["z"]}}
    pattern = {"detail-type": ["AWS API Call via CloudTrail"], "detail": asked}
    assert check_pattern(EventPattern.parse(pattern), [schema]) == ()
    unknown, _ = check_pattern(EventPattern.parse({**pattern, "detail": {"eventNames": ["CreateBucket"]}}), [schema])
    assert unknown.suggestion == "detail.eventName"
