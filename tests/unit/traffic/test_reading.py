"""The files that users have, each form of them; and what is wrong with the others, with file and line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from perception_events.traffic import FoundRecord, UnreadableInput, read_records

RECORD = {"eventName": "INSERT", "dynamodb": {"Keys": {"site": {"S": "test_site"}}}}


def read(path: Path) -> list[FoundRecord | UnreadableInput]:
    return list(read_records([str(path)]))


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
def test_every_form_gives_the_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "records"
    path.write_text(text, encoding="utf-8")
    (found,) = read(path)
    assert isinstance(found, FoundRecord)
    assert found.record == RECORD


def test_json_lines_name_the_line_of_each_record_and_of_each_fault(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join([json.dumps(RECORD), '{"broken', "", "[]x", json.dumps(RECORD)]), encoding="utf-8")
    found = read(path)
    assert [(type(f).__name__, f.line) for f in found] == [
        ("FoundRecord", 1),
        ("UnreadableInput", 2),
        ("UnreadableInput", 4),
        ("FoundRecord", 5),
    ]
    assert str(found[1]).startswith(f"{path}:2: is not JSON")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{\n  'a': 1\n}", ":2: is not JSON"),
        ("hello", ":1: is not JSON"),
        ("3", "a stream record is a JSON object"),
        ("[1]", "element 0 is a number"),
        ('{"detail": {}}', 'has no "dynamodb" object (found: detail)'),
        ('{"Records": 3}', '"Records" is not a list'),
        ("[" * 100_000, "is"),
    ],
)
def test_what_is_no_record_says_where_and_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "records"
    path.write_text(text, encoding="utf-8")
    (found,) = read(path)
    assert isinstance(found, UnreadableInput)
    assert why in str(found)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x80")
    found = [*read(tmp_path / "nowhere"), *read(tmp_path / "binary")]
    assert ["cannot be opened" in str(found[0]), "is not UTF-8" in str(found[1])] == [True, True]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(RECORD)))
    (found,) = read_records(["-"])
    assert isinstance(found, FoundRecord)
    assert found.file == "<stdin>"
