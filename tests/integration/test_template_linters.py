"""AWS's own tools read the templates: cfn-lint, and the SAM translator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.rendering import render, template
from support.declarations import DECLARATIONS
from support.topologies import every_kind, hostile

pytestmark = [pytest.mark.aws_parts, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
lint = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed; it comes with the [dev] extra")
pytest.importorskip("samtranslator", reason="aws-sam-translator is not installed; it comes with the [dev] extra")


TOPOLOGIES = {**{name: p.topology(env) for name, (p, env) in DECLARATIONS.items()}, "every-kind": every_kind()}


def translated(name: str) -> dict[str, Any]:
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="ap-northeast-2"))
    done: dict[str, Any] = translator.translate(
        sam_template=template(TOPOLOGIES[name], "sam"),
        parameter_values={"CodeBucket": "code", "CodeKey": "code.zip"},
    )
    return done


@pytest.mark.parametrize("format", ["cloudformation", "sam"])
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_cfn_lint_finds_nothing(name: str, format: str) -> None:
    assert [str(match) for match in lint.lint(render(TOPOLOGIES[name], format))] == []


def without_additions(properties: dict[str, Any]) -> dict[str, Any]:
    """SAM tags what it makes, and writes an empty destination where there is none."""
    return {key: value for key, value in properties.items() if key != "Tags" and value != {}}


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_the_sam_translator_gives_what_cloudformation_says(name: str) -> None:
    found = translated(name)
    assert [str(match) for match in lint.lint(json.dumps(found))] == []
    expected: dict[str, Any] = json.loads(render(TOPOLOGIES[name]))["Resources"]
    for logical, resource in found["Resources"].items():
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig":
            logical = logical.replace("FunctionEventInvokeConfig", "InvokeConfig")
        wanted = expected.pop(logical)
        assert (resource["Type"], without_additions(resource["Properties"])) == (wanted["Type"], wanted["Properties"])
    assert expected == {}


def test_hostile_names_are_only_bad_names_to_cfn_lint() -> None:
    """Their forms do not hold, and `${AWS::AccountId}` is noticed as plain text; none becomes a reference."""
    matches = lint.lint(render(hostile()))
    forms, plain_text = {"E1155", "E3031", "E3033"}, "E1029"
    assert {match.rule.id for match in matches} == {*forms, plain_text}, [str(m) for m in matches]
