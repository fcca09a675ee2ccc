"""A local Lambda runtime API, with the real runtime client (`awslambdaric`) in a process of its own behind it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from perception_events.json_values import JSONValue

__all__ = ["Answer", "LambdaFunction", "LambdaRuntime", "start_lambda"]

_TIMEOUT = 60.0


@dataclass(frozen=True)
class Answer:
    """What a function answered: a payload, or the error that the runtime reported."""

    payload: Any
    error: Mapping[str, Any] | None
    seconds: float


class LambdaRuntime:
    """Invokes the function that polls this API."""

    def __init__(self) -> None:
        self.invocations: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: queue.Queue[tuple[str, bool, bytes]] = queue.Queue()
        self.ready = threading.Event()
        self._count = 0

    def invoke(self, event: Any) -> Answer:
        """Send `event` and wait for the answer."""
        self._count += 1
        request_id = f"00000000-0000-0000-0000-{self._count:012d}"
        started = time.perf_counter()
        self.invocations.put((request_id, json.dumps(event).encode()))
        answered, failed, body = self.answers.get(timeout=_TIMEOUT)
        seconds = time.perf_counter() - started
        assert answered in (request_id, "init")
        payload = json.loads(body) if body else None
        return Answer(None, payload, seconds) if failed else Answer(payload, None, seconds)


class LambdaFunction:
    """A function on the runtime client as a pipe or a rule invokes it; keeps every event that it was sent."""

    def __init__(self, runtime: LambdaRuntime) -> None:
        self._runtime = runtime
        self.events: list[JSONValue] = []

    def invoke(self, event: JSONValue) -> JSONValue:
        """Invoke it and return what it answered.

        Raises:
            RuntimeError: the function raised.
        """
        self.events.append(event)
        answer = self._runtime.invoke(event)
        if answer.error is not None:
            raise RuntimeError(f"{answer.error['errorType']}: {answer.error['errorMessage']}")
        payload: JSONValue = answer.payload
        return payload


def _api(runtime: LambdaRuntime) -> type[BaseHTTPRequestHandler]:
    class RuntimeAPI(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            runtime.ready.set()
            request_id, body = runtime.invocations.get()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 30) * 1000)))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request_id = "init" if "/init/" in self.path else self.path.split("/")[-2]
            runtime.answers.put((request_id, self.path.endswith("/error"), body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output to themselves."""

    return RuntimeAPI


@contextmanager
def start_lambda(
    handler: str, folder: Path, *, environment: Mapping[str, str] | None = None, only: bool = False
) -> Iterator[tuple[LambdaRuntime, float]]:
    """Run `handler` (`module.name`, in `folder`) on the real runtime client; yields it and its cold start (seconds).

    `environment` holds what the function's own environment has more. With `only` the function sees what is on its
    `PYTHONPATH` and nothing that is installed.
    """
    pytest.importorskip("awslambdaric", reason="needs the [dev] extra")
    runtime = LambdaRuntime()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _api(runtime))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = Path(__file__).resolve().parents[2] / "src"
    variables = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "PYTHONPATH": os.pathsep.join([str(source), str(folder)]),
        **(environment or {}),
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *(["-S"] if only else []), "-m", "awslambdaric", handler],
        cwd=folder,
        env=variables,
        stdout=subprocess.DEVNULL,
    )
    try:
        if not runtime.ready.wait(_TIMEOUT):
            pytest.fail(f"the runtime client did not ask for work within {_TIMEOUT:.0f} s")
        yield runtime, time.perf_counter() - started
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        server.server_close()
