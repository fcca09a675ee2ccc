"""The real engine, event-ruler 2.1.0, in a Java process beside the tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread

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
        return [verdict for _, verdict in self.stream(cases, complexity=complexity, beside=beside)]

    def stream(
        self, cases: Iterable[tuple[str, Sequence[str]]], *, complexity: bool = False, beside: Sequence[str] = ()
    ) -> Iterator[tuple[tuple[str, Sequence[str]], Verdict]]:
        """Each case with its verdict; `cases` is read in a thread, so that it is made while the engine works."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        asked: Queue[tuple[str, Sequence[str]] | BaseException | None] = Queue()

        def write() -> None:
            try:
                for case in cases:
                    question = {"pattern": case[0], "events": list(case[1]), "beside": list(beside)}
                    stdin.write(json.dumps(question | ({"complexity": True} if complexity else {})) + "\n")
                    asked.put(case)
                stdin.flush()
            except BaseException as error:  # it is raised where the verdicts are read
                asked.put(error)
            else:
                asked.put(None)

        thread = Thread(target=write, daemon=True)
        thread.start()
        while (case := asked.get()) is not None:
            if isinstance(case, BaseException):
                raise case
            line = stdout.readline()
            assert line, f"the oracle ended with {self._process.wait()}"
            answer = json.loads(line)
            yield case, Verdict(answer["error"], answer.get("matches", []), answer.get("complexity"))
        thread.join()


@contextmanager
def start_oracle() -> Iterator[Oracle]:
    """Start the engine; skips (or fails, see `java_parts`) where Java is missing."""
    classpath = compiled(_SOURCE, java_parts("differential"))
    # One of many threads, and seconds of work: the simpler compiler and collector halve what it costs.
    command = [newest_java(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classpath, "Oracle"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield Oracle(process)
        finally:
            process.kill()
