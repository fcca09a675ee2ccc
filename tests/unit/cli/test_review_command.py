"""`perception-events review`: text and JSON, where rules stand, exit codes, errors of one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")
pytest.importorskip("yaml", reason="templates in YAML need the extra [templates]")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

TEMPLATE = """\
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: queue}}
  Paid:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [orders], detail: {state: [PAID]}}
      Targets: [{Id: a, Arn: !GetAtt Queue.Arn}]
  Done:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [orders], detail: {state: [PAID, SENT]}}
      Targets: [{Id: a, Arn: !GetAtt Queue.Arn}]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(TEMPLATE, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["review", *arguments])


def test_a_finding_names_rules_lines_and_an_event(here: Path) -> None:
    result = run("shop.yaml")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "warning: included: all events of Paid match Done as well: Queue receives them twice",
        "    at shop.yaml:6 Resources.Paid.Properties.EventPattern",
        "    at shop.yaml:11 Resources.Done.Properties.EventPattern",
        '    event: {"detail": {"state": "PAID"}, "source": "orders"}',
        '    only Done: {"detail":{"state":"SENT"},"source":"orders"}',
        "2 rules: 1 warning",
    ]


def test_fail_on_decides_what_counts(here: Path) -> None:
    assert run("shop.yaml", "--fail-on", "error").exit_code == 0
    (here / "shop.yaml").write_text(TEMPLATE.replace("PAID, SENT", "SENT"), encoding="utf-8")
    assert run("shop.yaml").exit_code == 0
    assert run("shop.yaml", "--fail-on", "note").exit_code == 1  # values that no rule takes


def test_json_has_the_same_findings(here: Path) -> None:
    read = json.loads(run("shop.yaml", "--format", "json").stdout)
    (found,) = read["findings"]
    assert (found["kind"], found["severity"], found["rules"]) == ("included", "warning", ["Paid", "Done"])
    assert found["event"] == {"detail": {"state": "PAID"}, "source": "orders"}
    assert found["locations"][0] == {
        "file": "shop.yaml",
        "line": 6,
        "location": "Resources.Paid.Properties.EventPattern",
    }


def test_schemas_are_held_against_the_rules(here: Path) -> None:
    (here / "schemas").mkdir()
    event = {"type": "object", "properties": {"state": {"type": "string", "enum": ["paid", "sent"]}}}
    (here / "schemas" / "orders@Order.json").write_text(json.dumps(event), encoding="utf-8")
    result = run("shop.yaml", "--schemas", "schemas")
    assert result.exit_code == 1
    assert "error: schema: no event of orders@Order can match" in result.stdout


def test_the_built_in_pipeline_is_reviewed_without_paths(here: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert "note: unhandled: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["missing.yaml"], "missing.yaml"),
        (["shop.yaml", "--bus", "nowhere"], "no event bus 'nowhere'"),
        (["shop.yaml", "--pipeline", "a:b"], "name two systems"),
        (["shop.yaml", "--schemas", "shop.yaml"], "shop.yaml"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_status_2(here: Path, arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
