"""Medians of repeated runs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

__all__ = [
    "call_microseconds",
    "cpu_microseconds",
    "fresh_microseconds",
    "import_milliseconds",
    "microseconds",
    "seconds",
]

ROUNDS = 7


def microseconds(function: Callable[[Any], object], items: Sequence[Any], *, rounds: int = ROUNDS) -> float:
    """The median, over rounds, of what `function` takes for one of `items`, each round asking all of them."""
    function(items[0])
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        for item in items:
            function(item)
        taken.append((time.perf_counter() - started) / len(items))
    return statistics.median(taken) * 1e6


def cpu_microseconds(function: Callable[[Any], object], items: Sequence[Any]) -> float:
    """What `function` takes of the processor for one of `items`, in one pass."""
    started = time.thread_time()
    for item in items:
        function(item)
    return (time.thread_time() - started) / len(items) * 1e6


def fresh_microseconds(function: Callable[[Any], object], passes: Sequence[Sequence[Any]]) -> float:
    """The median, over passes of items of their own, of the processor's time for one; the first pass warms up."""
    cpu_microseconds(function, passes[0])
    return statistics.median(cpu_microseconds(function, items) for items in passes[1:])


def call_microseconds(calls: Sequence[tuple[Callable[[Any], object], Any]], *, rounds: int = ROUNDS) -> float:
    """The median, over rounds, of what one of `calls` takes: a function and what it is asked."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        for function, item in calls:
            function(item)
        taken.append((time.perf_counter() - started) / len(calls))
    return statistics.median(taken) * 1e6


def seconds(function: Callable[[], object], *, rounds: int = 3) -> float:
    """The median of whole runs."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        function()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def import_milliseconds(code: str, *, rounds: int = 21) -> float:
    """What `code` takes in a fresh interpreter, with bytecode already there."""
    program = f"import time\nstarted = time.perf_counter()\n{code}\nprint(time.perf_counter() - started)"

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runs = [
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
        for _ in range(rounds + 2)
    ]
    return statistics.median(float(run.stdout) for run in runs[2:]) * 1000
