"""`perception-events check PATH`: findings with file and line, events beside them, waivers, formats, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from perception_events.cli.app import app

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Source: {Type: String, Default: shop}
Resources:
  Letters:
    Type: AWS::SQS::Queue
  LettersPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Letters]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sqs:SendMessage, Resource: "*"}
  Sold:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [!Ref Source]
        detail_type: [sold]
      Targets:
        - Id: letters
          Arn: !GetAtt Letters.Arn
          DeadLetterConfig: {Arn: !GetAtt Letters.Arn}
"""
RIGHT = TEMPLATE.replace("detail_type", "detail-type")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(TEMPLATE, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments])


def test_a_finding_has_file_line_path_and_fix(here: Path) -> None:
    done = run("shop.yaml")
    assert done.exit_code == 1
    assert done.stdout.startswith("PE303 error   shop.yaml:19 Resources.Sold.Properties.EventPattern.detail_type\n")
    assert "fix: did you mean `detail-type`?" in done.stdout


def test_a_template_without_faults_exits_with_0(here: Path) -> None:
    (here / "shop.yaml").write_text(RIGHT, encoding="utf-8")
    done = run("shop.yaml", "--fail-on", "note")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "nothing found\n", "")


def test_a_folder_is_walked_and_each_template_is_a_system_of_its_own(here: Path) -> None:
    (here / "more").mkdir()
    (here / "more" / "shop.yaml").write_text(TEMPLATE, encoding="utf-8")
    found = json.loads(run(".", "--format", "json").stdout)
    assert sorted(f["file"] for f in found if f["id"] == "PE303") == ["more/shop.yaml", "shop.yaml"]
    assert {f["line"] for f in found} == {19}


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_checked(here: Path) -> None:
    (here / "broken.yaml").write_text("Resources: [", encoding="utf-8")
    (here / "notes.txt").write_text("hello", encoding="utf-8")
    done = run("shop.yaml", "broken.yaml", "notes.txt")
    assert done.exit_code == 2
    assert "PE303" in done.stdout
    assert "broken.yaml" in done.stderr
    assert "notes.txt" in done.stderr


def test_parameters_account_and_region_reach_the_template(here: Path) -> None:
    (here / "shop.yaml").write_text(RIGHT.replace(", Default: shop", ""), encoding="utf-8")
    (here / "event.json").write_text(
        json.dumps({"Entries": [{"Source": "b", "DetailType": "sold", "Detail": "{}"}]}), encoding="utf-8"
    )
    taken = ["shop.yaml", "--events", "event.json", "--select", "PE5", "--fail-on", "warning"]
    assert run(*taken, "--parameter", "Source=b").exit_code == 0
    assert run(*taken, "--parameter", "Source=c").exit_code == 1
    assert run(*taken, "--parameter", "Source").exit_code == 2


ENTRIES = """\
{"Entries": [
  {"Source": "shop", "DetailType": "sold", "Detail": "{}"},
  {"Source": "shop", "DetailType": "sold", "Detail": "{}}"},

  {"Source": "shop", "Detail": "{}"},
  {"Source": "shop", "DetailType": "returned", "Detail": "{}"}
]}
"""


def test_events_that_putevents_rejects_or_no_rule_takes_are_found_at_their_line(here: Path) -> None:
    (here / "shop.yaml").write_text(RIGHT, encoding="utf-8")
    (here / "events.json").write_text(ENTRIES, encoding="utf-8")
    done = run("shop.yaml", "--events", "events.json", "--format", "json")
    found = [(f["id"], f["file"], f["line"], f["location"]) for f in json.loads(done.stdout)]
    assert found == [
        ("PE501", "events.json", 3, "Entries[1]"),
        ("PE501", "events.json", 5, "Entries[2]"),
        ("PE502", "events.json", 6, "Entries[3]"),
    ]
    reasons = [f["reason"] for f in json.loads(done.stdout)]
    assert "MalformedDetail" in reasons[0]
    assert "DetailType is a required argument" in reasons[1]
    assert 'rule Sold comes nearest: `detail-type` is "returned", expected ["sold"]' in reasons[2]


