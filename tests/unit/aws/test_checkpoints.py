"""Checkpoint files: what was saved is loaded, and nothing else is taken for one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perception_events.aws.checkpoints import Checkpoint, CheckpointError, CheckpointsInUseError, FileCheckpoints

KEPT = {"a": Checkpoint("12"), "b": Checkpoint(finished=True), "c": Checkpoint(since=1.5), "d": Checkpoint()}


def test_streams_are_kept_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "checkpoints.json"
    assert FileCheckpoints(path).load("arn:1") is None
    FileCheckpoints(path).save("arn:1", KEPT)
    FileCheckpoints(path).save("arn:2", {})
    assert FileCheckpoints(path).load("arn:1") == KEPT
    assert FileCheckpoints(path).load("arn:2") == {}
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".checkpoints.json.lock", "checkpoints.json"]


def test_a_copy_that_a_crash_left_half_written_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    (tmp_path / f".c.json.{os.getpid()}.new").write_text('{"versi')
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


@pytest.mark.parametrize(
    "checkpoint",
    [
        '{"sequenceNumber": "2"}',
        '{"finished": "true"}',
        '{"finished": false}',
        '{"since": NaN}',
        '{"since": 1752538268000}',
        '{"since": true}',
        '{"since": -5}',
        '{"sequence_number": null}',
        '{"sequence_number": "٣"}',
        '{"sequence_number": "1", "finished": true}',
        "[]",
        "null",
    ],
)
def test_every_field_of_a_checkpoint_is_checked(tmp_path: Path, checkpoint: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(f'{{"version": 1, "streams": {{"arn:1": {{"s1": {checkpoint}}}}}}}', encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"c\.json holds no checkpoints"):
        FileCheckpoints(path).load("arn:1")


@pytest.mark.parametrize(
    "content",
    ["{}".encode("utf-16"), b"\xff\xfe\x00", b"\x00" * 100, b"[" * 100_000, b'{"version": 1, "str', b"null", b"5", b""],
    ids=["UTF-16", "bytes", "zeros", "deep", "cut off", "null", "number", "empty"],
)
def test_a_file_in_any_encoding_or_damage_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"c\.json holds no checkpoints") as caught:
        FileCheckpoints(path).load("arn:1")
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match=r"c\.json holds no checkpoints"):
        FileCheckpoints(path).save("arn:1", {})
    assert path.read_bytes() == content


def test_a_second_poller_is_told_who_has_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    first = FileCheckpoints(path)
    assert first.load("arn:1") is None
    second = FileCheckpoints(path)
    says = rf"c\.json is in use by process {os.getpid()} on "
    with pytest.raises(CheckpointsInUseError, match=says):
        second.load("arn:1")
    with pytest.raises(CheckpointsInUseError, match=says):
        second.save("arn:1", KEPT)
    first.save("arn:1", KEPT)
    first.close()
    assert second.load("arn:1") == KEPT


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    code = (
        "import sys, os; from perception_events.aws.checkpoints import FileCheckpoints\n"
        "FileCheckpoints(sys.argv[1]).save('arn:1', {}); kept = FileCheckpoints(sys.argv[1]); kept.load('arn:1')\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert FileCheckpoints(path).load("arn:1") == {}


def test_a_disk_that_takes_nothing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.json"
    checkpoints = FileCheckpoints(path)
    checkpoints.save("arn:1", KEPT)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"c\.json cannot be written \(No space left on device\)"):
        checkpoints.save("arn:1", {})
    assert checkpoints.load("arn:1") == KEPT
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".c.json.lock", "c.json"]


def test_a_folder_in_the_files_place_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        FileCheckpoints(tmp_path).load("arn:1")
