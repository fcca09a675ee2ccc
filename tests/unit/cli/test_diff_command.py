"""`perception-events diff`: paths, git revisions and declarations; formats, recorded events, exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")
pytest.importorskip("yaml", reason="templates in YAML need the extra [templates]")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

TEMPLATE = """\
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: queue}}
  Paid:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [orders], detail: {state: [PAID]}}
      Targets: [{Id: a, Arn: !GetAtt Queue.Arn}]
"""
CHANGED = TEMPLATE.replace("[PAID]", "[PAID, SENT]").replace("Paid:", "Done:")
EXPECTED = [
    "queue queue, from event bus default (Paid -> Done)",
    '  newly receives {"detail":{"state":["SENT"]},"source":["orders"]}',
    '    event {"detail": {"state": "SENT"}, "source": "orders"}',
    "",
    "1 receiver changed, 0 as before",
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "new.yaml").write_text(CHANGED, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments])


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits: the template, and the same in another folder with a change."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "shop.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "loop").symlink_to("/")  # a link that leads out is not followed
    git("add", ".")
    git("commit", "-qm", "one")
    git("tag", "v1")
    git("mv", "infra", "stacks")
    (tmp_path / "stacks" / "shop.yaml").write_text(CHANGED, encoding="utf-8")
    git("commit", "-qam", "two")
    return tmp_path


def test_two_templates(here: Path) -> None:
    result = run("old.yaml", "new.yaml", "--exit-code")
    assert (result.exit_code, result.stdout.splitlines()) == (1, EXPECTED)
    assert run("old.yaml", "new.yaml").exit_code == 0
    assert run("old.yaml", "old.yaml", "--exit-code").exit_code == 0


def test_the_revisions_of_a_path_in_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("v1:infra", "HEAD:stacks").stdout.splitlines() == EXPECTED
    assert run("v1:infra/shop.yaml", "stacks").stdout.splitlines() == EXPECTED
    monkeypatch.chdir(repository / "stacks")
    assert run("v1:../infra", "HEAD:./shop.yaml").stdout.splitlines() == EXPECTED
    assert run("HEAD:stacks", ".", "--exit-code").exit_code == 0


def test_a_declaration_beside_another(here: Path) -> None:
    built_in = "perception_events.pipeline:perception_pipeline"
    (here / "own_diffed.py").write_text(
        "from perception_events.pipeline import Module, perception_pipeline\n"
        "pipeline = perception_pipeline.with_module(Module('thermal', targets=('aggregate_thermal',)))\n",
        encoding="utf-8",
    )
    result = run(built_in, "own_diffed:pipeline", "--exit-code")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].startswith("function aggregate_thermal")
    assert result.stdout.splitlines()[-1].startswith("1 receiver changed")
    assert run(built_in, built_in, "--exit-code").exit_code == 0


def test_recorded_events_are_counted_beside_the_difference(here: Path) -> None:
    event = {"source": "orders", "detail-type": "Order", "detail": {"state": "SENT"}}
    (here / "events.jsonl").write_text(f"{json.dumps(event)}\n", encoding="utf-8")
    result = run("old.yaml", "new.yaml", "--events", "events.jsonl")
    assert result.stdout.splitlines()[:5] == EXPECTED
    assert "1 events: 1 with other targets or inputs, 0 as before" in result.stdout
    read = json.loads(run("old.yaml", "new.yaml", "--events", "events.jsonl", "--format", "json").stdout)
    assert read["recorded"]["changed"] == 1
    assert [one["receiver"] for one in read["receivers"]] == ["queue queue"]


def test_markdown_is_fit_for_a_comment(here: Path) -> None:
    lines = run("old.yaml", "new.yaml", "--format", "markdown").stdout.splitlines()
    assert lines[0] == "### Events: 1 receiver changed, 0 as before"
    assert "#### `queue queue` from `event bus default`" in lines
    assert '{"detail":{"state":["SENT"]},"source":["orders"]}' in lines


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("missing.yaml", "missing.yaml: there is no such file or folder"),
        ("missing:name", "missing is neither a revision of a git repository here nor a module that can be imported"),
    ],
)
def test_what_names_no_system_is_one_line_and_status_2(here: Path, old: str, expected: str) -> None:
    result = run(old, "new.yaml")
    assert result.exit_code == 2
    assert expected in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_mistyped_revision_is_not_called_a_pipeline(repository: Path) -> None:
    result = run("v9:stacks", "stacks")
    assert result.exit_code == 2
    assert "v9 is neither a revision" in result.stderr
    assert "--pipeline" not in result.stderr


def test_a_path_that_a_revision_has_not_is_named(repository: Path) -> None:
    result = run("v1:stacks", "stacks")
    assert result.exit_code == 2
    assert "there is no stacks in v1" in result.stderr


def test_what_a_revision_holds_that_cannot_be_read_has_its_name(repository: Path) -> None:
    (repository / "stacks" / "shop.yaml").write_text("Resources: {Paid: {Type: AWS::Events::Rule, ", encoding="utf-8")
    git("commit", "-qam", "broken")
    result = run("HEAD:stacks/shop.yaml", "stacks", "--events", "stacks")
    assert result.exit_code == 2
    assert result.stderr.startswith("perception-events diff: HEAD:stacks/shop.yaml")
