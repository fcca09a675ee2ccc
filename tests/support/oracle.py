"""The real engine, event-ruler 2.1.0, in a Java process beside the tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.java import compiled, java_parts, newest_java

__all__ = ["Oracle", "Verdict", "start_oracle"]

_SOURCE = Path(__file__).resolve().parent.parent / "differential" / "Oracle.java"


@dataclass(frozen=True)
class Verdict:
    """The engine's answer: its rejection of the pattern, or for each event whether it matches (None: rejected)."""

    error: str | None
    matches: list[bool | None]
    complexity: int | None = None


class Oracle:
    """Asks the engine; one rule to a machine, and those `beside` it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(
        self, cases: Sequence[tuple[str, Sequence[str]]], *, complexity: bool = False, beside: Sequence[str] = ()
    ) -> list[Verdict]:
        """The verdicts on (pattern text, event texts); `beside`: patterns of other rules in the same machine."""
        verdicts: list[Verdict] = []
        # Fewer at a time than the pipes between the processes hold would deadlock neither side.
        for start in range(0, len(cases), 20):
            verdicts += self._ask(cases[start : start + 20], complexity, beside)
        return verdicts

    def _ask(
        self, cases: Iterable[tuple[str, Sequence[str]]], complexity: bool, beside: Sequence[str]
    ) -> Iterator[Verdict]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        count = 0
        for pattern, events in cases:
            question: dict[str, object] = {"pattern": pattern, "events": list(events), "beside": list(beside)}
            if complexity:
                question["complexity"] = True
            self._process.stdin.write(json.dumps(question) + "\n")
            count += 1
        self._process.stdin.flush()
        for _ in range(count):
            line = self._process.stdout.readline()
            assert line, f"the oracle ended with {self._process.wait()}"
            answer = json.loads(line)
            yield Verdict(answer["error"], answer.get("matches", []), answer.get("complexity"))


@contextmanager
def start_oracle() -> Iterator[Oracle]:
    """Start the engine; skips (or fails, see `java_parts`) where Java is missing."""
    classpath = compiled(_SOURCE, java_parts("differential"))
    command = [newest_java(), "-Xmx512m", "-cp", classpath, "Oracle"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield Oracle(process)
        finally:
            process.kill()
