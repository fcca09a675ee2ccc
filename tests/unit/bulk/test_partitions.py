"""Partial results of partitions make the report of one machine, however the traffic is cut and merged."""

from __future__ import annotations

import gzip
import json
import pickle
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perception_events.bulk import (
    ComparePlan,
    CoveragePlan,
    compare_report,
    count_files,
    count_lines,
    coverage_report,
    merged,
)
from perception_events.topology import EventBus, Function, Rule, RuleTarget, Topology
from perception_events.traffic import ComparisonCounts, CoverageCounts, compare, coverage, read_blocks


def topology(*states: str) -> Topology:
    pattern: dict[str, Any] = {"source": ["shop"], "detail": {"state": [*states]}}
    return Topology(
        [
            EventBus("bus", name="main"),
            Function("f", name="handle"),
            Rule("rule", name="rule", bus="bus", event_pattern=pattern, targets=(RuleTarget("t", "f"),)),
        ]
    )


OLD, NEW = topology("PAID", "OPEN"), topology("PAID", "VOID")


def event(number: int, chosen: random.Random) -> str:
    fields = {
        "id": f"{number:08}",
        "source": chosen.choice(["shop", "till"]),
        "detail-type": "Order",
        "time": f"2025-07-15T{chosen.randrange(24):02}:00:00Z",
        "detail": {"state": chosen.choice(["PAID", "OPEN", "VOID"]), "note": "x" * 900},
    }
    return "{broken" if chosen.random() < 0.01 else json.dumps(fields)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of several forms, one of several blocks, one of them damaged."""
    chosen = random.Random(5)
    path = tmp_path_factory.mktemp("traffic")
    lines = [event(number, chosen) for number in range(2_400)]
    (path / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[:1_800]).encode()))
    (path / "b.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[1_790:2_100]).encode())[:-9])
    (path / "c.json").write_text("[" + ",".join(line for line in lines[2_100:] if line != "{broken") + "]")
    return path


@pytest.mark.parametrize("parts", [1, 3])
def test_files_in_parts_give_the_reports_of_one_machine(folder: Path, parts: int) -> None:
    files = [(str(path), path.read_bytes()) for path in sorted(folder.iterdir())]
    covers, differs = CoveragePlan(NEW), ComparePlan(OLD, NEW)
    covered: list[CoverageCounts] = []
    changed: list[ComparisonCounts] = []
    for part in reversed(range(parts)):
        # A plan is sent to where the files are.
        covered += count_files(pickle.loads(pickle.dumps(covers)), files, part=part, parts=parts)
        changed += count_files(pickle.loads(pickle.dumps(differs)), files, part=part, parts=parts)
    blocks = [str(folder)]
    assert coverage_report(covers, merged(covers, covered)).to_json() == coverage(NEW, read_blocks(blocks)).to_json()
    assert (
        compare_report(differs, merged(differs, changed)).to_json() == compare(OLD, NEW, read_blocks(blocks)).to_json()
    )
    assert covered[0].events < 2_400


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 60), max_size=5), seed=st.integers(0, 50))
def test_lines_cut_anywhere_and_merged_in_any_grouping_are_counted_once(cuts: list[int], seed: int) -> None:
    chosen = random.Random(seed)
    lines = [event(number, chosen) for number in range(60)]
    plan = CoveragePlan(NEW)
    bounds = [0, *sorted(cuts), 60]
    parts = [
        part
        for number, (begin, end) in enumerate(pairwise(bounds))
        for part in count_lines(plan, lines[begin:end], name=f"part {number}")
    ]
    pairs = [merged(plan, pair) for pair in (parts[::2], parts[1::2])]
    report = coverage_report(plan, merged(plan, pairs))
    whole = coverage_report(plan, merged(plan, count_lines(plan, lines)))
    assert (report.events, report.taken, report.rules, report.values, report.kinds, report.hours) == (
        whole.events,
        whole.taken,
        whole.rules,
        whole.values,
        whole.kinds,
        whole.hours,
    )
    assert (report.inputs.lines, report.inputs.unreadable) == (60, whole.inputs.unreadable)


def test_there_is_no_part_beyond_the_last_one() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        list(count_files(CoveragePlan(NEW), [], part=2, parts=2))
