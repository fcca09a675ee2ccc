"""Under file checkpoints: one process at a time on one file, and the name of the one that is."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import IO

__all__ = ["FileLock", "LockedError"]


class LockedError(Exception):
    """Somebody else has the lock; `holder` is what they wrote into it."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class FileLock:
    """The operating system's lock on a file beside the data; it ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, once.

        Raises:
            LockedError: another process, or another object in this one, has it.
            OSError: the lock's file cannot be made.
        """
        if self._file is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self._path, "a+", encoding="utf-8", errors="replace")  # noqa: SIM115  (it stays open)
        try:
            _lock(file)
        except OSError:
            file.seek(0)
            holder = file.read(200).strip()
            file.close()
            raise LockedError(holder or "another process") from None
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock up, where it is held."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.release()


def _lock(file: IO[str]) -> None:
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        import msvcrt

        file.seek(1000)  # behind the text, which stays readable
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
