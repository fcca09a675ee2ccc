"""Every rejection points at its place, and the classic mistakes show the corrected pattern."""

from __future__ import annotations

import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError


def rejection(source: Any, **options: Any) -> InvalidEventPatternError:
    with pytest.raises(InvalidEventPatternError) as caught:
        EventPattern.parse(source, **options)
    return caught.value


@pytest.mark.parametrize(
    ("source", "pointer", "hint"),
    [
        (
            {"a": [{"anything-but": [{"wildcard": "*x*"}]}]},
            "/a/0/anything-but",
            '{"anything-but": {"wildcard": "*x*"}}',
        ),
        ({"a": {"prefix": "x"}}, "/a/prefix", '{"a": [{"prefix": "x"}]}'),
        ({"a": "x"}, "/a", '{"a": ["x"]}'),
        ({"a": [["x", "y"]]}, "/a/0", 'one flat list: ["x", "y"]'),
        ({"a": [{"exists": "true"}]}, "/a/0/exists", '{"exists": true}'),
        ({"a": [{"numeric": [">", "5"]}]}, "/a/0/numeric", '{"numeric": [">", 5]}'),
        ({"a": [{"numeric": [5]}]}, "/a/0/numeric", '{"numeric": ["=", 5]}'),
        ({"a": [{"numeric": {">": 5}}]}, "/a/0/numeric", 'as in {"numeric": [">", 0, "<=", 5]}'),
        ({"a": [{"prefix": 5}]}, "/a/0/prefix", '{"prefix": "5"}'),
        ({"a": [{"suffix": ["x", "y"]}]}, "/a/0/suffix", '[{"suffix": "x"}, {"suffix": "y"}]'),
        ({"a": [{"starts-with": "x"}]}, "/a/0/starts-with", 'did you mean {"prefix": "'),
        ({"a": [{"anythng-but": "x"}]}, "/a/0/anythng-but", 'did you mean {"anything-but": "'),
        ({"a": [{"regex": "x"}]}, "/a/0/regex", 'did you mean {"wildcard": "'),
        ({"a": [{"equals": "x"}]}, "/a/0/equals", "stands in the list as it is"),
        ({"a": []}, "/a", '[{"exists": true}] for any value'),
        ({"a": {}}, "/a", 'as in {"source": ["my.app"]}'),
        ({"$or": {"a": ["x"]}}, "/$or", 'as in {"$or": [{"a": ["x"]}, {"b": ["y"]}]}'),
        ({"a": [{"cidr": "10.0.0.0/33"}]}, "/a/0/cidr", 'as in {"cidr": "10.0.0.0/24"}'),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, "/a/0/suffix", "an object of its own"),
        ({"a": [{"anything-but": ["x", 1]}]}, "/a/0/anything-but", "keep those of one kind"),
    ],
)
def test_the_hint_shows_what_was_meant(source: dict[str, Any], pointer: str, hint: str) -> None:
    error = rejection(source)
    assert error.pointer == pointer
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{'a': ['x']}", "double quotes"),
        ('{"a": ["x",]}', "no comma stands before ]"),
        ('{"a": ["x"],}', "no comma stands before }"),
        ('{"a": ["x"]', "} is missing"),
        ('{"a": ["x"', "]} is missing"),
        ('{"a": [True]}', "JSON writes it true"),
        ('{"a": ["x"] "b": ["y"]}', "a comma or a colon is missing"),
        ('{a: ["x"]}', 'a field name stands in double quotes: "a"'),
        ('{"a": ["x"]}}', None),
        ('{"a": ["x"}', "another bracket is missing before it"),
        ('// all\n{"a": ["x"]}', "no comments"),
        ("", "a pattern is an object of fields"),
        ('"{\\"a\\": [\\"x\\"]}"', "JSON text inside a JSON string"),
        ('[{"a": ["x"]}]', "a pattern is one object"),
    ],
)
def test_text_that_is_not_json_is_rejected_with_what_is_missing(text: str, hint: str | None) -> None:
    if hint is None:
        EventPattern.parse(text)  # the engine ignores text after the object
        return
    error = rejection(text)
    assert hint in (error.hint or "")
    assert error.line is not None


