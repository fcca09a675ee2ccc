"""AWS's own tools read the templates: cfn-lint, and the SAM translator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.rendering import render, template
from support.declarations import DECLARATIONS

pytestmark = [pytest.mark.aws_parts, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
lint = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed; it comes with the [dev] extra")
pytest.importorskip("samtranslator", reason="aws-sam-translator is not installed; it comes with the [dev] extra")


def translated(name: str) -> dict[str, Any]:
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    pipeline, env = DECLARATIONS[name]
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="ap-northeast-2"))
    done: dict[str, Any] = translator.translate(
        sam_template=template(pipeline, env, "sam"), parameter_values={"CodeBucket": "code", "CodeKey": "code.zip"}
    )
    return done


@pytest.mark.parametrize("format", ["cloudformation", "sam"])
@pytest.mark.parametrize("name", DECLARATIONS)
def test_cfn_lint_finds_nothing(name: str, format: str) -> None:
    pipeline, env = DECLARATIONS[name]
    assert [str(match) for match in lint.lint(render(pipeline, env, format))] == []


def without_additions(properties: dict[str, Any]) -> dict[str, Any]:
    """SAM tags what it makes, and writes an empty destination where there is none."""
    return {key: value for key, value in properties.items() if key != "Tags" and value != {}}


@pytest.mark.parametrize("name", DECLARATIONS)
def test_the_sam_translator_gives_what_cloudformation_says(name: str) -> None:
    pipeline, env = DECLARATIONS[name]
    found = translated(name)
    assert [str(match) for match in lint.lint(json.dumps(found))] == []
    expected: dict[str, Any] = json.loads(render(pipeline, env))["Resources"]
    for logical, resource in found["Resources"].items():
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig":
            logical = logical.replace("FunctionEventInvokeConfig", "InvokeConfig")
        wanted = expected.pop(logical)
        assert (resource["Type"], without_additions(resource["Properties"])) == (wanted["Type"], wanted["Properties"])
    assert expected == {}
