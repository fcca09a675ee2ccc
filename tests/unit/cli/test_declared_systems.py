"""A declaration in the studio: its source, its findings at their lines, its patterns tried on recorded records."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

from perception_events.cli.declared_lines import DeclaredLines
from perception_events.cli.declared_systems import PipelineSource
from perception_events.studio import InvalidCallError, Sample, Workbench
from perception_events.testing import RecordBuilder

DECLARED = """\
from dataclasses import replace

from perception_events.pipeline import Module, Pipeline, PipeSettings, RuleSettings

pose = Module("pose", targets=("collect",))
MODULES = (
    pose,
    Module(name="recon", targets=("build",)),
    Module("reid"),
)
SETTINGS = PipeSettings(
    dead_letter_queue=False,
    filter_criteria=(
        {"eventName": ["INSERT"]},
        {"eventName": ["MODIFY"],
         "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}}},
    ),
)
base = Pipeline(
    modules=MODULES,
    pipe=SETTINGS,
    extra_rules=[RuleSettings("all", {"source": ["x"]}, ("build",))],
)
pipeline = replace(base, name="lab").with_module(
    Module("thermal"),
)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    path = tmp_path / "declared_lab.py"
    path.write_text(DECLARED, encoding="utf-8")
    yield path
    sys.modules.pop("declared_lab", None)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("modules[pose]", 7),
        ("modules[recon].targets[0]", 8),
        ("modules[reid]", 9),
        ("modules[thermal]", 25),
        ("pipe.dead_letter_queue", 12),
        ("pipe.filter_criteria", 13),
        ("pipe.filter_criteria[1].dynamodb.NewImage.status", 16),
        ("pipe.batch_size", 21),  # not written: the nearest that is
        ("extra_rules[all]", 22),
        ("table.name", 24),
        ("", 24),
    ],
)
def test_a_part_of_a_declaration_is_found_at_its_line(path: str, line: int) -> None:
    assert DeclaredLines(DECLARED, "pipeline").line_of(path) == line


@pytest.mark.parametrize(
    "text",
    ["", "pipeline = ", "from x import pipeline", "a = b\nb = a\npipeline = a", "pipeline = make(*[])", "\0"],
)
def test_what_is_not_written_there_has_no_line_or_that_of_the_declaration(text: str) -> None:
    assert DeclaredLines(text, "pipeline").line_of("pipe.batch_size") in (None, 1, 3)


def test_the_source_is_shown_with_each_finding_at_its_line_and_is_not_edited(module: Path) -> None:
    workbench = Workbench(PipelineSource("declared_lab.py:pipeline", "dev"))
    overview: Any = workbench.call("overview", {})
    assert overview["files"] == ["declared_lab.py"]
    assert workbench.call("source", {"file": "declared_lab.py"}) == {"text": DECLARED}
    found = {(one["identifier"], one["file"], one["line"]) for one in overview["findings"]}
    assert found == {
        ("PE005", "declared_lab.py", 12),
        ("PE106", "declared_lab.py", 15),
        ("PE212", "declared_lab.py", 21),  # not written: the line of the pipe's settings
        ("PE303", "declared_lab.py", 22),
    }
    assert overview["is_editable"] is False
    with pytest.raises(InvalidCallError, match="edit the file itself, with --watch"):
        workbench.call("edit", {"file": "declared_lab.py", "text": "import os"})
    with pytest.raises(InvalidCallError, match="not a file of this system"):
        workbench.call("source", {"file": "/etc/passwd"})


def test_an_edited_pattern_says_which_recorded_records_change_sides(module: Path) -> None:
    rows = RecordBuilder()
    records = [
        rows.insert("lab", "2025-07-15#pose#sync001#cam1", status="COMPLETED"),
        rows.insert("lab", "2025-07-15#recon#sync001", status="COMPLETED"),
        rows.insert("lab", "2025-07-15#pose#sync001#cam2", status="PROCESSING"),
    ]
    samples = [Sample(f"record {number}", record) for number, record in enumerate(records)]
    workbench = Workbench(PipelineSource("declared_lab.py:pipeline", "dev"), samples=samples)

    def tried(resource: str, pattern: object) -> list[tuple[str, bool]]:
        result: Any = workbench.call("try_pattern", {"resource": resource, "index": 0, "text": json.dumps(pattern)})
        return [(one["name"], one["now"]) for one in result["changed"]]

    resources: Any = workbench.call("overview", {})["resources"]
    (pipe,) = [one["id"] for one in resources if one["kind"] == "pipe"]
    rules = {one["name"]: one["id"] for one in resources if one["kind"] == "rule"}
    completed = {"dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}}}
    assert tried(pipe, completed) == [("record 2", False)]
    rule = rules["collect-rule-dev"]
    pose_or_recon = {"detail": {"PerceptionPipelineEventType": ["pose", "recon"]}}
    assert tried(rule, pose_or_recon) == [("record 1", True)]
    sent: Any = workbench.call("send", {"text": json.dumps(records[1])})
    assert {one["resource"] for one in sent["received"]} >= {"CollectFunction", "BuildFunction"}
    workbench.call("restore_pattern", {"resource": rule, "index": 0})
    sent = workbench.call("send", {"text": json.dumps(records[1])})
    assert "CollectFunction" not in {one["resource"] for one in sent["received"]}


@pytest.mark.parametrize(
    ("broken", "line", "reason"),
    [("pipeline = (\n", 1, "SyntaxError"), ("import os\npipeline = 1 / 0\n", 2, "ZeroDivisionError")],
)
def test_a_declaration_that_is_half_typed_has_its_place_and_keeps_the_last_good_picture(
    module: Path, broken: str, line: int, reason: str
) -> None:
    workbench = Workbench(PipelineSource("declared_lab.py:pipeline", "dev"))
    before: Any = workbench.call("overview", {})
    module.write_text(broken, encoding="utf-8")
    assert workbench.reload() is False
    now: Any = workbench.call("overview", {})
    (error,) = now["errors"]
    assert (error["file"], error["line"]) == ("declared_lab.py", line)
    assert reason in error["reason"]
    assert now["svg"] == before["svg"]
    module.unlink()
    assert workbench.reload() is False
    module.write_text(DECLARED.replace('"collect"', '"gather"'), encoding="utf-8")
    assert workbench.reload() is True
    now = workbench.call("overview", {})
    assert now["errors"] == []
    assert "gather-dev" in {one["name"] for one in now["resources"]}


def test_the_built_in_declaration_shows_its_source() -> None:
    overview: Any = Workbench(PipelineSource("perception_events.pipeline:perception_pipeline", "dev")).overview()
    assert len(overview["files"]) == 1
