"""Read events from the files a user has: EventBridge events, stream records, and entries of `put-events`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from perception_events.cli.record_files import STANDARD_INPUT, UnreadableInput
from perception_events.json_values import JSONObject
from perception_events.schemas import ENVELOPE_EXAMPLE

__all__ = ["FoundEvent", "read_events"]

_LISTS = ("Records", "Entries", "events", "Events")


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event and its location."""

    file: str
    line: int
    event: JSONObject


def read_events(paths: Iterable[str]) -> Iterator[FoundEvent | UnreadableInput]:
    """The events of each file in turn; a folder is walked, `-` is standard input.

    A file is JSON lines, or one JSON document: an event, a list of events, or an object with such a list under
    `Records`, `Entries` or `Events`. An entry of `put-events` (`Source`, `DetailType`, `Detail` as text) becomes the
    event that it makes.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            yield from _read_stream("<stdin>", sys.stdin)
            continue
        files = sorted(Path(path).rglob("*.json*")) if Path(path).is_dir() else [Path(path)]
        for file in files:
            try:
                with file.open(encoding="utf-8-sig") as stream:
                    yield from _read_stream(str(file), stream)
            except OSError as error:
                yield UnreadableInput(str(file), 0, f"cannot be opened: {error.strerror or error}")
            except UnicodeDecodeError as error:
                yield UnreadableInput(str(file), 0, f"is not UTF-8 text: {error}")


def _read_stream(name: str, stream: TextIO) -> Iterator[FoundEvent | UnreadableInput]:
    """Line by line while each line is a whole JSON value; otherwise the rest is one document."""
    lines_so_far = 0
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not lines_so_far:  # a document over several lines fails on its first
                yield from _read_document(name, number, line + stream.read())
                return
            yield UnreadableInput(name, number, f"is not JSON: {error}")
            continue
        lines_so_far += 1
        yield from _events_of(name, number, value)


def _read_document(name: str, first_line: int, text: str) -> Iterator[FoundEvent | UnreadableInput]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        yield UnreadableInput(name, first_line + error.lineno - 1, f"is not JSON: {error.msg} (column {error.colno})")
    except RecursionError:
        yield UnreadableInput(name, first_line, "is nested too deep to be an event")
    else:
        yield from _events_of(name, first_line, value)


def _events_of(name: str, line: int, value: Any) -> Iterator[FoundEvent | UnreadableInput]:
    if isinstance(value, dict):
        value = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), value)
    for member in value if isinstance(value, list) else [value]:
        if not isinstance(member, dict):
            yield UnreadableInput(name, line, f"is a {type(member).__name__}, an event is a JSON object")
        elif "DetailType" in member and isinstance(member.get("Detail"), str):
            yield _event_of_entry(name, line, member)
        else:
            yield FoundEvent(name, line, member)


def _event_of_entry(name: str, line: int, entry: dict[str, Any]) -> FoundEvent | UnreadableInput:
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError) as error:
        return UnreadableInput(name, line, f"Detail is not JSON: {error}")
    event = {"source": entry.get("Source"), "detail-type": entry["DetailType"], "detail": detail}
    return FoundEvent(name, line, {**ENVELOPE_EXAMPLE, **event})
