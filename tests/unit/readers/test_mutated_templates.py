"""Templates with random faults: whatever stands where, the readers report it and never raise."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from perception_events.readers import read_topology

yaml = pytest.importorskip("yaml", reason="YAML templates need PyYAML")

ROOT = Path(__file__).resolve().parents[3]
CASES = int(os.environ.get("PERCEPTION_EVENTS_CASES", "40"))
SEED = int(os.environ.get("PERCEPTION_EVENTS_SEED", "0"))
TERRAFORM = """\
variable "names" { default = ["a", "b"] }
locals { pattern = { source = var.names } }
resource "aws_cloudwatch_event_rule" "r" {
  for_each      = toset(var.names)
  name          = "rule-${each.key}"
  event_pattern = jsonencode(merge(local.pattern, { detail = { x = [each.value] } }))
}
resource "aws_cloudwatch_event_target" "t" {
  for_each = toset(var.names)
  rule     = aws_cloudwatch_event_rule.r[each.key].name
  arn      = aws_sqs_queue.q.arn
  dynamic "retry_policy" {
    for_each = [1]
    content { maximum_retry_attempts = retry_policy.value }
  }
}
resource "aws_sqs_queue" "q" {
  name = <<-E
    q-%{ if true }x%{ endif }
  E
}
"""
FAULTS: list[Any] = [
    None, True, 5, 1.5, "", "x", "${a}", "arn:", "arn:aws:sqs:::", [], {}, [[]], {"Ref": 5}, {"Ref": "AWS::NoValue"},
    {"Fn::Sub": []}, {"Fn::GetAtt": "x"}, {"Fn::If": ["c"]}, {"Fn::Join": ["", {"Ref": "q"}]}, {"Fn::ImportValue": {}},
    {"Fn::Select": [9, ["a"]]}, {"Fn::FindInMap": ["a"]}, "{{resolve:ssm:x}}", {"a": {"b": [1]}},
]  # fmt: skip
PIECES = ["", "{", "}", '"', "${", "[", "(", "null", "\n", "...", "for x in", "<<E\n", "?", "each.key", "%{ if x }"]


def faulty(value: Any, chance: float, source: random.Random) -> Any:
    if source.random() < chance:
        return source.choice(FAULTS)
    if isinstance(value, dict):
        return {key: faulty(one, chance, source) for key, one in value.items()}
    return [faulty(one, chance, source) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES))
def test_a_faulty_sam_template_is_read_as_far_as_it_can_be(tmp_path: Path, seed: int) -> None:
    from perception_events.readers._yaml import read_yaml

    text = (ROOT / "docs/examples/orders_template/template.yaml").read_text(encoding="utf-8")
    source = random.Random(seed)
    path = tmp_path / "template.json"
    path.write_text(
        json.dumps(faulty(json.loads(json.dumps(read_yaml(text))), source.choice([0.01, 0.05, 0.2]), source))
    )
    result = read_topology(path)
    assert result.files or result.problems
    assert result.unresolved is not None


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES))
def test_a_faulty_terraform_file_is_read_as_far_as_it_can_be(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    text = TERRAFORM
    for _ in range(source.randint(1, 4)):
        start = source.randrange(len(text))
        text = text[:start] + source.choice(PIECES) + text[start + source.randint(0, 20) :]
    (tmp_path / "main.tf").write_text(text)
    result = read_topology(tmp_path)
    assert [file.format for file in result.files] == ["Terraform"]
    assert all(problem.origin.file for problem in result.problems)
