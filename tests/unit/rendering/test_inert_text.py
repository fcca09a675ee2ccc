"""Names, patterns and inputs stay the text that they are: Terraform, CloudFormation and linters evaluate none of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from perception_events.rendering import RenderError, template
from perception_events.topology import EventBus, Rule, Topology
from support.topologies import HOSTILE, hostile

REFERENCE = re.compile(r"(?<![$%])\$\{((?:aws_|data\.|var\.)[a-z0-9_.]+)\}")
ARN = "arn:aws:events:eu-west-1:210987654321:"


def texts(value: Any, place: str = "") -> dict[str, str]:
    """Every text by its place; names of fields are texts too."""
    if isinstance(value, str):
        return {place: value}
    found: dict[str, str] = {}
    if isinstance(value, dict):
        for at, (name, one) in enumerate(value.items()):
            found |= {f"{place}.{at}#": name, **texts(one, f"{place}.{at}")}
    elif isinstance(value, list):
        for at, one in enumerate(value):
            found |= texts(one, f"{place}.{at}")
    return found


def test_terraform_evaluates_nothing_but_references(tmp_path: Path) -> None:
    """Terraform itself reads the texts: what it makes of them holds the hostile words as they are."""
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not on the PATH")
    written: Any = template(hostile(), "terraform-json")
    found = texts({"resource": written["resource"], "output": written["output"]})
    assert sum("passwd" in text for text in found.values()) > 30
    # Without the provider its resources cannot be evaluated; a reference to one becomes a word.
    outputs = {f"t{at}": {"value": REFERENCE.sub("REF", text)} for at, text in enumerate(found.values())}
    (tmp_path / "main.tf.json").write_text(
        json.dumps({"variable": written["variable"], "output": outputs}), encoding="utf-8"
    )
    for arguments in (["init"], ["apply", "-auto-approve", "-var=code_bucket=b", "-var=code_key=k"]):
        done = subprocess.run([terraform, *arguments, "-no-color"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-300:]
    done = subprocess.run([terraform, "output", "-json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    evaluated = [one["value"] for one in json.loads(done.stdout).values()]
    word = "".join(HOSTILE)
    marked = [text for text in evaluated if isinstance(text, str) and "passwd" in text]
    assert len(marked) > 30
    for text in marked:
        assert word in text or json.dumps(word, ensure_ascii=False)[1:-1] in text or word.replace('"', "'") in text


def test_cloudformation_substitutes_nothing_but_references() -> None:
    written = template(hostile())
    substituted = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if set(value) == {"Fn::Sub"}:
                substituted.append(value["Fn::Sub"])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(written)
    assert len(substituted) > 5
    assert any("passwd" in text for text in substituted)
    for text in substituted:
        assert set(re.findall(r"\$\{([^!][^}]*)\}", text)) <= {
            "AWS::Partition",
            "AWS::Region",
            "AWS::AccountId",
            "Audit.Arn",
        }


@pytest.mark.parametrize("key", ["Ref", "Fn::GetAtt", "Condition"])
def test_a_pattern_that_looks_like_an_intrinsic_function_is_written_as_text(key: str) -> None:
    pattern: Any = {"detail": {key: ["Shop"]}}
    bus = EventBus("Shop", name="shop", arn=ARN + "event-bus/shop")
    rule = Rule("R", name="r", arn=ARN + "rule/shop/r", bus="Shop", event_pattern=pattern)
    resources: Any = template(Topology([bus, rule]))["Resources"]
    assert json.loads(resources["R"]["Properties"]["EventPattern"]) == pattern
    terraform: Any = template(Topology([bus, rule]), "terraform-json")["resource"]
    assert json.loads(terraform["aws_cloudwatch_event_rule"]["r"]["event_pattern"]) == pattern


def test_a_dynamic_reference_is_rejected_by_cloudformation_and_plain_text_to_terraform() -> None:
    bus = EventBus("Shop", name="{{resolve:secretsmanager:key}}", arn=ARN + "event-bus/shop")
    with pytest.raises(RenderError, match=r"Shop\.Name: CloudFormation would replace the dynamic reference"):
        template(Topology([bus]))
    terraform: Any = template(Topology([bus]), "terraform-json")["resource"]
    assert terraform["aws_cloudwatch_event_bus"]["shop"]["name"] == "{{resolve:secretsmanager:key}}"
