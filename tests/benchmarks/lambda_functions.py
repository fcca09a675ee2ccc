"""Sizes, import times, cold starts and invocation times of the handlers, from a zip and on the real runtime client.

    PYTHONPATH=tests python -m benchmarks.lambda_functions

A function's process sees only the zip's content and the runtime client, as on Lambda; the local runtime API is
`support.lambda_runtime`. A cold start is from the start of the interpreter to the first request for work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from support.lambda_runtime import start_lambda

ROOT = Path(__file__).resolve().parents[2]
EVENT_TYPE = "PerceptionPipelineEventType"
RECORDS = ROOT / "docs" / "examples" / "perception_pipeline" / "records.jsonl"

FUNCTIONS = {
    "an empty function": "def handler(event, context):\n    return event\n",
    "enrichment, a batch of 1": """
from perception_events.classifiers import default_registry
from perception_events.lambdas import enrichment_handler

handler = enrichment_handler(default_registry)
""",
    "router of 10 event types, plain JSON": """
from perception_events.lambdas import EventRouter

handler = EventRouter()
for name in ("pose", "recon", "preprocessing", "reid", "postprocessing", "a", "b", "c", "d", "e"):
    @handler.on(name)
    def function(event: dict) -> str:
        return event["detail"]["dynamodb"]["NewImage"]["site"]["S"]
""",
    "typed function, EventBridgeEvent[StreamRecord]": """
from perception_events.lambdas import event_handler
from perception_events.models import EventBridgeEvent, StreamRecord

@event_handler
def handler(event: EventBridgeEvent[StreamRecord]) -> str:
    return event.detail.dynamodb.new_values["site"]
""",
}
TYPED = "typed function, EventBridgeEvent[StreamRecord]"
IMPORTS = {
    "`perception_events.lambdas.enrichment`": "import perception_events.lambdas.enrichment",
    "`perception_events.lambdas.router`": "import perception_events.lambdas.router",
    "`perception_events.models`": "import perception_events.models",
}


def unpacked(folder: Path, *more: str) -> tuple[Path, int]:
    """Build the zip, unpack it as Lambda does; returns the folder and the zip's size in bytes."""
    zip_file = folder / "function.zip"
    builder = [sys.executable, "-m", "perception_events", "package", str(zip_file), "--requirement", str(ROOT)]
    subprocess.run([*builder, *more], check=True, stdout=subprocess.DEVNULL)
    task = folder / "task"
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(task)
    return task, zip_file.stat().st_size


def without_bytecode(task: Path) -> Path:
    """A copy of `task` with the sources only."""
    copied = task.with_name("sources")
    shutil.copytree(task, copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


def import_milliseconds(task: Path, statement: str, times: int) -> float:
    """Median time of `statement` in a fresh interpreter that sees only `task`."""
    code = f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    environment = {**os.environ, "PYTHONPATH": str(task), "PYTHONDONTWRITEBYTECODE": "1"}
    taken = [
        float(
            subprocess.run(
                [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(times)
    ]
    return statistics.median(taken) * 1000


def runs(task: Path, runtime: Path, source: str, event: Any, *, starts: int, invocations: int) -> tuple[float, float]:
    """Median cold start and median time of a warm invocation, both in milliseconds."""
    (task / "measured.py").write_text(source)
    environment = {"PYTHONPATH": os.pathsep.join([str(task), str(runtime)]), "PYTHONDONTWRITEBYTECODE": "1"}
    cold, warm = [], []
    for start in range(starts):
        with start_lambda("measured.handler", task, environment=environment, only=True) as (function, seconds):
            cold.append(seconds)
            answer = function.invoke(event)
            assert answer.error is None, answer.error
            if start == 0:
                warm = [function.invoke(event).seconds for _ in range(invocations)]
    return statistics.median(cold) * 1000, statistics.median(warm) * 1000


def main() -> None:
    """Print the tables of docs/lambdas.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--invocations", type=int, default=1000)
    given = parser.parse_args()
    record = json.loads(RECORDS.read_text(encoding="utf-8").splitlines()[1])
    bus_event = {
        "version": "0",
        "id": "52461f27-a0bd-8365-8d47-866f429e6f57",
        "detail-type": "Event from aws:dynamodb",
        "source": "Pipe perception-pipeline-pipe-dev",
        "account": "123456789012",
        "time": "2025-07-15T00:11:08Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {**record, EVENT_TYPE: "pose"},
    }
    versions = ", ".join(f"{name} {version(name)}" for name in ("pydantic", "awslambdaric"))
    print(f"CPython {platform.python_version()}, {versions}, {platform.machine()}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        runtime = folder / "runtime"
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install", "--no-warn-conflicts"]
        subprocess.run([*pip, "--target", str(runtime), f"awslambdaric=={version('awslambdaric')}"], check=True)
        tasks = {}
        print("| zip | MB | unpacked, MB | import of | with its bytecode, ms | without, ms |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name, more in (("core and dependencies", ()), ("without pydantic", ("--without-pydantic",))):
            (folder / name).mkdir()
            task, size = unpacked(folder / name, *more)
            tasks[name] = task
            sources = without_bytecode(task)
            whole = sum(path.stat().st_size for path in task.rglob("*") if path.is_file())
            for what, statement in IMPORTS.items():
                if "models" in what and more:
                    continue
                times = [import_milliseconds(path, statement, given.starts) for path in (task, sources)]
                print(f"| {name} | {size / 1e6:.1f} | {whole / 1e6:.1f} | {what} | {times[0]:.1f} | {times[1]:.1f} |")
        print("\n| function | zip | cold start, ms | invocation, ms |\n| --- | --- | --- | --- |")
        for function, source in FUNCTIONS.items():
            task_name = "core and dependencies" if function == TYPED else "without pydantic"
            event = [record] if "batch" in function else bus_event
            measured = runs(
                tasks[task_name], runtime, source, event, starts=given.starts, invocations=given.invocations
            )
            print(f"| {function} | {task_name} | {measured[0]:.0f} | {measured[1]:.2f} |")


if __name__ == "__main__":
    main()
