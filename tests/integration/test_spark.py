"""Coverage and comparison on a real local Spark give the reports of one machine."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from perception_events.readers import read_topology
from perception_events.traffic import compare, coverage, read_blocks
from support.java import skip_or_fail

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "tests" / "support" / "spark_runs.py"
JOB = ROOT / "docs" / "examples" / "spark_job" / "job.py"


def template(path: Path, states: list[str]) -> str:
    rule = {
        "EventBusName": {"Ref": "Bus"},
        "EventPattern": {"source": ["shop"], "detail": {"state": states}},
        "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
    }
    resources: dict[str, Any] = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "main"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
        "Orders": {"Type": "AWS::Events::Rule", "Properties": rule},
    }
    path.write_text(json.dumps({"Resources": resources}))
    return str(path)


def events(count: int) -> list[str]:
    chosen = random.Random(3)
    lines = []
    for number in range(count):
        one = {
            "id": f"{number:08}",
            "source": chosen.choice(["shop", "till"]),
            "detail-type": "Order",
            "time": f"2025-07-15T{chosen.randrange(24):02}:00:00Z",
            "detail": {"state": chosen.choice(["PAID", "OPEN", "VOID"]), "note": f"{chosen.getrandbits(2400):x}"},
        }
        lines.append("{broken" if number % 500 == 7 else json.dumps(one))
    return lines


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, dict[str, Any]]:
    """The folder, the templates, and what Spark reports."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        skip_or_fail("pyspark (the extra [spark]) is not installed")
    if shutil.which("java") is None:
        skip_or_fail("java is not on the PATH")
    base = tmp_path_factory.mktemp("spark")
    folder = base / "a folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "empty").mkdir()
    lines = events(6_000)
    (folder / "lines.jsonl").write_text("\n".join(lines[:500]) + "\n")
    (folder / "inner" / "many.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[500:5_000]).encode()))
    (folder / "inner" / "cut.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[5_000:5_400]).encode())[:-7])
    (folder / "list.json").write_text("[" + ",\n".join(line for line in lines[5_400:] if line != "{broken") + "]")
    (folder / "notes.md").write_text("is not traffic")
    old, new = template(base / "old.json", ["PAID", "OPEN"]), template(base / "new.json", ["PAID", "VOID"])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    command = [sys.executable, str(RUNS), str(folder), old, new, str(JOB), str(base / "reports.json")]
    done = subprocess.run(command, env=environment, cwd=base, capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder, old, new, json.loads((base / "reports.json").read_text())


@pytest.mark.java
def test_spark_gives_the_coverage_of_one_machine(runs: tuple[Path, str, str, dict[str, Any]]) -> None:
    folder, _, new, reports = runs
    expected = coverage(read_topology([new]).topology, read_blocks([str(folder)])).to_dict()
    assert expected["input"]["unreadable"] == 11
    assert expected["input"]["unreadable_files"] == 1
    assert reports["parts"] == json.loads(json.dumps(expected))
    assert reports["job"] == reports["parts"]


@pytest.mark.java
def test_spark_gives_the_comparison_of_one_machine(runs: tuple[Path, str, str, dict[str, Any]]) -> None:
    folder, old, new, reports = runs
    before, after = (read_topology([path]).topology for path in (old, new))
    expected = compare(before, after, read_blocks([str(folder)])).to_dict()
    assert len(expected["changes"]) == 2
    assert reports["compare"] == json.loads(json.dumps(expected))


@pytest.mark.java
def test_a_frame_of_lines_is_counted_and_a_folder_without_files_is_reported(
    runs: tuple[Path, str, str, dict[str, Any]],
) -> None:
    folder, _, new, reports = runs
    expected = coverage(read_topology([new]).topology, read_blocks([str(folder / "lines.jsonl")])).to_dict()
    assert {name: reports["lines"][name] for name in ("events", "rules", "values", "kinds", "hours")} == json.loads(
        json.dumps({name: expected[name] for name in ("events", "rules", "values", "kinds", "hours")})
    )
    assert reports["lines"]["input"]["lines"] == 500
    (problem,) = reports["empty"]["input"]["problems"]
    assert problem["file"] == f"{folder}/empty"
    assert "no file with events" in problem["reason"]
