"""Recorded traffic in every form in which AWS writes it, whole and damaged: nothing is lost silently."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import pytest

from perception_events.traffic import MAX_LINE, FoundEvent, FoundRecord, UnreadableInput, read_traffic
from perception_events.traffic._values import values_of

EVENT = {"source": "shop", "detail-type": "Order", "time": "2025-07-15T00:11:08Z", "detail": {"note": 'a}{"[\\" é'}}
TEXT = json.dumps(EVENT)
RECORD = {"eventName": "INSERT", "dynamodb": {"Keys": {"site": {"S": "a"}}, "ApproximateCreationDateTime": 1752538268}}


def read(path: Path) -> list[FoundEvent | FoundRecord | UnreadableInput]:
    return list(read_traffic([str(path)]))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT + TEXT,
        f"{TEXT}\n{TEXT}\n",
        f"\ufeff{TEXT}\r\n\r\n{TEXT}\r\n",
        f"2025-07-15T00:11:08.000Z {TEXT}\n",
        json.dumps([EVENT, EVENT]),
        json.dumps([EVENT, EVENT], indent=2),
        json.dumps({"events": [EVENT], "nextToken": {"x": [1, {}]}}, indent=2),
        json.dumps({"events": [{"timestamp": 1, "message": TEXT}]}),
        json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "timestamp": 1, "message": TEXT}]}),
        json.dumps({"Records": [{"messageId": "1", "body": TEXT}]}),
        json.dumps({"Records": [{"kinesis": {"data": base64.b64encode(TEXT.encode()).decode()}}]}),
    ],
)
def test_every_form_gives_the_events(tmp_path: Path, text: str) -> None:
    path = tmp_path / "traffic"
    path.write_text(text, encoding="utf-8", newline="")
    found = read(path)
    assert found
    assert all(isinstance(one, FoundEvent) and one.event == EVENT for one in found), found


def test_an_entry_becomes_the_event_that_put_events_makes(tmp_path: Path) -> None:
    path = tmp_path / "entries.json"
    entry = {"Source": "shop", "DetailType": "Order", "Detail": '{"a": 1}', "Resources": ["arn"]}
    path.write_text(json.dumps({"Entries": [entry]}))
    (found,) = read(path)
    assert isinstance(found, FoundEvent)
    assert found.is_event
    assert (found.event["detail"], found.event["resources"]) == ({"a": 1}, ["arn"])


@pytest.mark.parametrize(
    ("value", "name", "time"),
    [
        (RECORD, "INSERT", 1752538268),
        ({"Records": [RECORD]}, "INSERT", 1752538268),
        (
            {
                "awsRegion": "us-east-1",
                "eventName": "MODIFY",
                "tableName": "events",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1752538268123456,
                    "ApproximateCreationDateTimePrecision": "MICROSECOND",
                    "NewImage": {},
                },
            },
            "MODIFY",
            1752538268.123456,
        ),
        ({"Item": {"site": {"S": "a"}}}, "INSERT", None),
        (
            {"Metadata": {"WriteTimestampMicros": {"N": "1752538268000000"}}, "Keys": {}, "OldImage": {}},
            "REMOVE",
            1752538268,
        ),
        ({"Metadata": {"WriteTimestampMicros": "1"}, "Keys": {}, "NewImage": {}, "OldImage": {}}, "MODIFY", 1e-6),
    ],
)
def test_records_of_every_writer_become_stream_records(
    tmp_path: Path, value: object, name: str, time: float | None
) -> None:
    path = tmp_path / "records.json"
    path.write_text(json.dumps(value))
    (found,) = read(path)
    assert isinstance(found, FoundRecord)
    assert found.record["eventName"] == name
    change = found.record["dynamodb"]
    assert isinstance(change, dict)
    assert change.get("ApproximateCreationDateTime") == time
    assert "ApproximateCreationDateTimePrecision" not in change


def test_gzip_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(gzip.compress(f"{TEXT}\n".encode()) + gzip.compress(TEXT.encode()) + b"\0" * 512)
    assert [type(one) for one in read(path)] == [FoundEvent, FoundEvent]


@pytest.mark.parametrize("cut", [1, 9, 200])
def test_truncated_gzip_gives_what_is_before_its_end_and_is_reported(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "part.gz"
    path.write_bytes(gzip.compress(f"{TEXT}\n".encode() * 5000)[:-cut])
    found = read(path)
    assert len([one for one in found if isinstance(one, FoundEvent)]) >= 2000
    assert "gzip ends too early" in str(found[-1])


def test_zstd_is_read_where_its_library_is_installed(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="needs zstandard")
    path = tmp_path / "part.zst"
    frame = zstandard.ZstdCompressor().compress(f"{TEXT}\n".encode())
    path.write_bytes(frame + frame)
    assert [type(one) for one in read(path)] == [FoundEvent, FoundEvent]


def test_a_folder_is_walked_and_one_without_events_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (empty,) = read(tmp_path)
    assert "has no file with events" in str(empty)
    (tmp_path / "a" / "b" / "2.jsonl").write_text(TEXT)
    (tmp_path / "a" / "1.json.gz").write_bytes(gzip.compress(TEXT.encode()))
    (tmp_path / "a" / "picture.png").write_bytes(b"\x89PNG")
    assert [Path(one.file).name for one in read(tmp_path)] == ["1.json.gz", "2.jsonl"]


def test_a_line_beyond_the_limit_is_reported_and_the_lines_around_it_are_read(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(f"{TEXT}\n".encode() + b'{"a": "' + b"x" * (MAX_LINE + 2_000_000) + b'"}\n' + TEXT.encode())
    found = read(path)
    assert [(type(one).__name__, one.line) for one in found] == [
        ("FoundEvent", 1),
        ("UnreadableInput", 2),
        ("FoundEvent", 3),
    ]


def test_line_numbers_go_on_over_the_blocks_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_text("\n".join("x" if number % 1000 == 0 else TEXT for number in range(1, 30_001)))
    lines = [one.line for one in read(path) if isinstance(one, UnreadableInput)]
    assert lines == list(range(1000, 30_001, 1000))


def test_a_first_line_that_breaks_off_does_not_hide_the_others(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_text(f"{TEXT[:-1]}\n{TEXT}\n{TEXT}\n")
    assert [type(one).__name__ for one in read(path)] == ["UnreadableInput", "FoundEvent", "FoundEvent"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_values_do_not_depend_on_where_chunks_end(size: int) -> None:
    text = f'[{TEXT},\n {TEXT}]\n{{"Records": [{TEXT}, {TEXT}], "x": [{{}}]}} {TEXT}{TEXT}'.encode()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    found = list(values_of(chunks, 10**6))
    assert [json.loads(value) for _, value in found] == [EVENT] * 6  # type: ignore[misc]
    assert [line for line, _ in found] == [1, 2, 3, 3, 3, 3]  # type: ignore[misc]
