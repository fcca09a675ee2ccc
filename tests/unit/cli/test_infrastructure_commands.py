"""The commands render, check and graph: what they print, where they write, how they exit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perception_events.checks import CHECKS
from perception_events.cli.app import app
from perception_events.pipeline import original_pipeline, perception_pipeline
from perception_events.pipeline.checks import check_pipeline
from perception_events.rendering import render

SEED = "perception_events.pipeline:perception_pipeline"
ORIGINAL = "perception_events.pipeline:original_pipeline"


@pytest.mark.parametrize("format", ["cloudformation", "sam", "terraform-json"])
def test_render_prints_the_template(format: str) -> None:
    done = CliRunner().invoke(app, ["render", "--env", "prod", "--format", format])
    assert done.exit_code == 0
    assert done.stdout == render(perception_pipeline.topology("prod"), format)


def test_render_writes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    done = CliRunner().invoke(app, ["render", "-o", str(path)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert path.read_text(encoding="utf-8") == render(perception_pipeline.topology("dev"))


@pytest.mark.parametrize("command", ["render", "check"])
def test_a_pipeline_that_is_not_there_is_named(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--pipeline", "nowhere:p"])
    assert done.exit_code == 2
    assert "nowhere" in done.stderr


def test_check_exits_by_severity() -> None:
    worst = {finding.severity.value for finding in check_pipeline(original_pipeline)}
    assert worst == {"warning", "note"}
    assert CliRunner().invoke(app, ["check", "--pipeline", ORIGINAL]).exit_code == 0
    assert CliRunner().invoke(app, ["check", "--pipeline", ORIGINAL, "--fail-on", "warning"]).exit_code == 1
    assert CliRunner().invoke(app, ["check", "--pipeline", ORIGINAL, "--fail-on", "never"]).exit_code == 0


def test_the_built_in_pipeline_passes_the_librarys_own_checks() -> None:
    done = CliRunner().invoke(app, ["check", "--pipeline", SEED, "--fail-on", "warning"])
    assert (done.exit_code, done.stdout.splitlines()[-1], done.stderr) == (0, "4 notes", "")
    assert {one.identifier for one in check_pipeline(perception_pipeline)} == {"PE212", "PE309"}


def test_check_prints_json_and_sarif() -> None:
    as_json = json.loads(CliRunner().invoke(app, ["check", "--format", "json"]).stdout)
    as_sarif = json.loads(CliRunner().invoke(app, ["check", "--format", "sarif"]).stdout)
    assert [one["id"] for one in as_json] == [one["ruleId"] for one in as_sarif["runs"][0]["results"]]


def test_waivers_come_from_options_and_files(tmp_path: Path) -> None:
    path = tmp_path / "waivers"
    path.write_text("# why we live with these\n\nPE004=the stream is small\n", encoding="utf-8")
    arguments = [
        "check",
        "--pipeline",
        ORIGINAL,
        "--waivers",
        str(path),
        "--waive",
        "PE212=one schema is wanted",
        "--waive",
        "PE305=never",
    ]
    done = CliRunner().invoke(app, arguments)
    assert "waived: the stream is small" in done.stdout
    assert "waived: one schema is wanted" in done.stdout
    assert "the waiver of PE305 silences nothing" in done.stderr


@pytest.mark.parametrize("arguments", [["--waive", "PE004"], ["--waivers", "/nowhere/at/all"], ["--waive", "X=y"]])
def test_a_bad_waiver_is_no_clean_bill(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["check", *arguments]).exit_code == 2


def test_check_calls_the_handler_given() -> None:
    done = CliRunner().invoke(app, ["check", "--enrichment", "json:loads"])
    assert done.exit_code == 1
    assert "PE215" in done.stdout
    assert CliRunner().invoke(app, ["check", "--enrichment", "json:nothing"]).exit_code == 2
    assert len(CHECKS) > 40


def test_render_says_what_will_not_work() -> None:
    original = "docs.examples.original_settings.original_settings:pipeline"
    done = CliRunner().invoke(app, ["render", "--pipeline", original])
    assert (done.exit_code, done.stderr) == (
        0,
        "perception-events render: this will not work (PE001); fix: see `perception-events check`\n",
    )
    assert json.loads(done.stdout)["Resources"]


def test_an_environment_cannot_bring_expressions_into_a_template() -> None:
    env = '${file("/etc/passwd")}'
    done = CliRunner().invoke(app, ["render", "--format", "terraform-json", "--env", env])
    assert done.exit_code == 0
    name = json.loads(done.stdout)["resource"]["aws_dynamodb_table"]["event_table"]["name"]
    assert name == 'PerceptionPipelineEvents-$${file("/etc/passwd")}'
    assert "PE401" in done.stderr  # and the name is one that AWS rejects


def test_the_account_says_which_existing_resources_are_near() -> None:
    arguments = ["render", "--pipeline", "support.declarations:EXISTING", "--region", "ap-northeast-2"]
    done = CliRunner().invoke(app, arguments)
    pipe = json.loads(done.stdout)["Resources"]["Pipe"]["Properties"]
    assert pipe["Enrichment"] == {
        "Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:"
        "function:perception-pipeline-enrichment"
    }
