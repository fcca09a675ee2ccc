"""`perception-events route`: what it prints, for a reader and for a machine, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

ROOT = Path(__file__).resolve().parents[3]
RECORDS = "docs/examples/perception_pipeline/records.jsonl"


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "perception_events", *arguments]
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)


def test_a_block_of_two_lines_for_each_record_and_a_summary() -> None:
    done = run("route", RECORDS)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[2:4] == [
        "test_site 2025-07-15#pose#sync001#cam6  INSERT COMPLETED",
        "  delivered: pose -> aggregate-pose-rule-dev -> aggregate_pose-dev, triggers recon",
    ]
    assert len(lines) == 25 * 2 + 3
    assert lines[-2:] == [
        "25 records: 11 delivered, 7 no rule, 7 filtered out, 0 failed",
        "triggers: recon 8, preprocessing 3, reid 3",
    ]
    assert "\x1b" not in done.stdout


def test_json_lines_for_machines() -> None:
    done = run("route", "--format", "json", "--env", "prod", RECORDS)
    routes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(routes) == 25
    assert routes[1]["line"] == 2
    assert routes[1]["rules"] == ["aggregate-pose-rule-prod"]
    assert routes[1]["events"][0]["detail"]["PerceptionPipelineEventType"] == "pose"


def test_what_cannot_be_read_is_named_after_the_rest_was_routed() -> None:
    first = (ROOT / RECORDS).read_text(encoding="utf-8").splitlines()[0]
    done = run("route", stdin=f"{first}\n{{broken\n[]\n{first}\n")
    assert done.returncode == 2
    assert "<stdin>:2: is not JSON" in done.stderr
    assert "2 records: 2 delivered" in done.stdout
    assert "1 input could not be read" in done.stdout


@pytest.mark.parametrize(
    ("time", "unit"),
    [(1654699573622, "milliseconds"), (1654699573622000000, "nanoseconds"), (1e30, "after every date")],
)
def test_a_time_in_another_unit_is_one_line_and_the_other_records_go_on(time: float, unit: str) -> None:
    good = (ROOT / RECORDS).read_text(encoding="utf-8").splitlines()[0]
    bad = json.loads(good)
    bad["dynamodb"]["ApproximateCreationDateTime"] = time
    done = run("route", stdin=f"{json.dumps(bad)}\n{good}\n")
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "perception-events route: <stdin>:1: is not a stream record: dynamodb.ApproximateCreationDateTime:"
    )
    assert unit in line
    assert "1 record: 1 delivered" in done.stdout


def test_the_keys_of_another_declaration_are_shown_as_text() -> None:
    image = {
        "tenant_id": {"S": "acme"},
        "created#kind#order_id": {"S": "2026-02-03T10:11:12Z#order#[red]A17"},
        "state": {"S": "DONE"},
    }
    record = {"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {"NewImage": image}}
    done = run("route", "--pipeline", "docs.examples.shop.shop:pipeline", "-", stdin=json.dumps(record))
    assert done.returncode == 0, done.stderr
    keys, way = done.stdout.splitlines()[:2]
    assert keys == "acme 2026-02-03T10:11:12Z#order#[red]A17  INSERT DONE"
    assert "collect-order-rule-dev" in way


def test_strict_stops_at_once() -> None:
    first = (ROOT / RECORDS).read_text(encoding="utf-8").splitlines()[0]
    done = run("route", "--strict", stdin=f"{first}\n{{broken\n{first}\n")
    assert done.returncode == 2
    assert "1 record: 1 delivered" in done.stdout


@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [
        ("nowhere", "write package.module:NAME or path/to/file.py:NAME"),
        ("nowhere_at_all:pipeline", "nowhere_at_all: it cannot be imported: No module named"),
        ("perception_events.pipeline:Nope", "has no 'Nope'"),
        ("perception_events.pipeline:Module", "not a Pipeline"),
    ],
)
def test_a_pipeline_that_cannot_be_loaded_is_a_usage_error(pipeline: str, reason: str) -> None:
    done = run("route", "--pipeline", pipeline, RECORDS)
    assert done.returncode == 2
    assert reason in done.stderr


def test_a_missing_file_is_named() -> None:
    done = run("route", "nowhere.jsonl")
    assert done.returncode == 2
    assert "nowhere.jsonl: cannot be opened: No such file" in done.stderr


def test_an_event_and_an_entry_go_to_the_bus_of_a_pipeline() -> None:
    record = {"eventName": "INSERT", "dynamodb": {}, "PerceptionPipelineEventType": "pose"}
    event = {"source": "Pipe perception-pipeline-pipe-dev", "detail-type": "Event from aws:dynamodb", "detail": record}
    entry = {
        "Source": "shop",
        "DetailType": "order",
        "Detail": "{}",
        "EventBusName": "perception-pipeline-event-bus-dev",
    }
    done = run("route", json.dumps(event), json.dumps(entry))
    assert done.returncode == 0, done.stderr
    assert "rule AggregatePoseRule: matches" in done.stdout
    assert done.stdout.endswith("2 inputs: 1 delivered, 1 ended before a target\n")
