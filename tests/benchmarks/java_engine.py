"""event-ruler 2.1.0 in a Java process of its own, timed by itself after warming up."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.java import java_parts

__all__ = ["java_is_there", "ruler_microseconds"]

_SOURCE = Path(__file__).with_name("Ruler.java")


def java_is_there() -> bool:
    """Whether Java and Maven are on the PATH."""
    return all(shutil.which(program) for program in ("java", "mvn"))


def ruler_microseconds(cases: Sequence[tuple[dict[str, Any], Sequence[str]]]) -> list[float]:
    """For each (rules, event texts): the median of what an event takes, its parsing included."""
    with tempfile.TemporaryDirectory() as folder:
        files: list[str] = []
        for number, (rules, events) in enumerate(cases):
            for kind, lines in (
                ("rules", [f"{name}\t{json.dumps(pattern)}" for name, pattern in rules.items()]),
                ("events", list(events)),
            ):
                path = Path(folder, f"{number}.{kind}")
                path.write_text("\n".join(lines), encoding="utf-8")
                files.append(str(path))
        command = ["java", "-Xmx4g", "-cp", java_parts("differential"), str(_SOURCE), *files]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]
