"""`perception-events mutate`: survivors with the missing event, exit codes, samples that cannot be read."""

from __future__ import annotations

import json
import os
import sys
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
    result = run("shop.yaml", "--events", "events.jsonl", "--exit-code")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Paid: 1 of 8 mutants is not noticed",
        "    at shop.yaml:5 (Resources.Paid.Properties.EventPattern)",
        "    source: equal became prefix",
        '        only the mutant matches {"source": "ordersx"}',
        "1 pattern: 1 event notices 7 of 8 mutants",
    ]
    assert run("shop.yaml", "--events", "events.jsonl").exit_code == 0


def test_a_sample_more_notices_the_rest(here: Path) -> None:
    other = {"source": "ordersx", "detail-type": "Order", "detail": {}}
    (here / "more.json").write_text(json.dumps(other), encoding="utf-8")
    result = run("shop.yaml", "--events", "events.jsonl", "--events", "more.json", "--exit-code")
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


TWO_RULES = (
    TEMPLATE
    + """\
  Other:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [billing]}
"""
)
TESTS = """\
from perception_events.testing.templates import TemplateSimulation


def test_nothing_of_the_rule():
    assert TemplateSimulation("one.yaml").topology


def test_other_sources_are_not_taken():
    result = TemplateSimulation("one.yaml").put_event({"source": "orders2", "detail-type": "a", "detail": {}})
    result.assert_not_matched("Paid")
"""


@pytest.fixture
def project(here: Path) -> Path:
    (here / "both.yaml").write_text(TWO_RULES, encoding="utf-8")
    (here / "one.yaml").write_text(TEMPLATE, encoding="utf-8")
    (here / "test_shop.py").write_text(TESTS, encoding="utf-8")
    event = {"source": "billing", "detail-type": "Order", "detail": {}}
    (here / "billing.json").write_text(json.dumps(event), encoding="utf-8")
    return here


def test_tests_get_what_no_sample_notices(project: Path) -> None:
    samples = ("--events", "events.jsonl", "--events", "billing.json")
    tests = ("--tests", "pytest test_shop.py", "--jobs", "2")
    result = run("both.yaml", *samples, *tests, "--format", "json", "--exit-code")
    paid, other = json.loads(result.stdout)["rules"]
    by = {one["change"]: one["by"] for one in paid["noticed"]}
    assert by.pop("equal became prefix") == "test_shop.py::test_other_sources_are_not_taken"
    assert len(by) == 7
    assert set(by.values()) == {"a sample"}
    assert (paid["loaded"], paid["survivors"], paid["errors"]) == (True, [], [])
    assert (other["loaded"], [one["change"] for one in other["survivors"]]) == (False, ["equal became prefix"])
    assert result.exit_code == 1


def test_a_command_that_cannot_hold_mutants_is_rejected(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reason(*arguments: str) -> str:
        result = run("one.yaml", *arguments)
        assert result.exit_code == 2, result.output
        return result.stderr

    assert "give --events, --tests or both" in reason()
    assert "no plugin of perception-events was loaded" in reason("--tests", f"{sys.executable} -c pass")
    assert "cannot be run" in reason("--tests", "there-is-no-such-program")
    assert "close the quotes" in reason("--tests", "pytest 'tests")
    # The PATH may have the pytest of another environment, in which the package is not.
    (project / "pytest").write_text("#!/bin/sh\nexit 4\n", encoding="utf-8")
    (project / "pytest").chmod(0o755)
    monkeypatch.setenv("PATH", str(project), prepend=os.pathsep)
    (project / "test_shop.py").write_text("def test_a():\n    assert False\n", encoding="utf-8")
    assert "exit status 1 without a mutant: test_shop.py::test_a" in reason("--tests", "pytest")
