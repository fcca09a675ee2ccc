"""Blocks -> counts, by several processes at once; the result does not depend on how many there are.

    this process ── reads, decompresses ──► a block ─┬─ a worker has room: through its pipe ─► counts ─┐
                                                     └─ none has: counted here ────────────────────────┴─► merged

A compressed file can only be read from its beginning, so one process reads. It hands over whole blocks and counts what
nobody else has room for, so that it is never idle, and no process more than there are jobs is needed.
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from perception_events.errors import PerceptionEventsError
from perception_events.traffic._blocks import Block, UnreadableInput

__all__ = ["Mergeable", "Plan", "WorkerDiedError", "count_in_jobs"]

_PIPE = 1024 * 1024
"""Bytes that wait for a worker, where the system lets a pipe hold as many: about two blocks."""


class Mergeable(Protocol):
    """Counts of a part."""

    def merge(self, other: Any, /) -> None:
        """Add another part's counts."""


C = TypeVar("C", bound=Mergeable)
C_co = TypeVar("C_co", bound=Mergeable, covariant=True)


class Plan(Protocol[C_co]):
    """What is counted."""

    def count(self, blocks: Iterable[Block | UnreadableInput]) -> C_co:
        """The counts of some blocks."""


class WorkerDiedError(PerceptionEventsError, RuntimeError):
    """A process has ended before its work; the usual reason is memory."""


def count_in_jobs(plan: Plan[C], blocks: Iterable[Block | UnreadableInput], jobs: int) -> C:
    """The counts of all `blocks`, by `jobs` processes, of which this is one.

    Raises:
        WorkerDiedError: a process was killed.
        Exception: what `plan.count` raises.
    """
    if jobs <= 1:
        return plan.count(blocks)
    # A fork needs no `if __name__ == "__main__"` in the caller, and shares the rules that are there already.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    workers: list[_Worker] = []
    try:
        workers += (_Worker(context, plan) for _ in range(jobs - 1))
        counts = plan.count(_left_over(blocks, workers))
        for worker in workers:
            worker.send(None)
        for worker in workers:
            counts.merge(worker.result())
        return counts
    finally:
        for worker in workers:
            worker.stop()


def _left_over(
    blocks: Iterable[Block | UnreadableInput], workers: Sequence[_Worker]
) -> Iterator[Block | UnreadableInput]:
    """Hand blocks to the workers that have room, and yield the others."""
    for block in blocks:
        message = pickle.dumps(block, pickle.HIGHEST_PROTOCOL)
        for worker in workers:
            if worker.has_room(len(message)):
                worker.send(message)
                break
        else:
            yield block


class _Worker:
    """A process that counts what is sent to it, and sends an empty message for each block that it takes."""

    def __init__(self, context: Any, plan: Plan[Mergeable]) -> None:
        blocks, self._blocks = context.Pipe(duplex=False)
        self._answers, answers = context.Pipe(duplex=False)
        self._room = _widen(self._blocks.fileno())
        self._waiting: deque[int] = deque()
        """The sizes of the blocks that the process has not taken yet."""
        self._process = context.Process(target=_work, args=(plan, blocks, answers), daemon=True)
        self._process.start()
        # Held by the process alone, they end with it.
        blocks.close()
        answers.close()

    def has_room(self, size: int) -> bool:
        """Whether a block of this size can be sent without waiting, or the process is about to have nothing to do."""
        while self._answers.poll():
            self._answer()
            self._waiting.popleft()
        return not self._waiting or sum(self._waiting) + size <= self._room

    def send(self, message: bytes | None) -> None:
        """Send a block, or None: there are no more."""
        try:
            self._blocks.send_bytes(message or b"")
        except OSError:
            while True:  # until it says why it has ended
                self._answer()
        if message is not None:
            self._waiting.append(len(message))

    def result(self) -> Any:
        """The counts, once the process has counted everything."""
        while not (answer := self._answer()):
            pass  # it has taken a block
        return pickle.loads(answer)[0]

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()

    def _answer(self) -> bytes:
        """The next message.

        Raises:
            WorkerDiedError: there is none, for the process has ended.
            Exception: what the process has raised.
        """
        try:
            answer: bytes = self._answers.recv_bytes()
        except (EOFError, OSError):
            reason = "a process has ended before its work; with fewer --jobs less memory is needed"
            raise WorkerDiedError(reason) from None
        if answer and (error := pickle.loads(answer)[1]) is not None:
            raise error
        return answer


def _widen(pipe: int) -> int:
    """Let a pipe hold more bytes where the system can; returns how many it holds."""
    try:
        import fcntl

        return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
    except (ImportError, AttributeError, OSError):
        return 0


def _work(plan: Plan[Mergeable], blocks: Any, answers: Any) -> None:
    def taken() -> Iterator[Block | UnreadableInput]:
        while message := blocks.recv_bytes():
            answers.send_bytes(b"")
            yield pickle.loads(message)

    try:
        answers.send_bytes(pickle.dumps((plan.count(taken()), None)))
    except BaseException as error:
        answers.send_bytes(pickle.dumps((None, error)))
