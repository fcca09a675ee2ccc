"""Inputs are told apart by their form, whatever file they come in; what is none of them is named."""

from __future__ import annotations

import io
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


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORD),
        json.dumps(RECORD, indent=2),
        json.dumps([RECORD]),
        json.dumps([RECORD], indent=2),
        json.dumps({"Records": [RECORD]}),
        json.dumps({"Records": [RECORD], "NextShardIterator": "x"}, indent=2),
        "\n" + json.dumps(RECORD) + "\n\n",
        "\ufeff" + json.dumps(RECORD),
    ],
)
def test_every_kind_of_document_gives_its_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "records"
    path.write_text(text, encoding="utf-8")
    (found,) = read_inputs([str(path)])
    assert isinstance(found, FoundInput)
    assert (found.form, found.value) == (InputForm.STREAM_RECORD, RECORD)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{\n  'a': 1\n}", ":2: is not JSON"),
        ("hello", ":1: is not JSON"),
        ("3", ":1: is not a stream record, a Kinesis record, a queue message, an event or a PutEvents entry"),
        ("[1]", "element 0 is not a stream record"),
        ('{"detail": {}}', "(found: detail)"),
        ('{"Records": 3}', "(found: int)"),
        ("[" * 100_000, "is"),
    ],
)
def test_what_is_no_input_says_where_and_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "records"
    path.write_text(text, encoding="utf-8")
    (found,) = read_inputs([str(path)])
    assert isinstance(found, UnreadableInput)
    assert why in str(found)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x80")
    found = list(read_inputs([str(tmp_path / "nowhere"), str(tmp_path / "binary")]))
    assert ["cannot be opened" in str(found[0]), "is not UTF-8" in str(found[1])] == [True, True]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(RECORD)))
    (found,) = read_inputs(["-"])
    assert isinstance(found, FoundInput)
    assert found.file == "<stdin>"
