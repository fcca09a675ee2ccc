"""Recorded verdicts and real patterns, named by environment variables.

`PERCEPTION_EVENTS_VECTORS`: a folder of `*.jsonl.gz` with recorded verdicts. `PERCEPTION_EVENTS_CORPORA`: one
with `patterns.jsonl` and `pipes.jsonl`.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from perception_events.patterns import Dialect, EventPattern, InvalidEventError, InvalidEventPatternError
from perception_events.patterns.analysis import FindingKind, ReviewedRule, review, satisfiable_on_a_bus
from support.oracle import start_oracle


def folder(variable: str) -> Path:
    if variable not in os.environ:
        pytest.skip(f"{variable} is not set")
    return Path(os.environ[variable])


def parsed(text: str) -> EventPattern | None:
    try:
        return EventPattern.parse(text, max_wildcard_complexity=None)
    except InvalidEventPatternError:
        return None


def verdict(pattern: EventPattern, event: str) -> bool | None:
    try:
        return pattern.matches_json(event)
    except InvalidEventError:
        return None


def test_recorded_verdicts() -> None:
    disagreements = []
    count = 0
    for path in sorted(folder("PERCEPTION_EVENTS_VECTORS").glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines():
            case: dict[str, Any] = json.loads(line)
            count += 1
            pattern = parsed(case["raw_pattern"] if "raw_pattern" in case else json.dumps(case["pattern"]))
            event = case["raw_event"] if "raw_event" in case else json.dumps(case["event"])
            if (pattern is not None) != case["valid"]:
                disagreements.append(case["id"])
            elif pattern is not None:
                expected = None if case.get("event_error") else case["match"]
                if verdict(pattern, event) != expected:
                    disagreements.append(case["id"])
    assert count > 0
    assert disagreements == []


def real_patterns() -> list[str]:
    corpora = folder("PERCEPTION_EVENTS_CORPORA")
    found = []
    for line in (corpora / "patterns.jsonl").read_text(encoding="utf-8").splitlines():
        pattern = json.loads(line)["pattern"]
        found.append(pattern if isinstance(pattern, str) else json.dumps(pattern))
    for line in (corpora / "pipes.jsonl").read_text(encoding="utf-8").splitlines():
        for pattern in json.loads(line)["filters"] or []:
            found.append(pattern if isinstance(pattern, str) else json.dumps(pattern))
    return found


@pytest.mark.java
def test_real_patterns_are_accepted_or_rejected_as_the_engine_does() -> None:
    texts = real_patterns()
    with start_oracle() as oracle:
        verdicts = oracle.ask([(text, []) for text in texts])
    different = [
        (text, engine.error)
        for text, engine in zip(texts, verdicts, strict=True)
        if (parsed(text) is None) != (engine.error is not None)
    ]
    assert len(texts) > 900
    assert different == []


DIALECTS = {"bus": Dialect.EVENT_BUS, "pipe": Dialect.PIPE, "esm": Dialect.EVENT_SOURCE_MAPPING}


def test_what_is_found_in_the_patterns_of_each_real_file() -> None:
    """The rules of a file stand on one bus, as far as is known; `-s` prints the counts of docs/conformance.md."""
    lines = (folder("PERCEPTION_EVENTS_CORPORA") / "patterns.jsonl").read_text(encoding="utf-8").splitlines()
    counts: Counter[str] = Counter()
    files: dict[tuple[str, str, str], list[ReviewedRule]] = {}
    for number, line in enumerate(lines):
        read: dict[str, Any] = json.loads(line)
        try:
            pattern = EventPattern.parse(read["pattern"], dialect=DIALECTS[read["kind"]])
        except InvalidEventPatternError:
            counts["rejected in its dialect"] += 1
            continue
        if read["kind"] == "bus" and satisfiable_on_a_bus(pattern).verdict is False:
            counts["never on a bus"] += 1
            print(f"never on a bus: {read['repo']} {read['path']}: {pattern}")
        rules = files.setdefault((read["repo"], read["path"], read["kind"]), [])
        rules.append(ReviewedRule(f"{read['repo']} {read['path']} #{number}", pattern))
    for rules in files.values():
        patterns = {rule.name: rule.pattern for rule in rules}
        found = review(rules)
        counts["undecided"] += len(found.undecided)
        for finding in found.findings:
            counts[finding.kind.value] += 1
            if finding.kind is not FindingKind.NEVER:
                assert finding.witness_json is not None
                assert all(patterns[name].matches_json(finding.witness_json) for name in finding.rules), finding
    print(f"{len(lines)} patterns in {len(files)} files: {dict(sorted(counts.items()))}")
    assert counts["undecided"] == 0
    assert len(lines) > 900


def test_real_patterns_are_reviewed_with_an_event_for_every_finding() -> None:
    patterns = {f"{number}": pattern for number, text in enumerate(real_patterns()) if (pattern := parsed(text))}
    found = review([ReviewedRule(name, pattern) for name, pattern in patterns.items()])
    assert found.undecided == ()
    assert len(found.findings) > 100
    for finding in found.findings:
        if finding.kind is FindingKind.NEVER:
            continue
        assert finding.witness_json is not None
        assert all(patterns[name].matches_json(finding.witness_json) for name in finding.rules), finding
