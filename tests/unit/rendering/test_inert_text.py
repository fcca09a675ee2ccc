"""Names, patterns and inputs stay the text that they are: Terraform, CloudFormation and linters evaluate none of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from perception_events.rendering import RenderError, render, template
from perception_events.topology import EventBus, Rule, Topology
from support.hostile_texts import MARK, hostile_words
from support.topologies import HOSTILE, every_kind, hostile

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


WORDS = ["".join(HOSTILE), *hostile_words(6)]


def holds(text: str, word: str) -> bool:
    """Whether `word` is in `text` as it is, or as JSON writes it, once or twice."""
    forms = {word, word.replace('"', "'")}
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=ascii)[1:-1] for form in forms for ascii in (True, False)}
    return any(form in text for form in forms)


def test_terraform_evaluates_nothing_but_references(tmp_path: Path) -> None:
    """Terraform itself reads the texts: what it makes of them holds the hostile words as they are."""
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not on the PATH")
    marked: dict[str, tuple[str, str]] = {}
    variables: dict[str, Any] = {}
    for word in WORDS:
        written: Any = template(every_kind(word), "terraform-json")
        variables |= written["variable"]
        parts = texts({"resource": written["resource"], "output": written["output"]}).values()
        found = [text for text in parts if MARK in text or "passwd" in text]
        assert len(found) > 30
        marked |= {f"t{len(marked) + at}": (text, word) for at, text in enumerate(found)}
    # Without the provider its resources cannot be evaluated; a reference to one becomes a word.
    outputs = {name: {"value": REFERENCE.sub("REF", text)} for name, (text, _) in marked.items()}
    main = {"//": "".join(WORDS), "variable": variables, "output": outputs}
    (tmp_path / "main.tf.json").write_text(json.dumps(main), encoding="utf-8")
    for arguments in (["init"], ["apply", "-auto-approve", "-var=code_bucket=b", "-var=code_key=k"]):
        done = subprocess.run([terraform, *arguments, "-no-color"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-300:]
    done = subprocess.run([terraform, "output", "-json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    evaluated = json.loads(done.stdout)
    assert len(evaluated) == len(marked)
    for name, (_, word) in marked.items():
        # Go's normal form of a letter and its accent is one letter.
        text, plain = (unicodedata.normalize("NFC", each) for each in (evaluated[name]["value"], word))
        assert holds(text, plain), (text, word)


@pytest.mark.parametrize("word", hostile_words(12))
def test_a_template_in_yaml_is_the_template_in_json_whatever_the_names(word: str) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with [templates]")
    topology = every_kind(word)
    if "{{resolve:" in word:
        with pytest.raises(RenderError, match="dynamic reference"):
            render(topology)
    else:
        assert json.loads(render(topology)) == template(topology) == yaml.safe_load(render(topology))


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