@pytest.mark.parametrize(
    ("text", "options", "pointer", "line", "column"),
    [
        ('{"detail": {\n  "a": [{"wildcard": "*a*b*c*d*e*f*g*h*i*j*k*"}]}}', {}, "/detail/a", 2, 8),
        ('{"x": [1],\n "a": [{"wildcard": "a*"}]}', {"dialect": Dialect.PIPE}, "/a/0", 2, 8),
        ('{"x": [1],\n "a": [{"numeric": [">", 1.7976931348623157e308]}]}', {}, "/a", 2, 7),
        ('{"x": [1],\n "a": [{"anything-but": {"prefix": []}}]}', {}, "/a", 2, 7),
        ('{"$or": [{"b": [1]}, {"a":\n [{"wildcard": "*a*b*c*d*e*f*g*h*i*j*k*"}]}]}', {}, "/$or/1/a", 2, 2),
    ],
)
def test_what_is_found_after_reading_has_its_place_too(
    text: str, options: dict[str, Any], pointer: str, line: int, column: int
) -> None:
    error = rejection(text, **options)
    assert (error.pointer, error.line, error.column) == (pointer, line, column)
    assert f"line {line}, column {column}" in str(error)
    assert "^" in str(error)


def test_a_mapping_has_a_pointer_and_no_line() -> None:
    error = rejection({"a~/b": {"c": [{"wildcard": "*a*b*c*d*e*f*g*h*i*j*k*"}]}})
    assert (error.pointer, error.line) == ("/a~0~1b/c", None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{'source': ['aws.ec2']}", '{"source": ["aws.ec2"]}'),
        ('{"source": [aws.ec2]}', '{"source": ["aws.ec2"]}'),
        ('{"source": ["aws.ec2",]}', '{"source": ["aws.ec2"]}'),
        ('{"source": ["a"],}', '{"source": ["a"]}'),
        ('{"detail": {"a": ["x"]', '{"detail": {"a": ["x"]}}'),
        ('{"a": [1, 2,}', '{"a": [1, 2]}'),
        ('{"a": ["x" "y"]}', '{"a": ["x", "y"]}'),
        ('{"a": ["x"] "b": ["y"]}', '{"a": ["x"], "b": ["y"]}'),
        ('{"a" = ["x"]}', '{"a": ["x"]}'),
        ('{a: ["x"], b-c: ["y"]}', '{"a": ["x"], "b-c": ["y"]}'),
        ("{\u201ca\u201d: [\u201cx\u201d]}", '{"a": ["x"]}'),
        ('// all\n{"a": ["x"]}', '{"a": ["x"]}'),
        ('{"a": ["x"], /* not now */ "b": ["y"]}', '{"a": ["x"], "b": ["y"]}'),
        ('{"a": [True, None]}', '{"a": [true, null]}'),
        ('{"a": [undefined]}', '{"a": [null]}'),
        ('{"a": [05, .5, 1_000]}', '{"a": [5, 0.5, 1000]}'),
        ('{"source": "[\\"a\\"]"}', '{"source": ["a"]}'),
        ('{"detail": "{\\"a\\": [1]}"}', '{"detail": {"a": [1]}}'),
        ('{"n": [{"numeric": ">5"}]}', '{"numeric": [">", 5]}'),
        ('{"n": [{"numeric": [">=5", "<10"]}]}', '{"numeric": [">=", 5, "<", 10]}'),
        ('{"n": [{"numeric": ["=>", 5]}]}', '{"numeric": [">=", 5]}'),
        ('{"n": [{"numeric": ["between", 1, 2]}]}', '{"numeric": [">=", 1, "<=", 2]}'),
        ('{"n": [{">": 5}]}', '{"numeric": [">", 5]}'),
        ('{"n": [{"gte": 5}]}', '{"numeric": [">=", 5]}'),
        ('{"a": [{"contains": "b*c"}]}', '{"wildcard": "*b\\\\*c*"}'),
        ('{"a": [{"startsWith": "x"}]}', '{"prefix": "x"}'),
        ('{"a": [{"not": "x"}]}', '{"anything-but": "x"}'),
    ],
)
def test_a_classic_mistake_is_shown_as_it_was_meant(text: str, meant: str) -> None:
    error = rejection(text)
    assert meant in (error.hint or ""), error.hint
    assert error.line is not None
    json.loads(meant)


def test_yaml_is_called_yaml() -> None:
    for text in ("source:\n  - aws.ec2", "a: [x]"):
        assert "looks like YAML" in (rejection(text).hint or "")


def test_no_text_makes_a_hint_fail_or_wait() -> None:
    random = Random(3)
    pieces = [*"{}[],:='\"x1-\n\\\u201c", '"a"', "'b'", "/*", "*/", "//"]
    for _ in range(3000):
        text = "".join(random.choices(pieces, k=random.randint(1, 12)))
        with suppress(InvalidEventPatternError):
            EventPattern.parse(text)
    for text in ("[" * 4000, "{" * 4000, "'" * 4000, '{"a":' * 800, "{/*" * 1300, "{x " * 1300):
        with pytest.raises(InvalidEventPatternError):
            EventPattern.parse(text)
