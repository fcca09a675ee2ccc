"""A mistake in a pattern is found at its own line of a template, with the corrected pattern, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from perception_events.checks import check
from perception_events.readers import read_topology

pytest.importorskip("yaml", reason="YAML templates need PyYAML")

YAML = "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: "
PIPE = """Resources:
  Q: {Type: AWS::SQS::Queue}
  P:
    Type: AWS::Pipes::Pipe
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/r
      Source: !GetAtt Q.Arn
      Target: arn:aws:sqs:us-east-1:123456789012:t
      SourceParameters: {FilterCriteria: {Filters: [{Pattern: "{'body': ['x']}"}]}}
"""
JSON = '{"Resources": {"R": {"Type": "AWS::Events::Rule",\n"Properties": {"EventPattern":\n  '
HCL = 'resource "aws_cloudwatch_event_rule" "r" {\n  event_pattern = '


@pytest.mark.parametrize(
    ("name", "text", "line", "shown"),
    [
        ("t.yaml", YAML + "{source: aws.ec2}\n", 5, '{"source": ["aws.ec2"]}'),
        (
            "t.yaml",
            YAML + "\n        detail:\n          b:\n            exists: true\n",
            8,
            '{"b": [{"exists": true}]}',
        ),
        ("t.yaml", YAML + '\n        detail:\n          n:\n          - numeric: [">", "5"]\n', 8, '[">", 5]'),
        ("t.yaml", YAML + "\n        detail:\n          n: [{gt: 5}]\n", 7, '{"numeric": [">", 5]}'),
        ("t.yaml", YAML + '\'{"a": {"prefix": "y"}}\'\n', 5, '{"a": [{"prefix": "y"}]}'),
        (
            "t.yaml",
            YAML + '|\n        {\n          "a": ["x"],\n          "b": {"exists": true}\n        }\n',
            8,
            '[{"exists": true}]',
        ),
        ("t.yaml", YAML + '|\n        {\n          "a": ["x",]\n        }\n', 7, '{"a": ["x"]}'),
        ("t.yaml", YAML + "|\n        {\n          'a': ['x']\n        }\n", 7, '{"a": ["x"]}'),
        ("t.yaml", YAML + '|\n        {"a": [x]}\n', 6, '{"a": ["x"]}'),
        ("t.yaml", YAML + '|\n        {"a": ["x"]\n', 6, '{"a": ["x"]}'),
        ("t.yaml", PIPE, 9, '{"body": ["x"]}'),
        ("t.json", JSON + '{"detail": {"a": [\n    {"contains": "x"}]}}}}}}', 4, '{"wildcard": "*x*"}'),
        ("t.json", JSON + '"{\\"a\\": [\\"x\\",]}"}}}}', 2, '{"a": ["x"]}'),
        ("main.tf", HCL + '<<EOF\n{\n  "a": {"prefix": "x"}\n}\nEOF\n}\n', 4, '{"a": [{"prefix": "x"}]}'),
        ("main.tf", HCL + '<<-EOF\n    {\n      "a": ["x",]\n    }\n  EOF\n}\n', 4, '{"a": ["x"]}'),
        ("main.tf", HCL + 'jsonencode({ a = "x" })\n}\n', 2, '{"a": ["x"]}'),
    ],
)
def test_a_mistake_has_its_line_and_the_pattern_that_was_meant(
    name: str, text: str, line: int, shown: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    result = read_topology(tmp_path / name)
    errors = [finding for finding in check(result.topology) if finding.identifier in ("PE103", "PE301")]
    told = [(error.origin.line, error.reason) for error in errors if error.origin is not None]
    told += [(problem.origin.line, f"{problem.reason} {problem.fix}") for problem in result.problems if problem.origin]
    assert [each for each in told if each[0] == line and shown in each[1]], told