def test_an_event_may_be_taken_by_a_rule_of_any_template(here: Path) -> None:
    (here / "shop.yaml").write_text(RIGHT, encoding="utf-8")
    (here / "other.yaml").write_text(RIGHT.replace("[sold]", "[returned]"), encoding="utf-8")
    event = {"source": "shop", "detail-type": "returned", "detail": {}}
    (here / "event.json").write_text(json.dumps(event), encoding="utf-8")
    assert run(".", "--events", "event.json", "--fail-on", "warning").exit_code == 0
    assert run("shop.yaml", "--events", "event.json", "--fail-on", "warning").exit_code == 1


@pytest.mark.parametrize("content", ["{", "[]", "[1]", "5"])
def test_a_file_without_events_is_no_clean_bill(here: Path, content: str) -> None:
    (here / "event.json").write_text(content, encoding="utf-8")
    done = run("shop.yaml", "--events", "event.json")
    assert done.exit_code == 2
    assert "event.json" in done.stderr


def test_a_location_as_printed_waives_and_so_does_a_comment(here: Path) -> None:
    printed = run("shop.yaml").stdout.splitlines()[0].split(maxsplit=2)[2]
    done = run("shop.yaml", "--waive", f"PE303@{printed}=known")
    assert (done.exit_code, "waived: known" in done.stdout, done.stderr) == (0, True, "")
    for commented in (
        TEMPLATE.replace("[sold]", "[sold]  # perception-events: waive PE303=known"),
        TEMPLATE.replace("  Sold:", "  # perception-events: waive PE303=known\n  Sold:"),
    ):
        (here / "shop.yaml").write_text(commented, encoding="utf-8")
        done = run("shop.yaml")
        assert (done.exit_code, "waived: known" in done.stdout, done.stderr) == (0, True, "")


def test_a_waiver_that_silences_nothing_is_named(here: Path) -> None:
    (here / "shop.yaml").write_text(TEMPLATE + "# perception-events: waive-file PE310=known\n", encoding="utf-8")
    done = run("shop.yaml", "--waive", "PE001@x.y=z")
    assert "the waiver of PE310 in shop.yaml silences nothing" in done.stderr
    assert "the waiver of PE001 at x.y silences nothing" in done.stderr


def test_checks_are_selected_and_ignored(here: Path) -> None:
    assert run("shop.yaml", "--ignore", "rule-matches-nothing").exit_code == 0
    assert run("shop.yaml", "--select", "PE1").stdout == "nothing found\n"
    assert run("shop.yaml", "--select", "PE9").exit_code == 2


def test_sarif_and_github_point_into_the_file(here: Path) -> None:
    sarif = json.loads(run("shop.yaml", "--format", "sarif").stdout)
    (result,) = sarif["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "shop.yaml"},
        "region": {"startLine": 19},
    }
    assert run("shop.yaml", "--format", "github").stdout.startswith("::error file=shop.yaml,line=19,title=PE303")


def test_paths_and_a_pipeline_exclude_each_other(here: Path) -> None:
    assert run("shop.yaml", "--pipeline", "perception_events.pipeline:perception_pipeline").exit_code == 2


def test_samples_are_read_in_each_form(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "shop_handler.py").write_text(
        "def handler(records, context):\n"
        "    return [{**r, 'total': r['dynamodb']['NewImage']['total']['N']} for r in records]\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(here))
    record = {"eventID": "1", "eventName": "INSERT", "dynamodb": {"NewImage": {"total": {"N": "7"}}}}
    tried = ["--enrichment", "shop_handler:handler", "--select", "PE215"]
    assert run(*tried).exit_code == 1
    for text in (
        json.dumps(record),
        json.dumps([record]),
        json.dumps({"Records": [record]}),
        f"{json.dumps(record)}\n" * 2,
    ):
        (here / "records.json").write_text(text, encoding="utf-8")
        assert run(*tried, "--sample", "records.json").exit_code == 0
    (here / "records.json").write_text("5", encoding="utf-8")
    assert run(*tried, "--sample", "records.json").exit_code == 2
