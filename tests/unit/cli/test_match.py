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
    done = run(PATTERN, json.dumps(EVENT), "--json")
    (line,) = done.stdout.splitlines()
    read = json.loads(line)
    assert (read["matches"], read["mismatches"][0]["path"]) == (False, "detail.state")


def test_what_is_invalid_or_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    invalid = run('{"source": "orders"}', json.dumps(EVENT))
    assert invalid.exit_code == 2
    assert "the pattern is invalid" in invalid.stderr
    missing = run(PATTERN, str(tmp_path / "none.json"), json.dumps(EVENT))
    assert missing.exit_code == 2
    assert "cannot be opened" in missing.stderr
    assert "does not match" in missing.stdout


def test_the_dialect_decides_which_operators_there_are() -> None:
    pattern = '{"detail": {"name": [{"wildcard": "a*b"}]}}'
    event = json.dumps({**EVENT, "detail": {"name": "axb"}})
    assert run(pattern, event).exit_code == 0
    assert run(pattern, event, "--dialect", "pipe").exit_code == 2
