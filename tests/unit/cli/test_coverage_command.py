"""`perception-events coverage`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

TEMPLATE = {
    "Resources": {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "main"}},
        "Orders": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["shop", "till"]}, "Targets": []},
        },
    }
}
EVENT = {"source": "shop", "detail-type": "Order", "time": "2025-07-15T00:11:08Z", "detail": {}}


@pytest.fixture
def template(tmp_path: Path) -> str:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(TEMPLATE))
    return str(path)


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["coverage", *arguments], input=stdin)


def test_text_json_and_html_say_the_same(template: str, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(f"{json.dumps(EVENT)}\n{json.dumps({**EVENT, 'source': 'else'})}\n")
    text, as_json, page = (
        run(str(events), "--template", template, "--jobs", "1", "--format", form) for form in ("text", "json", "html")
    )
    assert [done.exit_code for done in (text, as_json, page)] == [0, 0, 0]
    assert "2 events: 1 taken by a rule, 1 by none" in text.stdout
    assert '  Orders: source: "till"' in text.stdout
    assert json.loads(as_json.stdout)["untaken_events"][0]["source"] == "else"
    assert page.stdout.startswith("<!doctype html>")


def test_what_cannot_be_read_is_named_and_ends_with_2(template: str) -> None:
    stdin = f"{json.dumps(EVENT)}\nbroken\n"
    done = run("--template", template, "--jobs", "1", stdin=stdin)
    assert done.exit_code == 2
    assert "2 lines: 1 read, 1 unreadable" in done.stdout
    assert "<stdin>:2: is not JSON" in done.stderr
    assert run("--template", template, "--strict", stdin=stdin).exit_code == 2


def test_without_a_topology_the_call_is_not_valid() -> None:
    done = run(stdin=json.dumps(EVENT))
    assert done.exit_code == 2
    assert "--template or --pipeline" in done.stderr
