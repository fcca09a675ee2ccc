"""Records of a file or an iterator read as a stream does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from perception_events.json_values import JSONObject
from perception_events.streams import RecordedStream, UnknownShardError, UnreadableRecordError, read_json_lines


def record(number: int) -> JSONObject:
    return {"eventID": f"e{number}", "dynamodb": {"SequenceNumber": str(number)}}


def test_records_are_pulled_as_they_are_read_and_kept_until_passed() -> None:
    pulled: list[int] = []

    def live() -> Iterator[JSONObject]:
        for number in range(5):
            pulled.append(number)
            yield record(number)

    stream = RecordedStream(live())
    [shard] = stream.shards()
    assert stream.latest(shard.shard_id) is None
    assert stream.read(shard.shard_id, after=None, limit=2).records == (record(0), record(1))
    assert stream.read(shard.shard_id, after=None, limit=2).records == (record(0), record(1))  # a restarted reader
    assert pulled == [0, 1]
    page = stream.read(shard.shard_id, after="1", limit=10)
    assert [r["eventID"] for r in page.records] == ["e2", "e3", "e4"]
    assert page.is_end
    assert stream.latest(shard.shard_id) == "4"
    assert stream.shards()[0].is_closed
    with pytest.raises(UnknownShardError):
        stream.read("other", after=None)


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(record(1)) + "\n\n" + json.dumps(record(2)) + "\n", encoding="utf-8")
    assert list(read_json_lines(path)) == [record(1), record(2)]
    path.write_text("{}\n[1]\n", encoding="utf-8")
    with pytest.raises(UnreadableRecordError, match=r"records.jsonl:2: a list"):
        list(read_json_lines(path))
    path.write_text("{}\n{\n", encoding="utf-8")
    with pytest.raises(UnreadableRecordError, match=r"records.jsonl:2: not JSON"):
        list(read_json_lines(path))
