"""Read JSON values from the files that a command names: the first step of everything that takes records or events."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from perception_events.cli.console import hint_at_terminal
from perception_events.cli.errors import CommandError
from perception_events.errors import cut
from perception_events.json_values import JSONValue

__all__ = ["STANDARD_INPUT", "FoundValue", "UnreadableInput", "read_json_files", "read_text"]

STANDARD_INPUT = "-"
NOT_UTF_8_FIX = "save it as UTF-8"
_TOO_DEEP = "is nested too deep to be read"


@dataclass(frozen=True, slots=True)
class FoundValue:
    """A JSON value and its location."""

    file: str
    line: int
    value: JSONValue


@dataclass(frozen=True, slots=True)
class UnreadableInput:
    """A location that could not be read, and why; line 0 is the whole file."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}" if self.line else self.file
        return f"{location}: {cut(self.reason)}"


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        OSError: it cannot be opened.
        CommandError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8 text: {error}", NOT_UTF_8_FIX) from error


def read_json_files(paths: Iterable[str]) -> Iterator[FoundValue | UnreadableInput]:
    """The values of each file in turn, and an `UnreadableInput` for each location that holds none.

    A file is JSON lines, which are read as they come, or one JSON document. A folder is walked for `*.json*`. `-` is
    standard input. What begins with `{` or `[` is JSON itself and not a path.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            hint_at_terminal("JSON")
            yield from _decoded("<stdin>", sys.stdin)
        elif path.lstrip()[:1] in ("{", "["):
            yield from _read_document("<argument>", 1, path)
        else:
            for file in sorted(Path(path).rglob("*.json*")) if Path(path).is_dir() else [Path(path)]:
                yield from _read_file(file)


def _read_file(file: Path) -> Iterator[FoundValue | UnreadableInput]:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            yield from _decoded(str(file), stream)
    except OSError as error:
        yield UnreadableInput(str(file), 0, f"cannot be opened: {error.strerror or error}; fix: check the path")


def _decoded(name: str, stream: TextIO) -> Iterator[FoundValue | UnreadableInput]:
    try:
        yield from _read_stream(name, stream)
    except UnicodeDecodeError as error:
        yield UnreadableInput(name, 0, f"is not UTF-8 text: {error}; fix: {NOT_UTF_8_FIX}")


def _read_stream(name: str, stream: TextIO) -> Iterator[FoundValue | UnreadableInput]:
    """Line by line while each line is a whole JSON value; otherwise the rest is one document."""
    has_lines = False
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            # A document spread over lines fails on its first; after a good line, a bad one is just bad.
            if not has_lines and line.strip()[0] in "[{" and _is_unfinished(line, error):
                yield from _read_document(name, number, line + stream.read())
                return
            has_lines = True
            too_deep = isinstance(error, RecursionError)
            yield UnreadableInput(name, number, _TOO_DEEP if too_deep else f"is not JSON: {error}")
            continue
        has_lines = True
        yield FoundValue(name, number, value)


def _is_unfinished(line: str, error: Exception) -> bool:
    return isinstance(error, json.JSONDecodeError) and error.pos >= len(line.rstrip())


def _read_document(name: str, first_line: int, text: str) -> Iterator[FoundValue | UnreadableInput]:
    try:
        yield FoundValue(name, first_line, json.loads(text))
    except json.JSONDecodeError as error:
        yield UnreadableInput(name, first_line + error.lineno - 1, f"is not JSON: {error.msg} (column {error.colno})")
    except RecursionError:
        yield UnreadableInput(name, first_line, _TOO_DEEP)
