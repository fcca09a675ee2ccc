"""Input made to break a reader is taken, or rejected by an error of the library: in time, in memory, at every entrance.

`PERCEPTION_EVENTS_HOSTILE_BYTES` sets the size of an input, `PERCEPTION_EVENTS_SEED` the seed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("typer", reason="the commands are tried too, which need the [cli] extra")
pytest.importorskip("resource", reason="the memory of a process cannot be limited here")

from support.hostile_process import CPU_SECONDS, ENTRANCES

SIZE = int(os.environ.get("PERCEPTION_EVENTS_HOSTILE_BYTES", "10000"))
SEED = os.environ.get("PERCEPTION_EVENTS_SEED", "20261125")
PROMISED = CPU_SECONDS / 2
"""Processor seconds: 2 are promised, and a machine may be slow."""


def run(skip: int) -> tuple[list[tuple[list[Any], list[Any]]], list[Any] | None, str]:
    """What was tried with what came of it, what the process died of, and what it said then."""
    arguments = [sys.executable, "-m", "support.hostile_process", SEED, str(SIZE), str(skip)]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": PATH}
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    pairs = list(zip(lines[::2], lines[1::2], strict=False))
    return pairs, lines[-1] if len(lines) % 2 else None, f"{done.returncode}: {done.stderr[-500:]}"


PATH = os.pathsep.join(path for path in sys.path if path)


def test_whatever_comes_is_taken_or_rejected_in_time_and_in_memory_at_every_entrance() -> None:
    tried: set[str] = set()
    faults: list[str] = []
    skip = 0
    while True:
        pairs, died, said = run(skip)
        for (_, entrance, label), (seconds, fault) in pairs:
            tried.add(entrance)
            if fault or seconds > PROMISED:
                faults.append(f"{entrance}, {label}: {fault or f'{seconds:.1f} s'}")
        if died is None:
            break
        faults.append(f"{died[1]}, {died[2]}: the process died, {said}")
        skip = died[0] + 1
    assert not faults, f"seed {SEED}, {SIZE} bytes:\n" + "\n".join(faults[:20])
    assert tried == set(ENTRANCES), said
