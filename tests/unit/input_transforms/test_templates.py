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

EVENT: dict[str, Any] = {
    "detail-type": "t",
    "time": "2025-07-15T00:00:00Z",
    "detail": {
        "id": "0a78",
        "payload": {"acc_id": "0a78", "sf_id": "baz"},
        "list": ["ACTIVE", "INACTIVE"],
        "yes": True,
    },
}
PATHS = {"id": "$.detail.id", "payload": "$.detail.payload", "list": "$.detail.list", "yes": "$.detail.yes"} | {
    "nowhere": "$.detail.nowhere.at[3]"
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
    ('{"command": <nowhere>}', {"command": ""}),
    ('"gone: <nowhere>"', "gone: "),
    ('"first <id>"\n"second <id>"', '"first 0a78"\n"second 0a78"'),
    ('{"all": <aws.events.event>}', {"all": {"detailType": "t", "time": "2025-07-15T00:00:00Z"}}),
]


@pytest.mark.parametrize(("template", "expected"), RECORDED)
def test_input_transformers_render_as_recorded(template: str, expected: Any) -> None:
    assert InputTransformer.parse(template, PATHS).render_input(EVENT) == expected


@pytest.mark.parametrize("template", ['{"b": "<payload>"}', '{"l": "<list>"}', "<list> items"])
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
        ({"long": "$." + "a" * 255}, "the path of 'long' is over 256 characters"),
        ({"bad": "detail.id"}, "must start with"),
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


@pytest.mark.parametrize("path", ["x", "$x", "$.a#b", "$.a[", "$.a[-1]", "$..a"])
def test_paths_that_cannot_be_read(path: str) -> None:
    with pytest.raises(InvalidTemplateError):
        JSONPath.parse(path)
