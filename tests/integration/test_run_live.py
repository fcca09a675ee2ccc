"""`perception-events run` on a real table and stream: written by another process, killed, restarted, nothing lost."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from support.dynamodb_local import CREDENTIALS, DynamoDBLocal
from support.tcp_proxy import TCPProxy

pytestmark = pytest.mark.java
pytest.importorskip("boto3", reason="needs the [aws] extra")

WRITER = """
import sys, boto3
endpoint, table, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = boto3.client("dynamodb", endpoint_url=endpoint)
for number in range(count):
    kind, status = ("pose", "recon")[number % 2], ("COMPLETED", "PROCESSING")[number % 5 == 4]
    key = f"2025-07-15#{kind}#sync{number:04d}#cam1"
    client.put_item(TableName=table, Item={
        "site": {"S": f"site{number % 3}"}, "date#event_type": {"S": key}, "status": {"S": status}})
"""
WRITES = 120
COMPLETED = {f"2025-07-15#{('pose', 'recon')[n % 2]}#sync{n:04d}#cam1" for n in range(WRITES) if n % 5 != 4}


def environment() -> dict[str, str]:
    return {**os.environ, **CREDENTIALS, "PYTHONUNBUFFERED": "1"}


def run(database: DynamoDBLocal, table: str, checkpoint: Path, output: Path, *more: str) -> subprocess.Popen[bytes]:
    arguments = [
        "--table",
        table,
        "--endpoint-url",
        database.endpoint_url,
        "--checkpoint",
        str(checkpoint),
        "--format",
        "json",
    ]
    with output.open("ab") as out:
        command = [sys.executable, "-m", "perception_events", "run", *arguments, *more]
        return subprocess.Popen(command, env=environment(), stdout=out, stderr=subprocess.PIPE)


def delivered(output: Path) -> list[dict[str, Any]]:
    """The routes printed so far; a line cut off by a kill is none."""
    routes = []
    for line in output.read_text(encoding="utf-8").splitlines():
        try:
            routes.append(json.loads(line))
        except ValueError:
            continue
    return [route for route in routes if route["outcome"] == "delivered"]


def test_killed_and_restarted_every_completed_insert_is_delivered(
    dynamodb_local: DynamoDBLocal, tmp_path: Path
) -> None:
    table = dynamodb_local.create_event_table()
    checkpoint, output = tmp_path / "checkpoint.json", tmp_path / "routes.jsonl"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, dynamodb_local.endpoint_url, table, str(WRITES)], env=environment()
    )
    moments = random.Random(7)
    for _ in range(3):
        process = run(dynamodb_local, table, checkpoint, output)
        time.sleep(moments.uniform(1.0, 2.5))
        process.kill()
        process.communicate()
    assert writer.wait(timeout=60) == 0
    last = run(dynamodb_local, table, checkpoint, output, "--idle-seconds", "2")
    _, errors = last.communicate(timeout=60)
    assert last.returncode == 0, errors.decode()
    routes = delivered(output)
    assert {route["sort_key"] for route in routes} == COMPLETED
    by_type = {("pose", "aggregate_pose-dev"), ("recon", "aggregate_recon-dev")}
    assert {(route["event_type"], route["targets"][0]) for route in routes} == by_type


def test_a_signal_ends_it_cleanly_and_the_checkpoint_goes_on(dynamodb_local: DynamoDBLocal, tmp_path: Path) -> None:
    table = dynamodb_local.create_event_table()
    checkpoint, output = tmp_path / "checkpoint.json", tmp_path / "routes.jsonl"
    write = [sys.executable, "-c", WRITER, dynamodb_local.endpoint_url, table, "10"]
    subprocess.run(write, env=environment(), check=True)
    process = run(dynamodb_local, table, checkpoint, output)
    deadline = time.monotonic() + 30
    while len(delivered(output)) < 8 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"ended after 10 records" in errors
    again = run(dynamodb_local, table, checkpoint, output, "--idle-seconds", "1")
    _, errors = again.communicate(timeout=30)
    assert b"ended after 0 records" in errors


def test_the_records_can_be_followed_in_a_page(dynamodb_local: DynamoDBLocal, tmp_path: Path) -> None:
    pytest.importorskip("starlette", reason="the page needs the [studio] extra")
    table = dynamodb_local.create_event_table()
    subprocess.run(
        [sys.executable, "-c", WRITER, dynamodb_local.endpoint_url, table, "5"], env=environment(), check=True
    )
    process = run(dynamodb_local, table, tmp_path / "checkpoint.json", tmp_path / "routes.jsonl", "--studio")
    try:
        assert process.stderr is not None
        address = next(line for line in process.stderr if b"http://" in line).decode().split()[-1]
        deadline = time.monotonic() + 60
        live: Any = {"count": 0}
        while live["count"] < 5 and time.monotonic() < deadline:
            request = urllib.request.Request(f"{address}api/live", b"{}", {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request) as response:
                    live = json.load(response)
            except OSError:
                pass
            time.sleep(0.1)
        assert sorted(one["received"] for one in live["inputs"]) == [0, 1, 1, 1, 1]
        assert all("2025-07-15#" in one["title"] for one in live["inputs"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_what_cannot_be_read_is_said(dynamodb_local: DynamoDBLocal) -> None:
    command = [sys.executable, "-m", "perception_events", "run", "--endpoint-url", dynamodb_local.endpoint_url]
    done = subprocess.run(
        [*command, "--table", "nowhere"], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "ResourceNotFoundException" in done.stderr
    assert "fix: check the name, --env, --region and --endpoint-url" in done.stderr


def start(endpoint_url: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "perception_events", "run", "--endpoint-url", endpoint_url, *arguments]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def says_what_runs(line: str) -> bool:
    """Whether this is what `run` says when it begins: what is invoked, what is read."""
    return line.startswith("reading ") or line.rstrip().endswith("its events are only shown")


def one_line(process: subprocess.Popen[str], status: int = 2) -> str:
    _, errors = process.communicate(timeout=60)
    lines = [line for line in errors.splitlines() if not says_what_runs(line)]
    assert (process.returncode, len(lines)) == (status, 1), errors
    return lines[0]


def test_ctrl_c_ends_it_at_once_while_the_endpoint_does_not_answer() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        process = start(f"http://127.0.0.1:{silent.getsockname()[1]}", "--table", "T")
        connection, _ = silent.accept()
        with connection:
            sent = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            assert time.monotonic() - sent < 6, "2 s, and what a busy machine adds"
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "ended while a call was under way" in errors


def test_an_outage_is_waited_for_and_said(dynamodb_local: DynamoDBLocal, tmp_path: Path) -> None:
    table = dynamodb_local.create_event_table()
    with TCPProxy(int(dynamodb_local.endpoint_url.rsplit(":", 1)[1])) as proxy:
        checkpoint = str(tmp_path / "c.json")
        process = start(
            proxy.endpoint_url, "--table", table, "--checkpoint", checkpoint, "--format", "json", "--idle-seconds", "9"
        )
        assert process.stderr is not None
        while not (line := process.stderr.readline()).startswith("reading "):
            assert says_what_runs(line), line
        proxy.is_down = True
        write = [sys.executable, "-c", WRITER, dynamodb_local.endpoint_url, table, "10"]
        subprocess.run(write, env=environment(), check=True)
        assert "waiting, and trying again: " in process.stderr.readline()
        time.sleep(float(os.environ.get("PERCEPTION_EVENTS_OUTAGE_SECONDS", "1")))
        proxy.is_down = False
        output, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    assert "reading again after" in errors
    assert len(output.splitlines()) == 10


def test_a_second_run_with_the_same_checkpoints_is_told_so(dynamodb_local: DynamoDBLocal, tmp_path: Path) -> None:
    table, checkpoint = dynamodb_local.create_event_table(), str(tmp_path / "c.json")
    first = start(dynamodb_local.endpoint_url, "--table", table, "--checkpoint", checkpoint)
    while not Path(checkpoint).exists():
        time.sleep(0.05)
        assert first.poll() is None
    second = start(dynamodb_local.endpoint_url, "--table", table, "--checkpoint", checkpoint)
    assert f"c.json is in use by process {first.pid} on " in one_line(second)
    first.send_signal(signal.SIGTERM)
    assert "ended after 0 records" in one_line(first, status=0)


def test_a_damaged_checkpoint_file_is_one_line(dynamodb_local: DynamoDBLocal, tmp_path: Path) -> None:
    table, checkpoint = dynamodb_local.create_event_table(), tmp_path / "c.json"
    checkpoint.write_bytes("{}".encode("utf-16"))
    process = start(dynamodb_local.endpoint_url, "--table", table, "--checkpoint", str(checkpoint))
    assert "c.json holds no checkpoints" in one_line(process)


def test_a_stream_without_new_images_is_an_error(dynamodb_local: DynamoDBLocal) -> None:
    table = dynamodb_local.create_event_table(view_type="KEYS_ONLY")
    process = start(dynamodb_local.endpoint_url, "--table", table)
    assert "has no new images (its view type is KEYS_ONLY)" in one_line(process)
