"""DynamoDB Local for tests: one server a session, tables with the event table's keys and a stream, boto3 clients."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import pytest

from support.java import java_parts, skip_or_fail

__all__ = ["CREDENTIALS", "DynamoDBLocal", "aws_session", "create_event_table", "start_dynamodb_local"]

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
"""What a separate process needs in its environment to talk to the server."""

_MAIN_CLASS = "software.amazon.dynamodb.services.local.main.ServerRunner"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class DynamoDBLocal:
    """A running server."""

    endpoint_url: str

    def client(self, service: str = "dynamodb") -> Any:
        """A boto3 client of `dynamodb` or `dynamodbstreams`."""
        return aws_session().client(service, endpoint_url=self.endpoint_url)

    def resource(self) -> Any:
        """boto3's `dynamodb` resource."""
        return aws_session().resource("dynamodb", endpoint_url=self.endpoint_url)

    def create_event_table(self, name: str | None = None, *, view_type: str = "NEW_AND_OLD_IMAGES") -> str:
        """Make an event table; returns its name, a fresh one where none is given."""
        name = name or f"events-{uuid4().hex[:12]}"
        create_event_table(self.client(), name, view_type=view_type)
        return name

    def stream_arn(self, table: str) -> str:
        """The ARN of the table's stream."""
        return str(self.client().describe_table(TableName=table)["Table"]["LatestStreamArn"])


@cache
def aws_session() -> Any:
    """One boto3 session with made-up credentials: a new one would read boto3's service models again each time."""
    boto3 = pytest.importorskip("boto3", reason="needs the [aws] extra")
    return boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def create_event_table(client: Any, name: str, *, view_type: str = "NEW_AND_OLD_IMAGES") -> None:
    """Make a table with the keys `site` and `date#event_type` and a stream, by any `dynamodb` client."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "site", "KeyType": "HASH"},
            {"AttributeName": "date#event_type", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "site", "AttributeType": "S"},
            {"AttributeName": "date#event_type", "AttributeType": "S"},
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type},
    )


@contextmanager
def start_dynamodb_local() -> Iterator[DynamoDBLocal]:
    """Run the server, in memory, on a free port; skips (or fails, see `java_parts`) where Java is missing."""
    classpath = java_parts("integration")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        "java",
        "-Xmx512m",
        f"-Dsqlite4java.library.path={Path(classpath).parent}",
        "-cp",
        classpath,
        _MAIN_CLASS,
        *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as server:
        try:
            _wait_for(port, server, log)
            yield DynamoDBLocal(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up_at:
        if server.poll() is not None:
            log.seek(0)
            output = log.read().decode(errors="replace")
            skip_or_fail(f"DynamoDB Local ended with {server.returncode}: {output[-800:]}")
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    skip_or_fail(f"DynamoDB Local did not listen on port {port} within {_START_SECONDS:.0f} s")
