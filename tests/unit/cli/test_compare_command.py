"""`perception-events compare`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

EVENT = {"source": "shop", "detail-type": "Order", "time": "2025-07-15T00:11:08Z", "detail": {"total": 7}}


def template(path: Path, pattern: object) -> str:
    bus: dict[str, Any] = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "main"}}
    queue: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}}
    target = {"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    rule = {"EventBusName": {"Ref": "Bus"}, "EventPattern": pattern, "Targets": [target]}
    resources = {"Bus": bus, "Queue": queue, "Orders": {"Type": "AWS::Events::Rule", "Properties": rule}}
    path.write_text(json.dumps({"Resources": resources}))
    return str(path)


@pytest.fixture
def versions(tmp_path: Path) -> tuple[str, ...]:
    old = template(tmp_path / "old.json", {"source": ["shop"]})
    new = template(tmp_path / "new.json", {"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}})
    return "--old", old, "--new", new, "--jobs", "1"


def run(*arguments: str, stdin: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments], input=stdin)


def test_text_and_json_say_which_target_loses_which_events(versions: tuple[str, ...]) -> None:
    stdin = f"{json.dumps(EVENT)}\n{json.dumps({**EVENT, 'detail': {'total': 11}})}\n"
    text, as_json = run(*versions, stdin=stdin), run(*versions, "--format", "json", "--exit-code", stdin=stdin)
    assert (text.exit_code, as_json.exit_code) == (0, 1)
    assert "2 events: 1 with other targets or inputs, 1 as before" in text.stdout
    assert "queue orders: lost, 1 event (Orders -> no rule)" in text.stdout
    (change,) = json.loads(as_json.stdout)["changes"]
    assert (change["target"], change["kind"], change["samples"][0]["line"]) == ("queue orders", "lost", 1)


def test_versions_that_do_the_same_end_with_0_and_what_cannot_be_read_with_2(versions: tuple[str, ...]) -> None:
    same = json.dumps({**EVENT, "source": "else"})
    assert run(*versions, "--exit-code", stdin=same).exit_code == 0
    done = run(*versions, stdin=f"{same}\nbroken\n")
    assert done.exit_code == 2
    assert "<stdin>:2: is not JSON" in done.stderr


def test_the_report_does_not_depend_on_the_number_of_processes(versions: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(
        "".join(f"{json.dumps({**EVENT, 'detail': {'total': n % 20}, 'x': 'f' * 900})}\n" for n in range(3000))
    )
    reports = [run(*versions[:-1], jobs, "--format", "json", str(path), stdin="").stdout for jobs in ("1", "2")]
    assert reports[0] == reports[1]
    assert json.loads(reports[0])["changed"] == 1650
