"""`perception-events graph PATH`: templates drawn as a declaration is."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")
pytest.importorskip("yaml", reason="YAML templates need PyYAML")

from typer.testing import CliRunner

from perception_events.cli.app import app

TEMPLATE = """\
Parameters: {Source: {Type: String}}
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  R:
    Type: AWS::Events::Rule
    Properties: {Name: r, EventPattern: {source: [!Ref Source]}, Targets: [{Id: q, Arn: !GetAtt Jobs.Arn}]}
"""


def test_a_template_is_drawn_with_its_parameters(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(TEMPLATE)
    done = CliRunner().invoke(app, ["graph", str(path), "--parameter", "Source=shop"])
    assert done.exit_code == 0, done.stderr
    assert "jobs" in done.stdout
    assert "shop" in done.stdout


def test_what_cannot_be_read_is_named_and_the_rest_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(TEMPLATE)
    done = CliRunner().invoke(app, ["graph", str(path), str(tmp_path / "none.yaml")])
    assert done.exit_code == 2
    assert "none.yaml: the file does not exist" in done.stderr
    assert "jobs" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--pipeline", "a:b"], "give one of them"), (["--parameter", "x"], "write NAME=VALUE")],
)
def test_a_wrong_call_ends_with_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["graph", str(tmp_path), *arguments])
    assert done.exit_code == 2
    assert message in done.stderr
