"""`perception-events replay`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

RECORDS = Path(__file__).resolve().parents[3] / "docs" / "examples" / "perception_pipeline" / "records.jsonl"
PIPELINE = "perception_events.pipeline:perception_pipeline"


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["replay", *arguments], input=stdin)


def test_a_recorded_day_is_summed_up_and_printed_as_json_lines() -> None:
    text = run(str(RECORDS), "--pipeline", PIPELINE)
    assert text.exit_code == 0, text.output
    assert " inputs: " in text.stdout
    assert "received by" in text.stdout
    lines = [
        json.loads(line) for line in run(str(RECORDS), "--pipeline", PIPELINE, "--format", "json").stdout.splitlines()
    ]
    summary = lines.pop()["summary"]
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert len(lines) == summary["input"]["read"] + summary["join_triggers"]
    assert sum(len(line["received"]) for line in lines) == sum(one["count"] for one in summary["received"].values())


def test_what_cannot_be_put_in_ends_with_2_and_is_named() -> None:
    done = run("--pipeline", PIPELINE, stdin="broken\n")
    assert done.exit_code == 2
    assert "1 input: 0 put in, 1 not" in done.stdout
    assert "<stdin>:1: is not JSON" in done.stderr
    assert run("--pipeline", PIPELINE, "--strict", stdin="broken\n").exit_code == 2
    assert run(stdin="{}").exit_code == 2
