"""Recorded traffic of a size: `python -m benchmarks.traffic FOLDER --events 1000000` writes what is measured in bulk.

`events.jsonl.gz`: events of about one kilobyte, each a generated city lot with its envelope; `template.json`: a bus
with 100 mixed rules over them; `old.json`, the same with a tenth of the rules changed. All from a seed.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.workloads import city_lots, mixed_rules

_DISTINCT_LOTS = 20_000
_WORDS = (
    "boundary",
    "corner",
    "deed",
    "easement",
    "fence",
    "frontage",
    "marker",
    "parcel",
    "recorded",
    "slope",
    "street",
    "wall",
)


def event_lines(count: int, seed: int = 11) -> Any:
    """`count` events as JSON lines, in order of time; ids, times and one number are different in each."""
    random = Random(seed)
    lots = city_lots(_DISTINCT_LOTS, seed)
    surveyors = [f"office-{random.randrange(10**6):06}" for _ in range(97)]
    remarks = [" ".join(random.choice(_WORDS) for _ in range(12)) for _ in range(101)]
    for number in range(count):
        lot = lots[random.randrange(_DISTINCT_LOTS)]
        lot["geometry"]["area"] = random.randrange(10_000)
        second = number // 12
        clock = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        event = {
            "version": "0",
            "id": f"{random.getrandbits(128):032x}",
            "detail-type": random.choice(("Lot Surveyed", "Lot Sold", "Lot Changed")),
            "source": "city.lots",
            "account": "123456789012",
            "time": f"2025-07-{15 + second // 86400:02}T{clock}Z",
            "region": "us-east-1",
            "resources": [
                f"arn:aws:dynamodb:us-east-1:123456789012:table/city-lots/stream/2025-07-{random.randrange(10, 29)}"
            ],
            "detail": {**lot, "surveyor": surveyors[number % 97], "remarks": remarks[number % 101]},
        }
        yield json.dumps(event, separators=(",", ":"))


def template(rules: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A CloudFormation template of a bus with these rules over `detail`, each with one queue as its target."""
    target = {"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    resources: dict[str, Any] = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "lots"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "lots"}},
    }
    for name, pattern in rules.items():
        properties = {
            "Name": name,
            "EventBusName": {"Ref": "Bus"},
            "EventPattern": {"source": ["city.lots"], "detail": pattern},
            "Targets": [target],
        }
        resources[name.title().replace("-", "")] = {"Type": "AWS::Events::Rule", "Properties": properties}
    return {"Resources": resources}


def main() -> None:
    """Write the files."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.traffic")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--rules", type=int, default=100)
    chosen = arguments.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    rules = mixed_rules(chosen.rules)
    changed = dict(mixed_rules(chosen.rules // 10, seed=5))
    (chosen.folder / "template.json").write_text(json.dumps(template(rules)))
    (chosen.folder / "old.json").write_text(json.dumps(template({**rules, **changed})))
    with gzip.open(chosen.folder / "events.jsonl.gz", "wt", compresslevel=6) as stream:
        for line in event_lines(chosen.events):
            stream.write(f"{line}\n")


if __name__ == "__main__":
    main()
