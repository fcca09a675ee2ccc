"""What rules cover: every count is right, whatever wrote the lines and however many processes counted."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.patterns import EventPattern, RuleSet
from perception_events.topology import EventBus, Rule, Topology, UnknownResourceError, Unresolved
from perception_events.traffic import (
    CoverageCounts,
    CoveragePlan,
    UnreadableTrafficError,
    WorkerDiedError,
    count_in_jobs,
    coverage,
    coverage_page,
    coverage_report,
    read_blocks,
)
from perception_events.traffic._smallest import SmallestKeys

PARENT = os.getpid()
PATTERNS: dict[str, Any] = {
    "paid": {"source": ["shop"], "detail": {"state": ["PAID", "REFUNDED", {"prefix": "X"}]}},
    "either": {"$or": [{"detail": {"n": [{"numeric": [">", 5]}]}}, {"detail": {"n": [1, 2]}}]},
    "never": {"source": ["nobody"]},
}
TOPOLOGY = Topology(
    [
        EventBus(id="main", name="main"),
        EventBus(id="other", name="other"),
        *(Rule(id=name, name=name, bus="main", event_pattern=pattern) for name, pattern in PATTERNS.items()),
        Rule(id="off", name="off", bus="main", event_pattern={"source": ["shop"]}, state="DISABLED"),
        Rule(id="elsewhere", name="elsewhere", bus="other", event_pattern={"source": [{"exists": True}]}),
        Rule(id="unknown", name="unknown", bus="main", event_pattern={"source": [Unresolved("${Name}")]}),
    ]
)


def event(number: int, **fields: object) -> dict[str, object]:
    time = f"2025-07-15T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return {"id": f"{number:032x}", "source": "shop", "detail-type": "Order", "time": time, "detail": {}, **fields}


def write(path: Path, events: list[object]) -> str:
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in events))
    return str(path)


def test_rules_values_and_untaken_events_are_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "events.jsonl",
        [
            event(1, detail={"state": "PAID"}),
            event(3, detail={"state": "PAID", "n": 1}),
            event(2, detail={"state": "Paid"}),
            event(2, time=1752538268000, source="till"),
            event(4, time="2025-07-15T02:00:00+02:00", source="till"),
            {"source": "till"},
            "not json",
        ],
    )
    report = coverage(TOPOLOGY, read_blocks([path]), bus="main")
    assert (report.inputs.lines, report.inputs.read, report.inputs.unreadable) == (7, 5, 2)
    assert (report.events, report.taken, report.duplicates, report.duplicates_of) == (5, 2, 1, 5)
    assert report.out_of_order == 2
    rules = {rule.name: (rule.events, rule.first[11:], rule.last[11:]) for rule in report.rules}
    assert rules == {
        "paid": (2, "00:00:01Z", "00:00:03Z"),
        "either": (1, "00:00:03Z", "00:00:03Z"),
        "never": (0, "", ""),
        "off": (3, "00:00:01Z", "00:00:03Z"),
    }
    assert [rule.name for rule in report.unmatched_rules] == ["never"]
    assert [(v.rule, v.value) for v in report.unmatched_values] == [
        ("paid", '"REFUNDED"'),
        ("paid", '{"prefix": "X"}'),
        ("either", '{"detail": {"n": [{"numeric": [">", 5]}]}}'),
        ("either", "2"),
    ]
    assert [(u.source, u.events, u.line, u.nearest_rule) for u in report.untaken] == [
        ("till", 2, 4, "either"),
        ("shop", 1, 3, "paid"),
    ]
    assert "detail.state" in report.untaken[1].reason
    assert [(rule.name, "${Name}" in rule.reason) for rule in report.undecided] == [("unknown", True)]
    assert report.hours == (("2025-07-15T00", 5, 2),)


def test_without_a_bus_the_rules_of_all_buses_count_and_an_unknown_one_is_rejected(tmp_path: Path) -> None:
    path = write(tmp_path / "events.jsonl", [event(1, source="till")])
    assert coverage(TOPOLOGY, read_blocks([path])).taken == 1
    with pytest.raises(UnknownResourceError, match="no event bus 'nowhere'"):
        coverage(TOPOLOGY, [], bus="nowhere")


LEAVES = st.sampled_from(["a", "b", "c", 1, 2, None])
VALUES = st.lists(
    st.sampled_from(["a", "b", 1, None, {"prefix": "a"}, {"anything-but": ["a"]}, {"exists": True}]),
    min_size=1,
    max_size=3,
    unique_by=json.dumps,
)


@given(
    pattern=st.dictionaries(st.sampled_from(["x", "y"]), VALUES, min_size=1), x=st.lists(LEAVES, max_size=3), y=LEAVES
)
def test_a_rule_matches_what_its_single_values_match(
    pattern: dict[str, list[object]], x: list[object], y: object
) -> None:
    """By every list of several values: what the rule matches, one of its values alone matches, and the other way."""
    topology = Topology([Rule(id="rule", name="rule", bus=Unresolved("bus"), event_pattern={"detail": pattern})])  # type: ignore[dict-item]
    sent = event(1, detail={"x": x, "y": y})
    report = coverage(topology, read_blocks([json.dumps(sent)]))
    matches = EventPattern.parse({"detail": pattern}).matches(sent)
    assert report.rules[0].events == matches
    by_path: dict[str, int] = {}
    for value in report.values:
        by_path[value.path] = max(by_path.get(value.path, 0), value.events)
    assert set(by_path.values()) <= {int(matches)}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Several blocks, with everything that is wrong with real files, in one gzip file."""
    chosen = random.Random(7)
    lines = []
    for number in range(4_000):
        one = event(number // 2 if number % 500 == 0 else number, source=chosen.choice(["shop", "till", "x<y>"]))
        one["detail"] = {"state": chosen.choice(["PAID", "OPEN"]), "n": chosen.randrange(9), "filler": "f" * 600}
        lines.append("{" if number % 1000 == 3 else json.dumps([one, one] if number % 1000 == 5 else one))
    path = tmp_path_factory.mktemp("recorded") / "events.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode())[:-4])
    return str(path)


def test_the_report_is_the_same_byte_for_byte_whatever_the_number_of_processes(recorded: str) -> None:
    reports = [coverage(TOPOLOGY, read_blocks([recorded, recorded]), jobs=jobs) for jobs in (1, 3)]
    assert len({report.to_json() for report in reports}) == 1
    assert len({coverage_page(report) for report in reports}) == 1
    inputs = reports[0].inputs
    assert (inputs.lines, inputs.unreadable, inputs.files) == (8_000, 8, 2)
    assert reports[0].events == 8_000 - 8 + 8
    assert len(list(read_blocks([recorded]))) > 2


def test_the_report_is_the_same_without_the_extra(recorded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = coverage(TOPOLOGY, read_blocks([recorded])).to_json()
    for name in ("msgspec", "isal"):
        monkeypatch.setitem(sys.modules, name, None)
    assert RuleSet({"rule": {"source": ["shop"]}}).text_matcher() is None
    assert coverage(TOPOLOGY, read_blocks([recorded])).to_json() == with_it


def test_parts_merge_in_any_order(recorded: str) -> None:
    plan = CoveragePlan(TOPOLOGY)
    blocks = list(read_blocks([recorded]))
    whole = coverage_report(plan, plan.count(blocks)).to_json()
    total = plan.count([])
    for block in reversed(blocks):
        total.merge(plan.count([block]))
    assert coverage_report(plan, total).to_json() == whole


@given(st.lists(st.lists(st.integers(0, 30)), max_size=6), st.randoms())
def test_bounded_tables_keep_what_sorts_first_with_whole_counts(parts: list[list[int]], chosen: random.Random) -> None:
    def table(keys: list[int]) -> SmallestKeys[int]:
        made: SmallestKeys[int] = SmallestKeys(4)
        for key in keys:
            made.table[key] = made.table.get(key, 0) + 1
            made.trim(int, slack=2)
        made.trim(int)
        return made

    every = [key for part in parts for key in part]
    tables = [table(part) for part in parts]
    chosen.shuffle(tables)
    total = table([])
    for one in tables:
        total.merge(one, int.__add__, int)
    assert total.table == {key: every.count(key) for key in sorted(set(every))[:4]}
    assert total.dropped == len(every) - sum(total.table.values())


@pytest.mark.parametrize("jobs", [1, 2])
def test_strict_stops_at_the_first_line_that_cannot_be_read(tmp_path: Path, jobs: int) -> None:
    path = write(tmp_path / "events.jsonl", [event(1), "{", "also not"])
    with pytest.raises(UnreadableTrafficError, match=r"events\.jsonl:2: is not JSON"):
        coverage(TOPOLOGY, read_blocks([path]), strict=True, jobs=jobs)


class _Exits(CoveragePlan):
    def count(self, blocks: Any) -> CoverageCounts:
        if os.getpid() != PARENT:
            os._exit(9)
        return super().count(blocks)


class _Raises(CoveragePlan):
    def count(self, blocks: Any) -> CoverageCounts:
        if os.getpid() != PARENT:
            raise ZeroDivisionError("in a process")
        return super().count(blocks)


def test_a_process_that_dies_or_fails_is_reported(recorded: str) -> None:
    with pytest.raises(WorkerDiedError, match="a process has ended"):
        count_in_jobs(_Exits(TOPOLOGY), read_blocks([recorded]), 2)
    with pytest.raises(ZeroDivisionError, match="in a process"):
        count_in_jobs(_Raises(TOPOLOGY), read_blocks([recorded]), 2)


def test_the_page_stands_alone_and_what_events_hold_is_inert(tmp_path: Path) -> None:
    path = write(tmp_path / "events.jsonl", [event(1, source="<script>alert(1)</script>")])
    page = coverage_page(coverage(TOPOLOGY, read_blocks([path]), bus="main"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)
