"""Blocks -> counts, by several processes at once; the result does not depend on how many there are.

This process reads and decompresses, for a compressed file can only be read from its beginning; the others get whole
blocks, parse and match, and give back one count each at the end. Counts merge in any order.
"""

from __future__ import annotations

import itertools
import multiprocessing
import queue
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from perception_events.errors import PerceptionEventsError
from perception_events.traffic._blocks import Block, UnreadableInput

__all__ = ["Mergeable", "Plan", "WorkerDiedError", "count_in_jobs"]


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
    """The counts of all `blocks`, by `jobs` processes beside this one; with 1, by this one alone.

    Raises:
        WorkerDiedError: a process was killed.
        Exception: what `plan.count` raises.
    """
    if jobs <= 1:
        return plan.count(blocks)
    # A fork needs no `if __name__ == "__main__"` in the caller, and shares the rules that are there already.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    waiting: Any = context.Queue(2 * jobs)
    results: Any = context.SimpleQueue()
    workers = [context.Process(target=_work, args=(plan, waiting, results), daemon=True) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        for block in itertools.chain(blocks, [None] * jobs):
            while True:
                try:
                    waiting.put(block, timeout=1)
                    break
                except queue.Full:
                    _check(workers, results)
        merged: C = _merged(workers, results)
        return merged
    finally:
        waiting.cancel_join_thread()
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(plan: Plan[Mergeable], waiting: Any, results: Any) -> None:
    try:
        results.put((plan.count(iter(waiting.get, None)), None))
    except BaseException as error:
        results.put((None, error))


def _check(workers: Sequence[Any], results: Any) -> None:
    """Raise what a process has raised, or that it is no more.

    A process that has ended with 0 has put its result.
    """
    if any(worker.exitcode for worker in workers):
        raise WorkerDiedError("a process has ended before its work; with fewer --jobs less memory is needed")
    if any(worker.exitcode is not None for worker in workers) and not results.empty():
        _, error = results.get()
        if error is not None:
            raise error


def _merged(workers: Sequence[Any], results: Any) -> Any:
    total: Any = None
    for _ in workers:
        while results.empty():
            if any(worker.exitcode for worker in workers):
                _check(workers, results)
            time.sleep(0.005)
        counts, error = results.get()
        if error is not None:
            raise error
        if total is None:
            total = counts
        else:
            total.merge(counts)
    return total
