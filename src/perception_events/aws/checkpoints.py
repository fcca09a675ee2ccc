"""Beside the stream poller: how far each shard has been processed, kept so that a restart loses nothing."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from perception_events.aws._file_lock import FileLock, LockedError
from perception_events.errors import PerceptionEventsError, describe
from perception_events.times import read_time

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CheckpointStore",
    "CheckpointsInUseError",
    "FileCheckpoints",
    "InMemoryCheckpoints",
]

_VERSION = 1


class CheckpointError(PerceptionEventsError, ValueError):
    """A checkpoint file that cannot be read or written; the message says which and what to do."""


class CheckpointsInUseError(CheckpointError):
    """Another poller reads a stream with the same checkpoint file; the message says which process."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where to go on in one shard.

    `sequence_number`: the last record processed. `since`: the shard was joined at its end at that time (epoch
    seconds) and nothing has come yet. `finished`: the shard is closed and processed to its end. None of the three:
    from the beginning.
    """

    sequence_number: str | None = None
    since: float | None = None
    finished: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What the file holds."""
        if self.finished:
            return {"finished": True}
        if self.sequence_number is not None:
            return {"sequence_number": self.sequence_number}
        return {} if self.since is None else {"since": self.since}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Checkpoint:
        """The reverse of `to_dict`.

        Raises:
            ValueError: not what `to_dict` writes, in any field: to begin somewhere else would lose records, or deliver
                all of them again.
        """
        if not isinstance(value, Mapping):
            raise ValueError(f"a checkpoint is an object, not {describe(value)}")
        unknown = [name for name in value if name not in ("sequence_number", "since", "finished")]
        if unknown:
            raise ValueError(f"a checkpoint has no field {unknown[0]!r}; known: sequence_number, since, finished")
        if len(value) > 1:
            raise ValueError(f"a checkpoint has one field, not {', '.join(value)}")
        sequence_number, since, finished = (value.get(name) for name in ("sequence_number", "since", "finished"))
        if "sequence_number" in value and not (
            isinstance(sequence_number, str) and sequence_number.isascii() and sequence_number.isdigit()
        ):
            raise ValueError(f"sequence_number is not a text of digits: {describe(sequence_number)}")
        if "since" in value:
            if not isinstance(since, (int, float)):
                raise ValueError(f"since is not a number: {describe(since)}")
            since = read_time(since, "since")
        if "finished" in value and finished is not True:
            raise ValueError(f"finished is true where it is given, not {describe(finished)}")
        return cls(sequence_number, since, finished is True)


class CheckpointStore(Protocol):
    """Keeps the checkpoints of streams."""

    def load(self, stream_arn: str) -> dict[str, Checkpoint] | None:
        """Shard id to checkpoint, or None where this stream has never been read."""
        ...

    def save(self, stream_arn: str, checkpoints: Mapping[str, Checkpoint]) -> None:
        """Replace what is kept for the stream; when this returns, a crash does not undo it."""
        ...


class InMemoryCheckpoints:
    """Checkpoints that live as long as the object."""

    def __init__(self) -> None:
        self._streams: dict[str, dict[str, Checkpoint]] = {}

    def load(self, stream_arn: str) -> dict[str, Checkpoint] | None:
        """Shard id to checkpoint, or None where this stream has never been read."""
        kept = self._streams.get(stream_arn)
        return None if kept is None else dict(kept)

    def save(self, stream_arn: str, checkpoints: Mapping[str, Checkpoint]) -> None:
        """Replace what is kept for the stream."""
        self._streams[stream_arn] = dict(checkpoints)


class FileCheckpoints:
    """Checkpoints in one JSON file, for any number of streams and one poller at a time.

    The file is replaced by an atomic rename of a synced copy: whenever the process dies, the old file or the new one
    is there, whole. Its folder is made when it is missing. From the first use on, a lock keeps everybody else off (a
    file beside it, `.NAME.lock`, which may stay); it ends with `close`, with this object or with the process.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._lock = FileLock(self._path.with_name(f".{self._path.name}.lock"))

    def load(self, stream_arn: str) -> dict[str, Checkpoint] | None:
        """Shard id to checkpoint, or None where this stream has never been read.

        Raises:
            CheckpointError: the file holds something else. Starting over silently would deliver everything again,
                or skip it, so this is left to you.
            CheckpointsInUseError: another poller has the file.
        """
        self._acquire()
        try:
            kept = self._read().get(stream_arn)
        except CheckpointError:
            self.close()  # there is nothing to keep others off
            raise
        if kept is None:
            return None
        try:
            if not isinstance(kept, dict):
                raise ValueError(f"a stream's checkpoints are an object, not {describe(kept)}")
            return {str(shard_id): Checkpoint.from_dict(value) for shard_id, value in kept.items()}
        except ValueError as error:
            self.close()
            raise self._unreadable(error) from error

    def save(self, stream_arn: str, checkpoints: Mapping[str, Checkpoint]) -> None:
        """Replace what is kept for the stream.

        Raises:
            CheckpointError: the file is there and holds something else, or cannot be written (a full disk, say).
            CheckpointsInUseError: another poller has the file.
        """
        self._acquire()
        try:
            streams = self._read()
        except CheckpointError:
            self.close()
            raise
        streams[stream_arn] = {shard_id: checkpoint.to_dict() for shard_id, checkpoint in checkpoints.items()}
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
        try:
            with open(fresh, "w", encoding="utf-8") as file:
                json.dump({"version": _VERSION, "streams": streams}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise CheckpointError(
                f"{self._path} cannot be written ({error.strerror or error}); the records since the last checkpoint "
                "will be delivered again"
            ) from error

    def close(self) -> None:
        """Let another poller use the file."""
        self._lock.release()

    def _acquire(self) -> None:
        try:
            self._lock.acquire()
        except LockedError as error:
            raise CheckpointsInUseError(
                f"{self._path} is in use by {error.holder}; end that one first, or name another checkpoint file"
            ) from None
        except OSError as error:
            raise CheckpointError(f"{self._path} cannot be written ({error.strerror or error})") from error

    def _read(self) -> dict[str, Any]:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CheckpointError(f"{self._path} cannot be read ({error.strerror or error})") from error
        except UnicodeDecodeError as error:
            raise self._unreadable(ValueError(f"it is not UTF-8 text: {error.reason}")) from error
        try:
            content = json.loads(text, parse_constant=_no_constant)
            if not isinstance(content, dict):
                raise ValueError(f"it is not an object: {describe(content)}")
            if content.get("version") != _VERSION:
                raise ValueError(f"its version is {describe(content.get('version'))}, not {_VERSION}")
            streams = content.get("streams")
            if not isinstance(streams, dict):
                raise ValueError("'streams' is not an object")
        except RecursionError as error:
            raise self._unreadable(ValueError("it is nested too deep")) from error
        except ValueError as error:
            raise self._unreadable(error) from error
        return streams

    def _unreadable(self, error: Exception) -> CheckpointError:
        return CheckpointError(
            f"{self._path} holds no checkpoints ({error}); "
            "fix it, name another file, or delete it to read the stream from its starting position again"
        )


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; a folder cannot be opened everywhere."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
