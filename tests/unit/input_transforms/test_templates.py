"""Templates render as AWS was recorded to render them, reject with a position, and say what was not there."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.input_transforms import (
    MISSING,
    InputTransformer,
    InvalidTemplateError,
    JSONPath,
    PipeInputTemplate,
    TemplateRenderError,
)
from perception_events.json_values import PlainText

EVENT: dict[str, Any] = {
    "detail-type": "t",
    "time": "2025-07-15T00:00:00Z",
    "detail": {
        "id": "0a78",
        "payload": {"acc_id": "0a78", "sf_id": "baz"},
        "list": ["ACTIVE", "INACTIVE"],
        "single": ["HIGH"],
        "yes": True,
    },
}
PATHS = {"id": "$.detail.id", "payload": "$.detail.payload", "list": "$.detail.list", "yes": "$.detail.yes"} | {
    "nowhere": "$.detail.nowhere.at[3]",
    "single": "$.detail.single",
}

RECORDED: list[tuple[str, Any]] = [
    ('{"id": <id>}', {"id": "0a78"}),
    ('{"id": "<id>"}', {"id": "0a78"}),
    ('{"p": "users/<id>/x/<id>"}', {"p": "users/0a78/x/0a78"}),
    ('{"b": <payload>}', {"b": {"acc_id": "0a78", "sf_id": "baz"}}),
    ('{"l": <list>}', {"l": ["ACTIVE", "INACTIVE"]}),
    ('"Payload of <payload>"', "Payload of {acc_id:0a78,sf_id:baz}"),
    ('"<list> items"', "[ACTIVE,INACTIVE] items"),
    ('"Command is <yes>!"', "Command is true!"),
    ('{"p": "users/<id>", "nested": {"a": {"b": "users/<id>"}}, "x": "<id>"}', None),
    ('{"p": "users/<id>", "b": [<id>, "fixed"]}', {"p": "users/0a78", "b": ["0a78", "fixed"]}),
    ('{"method": "PUT", "p": "users/<id>", "b": <payload>}', None),
    ('{"one": <single>}', {"one": ["HIGH"]}),
    ('"<single> item"', "[HIGH] item"),
    ('"<single> item <list> items <nowhere> none <payload> it"', None),
    ('"{[/special characters of <id>"', "{[/special characters of 0a78"),
    ('{"command": <nowhere>}', {"command": ""}),
    ('"gone: <nowhere>"', "gone: "),
    ('"first <id>"\n"second <id>"', '"first 0a78"\n"second 0a78"'),
    ('{"all": <aws.events.event>}', {"all": {"detailType": "t", "time": "2025-07-15T00:00:00Z"}}),
]


@pytest.mark.parametrize(("template", "expected"), RECORDED)
def test_input_transformers_render_as_recorded(template: str, expected: Any) -> None:
    long = {
        "x": {"p": "users/0a78", "nested": {"a": {"b": "users/0a78"}}, "x": "0a78"},
        "method": {"method": "PUT", "p": "users/0a78", "b": {"acc_id": "0a78", "sf_id": "baz"}},
        "none": "[HIGH] item [ACTIVE,INACTIVE] items  none {acc_id:0a78,sf_id:baz} it",
    }
    if expected is None:
        expected = next(each for mark, each in reversed(long.items()) if mark in template)
    assert InputTransformer.parse(template, PATHS).render_input(EVENT) == expected


@pytest.mark.parametrize(
    "template", ['{"b": "<payload>"}', '{"l": "<list>"}', '{"p": "a/<payload>", "b": <payload>}', "<list> items"]
)
def test_what_aws_drops_silently_is_an_error(template: str) -> None:
    with pytest.raises(TemplateRenderError, match="AWS would not deliver it"):
        InputTransformer.parse(template, PATHS).render_input(EVENT)


def test_values_are_not_escaped() -> None:
    with pytest.raises(TemplateRenderError):
        InputTransformer.parse('{"x": <x>}', {"x": "$.x"}).render_input({"x": 'a"b'})


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{"x": <other>}', "invalid placeholder other"),
        ("", "empty"),
        ('{"x": "' + "y" * 8192 + '"}', "at most 8192"),
        ("{<id>: 1}", "cannot be a field's name"),
        ('{"a<id>": 1}', "cannot be a field's name"),
        ('{"x": "<aws.events.event.json>"}', "without quotes"),
        ('{"x": <id>, "y": "<aws.events.rule name>"}', "<aws.events.rule name> has a character that no placeholder"),
    ],
)
def test_rejections(template: str, reason: str) -> None:
    with pytest.raises(InvalidTemplateError, match=reason):
        InputTransformer.parse(template, PATHS)


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        ({f"p{n}": "$.a" for n in range(101)}, "InputPathsMap has 101 paths, at most 100"),
        ({"AWS.id": "$.a"}, "the name 'AWS.id' begins with 'AWS.', which is reserved"),
        ({"my.key": "$.a"}, "the name 'my.key' is not 1 to 256 letters, digits, _ or -"),
        ({"": "$.a"}, "the name '' is not 1 to 256"),
        ({"é": "$.a"}, "is not 1 to 256"),
        ({"n" * 257: "$.a"}, "is not 1 to 256"),
        ({"wrong": "<$.detail.id>"}, r"must start with \$: write '\$.detail.id'"),
        ({"wrong": "detail.id"}, r"must start with \$: write '\$.detail.id'"),
        ({"long": "$." + "a" * 255}, "the path of 'long' is over 256 characters"),
    ],
)
def test_rejections_of_the_map_of_paths(paths: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidTemplateError, match=reason):
        InputTransformer.parse('{"x": 1}', paths)


def test_paths_into_arrays() -> None:
    held: dict[str, Any] = {"rows": [{"n": 1}, {"m": 2}, {"n": 3}], "name": "x"}
    assert JSONPath.parse("$.rows[0].n").find(held) == 1
    assert JSONPath.parse("$.rows[*].n").find(held) == [1, 3]
    for nowhere in ("$.rows[3]", "$.name[0]", "$.name[*]", "$.name.first", "$.rows.n"):
        assert JSONPath.parse(nowhere).find(held) is MISSING


def test_reserved_variables_of_a_rule() -> None:
    template = (
        '{"rule": <aws.events.rule-name>, "at": "<aws.events.event.ingestion-time>", "e": <aws.events.event.json>}'
    )
    given = {"aws.events.rule-name": "r", "aws.events.event.ingestion-time": "2025-07-15T00:00:00.000Z"}
    rendered = InputTransformer.parse(template).render_input(EVENT, given)
    assert rendered == {"rule": "r", "at": "2025-07-15T00:00:00.000Z", "e": EVENT}


def test_a_rejection_points_at_the_place() -> None:
    with pytest.raises(InvalidTemplateError) as caught:
        PipeInputTemplate.parse('{"a": 1,\n "b": <$.x[y]>}')
    assert (caught.value.line, caught.value.column) == (2, 11)
    with pytest.raises(InvalidTemplateError, match=r"neither a path \(<\$.b>\) nor one of") as caught:
        PipeInputTemplate.parse('{"a": <b>}')
    assert caught.value.column == 7


@pytest.mark.parametrize(
    ("template", "reason", "column"),
    [
        ('{"a": <$.x, "b": 1}', "<\\$.x,  is not closed", 7),
        ('{"a": "<$.x y>"}', "<\\$.x y> has a character", 8),
        ('{"a": <$.x>, "b": "<aws.pipes.pipe-name"}', "<aws.pipes.pipe-name is not closed", 20),
    ],
)
def test_what_is_meant_as_a_placeholder_and_is_none_is_rejected(template: str, reason: str, column: int) -> None:
    """AWS would send it on as it stands."""
    with pytest.raises(InvalidTemplateError, match=reason) as caught:
        PipeInputTemplate.parse(template)
    assert caught.value.column == column


def test_other_angle_brackets_are_text() -> None:
    assert PipeInputTemplate.parse('{"a": "1 < 2 <b c>", "b": "<$.x>"}').render_json({"x": 1}) == {
        "a": "1 < 2 <b c>",
        "b": "1",
    }


def test_the_original_template_keeps_the_image_only() -> None:
    template = PipeInputTemplate.parse('{"dynamodb": {"NewImage": <$.dynamodb.NewImage>}}')
    image = {"status": {"S": "COMPLETED"}}
    record: dict[str, Any] = {"eventID": "1", "dynamodb": {"NewImage": image}}
    assert template.render_json(record) == {"dynamodb": {"NewImage": image}}
    removed = template.render({"eventID": "1", "dynamodb": {}})
    assert (removed.text, removed.missing) == ('{"dynamodb": {"NewImage": ""}}', ("$.dynamodb.NewImage",))


def test_pipe_variables_and_wildcards() -> None:
    template = PipeInputTemplate.parse(
        '{"pipe": <aws.pipes.pipe-name>, "s": <$.items[*].S>, "e": <aws.pipes.event.json>}'
    )
    event: dict[str, Any] = {"items": [{"S": "a"}, {"N": "1"}, {"S": "b"}]}
    assert template.render_json(event, {"aws.pipes.pipe-name": "p"}) == {"pipe": "p", "s": ["a", "b"], "e": event}


def test_a_lone_path_to_a_text_loses_its_quotes() -> None:
    template = PipeInputTemplate.parse("<$.body>")
    assert template.render_json({"body": {"a": 1}}) == {"a": 1}
    with pytest.raises(TemplateRenderError):
        template.render_json({"body": "text"})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("x", r"write '\$.x'"),
        ("a b", r"such as '\$.detail.id'"),
        ("$x", "can follow"),
        ("$.a#b", "can follow"),
        ("$.a[", "can follow"),
        ("$.a[-1]", "can follow"),
        ("$.a[0:2]", "can follow"),
        ("$.a[?(@.b)]", "can follow"),
        ("$.é", "can follow"),
        ("$.a[٣]", "can follow"),
        ("$.a[1234567890]", "can follow"),
        ("$..a", "two dots have no meaning here"),
        ("$.a.[0]", "no dot stands before an index"),
        ("$['detail'].id", r"write .detail for \['detail'\]"),
        ('$.detail["state-x"]', "write .state-x for"),
        ("$.a" + "[*]" * 33, r"has more than 32 \[\*\]"),
    ],
)
def test_paths_that_cannot_be_read_are_rejected_with_what_to_write(path: str, reason: str) -> None:
    with pytest.raises(InvalidTemplateError, match=reason):
        JSONPath.parse(path)


def test_an_array_index_may_be_written_with_a_dot() -> None:
    template = PipeInputTemplate.parse('{"roles": [<$.roles.L.0.S>, <$.roles.L[1].S>], "none": <$.roles.L.2.S>}')
    record: dict[str, Any] = {"roles": {"L": [{"S": "admin"}, {"S": "other"}]}}
    assert template.render_json(record) == {"roles": ["admin", "other"], "none": ""}
    assert JSONPath.parse("$.a.0").find({"a": {"0": "a name"}}) == "a name"
    for nowhere in ("$.a.-1", "$.a.1.b", "$.a.999999999999", "$.a.first"):
        assert JSONPath.parse(nowhere).find({"a": ["x", "y"]}) is MISSING


DOCUMENTED: list[tuple[str, Any]] = [
    ('"instance <id> is in <state>"', "instance i-1 is in RUNNING"),
    ('"instance \\"<id>\\" is in <state>"', 'instance "i-1" is in RUNNING'),
    ('{"instance" : <id>, "state": <state>}', {"instance": "i-1", "state": "RUNNING"}),
    ('{"status": "instance \\"<id>\\" is in <state>"}', {"status": 'instance "i-1" is in RUNNING'}),
    ('{"text": "Instance \\"<id>\\": state <state>"}', {"text": 'Instance "i-1": state RUNNING'}),
    ('{"a": <id>, "state": [ 9, <state>, true ], "Transformed" : "Yes"}', None),
    ('{"arn": <aws.events.rule-arn>, "e": <aws.events.event>}', {"arn": "arn", "e": {"source": "s"}}),
    ('"<aws.events.rule-name> triggered"', "r triggered"),
    ('{"message": "instance \\\\<id>"}', {"message": "instance \\i-1"}),
    ('{"key": "time: <state>", "b": "<id>: <state>"}', {"key": "time: RUNNING", "b": "i-1: RUNNING"}),
]


@pytest.mark.parametrize(("template", "expected"), DOCUMENTED)
def test_the_forms_of_the_user_guide_render_as_it_says(template: str, expected: Any) -> None:
    event: dict[str, Any] = {"source": "s", "detail": {"id": "i-1", "state": "RUNNING"}}
    transformer = InputTransformer.parse(template, {"id": "$.detail.id", "state": "$.detail.state"})
    given = {"aws.events.rule-arn": "arn", "aws.events.rule-name": "r"}
    if expected is None:
        expected = {"a": "i-1", "state": [9, "RUNNING", True], "Transformed": "Yes"}
    assert transformer.render_input(event, given) == expected
    assert transformer.json_error is None


def test_one_quoted_line_is_json_and_several_are_a_text() -> None:
    one = InputTransformer.parse('"hello"\n').render_input({})
    several = InputTransformer.parse('"hello"\n"you"').render_input({})
    assert (one, several) == ("hello", '"hello"\n"you"')
    assert isinstance(several, PlainText)
    assert not isinstance(one, PlainText)


@pytest.mark.parametrize(
    ("template", "fix", "column"),
    [
        ('{"a": <id>,}', "remove the comma before }", (11, 12)),
        ('{"a": [<id>, ]}', "remove the comma before ]", (12, 14)),
        ('{"a": 1 "b": <id>}', "a comma is missing", (9,)),
        ('{"a": "x"<id>}', "a comma is missing", (10,)),
        ("{'a': <id>}", "double quotes only", (2,)),
        ("{a: <id>}", "a field's name stands in double quotes", (2,)),
        ('{"a": hello <id>}', "a text stands in double quotes", (7,)),
        ('{"a": <id>', "closing bracket or quote is missing", (11,)),
        ('{"a": <id>} x', "nothing may follow", (13,)),
        ('{"a": NaN}', "NaN is not a JSON value", (None,)),
        ("<id> is in state <state>", "nothing may follow", (5, 6)),
        ("Hello", "a text stands in double quotes", (1,)),
    ],
)
def test_a_template_that_can_never_be_json_is_known_with_its_fix(
    template: str, fix: str, column: tuple[int | None, ...]
) -> None:
    transformer = InputTransformer.parse(template, {"id": "$.detail.id", "state": "$.detail.state"})
    error = transformer.json_error
    assert error is not None
    assert fix in error.reason
    assert error.column in column
    with pytest.raises(TemplateRenderError):
        transformer.render_input({"detail": {"id": "i-1", "state": "x"}})


@pytest.mark.parametrize(
    "template",
    ['{"a": -<id>}', '{"a": "\\<id>"}', '{"a": "\\u00<id>"}', "<id>", '"<id>"\n"<id>"', "[<id>, <id>]", "1<id>"],
)
def test_a_template_that_some_values_make_json_is_not_called_broken(template: str) -> None:
    assert InputTransformer.parse(template, {"id": "$.detail.id"}).json_error is None


def test_free_text_of_a_pipe_is_not_a_mistake() -> None:
    assert PipeInputTemplate.parse("Hello <$.a>: <$.b>").json_error is None
    assert PipeInputTemplate.parse('{"a": <$.a>,}').json_error is not None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], {"a": {1, 2}}])
def test_what_is_not_json_is_not_rendered(value: Any) -> None:
    with pytest.raises(TemplateRenderError, match="<x> is not JSON"):
        InputTransformer.parse('{"x": <x>}', {"x": "$.x"}).render_input({"x": value})
    with pytest.raises(TemplateRenderError, match="NaN is not a JSON value"):
        InputTransformer.parse('{"x": NaN}').render_input({})


def test_deep_and_huge_values_are_errors_with_a_reason() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(TemplateRenderError, match="too many levels"):
        PipeInputTemplate.parse('{"x": <$.x>}').render({"x": deep})
    with pytest.raises(TemplateRenderError, match="which no target takes"):
        PipeInputTemplate.parse('{"x": [' + "<$.x>," * 1000 + "0]}").render({"x": "y" * 100_000})


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{"a": <$.detail.id>}', r"put '\$.detail.id' into InputPathsMap under a name"),
        ('{"a": <aws.pipes.pipe-name>}', "belongs to pipes; a rule has aws.events.rule-arn"),
    ],
)
def test_a_placeholder_of_a_pipe_in_a_rule_is_rejected_with_the_fix(template: str, reason: str) -> None:
    with pytest.raises(InvalidTemplateError, match=reason):
        InputTransformer.parse(template)
