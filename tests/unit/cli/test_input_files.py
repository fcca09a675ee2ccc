"""Inputs are told apart by their form, whatever file they come in; what is none of them is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perception_events.cli.input_files import FoundInput, read_inputs
from perception_events.cli.json_files import UnreadableInput
from perception_events.simulation import InputForm

RECORD = {"eventName": "INSERT", "dynamodb": {"NewImage": {"id": {"S": "1"}}}}
KINESIS = {"kinesis": {"partitionKey": "1", "data": "e30="}}
MESSAGE = {"messageId": "1", "body": "{}"}
EVENT = {"source": "a", "detail-type": "b", "detail": {}}
ENTRY = {"Source": "a", "DetailType": "b", "Detail": "{}"}


@pytest.mark.parametrize(
    ("document", "forms"),
    [
        (RECORD, [InputForm.STREAM_RECORD]),
        (
            {"Records": [RECORD, MESSAGE, KINESIS]},
            [InputForm.STREAM_RECORD, InputForm.QUEUE_MESSAGE, InputForm.KINESIS_RECORD],
        ),
        ([EVENT, ENTRY], [InputForm.EVENT, InputForm.ENTRY]),
        ({"Entries": [ENTRY, {"Source": "a"}]}, [InputForm.ENTRY, InputForm.ENTRY]),
        ({"Messages": [{"body": "x", "receiptHandle": "y"}]}, [InputForm.QUEUE_MESSAGE]),
    ],
)
def test_each_form_is_told_by_its_fields(tmp_path: Path, document: Any, forms: list[InputForm]) -> None:
    path = tmp_path / "inputs.json"
    path.write_text(json.dumps(document, indent=1))
    found = list(read_inputs([str(path)]))
    assert [one.form for one in found if isinstance(one, FoundInput)] == forms
    assert len(found) == len(forms)


def test_lines_keep_their_numbers_and_bad_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "inputs.jsonl"
    path.write_text(f"{json.dumps(EVENT)}\n{{bad\n{json.dumps({'some': 'thing'})}\n5\n{json.dumps(MESSAGE)}\n")
    found = list(read_inputs([str(path)]))
    assert [(type(one).__name__, one.line) for one in found] == [
        ("FoundInput", 1),
        ("UnreadableInput", 2),
        ("UnreadableInput", 3),
        ("UnreadableInput", 4),
        ("FoundInput", 5),
    ]
    unknown = found[2]
    assert isinstance(unknown, UnreadableInput)
    assert "(found: some)" in unknown.reason


def test_an_argument_that_begins_like_json_is_json_itself() -> None:
    (found,) = read_inputs([json.dumps(EVENT)])
    assert isinstance(found, FoundInput)
    assert found.file == "<argument>"
