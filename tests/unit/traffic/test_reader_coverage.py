"""Coverage of pipes' filters by stream records, and the values that fields had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perception_events.topology import (
    EventBus,
    EventSourceMapping,
    Filter,
    Function,
    Pipe,
    Rule,
    Table,
    TableStream,
    Topology,
    Unresolved,
)
from perception_events.traffic import ReaderCoverage, coverage, coverage_page, read_blocks

STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2025-07-15T00:00:00.000"
PATTERN: Any = {"dynamodb": {"NewImage": {"status": {"S": ["PAID", "REFUNDED"]}}}}
TOPOLOGY = Topology(
    [
        Table(id="orders", name="orders"),
        TableStream(id="orders-stream", arn=STREAM, table="orders"),
        TableStream(id="other-stream", arn=STREAM.replace("orders", "other")),
        EventBus(id="main", name="main"),
        Function(id="handle", name="handle"),
        Pipe(
            id="paid",
            source="orders-stream",
            filters=(Filter(PATTERN), Filter({"eventName": ["REMOVE"]})),
            target="main",
        ),
        Pipe(id="all", source="other-stream", target="main"),
        Pipe(id="unknown", source="other-stream", filters=(Filter({"eventName": [Unresolved("x")]}),), target="main"),
        EventSourceMapping(id="read", source="orders-stream", function="handle", filters=(Filter({"a": ["never"]}),)),
        Rule(id="large", name="large", bus="main", event_pattern={"detail": {"total": [{"numeric": [">", 10]}]}}),
    ]
)


def record(status: str, name: str = "INSERT", second: int = 0, **fields: object) -> dict[str, Any]:
    change = {"ApproximateCreationDateTime": 1752537600 + second, "NewImage": {"status": {"S": status}}}
    return {"eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change, **fields}


def event(number: int, total: object) -> dict[str, Any]:
    return {"id": str(number), "source": "shop", "detail-type": "Order", "detail": {"total": total}}


def readers_of(tmp_path: Path, lines: list[dict[str, Any]]) -> dict[str, ReaderCoverage]:
    path = tmp_path / "records.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    return {reader.name: reader for reader in coverage(TOPOLOGY, read_blocks([str(path)])).readers}


def test_a_filter_counts_the_records_that_it_takes_and_those_that_a_pipe_rejects(tmp_path: Path) -> None:
    readers = readers_of(
        tmp_path,
        [
            record("NEW", eventSourceARN=STREAM),
            record("PAID", second=7, eventSourceARN=STREAM),
            record("NEW", "REMOVE", second=9, eventSourceARN=STREAM),
        ],
    )
    paid = readers["paid"]
    assert (paid.kind, paid.taken, paid.rejected) == ("pipe", 2, 1)
    assert (paid.first, paid.last) == ("2025-07-15T00:00:07Z", "2025-07-15T00:00:09Z")
    assert [records for _, records in paid.filters] == [1, 1]
    assert [(value.path, value.value) for value in paid.unmatched_values] == [
        ("dynamodb.NewImage.status.S", '"REFUNDED"')
    ]
    assert (paid.line, paid.reason.split(":")[0]) == (1, "filter 1")
    assert (readers["read"].taken, readers["read"].rejected) == (0, 3)
    assert (readers["all"].taken, readers["all"].rejected) == (0, 0)


def test_a_record_that_names_no_stream_goes_to_the_readers_of_all(tmp_path: Path) -> None:
    readers = readers_of(tmp_path, [record("PAID"), {"Item": {"status": {"S": "PAID"}}}])
    assert [(readers[name].taken, readers[name].rejected) for name in ("paid", "all", "read")] == [
        (2, 0),
        (2, 0),
        (0, 2),
    ]


def test_a_reader_whose_filters_are_not_known_is_undecided() -> None:
    assert [rule.name for rule in coverage(TOPOLOGY, []).undecided] == ["unknown"]


@pytest.mark.parametrize("form", ["lines", "array"])
def test_the_values_of_the_fields_that_rules_and_filters_name_are_shown(tmp_path: Path, form: str) -> None:
    found = [event(1, 5), event(2, 50), event(3, [5, "x" * 500]), {**event(4, 0), "detail": {}}, record("PAID")]
    path = tmp_path / "events.json"
    path.write_text("\n".join(map(json.dumps, found)) if form == "lines" else json.dumps(found))
    report = coverage(TOPOLOGY, read_blocks([str(path)]))
    fields = {one.path: one for one in report.fields}
    total = fields["detail.total"]
    assert (total.events, total.distinct, report.sampled) == (3, 3, 5 if form == "lines" else 1)
    assert [(value[:4], events, taken) for value, events, taken in total.values] == [
        ("5", 2, 0),
        ('"xxx', 1, 0),
        ("50", 1, 1),
    ]
    assert fields["dynamodb.NewImage.status.S"].values == (('"PAID"', 1, 1),)
    page = coverage_page(report)
    assert "Pipe paid" in page
    assert "detail.total (3 values)" in page
    assert "detail.total: 5 2" in str(report)


def test_lines_too_long_to_be_looked_at_do_not_count_as_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(f"{json.dumps(event(1, total))}\n" for total in (5, "x" * 17_000)))
    report = coverage(TOPOLOGY, read_blocks([str(path)]))
    assert (report.events, report.sampled) == (2, 1)
    assert "in 1 of 2 lines" in str(report)


def test_of_many_lines_a_sample_is_looked_at_that_does_not_depend_on_how_they_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(f"{json.dumps(event(number, number % 20))}\n" for number in range(8_000)))
    reports = [coverage(TOPOLOGY, read_blocks([str(path)]), jobs=jobs) for jobs in (1, 2)]
    assert reports[0].to_json() == reports[1].to_json()
    assert reports[0].sampled == 2_000
    (total,) = reports[0].fields
    assert (total.events, total.distinct) == (2_000, 20)
    assert all(70 < events < 130 for _, events, _ in total.values)
