"""`--schemas` of `check` and `route`: files, folders, samples and models; what no event has is named with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

TEMPLATE = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "queue"}},
        "Paid": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["shop"], "detail-type": ["Order"], "detail": {"stat": ["PAID"]}},
                "Targets": [{"Id": "a", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
            },
        },
    }
}
EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "source": "shop",
    "detail-type": "Order",
    "account": "123456789012",
    "time": "2025-07-15T00:11:08Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"state": "PAID"},
}
SCHEMA = {"type": "object", "properties": {"state": {"type": "string"}}}
MODEL = """\
from typing import Literal
from pydantic import BaseModel
from perception_events.models import EventBridgeEvent

class Detail(BaseModel):
    state: str

class Order(EventBridgeEvent[Detail]):
    source: Literal["shop"]
    detail_type: Literal["Order"]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.json").write_text(json.dumps(TEMPLATE, indent=1), encoding="utf-8")
    (tmp_path / "events.jsonl").write_text(f"{json.dumps(EVENT)}\n" * 3, encoding="utf-8")
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "shop@Order.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    (tmp_path / "models_of_shop.py").write_text(MODEL, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


@pytest.mark.parametrize("schemas", ["registry", "registry/shop@Order.json", "events.jsonl", "models_of_shop.py:Order"])
def test_check_names_the_field_at_its_line_whatever_says_what_events_look_like(here: Path, schemas: str) -> None:
    result = run("check", "shop.json", "--schemas", schemas, "--select", "PE51", "--format", "json")
    unknown, never, untaken = json.loads(result.stdout)
    assert (unknown["id"], never["id"], untaken["id"], result.exit_code) == ("PE512", "PE515", "PE516", 1)
    assert unknown["location"] == "Resources.Paid.Properties.EventPattern.detail.stat"
    assert unknown["fix"] == "did you mean `detail.state`?"
    lines = (here / "shop.json").read_text(encoding="utf-8").splitlines()
    assert '"stat"' in lines[unknown["line"] - 1]


def test_route_notes_it_beside_what_becomes_of_each_event(here: Path) -> None:
    result = run("route", "events.jsonl", "--template", "shop.json", "--schemas", "registry", "--format", "json")
    assert len(result.stdout.splitlines()) == 3
    assert "PE515 " in result.stderr
    assert "did you mean `detail.state`?" in result.stderr
    assert "PE51" not in run("route", "events.jsonl", "--template", "shop.json", "--format", "json").stderr


def test_samples_that_cannot_be_read_are_an_error_with_their_line(here: Path) -> None:
    (here / "events.jsonl").write_text(f"{json.dumps(EVENT)}\nbroken\n", encoding="utf-8")
    result = run("check", "shop.json", "--schemas", "events.jsonl")
    assert result.exit_code == 2
    assert "events.jsonl:2" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_name_that_is_no_schema_says_what_is_possible(here: Path) -> None:
    result = run("check", "shop.json", "--schemas", "nowhere")
    assert result.exit_code == 2
    assert "nowhere: there is no such file or folder" in result.stderr
