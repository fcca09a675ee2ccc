"""What was read of the input and what was not, in numbers: read + unreadable = lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from perception_events.errors import InputError
from perception_events.traffic._blocks import UnreadableInput

__all__ = ["InputCounts", "UnreadableTrafficError"]

MAX_PROBLEMS = 20


class UnreadableTrafficError(InputError, ValueError):
    """An input that cannot be read, where nothing unreadable is allowed; `problem` says where and why."""

    def __init__(self, problem: UnreadableInput) -> None:
        super().__init__(str(problem))
        self.problem = problem

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problem,)


@dataclass(slots=True)
class InputCounts:
    """Lines (that are not empty; of a document that is not in lines, its values), and those that could not be read.

    `files`: files that could not be read, or not to their end. `records`: stream records among the events. `problems`:
    the first of them.
    """

    lines: int = 0
    unreadable: int = 0
    files: int = 0
    records: int = 0
    problems: list[UnreadableInput] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Lines that were read."""
        return self.lines - self.unreadable

    def reject(self, problem: UnreadableInput, *, strict: bool, counted: bool = False) -> None:
        """Count what could not be read; `counted`: its line is among `lines` already.

        Raises:
            UnreadableTrafficError: with `strict`.
        """
        if strict:
            raise UnreadableTrafficError(problem)
        if problem.line:
            self.unreadable += 1
            self.lines += not counted
        else:
            self.files += 1
        self._keep([problem])

    def merge(self, other: InputCounts) -> None:
        """Add what another part counted."""
        self.lines += other.lines
        self.unreadable += other.unreadable
        self.files += other.files
        self.records += other.records
        self._keep(other.problems)

    def _keep(self, problems: list[UnreadableInput]) -> None:
        self.problems = sorted(self.problems + problems)[:MAX_PROBLEMS]

    def to_dict(self) -> dict[str, Any]:
        """A JSON object of the numbers and of the first problems."""
        return {
            "lines": self.lines,
            "read": self.read,
            "unreadable": self.unreadable,
            "unreadable_files": self.files,
            "records": self.records,
            "problems": [{"file": p.file, "line": p.line, "reason": p.reason} for p in self.problems],
        }
