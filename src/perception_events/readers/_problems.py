"""What could not be read, as values: a reader reports them and reads on; a strict reader raises them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perception_events.errors import DeclarationError
from perception_events.topology import Origin

__all__ = ["DocumentError", "Problem", "ReadError"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read.

    `reason`: what is wrong. `fix`: what to do about it. `origin`: the file and line.
    """

    reason: str
    fix: str
    origin: Origin

    def __str__(self) -> str:
        return f"{self.origin}: {self.reason}; fix: {self.fix}" if self.fix else f"{self.origin}: {self.reason}"


class ReadError(DeclarationError, ValueError):
    """Files that could not be read; `problems` holds what is wrong, file by file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DocumentError(Exception):
    """One file cannot be read at all: how a parser ends; readers turn it into a `Problem`."""

    def __init__(self, reason: str, fix: str, line: int | None = None) -> None:
        self.reason = reason
        self.fix = fix
        self.line = line
        super().__init__(reason)

    def problem(self, file: str) -> Problem:
        """This error as a value."""
        return Problem(self.reason, self.fix, Origin(file, self.line))
