"""Checkpoint files: what was saved is loaded, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from perception_events.aws.checkpoints import Checkpoint, CheckpointError, FileCheckpoints

KEPT = {"a": Checkpoint("12"), "b": Checkpoint(finished=True), "c": Checkpoint(since=1.5), "d": Checkpoint()}


def test_streams_are_kept_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "checkpoints.json"
    assert FileCheckpoints(path).load("arn:1") is None
    FileCheckpoints(path).save("arn:1", KEPT)
    FileCheckpoints(path).save("arn:2", {})
    assert FileCheckpoints(path).load("arn:1") == KEPT
    assert FileCheckpoints(path).load("arn:2") == {}
    assert [entry.name for entry in path.parent.iterdir()] == ["checkpoints.json"]


def test_a_copy_that_a_crash_left_half_written_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    (tmp_path / ".c.json.new").write_text('{"versi')
    FileCheckpoints(path).save("arn:1", KEPT)
    (tmp_path / ".c.json.new").write_text('{"versi')
    assert FileCheckpoints(path).load("arn:1") == KEPT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 2, "streams": {}}',
        '{"version": 1, "streams": []}',
        '{"version": 1, "streams": {"arn:1": []}}',
        '{"version": 1, "streams": {"arn:1": {"a": {"sequence_number": 5}}}}',
        '{"version": 1, "streams": {"arn:1": {"a": {"since": "now"}}}}',
        '{"version": 1, "streams": {"arn:1": {"a": 5}}}',
    ],
)
def test_another_file_is_rejected_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=r"c\.json holds no checkpoints"):
        FileCheckpoints(path).load("arn:1")
    assert path.read_text() == text
