"""`perception-events match`: yes or no and why, for a reader and for a machine, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

PATTERN = '{"source": ["orders"], "detail": {"state": ["PAID"]}}'
EVENT = {"source": "orders", "detail-type": "x", "detail": {"state": "OPEN"}}


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["match", *arguments], input=stdin)


def test_a_match_ends_with_0(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({**EVENT, "detail": {"state": "PAID"}}))
    done = run(PATTERN, str(file))
    assert (done.exit_code, done.stdout) == (0, f"{file}:1: matches\n")


def test_a_mismatch_says_field_expected_and_found_and_ends_with_1(tmp_path: Path) -> None:
    pattern = tmp_path / "pattern.json"
    pattern.write_text(PATTERN)
    done = run(str(pattern), json.dumps(EVENT))
    assert done.exit_code == 1
    first, second = done.stdout.splitlines()
    assert first == "<argument>:1: does not match"
    assert second.startswith('  detail.state: expected ["PAID"], found "OPEN"; add "OPEN"')


def test_events_of_every_form_are_taken_from_standard_input() -> None:
    entry = {"Source": "orders", "DetailType": "x", "Detail": '{"state": "PAID"}'}
    done = run(PATTERN, stdin=f"{json.dumps(EVENT)}\n{json.dumps({'Entries': [entry]})}\n")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "<stdin>:1: does not match"
    assert done.stdout.splitlines()[-1] == "<stdin>:2: matches"


def test_json_is_one_line_an_event() -> None:
    done = run(PATTERN, json.dumps(EVENT), "--format", "json")
    (line,) = done.stdout.splitlines()
    read = json.loads(line)
    assert (read["matches"], read["mismatches"][0]["path"]) == (False, "detail.state")


def test_a_pattern_on_which_the_engine_contradicts_itself_is_shown_with_its_rewrite() -> None:
    pattern = '{"detail": {"a": ["x", {"numeric": ["<", 1]}, "y"]}}'
    event = json.dumps({"detail": {"a": "x"}})
    done = run(pattern, event)
    assert (done.exit_code, done.stdout) == (0, "<argument>:1: matches\n")
    assert "the engine contradicts itself: detail.a: " in done.stderr
    assert "write two rules, one with the strings and one with the numbers" in done.stderr
    (quirk,) = json.loads(run(pattern, event, "--format", "json").stdout)["quirks"]
    assert (quirk["code"], quirk["path"]) == ("string-beside-number", "detail.a")
    assert set(quirk) == {"code", "path", "here", "engine", "rewrite"}


def test_what_is_invalid_or_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    invalid = run('{"source": "orders"}', json.dumps(EVENT))
    assert invalid.exit_code == 2
    assert "source" in invalid.stderr
    missing = run(PATTERN, str(tmp_path / "none.json"), json.dumps(EVENT))
    assert missing.exit_code == 2
    assert "cannot be opened" in missing.stderr
    assert "does not match" in missing.stdout


TEMPLATE = """\
Parameters: {Env: {Type: String}}
Resources:
  Paid: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [orders], detail: {state: [PAID]}}}}
  Env: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [orders], detail: {state: [!Ref Env]}}}}
  P:
    Type: AWS::Pipes::Pipe
    Properties:
      Source: arn:aws:sqs:us-east-1:123456789012:q
      SourceParameters: {FilterCriteria: {Filters: [{Pattern: '{"body": ["a"]}'}, {Pattern: '{"body": ["b"]}'}]}}
      Target: arn:aws:sqs:us-east-1:123456789012:r
"""


@pytest.fixture
def template(tmp_path: Path) -> str:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    path = tmp_path / "t.yaml"
    path.write_text(TEMPLATE)
    return str(path)


@pytest.mark.parametrize(
    ("name", "event", "extra", "exit_code", "shown"),
    [
        ("Paid", EVENT, (), 1, "does not match"),
        ("Env", EVENT, (), 1, "depends on ${Env}"),
        ("Env", EVENT, ("--parameter", "Env=OPEN"), 0, "matches"),
        ("Env", {**EVENT, "source": "other"}, (), 1, "does not match"),
        ("P", {"body": "b"}, (), 0, "matches"),
        ("P", {"body": "c"}, (), 1, "does not match"),
        ("None", EVENT, (), 2, "fix: name one of these: Paid, Env, P"),
    ],
)
def test_a_rule_or_pipe_of_a_template_is_the_pattern(
    template: str, name: str, event: object, extra: tuple[str, ...], exit_code: int, shown: str
) -> None:
    done = run(name, json.dumps(event), "--template", template, *extra)
    assert (done.exit_code, shown in done.output) == (exit_code, True), done.output


def test_a_rule_of_a_declaration_is_the_pattern() -> None:
    pipeline = "perception_events.pipeline:perception_pipeline"
    done = run("aggregate-pose-rule-dev", json.dumps(EVENT), "--pipeline", pipeline)
    assert done.exit_code == 1
    assert "does not match" in done.stdout


def test_the_dialect_decides_which_operators_there_are() -> None:
    pattern = '{"detail": {"name": [{"wildcard": "a*b"}]}}'
    event = json.dumps({**EVENT, "detail": {"name": "axb"}})
    assert run(pattern, event).exit_code == 0
    assert run(pattern, event, "--dialect", "pipe").exit_code == 2
