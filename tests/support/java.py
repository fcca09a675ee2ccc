"""The real parts that need Java: resolved by Maven, skipped with a reason where Java or Maven is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["java_parts", "skip_or_fail"]

_TESTS = Path(__file__).resolve().parent.parent


def skip_or_fail(reason: str) -> None:
    """Skip the running test, or fail it where `PERCEPTION_EVENTS_REQUIRE_JAVA=1` says that the part must be there."""
    if os.environ.get("PERCEPTION_EVENTS_REQUIRE_JAVA") == "1":
        pytest.fail(f"PERCEPTION_EVENTS_REQUIRE_JAVA=1, but: {reason}")
    pytest.skip(reason)


def java_parts(pom_directory: str) -> str:
    """Return the classpath of `tests/<pom_directory>/pom.xml`'s dependencies, fetched once by Maven.

    The jars go to `.cache/<pom_directory>` beside `tests/`; a stamp holding the pom's text says they are whole.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            skip_or_fail(f"{program} is not on the PATH")
    pom = _TESTS / pom_directory / "pom.xml"
    target = _TESTS.parent / ".cache" / pom_directory.replace("/", "-")
    stamp = target / "pom.stamp"
    if not (stamp.exists() and stamp.read_text() == pom.read_text()):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        done = subprocess.run(
            [
                "mvn",
                "-q",
                "-B",
                "-f",
                str(pom),
                "dependency:copy-dependencies",
                f"-DoutputDirectory={target}",
            ],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode != 0:
            skip_or_fail(f"Maven could not fetch the parts of {pom.name}: {done.stdout[-800:]}{done.stderr[-800:]}")
        stamp.write_text(pom.read_text())
    return f"{target}{os.sep}*"
