"""A line of recorded traffic as reports show it, and how long one may be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_SAMPLE", "Sample"]

MAX_SAMPLE = 16 * 1024
"""Bytes of a line; a longer one is neither kept nor looked at."""


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """An event as it was found; `text` is empty where its line is longer than `MAX_SAMPLE`."""

    file: str
    line: int
    text: str

    @classmethod
    def of(cls, file: str, line: int, text: bytes) -> Sample:
        """The sample for a line as it was read."""
        return cls(file, line, str(text, "utf-8", "replace").strip() if len(text) <= MAX_SAMPLE else "")
