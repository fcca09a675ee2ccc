"""event-ruler 2.1.0 in a Java process of its own, timed by itself."""

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


def ruler_microseconds(
    rules: dict[str, Any], events: Sequence[str], *, timeout: float | None = None
) -> tuple[float, float]:
    """What an event takes, its parsing included: in the first pass over `events`, and the median when warmed up.

    Raises:
        TimeoutExpired: it took more than `timeout` seconds in all.
    """
    with tempfile.TemporaryDirectory() as folder:
        rule_file, event_file = Path(folder, "rules"), Path(folder, "events")
        rule_file.write_text("\n".join(f"{name}\t{json.dumps(pattern)}" for name, pattern in rules.items()), "utf-8")
        event_file.write_text("\n".join(events), "utf-8")
        command = ["java", "-Xmx4g", "-cp", java_parts("differential"), str(_SOURCE), str(rule_file), str(event_file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout)
    first, warm = map(float, done.stdout.split())
    return first, warm
