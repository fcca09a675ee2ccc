"""Other engines on recorded traffic: `python -m benchmarks.traffic_engines FOLDER`, of `benchmarks.traffic`.

event-ruler reads the same gzip file in one thread, and has to find what `coverage` finds; `jq` selects by one field;
moto's matcher is asked rule by rule. Each prints the processor's time for an event.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import shutil
import subprocess
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.java_engine import java_is_there
from perception_events.readers import read_topology
from perception_events.traffic import coverage, read_blocks
from support.java import java_parts

_SOURCE = Path(__file__).with_name("RulerFile.java")
_MOTO_EVENTS = 300


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def patterns_of(template: Path) -> dict[str, Any]:
    """The patterns of a template's rules by their logical ids."""
    resources = json.loads(template.read_text())["Resources"]
    return {
        name: one["Properties"]["EventPattern"] for name, one in resources.items() if one["Type"] == "AWS::Events::Rule"
    }


def event_ruler(events: Path, patterns: dict[str, Any], most: int) -> tuple[int, float, dict[str, int]]:
    """Events, seconds of processor time, and the matches of each rule that matched."""
    with tempfile.NamedTemporaryFile("w", suffix=".rules") as rules:
        rules.write("\n".join(f"{name}\t{json.dumps(pattern)}" for name, pattern in patterns.items()))
        rules.flush()
        command = [
            "java",
            "-Xmx1g",
            "-cp",
            java_parts("differential"),
            str(_SOURCE),
            rules.name,
            str(events),
            str(most),
        ]
        number, _, processor, *counts = subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.splitlines()
    return int(number), float(processor), {name: int(n) for name, n in (line.split("\t") for line in counts)}


def jq(events: Path, most: int) -> float:
    """Seconds of processor time for selecting by one field, decompression included."""
    before = _children()
    command = f"zcat {events} | head -n {most} | jq -c 'select(.detail.properties.ODD_EVEN == \"X\")'"
    subprocess.run(command, shell=True, check=True, capture_output=True)
    return _children() - before


def moto(lines: list[str], patterns: dict[str, Any]) -> float:
    """Seconds of processor time."""
    from moto.events.models import EventPattern

    parsed = [EventPattern.load(json.dumps(pattern)) for pattern in patterns.values()]
    before = time.process_time()
    for line in lines:
        event = json.loads(line)
        for pattern in parsed:
            pattern.matches_event(event)
    return time.process_time() - before


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.traffic_engines")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--events", type=int, default=1_000_000)
    chosen = arguments.parse_args()
    events, template = chosen.folder / "events.jsonl.gz", chosen.folder / "template.json"
    patterns = patterns_of(template)
    with gzip.open(events, "rt") as stream:
        lines = [line.rstrip("\n") for line in islice(stream, 20_000)]
    if java_is_there():
        number, processor, counts = event_ruler(events, patterns, chosen.events)
        print(f"event-ruler 2.1.0, one thread: {processor / number * 1e6:.1f} us an event ({number:,} events)")
        _, _, counts = event_ruler(events, patterns, len(lines))
        report = coverage(read_topology([str(template)]).topology, read_blocks(lines))
        assert counts == {rule.name: rule.events for rule in report.rules if rule.events}, "the engines disagree"
        print(f"same matches of every rule in the first {len(lines):,} events")
    if shutil.which("jq"):
        print(f"jq, by one field: {jq(events, 100_000) / 100_000 * 1e6:.1f} us an event (100,000 events)")
    took = moto(lines[:_MOTO_EVENTS], patterns)
    print(f"moto: {took / _MOTO_EVENTS * 1e6:,.0f} us an event ({_MOTO_EVENTS} events)")


if __name__ == "__main__":
    main()
