"""One process for each mutant, forked from one that has imported pytest and its plugins already.

A run of small tests takes a tenth of the time that way: most of it would be imports, the same ones for each mutant.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from time import monotonic, sleep
from types import FrameType
from typing import NoReturn

from perception_events.testing.mutants import PLAN_VARIABLE, MutantPlan

__all__ = ["CAN_FORK", "fork_for_each"]

CAN_FORK = hasattr(os, "fork")
"""Whether `fork_for_each` works here; it does not on Windows."""
_NEEDED_BY_TESTS = ("perception_events.testing.templates", "perception_events.pipeline.simulation", "yaml")
_NEEDED_BY_PLUGINS = {"_hypothesis_pytestplugin": "hypothesis"}
"""What a plugin of pytest imports when the tests have ended."""


def fork_for_each(plan: MutantPlan) -> MutantPlan:
    """Go on in a new process for each mutant, one after the other: returns there the plan of its run.

    The calling process ends here once all have ended; each report gets a line `ended` with the exit status, which is
    None where the run was stopped because it took too long.
    """
    by_plugins = [needed for plugin, needed in _NEEDED_BY_PLUGINS.items() if plugin in sys.modules]
    for module in (*_NEEDED_BY_TESTS, *by_plugins):
        with suppress(ImportError):
            import_module(module)
    first: tuple[str, ...] = ()
    for number in range(len(plan.mutants)):
        alone = plan.alone(number, first)
        _flush()
        child = os.fork()
        if child == 0:
            _begin(alone)
            return alone
        with _EndedWithUs(child):
            alone.add_to_report(ended=_status(child, plan.timeout))
        failed = alone.reported("failed")
        if failed:
            first = (failed[0], *(node for node in first if node != failed[0]))
    _flush()
    os._exit(0)  # nothing of pytest's is left to do here


def _begin(plan: MutantPlan) -> None:
    """In the new process: a group of its own, its output in a file, and the plan for processes that it starts."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ[PLAN_VARIABLE] = plan.write()
    output = os.open(plan.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _status(child: int, timeout: float | None) -> int | None:
    """The exit status of a process; None where it was stopped after `timeout` seconds."""
    end = None if timeout is None else monotonic() + timeout
    pause = 0.001
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if end is not None and monotonic() > end:
            return None
        sleep(pause)
        pause = min(pause * 2, 0.05)


class _EndedWithUs:
    """A process that is ended, with what it has started, when the block is left or this process is to end."""

    def __init__(self, child: int) -> None:
        self._child = child

    def __enter__(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(self._child, self._child)  # the child does so too: whoever comes first
        signal.signal(signal.SIGTERM, self._stopped)

    def __exit__(self, *_: object) -> None:
        self._end()

    def _stopped(self, *_: int | FrameType | None) -> NoReturn:
        self._end()
        os._exit(1)

    def _end(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._child, 0)
