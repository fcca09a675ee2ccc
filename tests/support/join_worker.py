"""A process that handles events as an aggregate function does, and may be killed at any moment."""

from __future__ import annotations

import functools
import time
from multiprocessing.connection import Connection
from typing import Any

from perception_events.aggregation import Aggregator, Join
from perception_events.aws.join_store import CapacityMeter, DynamoDBJoinStore
from perception_events.clock import SystemClock
from support.dynamodb_local import CREDENTIALS
from support.joins import bus_event

__all__ = ["CAMERAS_OF_A_SYNC", "client", "run_sweep", "run_worker"]

CAMERAS_OF_A_SYNC = Join(
    on="pose",
    group_by=("site", "date", "sync"),
    expects=[f"cam{n}" for n in range(1, 7)],
    trigger=("recon",),
)


def run_worker(endpoint_url: str, table: str, connection: Connection) -> None:
    """Take `(number, site, sort_key, version)`s from the connection, send number and meter back; None ends it."""
    meter = CapacityMeter()
    aggregator = _aggregator(endpoint_url, table, meter)
    while (message := connection.recv()) is not None:
        number, site, sort_key, version = message
        aggregator.handle(bus_event(sort_key, site=site, sequence_number=version))
        connection.send((number, meter))


def run_sweep(endpoint_url: str, table: str, connection: Connection) -> None:
    """Sweep over and over until something comes over the connection; then send how often and what was triggered."""
    aggregator = _aggregator(endpoint_url, table, CapacityMeter())
    sweeps = triggered = 0
    while not connection.poll():
        triggered += len(aggregator.sweep())
        sweeps += 1
        time.sleep(0.5)
    connection.send((sweeps, triggered))


@functools.cache
def _session() -> Any:
    import boto3

    return boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
    )


def client(endpoint_url: str) -> Any:
    """A client of a session that keeps the service model it has read, which takes most of a process's start."""
    return _session().client("dynamodb", endpoint_url=endpoint_url)


def _aggregator(endpoint_url: str, table: str, meter: CapacityMeter) -> Aggregator:
    store = DynamoDBJoinStore(client(endpoint_url), table, meter=meter)
    return Aggregator([CAMERAS_OF_A_SYNC], store, clock=SystemClock())
