"""Sixteen processes handle shuffled, duplicated pose events on DynamoDB Local and are killed at random: once, for all.

`PERCEPTION_EVENTS_JOIN_EVENTS` sets the number of distinct events (default 150; 10,000 takes some minutes on a laptop).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

import pytest

from perception_events.aggregation import JoinState, JoinStore
from perception_events.aws.join_store import CapacityMeter, DynamoDBJoinStore
from perception_events.testing.join_stores import JOIN_STORE_CHECKS
from support.dynamodb_local import DynamoDBLocal, start_dynamodb_local
from support.join_worker import run_sweep, run_worker

pytestmark = pytest.mark.java

EVENTS = int(os.environ.get("PERCEPTION_EVENTS_JOIN_EVENTS", "150"))
WORKERS = 16
CAMERAS = 6
WINDOW = 4
"""Events on their way to one worker at a time."""


@pytest.mark.parametrize("check", JOIN_STORE_CHECKS, ids=lambda check: check.__name__)
def test_store_checks(dynamodb_local: DynamoDBLocal, check: Callable[[JoinStore], None]) -> None:
    check(DynamoDBJoinStore(dynamodb_local.client(), dynamodb_local.create_event_table()))


@dataclass
class Worker:
    process: ForkServerProcess
    connection: Connection
    unacknowledged: list[int] = field(default_factory=list)
    meter: CapacityMeter = field(default_factory=CapacityMeter)


class Delivery:
    """Delivers every event at least once: what a killed worker had not acknowledged goes to another."""

    def __init__(self, endpoint_url: str, table: str, events: list[tuple[str, str, int]], seed: int) -> None:
        self.random = random.Random(seed)
        self.events = events
        duplicated = [*range(len(events)), *self.random.sample(range(len(events)), len(events) // 5)]
        # Shuffled as a day's events are: neighbours mix, and a duplicate can come long after.
        order = {number: number + self.random.gauss(0, 60) for number in range(len(events))}
        duplicated.sort(key=lambda number: order[number] + self.random.expovariate(1 / 200))
        self.waiting = deque(duplicated)
        self.deliveries = 0
        self.kills = 0
        self.meter = CapacityMeter()
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["support.join_worker_warm"])
        self._arguments = (endpoint_url, table)
        self._workers = [self._start() for _ in range(WORKERS)]

    def _start(self) -> Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=run_worker, args=(*self._arguments, theirs), daemon=True)
        process.start()
        theirs.close()
        return Worker(process, ours)

    def run(self, kills: int) -> float:
        """Deliver all; returns the seconds it took, process starts included."""
        started = time.monotonic()
        to_kill = sorted(self.random.sample(range(len(self.waiting)), kills))
        acknowledged = 0
        while self.waiting or any(worker.unacknowledged for worker in self._workers):
            for worker in self._workers:
                while self.waiting and len(worker.unacknowledged) < WINDOW:
                    number = self.waiting.popleft()
                    worker.connection.send((number, *self.events[number]))
                    worker.unacknowledged.append(number)
            for connection in wait([worker.connection for worker in self._workers], timeout=30):
                worker = next(w for w in self._workers if w.connection is connection)
                number, worker.meter = worker.connection.recv()
                worker.unacknowledged.remove(number)
                acknowledged += 1
                self.deliveries += 1
            while to_kill and acknowledged >= to_kill[0]:
                to_kill.pop(0)
                self._kill(self.random.randrange(WORKERS))
        seconds = time.monotonic() - started
        for worker in self._workers:
            worker.connection.send(None)
            worker.process.join()
            self._count(worker.meter)
        return seconds

    def _count(self, meter: CapacityMeter) -> None:
        for name in ("read_units", "write_units", "transacted", "rejected", "requests"):
            setattr(self.meter, name, getattr(self.meter, name) + getattr(meter, name))

    def _kill(self, position: int) -> None:
        """SIGKILL, wherever it is; a request may be under way."""
        worker = self._workers[position]
        worker.process.kill()
        worker.process.join()
        self.kills += 1
        self._count(worker.meter)
        self.waiting.extend(worker.unacknowledged)
        worker.connection.close()
        self._workers[position] = self._start()


def day_of_events() -> tuple[list[tuple[str, str, int]], set[tuple[str, str]], int]:
    """Pose events of two sites; every tenth sync lacks a camera. Returns also the complete and the number of all."""
    events: list[tuple[str, str, int]] = []
    complete: set[tuple[str, str]] = set()
    groups = 0
    while len(events) < EVENTS:
        site, sync = ("haemoro_1x2", "test_site")[groups % 2], f"sync{groups:05d}"
        cameras = CAMERAS - (1 if groups % 10 == 9 else 0)
        if cameras == CAMERAS:
            complete.add((site, f"2025-07-15#trigger_recon#{sync}"))
        for camera in range(1, cameras + 1):
            events.append((site, f"2025-07-15#pose#{sync}#cam{camera}", len(events) + 1))
        groups += 1
    return events, complete, groups


@pytest.fixture(autouse=True)
def _forked_processes_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fork server does not get the path that pytest made, and forgives what it cannot import."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.mark.parametrize("sweeping", [False, True], ids=["alone", "with the sweep beside"])
def test_every_complete_group_triggers_once(sweeping: bool, capsys: pytest.CaptureFixture[str]) -> None:
    # A server of its own: one that holds another table's stream records looks through them at every write.
    with start_dynamodb_local() as server:
        report = run_day(server, sweeping)
    with capsys.disabled():
        print("", *report, sep="\n")


def run_day(dynamodb_local: DynamoDBLocal, sweeping: bool) -> tuple[str, str]:
    """Deliver, check, and say how it went."""
    table = dynamodb_local.create_event_table()
    events, complete, groups = day_of_events()
    delivery = Delivery(dynamodb_local.endpoint_url, table, events, seed=8 + sweeping)
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    sweep = context.Process(target=run_sweep, args=(dynamodb_local.endpoint_url, table, theirs), daemon=True)
    if sweeping:
        sweep.start()
    seconds = delivery.run(kills=max(4, len(events) // 200))
    swept: Any = (0, 0)
    if sweeping:
        ours.send("stop")
        swept = ours.recv()
        sweep.join()

    triggers = inserted_triggers(dynamodb_local, table)
    assert set(triggers) == complete
    assert set(triggers.values()) == {1}, "a trigger was written more than once"
    still_open = {
        (state.key.site, state.key.parts)
        for state in DynamoDBJoinStore(dynamodb_local.client(), table).open_states()
        if isinstance(state, JoinState)
    }
    assert len(still_open) == groups - len(complete)
    assert not still_open & {(site, tuple(sort_key.split("#")[2:])) for site, sort_key in complete}
    meter, handled = delivery.meter, delivery.deliveries
    return (
        f"{handled} deliveries of {len(events)} events by {WORKERS} processes, {delivery.kills} killed, "
        f"{swept[0]} sweeps beside: {len(triggers)} triggers for {len(complete)} complete of {groups} groups",
        f"{handled / seconds:.0f} deliveries/s; of {meter.requests} requests {meter.rejected} were rejected; "
        f"a delivery took {meter.write_units / handled:.2f} write units ({meter.transacted / handled:.2f} of these in "
        f"transactions, which AWS charges twice) and {meter.read_units / handled:.3f} read units",
    )


def inserted_triggers(server: DynamoDBLocal, table: str) -> Counter[tuple[str, str]]:
    """The INSERT records of triggers in the table's stream: what the pipe would carry on."""
    streams = server.client("dynamodbstreams")
    found: Counter[tuple[str, str]] = Counter()
    arn = server.stream_arn(table)
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        empty = 0
        while iterator and empty < 2:
            page = streams.get_records(ShardIterator=iterator, Limit=1000)
            for record in page["Records"]:
                key = record["dynamodb"]["Keys"]
                sort_key = key["date#event_type"]["S"]
                if "#trigger_" in sort_key and record["eventName"] == "INSERT":
                    found[key["site"]["S"], sort_key] += 1
                assert "#trigger_" not in sort_key or record["eventName"] == "INSERT", "a trigger was overwritten"
            empty = 0 if page["Records"] else empty + 1
            iterator = page.get("NextShardIterator")
    return found
