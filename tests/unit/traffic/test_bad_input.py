"""What is wrong with real files: said with counts, nothing lost silently, read + unreadable = lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from perception_events.topology import EventBus, Rule, Topology
from perception_events.traffic import MAX_LINE, CoverageReport, coverage, read_blocks

TOPOLOGY = Topology(
    [EventBus("bus", name="main"), Rule("rule", name="rule", bus="bus", event_pattern={"source": ["shop"]})]
)
EVENT: dict[str, Any] = {
    "id": "1",
    "source": "shop",
    "detail-type": "Order",
    "time": "2025-07-15T00:11:08Z",
    "detail": {"note": "é"},
}
RECORD = {"eventName": "INSERT", "dynamodb": {"Keys": {"site": {"S": "a"}}, "NewImage": {"site": {"S": "a"}}}}


def event(**fields: object) -> str:
    return json.dumps({**EVENT, **fields}, ensure_ascii=False)


def covered(path: Path) -> CoverageReport:
    report = coverage(TOPOLOGY, read_blocks([str(path)]))
    assert report.inputs.read + report.inputs.unreadable == report.inputs.lines
    assert coverage(TOPOLOGY, read_blocks([str(path)]), jobs=2).to_json() == report.to_json()
    return report


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
def test_truncated_gzip_gives_whole_lines_one_broken_line_and_a_file_not_read_to_its_end(
    tmp_path: Path, kept: float
) -> None:
    lines = [event(id=f"{number * 7919 % 10_000:05}") for number in range(2_000)]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: int(len(packed) * kept)])
    report = covered(tmp_path)
    assert report.inputs.files == 1
    assert report.inputs.unreadable <= 1
    assert report.events == report.inputs.read < 2_000


def test_several_forms_in_one_folder_are_all_counted(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text(f"{event()}\n\n  \n{event()}\n{{broken\n")
    (tmp_path / "list.json").write_text(f"[{event()},\n {event()}]")
    (tmp_path / "objects").write_text(event() + event())
    entry = {"Source": "shop", "DetailType": "Order", "Detail": "{}"}
    (tmp_path / "entries.json").write_text(json.dumps({"Entries": [entry, {**entry, "Detail": "{"}]}))
    (tmp_path / "logs.log").write_text(f"2025-07-15T00:11:08.000Z {event()}\n")
    (tmp_path / "records.jsonl").write_text(f"{json.dumps(RECORD)}\n{json.dumps({'Records': [RECORD, RECORD]})}\n")
    (tmp_path / "latin.jsonl").write_bytes(event().encode("latin-1") + b"\n")
    (tmp_path / "empty.jsonl").write_text("")
    report = covered(tmp_path)
    assert report.events == 2 + 2 + 2 + 1 + 1
    assert report.inputs.records == 3
    reasons = sorted((Path(one.file).name, one.line, one.reason.split(":")[0]) for one in report.inputs.problems)
    assert reasons == [
        ("entries.json", 1, "element 1 Detail is not JSON"),
        ("latin.jsonl", 1, "is not UTF-8 text"),
        ("lines.jsonl", 5, "is not JSON"),
    ]


def test_times_in_milliseconds_in_zones_and_of_no_sense_are_told_apart(tmp_path: Path) -> None:
    times: list[object] = [1_752_538_268_000, "2025-07-15T02:11:09+02:00", 1_752_538_270, "yesterday", None, True, [1]]
    (tmp_path / "times.jsonl").write_text("\n".join(event(time=time) for time in times))
    report = covered(tmp_path)
    (rule,) = report.rules
    assert (rule.events, rule.first, rule.last) == (7, "2025-07-15T00:11:08Z", "2025-07-15T00:11:10Z")
    assert report.without_time == 4


def test_a_line_of_fifty_megabytes_is_one_unreadable_line(tmp_path: Path) -> None:
    with (tmp_path / "long.jsonl").open("wb") as stream:
        stream.write(f"{event()}\n".encode())
        stream.write(b'{"a": "')
        for _ in range(50):
            stream.write(b"x" * 1_000_000)
        stream.write(f'"}}\n{event()}\n'.encode())
    report = covered(tmp_path)
    assert (report.inputs.lines, report.inputs.unreadable, report.events) == (3, 1, 2)
    assert report.inputs.problems[0].line == 2
    assert f"{MAX_LINE:,}" in report.inputs.problems[0].reason


def test_repeated_ids_and_steps_back_in_time_are_counted_and_entries_have_no_id(tmp_path: Path) -> None:
    lines = [event(id=str(number % 300), time=f"2025-07-15T00:{59 - number % 60:02}:00Z") for number in range(600)]
    entry = json.dumps({"Source": "shop", "DetailType": "Order", "Detail": "{}"})
    (tmp_path / "lines.jsonl").write_text("\n".join([*lines, entry, entry]))
    report = covered(tmp_path)
    assert (report.duplicates, report.duplicates_of) == (300, 600)
    assert report.out_of_order == 600 - 10
    assert report.without_time == 2


def test_a_folder_without_files_is_a_file_that_was_not_read(tmp_path: Path) -> None:
    report = covered(tmp_path)
    assert (report.inputs.lines, report.inputs.files) == (0, 1)
    assert "no file with events" in str(report.inputs.problems[0])
