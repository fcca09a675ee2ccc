"""Beside the stream poller: how far each shard has been processed, kept so that a restart loses nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from perception_events.errors import PerceptionEventsError

__all__ = ["Checkpoint", "CheckpointError", "CheckpointStore", "FileCheckpoints", "InMemoryCheckpoints"]

_VERSION = 1


class CheckpointError(PerceptionEventsError, ValueError):
    """A checkpoint file that cannot be read; the message says which and what to do."""


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
            ValueError: not what `to_dict` writes.
        """
        sequence_number, since = value.get("sequence_number"), value.get("since")
        if sequence_number is not None and not (isinstance(sequence_number, str) and sequence_number.isdigit()):
            raise ValueError(f"sequence_number is no text of digits: {sequence_number!r}")
        if since is not None and not isinstance(since, (int, float)):
            raise ValueError(f"since is no number: {since!r}")
        return cls(sequence_number, since, value.get("finished") is True)


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
    is there, whole. Its folder is made when it is missing.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def load(self, stream_arn: str) -> dict[str, Checkpoint] | None:
        """Shard id to checkpoint, or None where this stream has never been read.

        Raises:
            CheckpointError: the file holds something else. Starting over silently would deliver everything again,
                or skip it, so this is left to you.
        """
        kept = self._read().get(stream_arn)
        if kept is None:
            return None
        try:
            return {str(shard_id): Checkpoint.from_dict(value) for shard_id, value in kept.items()}
        except (AttributeError, ValueError) as error:
            raise self._unreadable(error) from error

    def save(self, stream_arn: str, checkpoints: Mapping[str, Checkpoint]) -> None:
        """Replace what is kept for the stream.

        Raises:
            CheckpointError: the file is there and holds something else.
            OSError: it cannot be written.
        """
        streams = self._read()
        streams[stream_arn] = {shard_id: checkpoint.to_dict() for shard_id, checkpoint in checkpoints.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f".{self._path.name}.new")
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump({"version": _VERSION, "streams": streams}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self._path)

    def _read(self) -> dict[str, Any]:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            content = json.loads(text)
            if content["version"] != _VERSION:
                raise ValueError(f"version {content['version']!r} is not {_VERSION}")
            streams = content["streams"]
            if not isinstance(streams, dict):
                raise ValueError("'streams' is no object")
        except (KeyError, TypeError, ValueError) as error:
            raise self._unreadable(error) from error
        return streams

    def _unreadable(self, error: Exception) -> CheckpointError:
        return CheckpointError(
            f"{self._path} holds no checkpoints ({type(error).__name__}: {error}); "
            "fix it, name another file, or delete it to read the stream from its starting position again"
        )
