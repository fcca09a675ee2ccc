"""Read events from the files a user has: EventBridge events, stream records, and entries of `put-events`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from perception_events.cli.json_files import UnreadableInput, read_json_files
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
    for found in read_json_files(paths):
        if isinstance(found, UnreadableInput):
            yield found
        else:
            yield from _events_of(found.file, found.line, found.value)


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
