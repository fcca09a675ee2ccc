"""Read what goes through a system, in any form that users have it: records, messages, events, PutEvents entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from perception_events.cli.json_files import UnreadableInput, read_json_files
from perception_events.json_values import JSONObject
from perception_events.records import UnreadableRecordError, json_record
from perception_events.simulation import InputForm, input_form

__all__ = ["FoundInput", "read_inputs"]


@dataclass(frozen=True, slots=True)
class FoundInput:
    """An input, its form and its location; `element` is its number in a document that is a list, from 0."""

    file: str
    line: int
    form: InputForm
    value: JSONObject
    element: int | None = None

    @property
    def location(self) -> str:
        """File and line, and the element of a list."""
        return f"{self.file}:{self.line}" if self.element is None else f"{self.file}:{self.line}[{self.element}]"


def read_inputs(paths: Iterable[str]) -> Iterator[FoundInput | UnreadableInput]:
    """The inputs of each file in turn, and an `UnreadableInput` for each location that holds none.

    A file is JSON lines or one JSON document: an input, a list of inputs, what Lambda or `get_records` gives
    (`Records`), or what `put-events` takes (`Entries`). `-` is standard input.
    """
    for found in read_json_files(paths):
        if isinstance(found, UnreadableInput):
            yield found
        else:
            yield from _inputs_of(found.file, found.line, found.value)


def _inputs_of(file: str, line: int, value: Any) -> Iterator[FoundInput | UnreadableInput]:
    if isinstance(value, dict) and input_form(value) is None:
        value = next((value[key] for key in ("Records", "Entries", "Messages") if key in value), value)
    is_list = isinstance(value, list)
    for number, member in enumerate(value if is_list else [value]):
        place = f"element {number} " if is_list else ""
        element = number if is_list else None
        form = input_form(member) if isinstance(member, dict) else None
        if form is None:
            names = (
                ", ".join(name[:40] for name in islice(member, 6))
                if isinstance(member, dict)
                else type(member).__name__
            )
            forms = "a stream record, a Kinesis record, a queue message, an event or a PutEvents entry"
            yield UnreadableInput(file, line, f"{place}is not {forms} (found: {names or 'nothing'})")
        elif form is InputForm.STREAM_RECORD:
            try:
                yield FoundInput(file, line, form, json_record(member), element)
            except UnreadableRecordError as error:
                yield UnreadableInput(file, line, f"{place}is not a stream record: {error}")
        else:
            yield FoundInput(file, line, form, member, element)
