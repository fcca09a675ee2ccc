"""Runs a project's own tests with one mutant after the other in the place of its rule, for `mutate --tests`."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

from perception_events.analysis import MutantOutcome, MutantTrial
from perception_events.cli.errors import CommandError
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import Mutant
from perception_events.testing.mutant_runs import CAN_FORK
from perception_events.testing.mutants import PLAN_VARIABLE, PLUGIN, MutantPlan

__all__ = ["PytestRuns"]

_LEAST_SECONDS = 30.0
"""What a run may take at least, however quick the tests are without a mutant."""
_TIMES_AS_LONG = 5.0
_SECONDS_TO_END = 2.0
_SHOWN_LINES = 3
_SHOWN_TESTS = 5


class PytestRuns:
    """Runs of a pytest command with mutants.

    Args:
        command: the command, such as `pytest tests/rules`.
        folder: where plans, reports and pytest's cache may be written; its owner removes it.
        timeout: seconds that one run may take; None for 30, or five times as long as without a mutant if that is more.
        jobs: how many runs go on at a time.
    """

    def __init__(self, command: str, folder: Path, *, timeout: float | None = None, jobs: int = 1) -> None:
        self._command = _command(command)
        self._shown = f"--tests {command}"
        self._folder = folder
        self._timeout = timeout
        self._jobs = jobs
        self._patterns: Mapping[str, str] = {}
        self._plans = 0

    def loaded(self, patterns: Mapping[str, EventPattern]) -> set[str]:
        """The names of those patterns that the tests load; runs them once as they are.

        Raises:
            CommandError: the command cannot be run, is not pytest, or the tests fail without any mutant.
        """
        self._patterns = {name: pattern.canonical for name, pattern in patterns.items()}
        plan = self._plan()
        start = monotonic()
        status = self._run(plan, self._timeout)
        seconds = monotonic() - start
        if status is None:
            raise CommandError(f"{self._shown}: stopped after {seconds:.0f} s without a mutant", "raise --timeout")
        if not plan.reported("started"):
            raise CommandError(
                f"{self._shown}: exit status {status}, and no plugin of perception-events was loaded: {_tail(plan)}",
                "give a pytest command whose environment has perception-events",
            )
        if status:
            failed = ", ".join(map(str, plan.reported("failed")[:_SHOWN_TESTS])) or _tail(plan)
            raise CommandError(
                f"{self._shown}: exit status {status} without a mutant: {failed}", "make the tests pass first"
            )
        if self._timeout is None:
            self._timeout = max(_LEAST_SECONDS, _TIMES_AS_LONG * seconds)
        return {str(name) for name in plan.reported("loaded")}

    def outcomes(self, name: str, mutants: Sequence[Mutant]) -> Iterator[MutantTrial]:
        """Each mutant in the place of the pattern `name`, in order."""
        # Where processes cannot be forked, each mutant has a run of the command; else all of a job share one.
        jobs = self._jobs if CAN_FORK else len(mutants)
        shares = [share for job in range(jobs) if (share := mutants[job::jobs])]
        plans = [self._plan(name, share) for share in shares]
        trials: dict[int, MutantTrial] = {}
        with ThreadPoolExecutor(self._jobs) as pool:
            for share, found in zip(shares, pool.map(self._tried, plans, shares), strict=True):
                trials.update(zip(map(id, share), found, strict=True))
        return (trials[id(mutant)] for mutant in mutants)

    def _plan(self, name: str | None = None, mutants: Sequence[Mutant] = ()) -> MutantPlan:
        self._plans += 1
        texts = tuple(mutant.pattern.canonical for mutant in mutants)
        return MutantPlan(self._patterns, str(self._folder / f"report-{self._plans}"), name, texts, (), self._timeout)

    def _tried(self, plan: MutantPlan, mutants: Sequence[Mutant]) -> list[MutantTrial]:
        if len(mutants) == 1:
            return [self._trial(mutants[0], plan, self._run(plan, self._timeout, "-x"))]
        whole = self._run(plan, None, "-x")
        trials = []
        for number, mutant in enumerate(mutants):
            alone = plan.alone(number)
            ended = alone.reported("ended")
            trials.append(self._trial(mutant, alone, ended[0] if ended else whole))
        return trials

    def _trial(self, mutant: Mutant, plan: MutantPlan, status: int | None) -> MutantTrial:
        """What became of one run."""
        failed = plan.reported("failed")
        if failed:
            return MutantTrial(mutant, MutantOutcome.NOTICED, str(failed[0]))
        if status is None:
            return MutantTrial(mutant, MutantOutcome.ERROR, f"the tests were stopped after {self._timeout:g} s")
        if status or not plan.reported("finished"):
            return MutantTrial(mutant, MutantOutcome.ERROR, f"exit status {status}: {_tail(plan)}")
        if not plan.reported("loaded"):
            return MutantTrial(mutant, MutantOutcome.ERROR, "this time the tests did not load the rule")
        return MutantTrial(mutant, MutantOutcome.SURVIVED)

    def _run(self, plan: MutantPlan, timeout: float | None, *options: str) -> int | None:
        """Run the command; its exit status, or None where it was stopped after `timeout` seconds."""
        cache = f"-o cache_dir={shlex.quote(str(self._folder / 'cache'))}"
        environment = {
            **os.environ,
            PLAN_VARIABLE: plan.write(),
            "PYTEST_PLUGINS": _joined(",", os.environ.get("PYTEST_PLUGINS"), PLUGIN),
            "PYTEST_ADDOPTS": _joined(" ", os.environ.get("PYTEST_ADDOPTS"), cache, *options),
        }
        with open(plan.output, "wb") as written:
            try:
                # A group of its own, so that what the tests started ends with them.
                process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=written,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                reason = error.strerror or error
                raise CommandError(f"{self._shown}: it cannot be run: {reason}", "check the command") from None
            try:
                return process.wait(timeout)
            except subprocess.TimeoutExpired:
                return None
            finally:
                _end(process)


def _command(text: str) -> list[str]:
    """The words of the command; `pytest` is that of the environment this runs in; without one there, that of the PATH.

    Raises:
        CommandError: it has no words, or a quote is open.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise CommandError(f"--tests {text!r}: {error}", "close the quotes") from None
    if not words:
        raise CommandError("--tests names no command", "write for example --tests 'pytest tests/rules'")
    if words[0] == "pytest" and find_spec("pytest") is not None:
        return [sys.executable, "-m", *words]
    return words


def _joined(separator: str, *parts: str | None) -> str:
    return separator.join(part for part in parts if part)


def _tail(plan: MutantPlan) -> str:
    """The last lines of what a run printed, as one."""
    text = Path(plan.output).read_text(encoding="utf-8", errors="replace") if Path(plan.output).exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_SHOWN_LINES:]) or "nothing was printed"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a run; it is asked first, since what it forked has groups of its own."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_END)
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
