"""Read stream records from the files a user has: the first step of every command that takes RECORDS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from perception_events.cli.json_files import UnreadableInput, read_json_files
from perception_events.json_values import JSONObject, JSONValue
from perception_events.records import UnreadableRecordError, json_record

__all__ = ["FoundRecord", "read_records"]


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A stream record and where it was found."""

    file: str
    line: int
    record: JSONObject


def read_records(paths: Iterable[str]) -> Iterator[FoundRecord | UnreadableInput]:
    """Yield the records of each file in turn, and an `UnreadableInput` for each place that holds none.

    A file is JSON lines, or one JSON document: a record, a list of records, a Lambda event or a `get_records`
    response (`{"Records": [...]}`). `-` is standard input. JSON lines are read as they come.
    """
    for found in read_json_files(paths):
        if isinstance(found, UnreadableInput):
            yield found
        else:
            yield from _records_of(found.file, found.line, found.value)


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
