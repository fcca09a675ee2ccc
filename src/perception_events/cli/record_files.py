"""Read stream records from the files a user has: the first step of every command that takes RECORDS."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from perception_events.json_values import JSONObject, JSONValue
from perception_events.records import UnreadableRecordError, json_record

__all__ = ["STANDARD_INPUT", "FoundRecord", "UnreadableInput", "read_records"]

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A stream record and where it was found."""

    file: str
    line: int
    record: JSONObject


@dataclass(frozen=True, slots=True)
class UnreadableInput:
    """A place that could not be read as a record, and why; line 0 is the whole file."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.reason}"


def read_records(paths: Iterable[str]) -> Iterator[FoundRecord | UnreadableInput]:
    """Yield the records of each file in turn, and an `UnreadableInput` for each place that holds none.

    A file is JSON lines, or one JSON document: a record, a list of records, a Lambda event or a `get_records`
    response (`{"Records": [...]}`). `-` is standard input. JSON lines are read as they come.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            yield from _read_stream("<stdin>", sys.stdin)
            continue
        try:
            with Path(path).open(encoding="utf-8-sig") as stream:
                yield from _read_stream(path, stream)
        except OSError as error:
            yield UnreadableInput(path, 0, f"cannot be opened: {error.strerror or error}")
        except UnicodeDecodeError as error:
            yield UnreadableInput(path, 0, f"is not UTF-8 text: {error}")


def _read_stream(name: str, stream: TextIO) -> Iterator[FoundRecord | UnreadableInput]:
    """Read line by line while each line is a whole JSON value; otherwise the rest is one document."""
    documents = False
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            # A document spread over lines fails on its first; after a good line, a bad one is just bad.
            if not documents and line.strip()[0] in "[{" and _is_unfinished(line, error):
                yield from _read_document(name, number, line + stream.read())
                return
            documents = True
            yield UnreadableInput(name, number, f"is not JSON: {error}")
            continue
        documents = True
        yield from _records_of(name, number, value)


def _is_unfinished(line: str, error: Exception) -> bool:
    return isinstance(error, json.JSONDecodeError) and error.pos >= len(line.rstrip())


def _read_document(name: str, first_line: int, text: str) -> Iterator[FoundRecord | UnreadableInput]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        yield UnreadableInput(name, first_line + error.lineno - 1, f"is not JSON: {error.msg} (column {error.colno})")
    except RecursionError:
        yield UnreadableInput(name, first_line, "is nested too deep to be a stream record")
    else:
        yield from _records_of(name, first_line, value)


def _records_of(name: str, line: int, value: JSONValue) -> Iterator[FoundRecord | UnreadableInput]:
    if isinstance(value, dict) and "Records" in value:
        value = value["Records"]
        if not isinstance(value, list):
            yield UnreadableInput(name, line, '"Records" is not a list')
            return
    members = value if isinstance(value, list) else [value]
    for index, member in enumerate(members):
        place = f"element {index} " if isinstance(value, list) else ""
        if not isinstance(member, dict):
            yield UnreadableInput(name, line, f"{place}is a {_kind(member)}, a stream record is a JSON object")
        elif not isinstance(member.get("dynamodb"), dict):
            found = ", ".join(list(member)[:6]) or "nothing"
            yield UnreadableInput(
                name, line, f'{place}is not a stream record: it has no "dynamodb" object (found: {found})'
            )
        else:
            try:
                yield FoundRecord(name, line, json_record(member))
            except UnreadableRecordError as error:
                yield UnreadableInput(name, line, f"{place}is not a stream record: {error}")


def _kind(value: JSONValue) -> str:
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", type(None): "null"}
    return names.get(type(value), "object")
