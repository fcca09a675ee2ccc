"""`perception-events mutate`: survivors with the missing event, exit codes, samples that cannot be read."""

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
  Paid:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [orders]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(TEMPLATE, encoding="utf-8")
    event = {"source": "orders", "detail-type": "Order", "detail": {}}
    (tmp_path / "events.jsonl").write_text(f"{json.dumps(event)}\n", encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["mutate", *arguments])


def test_what_no_sample_notices_comes_with_the_event_that_is_missing(here: Path) -> None:
    result = run("shop.yaml", "--events", "events.jsonl")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Paid: 1 of 8 mutants is not noticed",
        "    at shop.yaml:5 (Resources.Paid.Properties.EventPattern)",
        "    source: equal became prefix",
        '        only the mutant matches {"source": "ordersx"}',
        "1 pattern: 1 event notices 7 of 8 mutants",
    ]
    assert run("shop.yaml", "--events", "events.jsonl", "--fail-on", "never").exit_code == 0


def test_a_sample_more_notices_the_rest(here: Path) -> None:
    other = {"source": "ordersx", "detail-type": "Order", "detail": {}}
    (here / "more.json").write_text(json.dumps(other), encoding="utf-8")
    result = run("shop.yaml", "--events", "events.jsonl", "--events", "more.json")
    assert (result.exit_code, result.stdout) == (0, "1 pattern: 2 events notice 8 of 8 mutants\n")


def test_json(here: Path) -> None:
    read = json.loads(run("shop.yaml", "--events", "events.jsonl", "--format", "json").stdout)
    assert [one["change"] for one in read["rules"][0]["survivors"]] == ["equal became prefix"]


def test_samples_that_cannot_be_read_are_named(here: Path) -> None:
    (here / "bad.jsonl").write_text("{broken\n", encoding="utf-8")
    result = run("shop.yaml", "--events", "bad.jsonl")
    assert result.exit_code == 2
    assert "bad.jsonl:1" in result.stderr
    assert run("shop.yaml", "--events", "missing.jsonl").exit_code == 2
    assert run("missing.yaml", "--events", "events.jsonl").exit_code == 2
