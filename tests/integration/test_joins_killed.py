"""Workers of joins that `kill -9` ends at every step, on DynamoDB Local behind a proxy that loses, delays, throttles.

`PERCEPTION_EVENTS_KILLS` sets how many groups are handled, each by a worker that is killed at its next step.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from multiprocessing.connection import Connection
from typing import Any

import pytest

from perception_events.aggregation import Aggregator, JoinFailuresError
from perception_events.aws.errors import BackOff
from perception_events.aws.join_store import DynamoDBJoinStore, JoinStoreError
from perception_events.clock import SystemClock
from support.dynamodb_local import DynamoDBLocal
from support.join_worker import CAMERAS_OF_A_SYNC, client, run_worker
from support.tcp_proxy import TCPProxy, operation_of
from support.trigger_records import trigger_inserts

pytestmark = pytest.mark.java
GROUPS = int(os.environ.get("PERCEPTION_EVENTS_KILLS", "18"))
CAMERAS = range(1, 7)
STEPS = 9
"""Requests of a worker for a group: a rejected update and a transaction, five updates, the trigger; one is beyond."""


class Faults:
    """What a proxy does to requests, by chance; `kill_at` ends a process at its request of that number."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self.done: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self.pid: int | None = None
        self.kill_at = 0
        self.kill_after_forwarding = False
        self._requests = 0

    def watch(self, pid: int, kill_at: int, after_forwarding: bool) -> None:
        self.pid, self.kill_at, self.kill_after_forwarding, self._requests = pid, kill_at, after_forwarding, 0

    def before(self, request: bytes) -> None:
        self._requests += 1
        if not self.kill_after_forwarding:
            self._kill(request)
        if self._happens("delayed", 0.1):
            time.sleep(0.02)

    def throttles(self, request: bytes) -> bool:
        return self._happens("throttled", 0.1)

    def loses(self, request: bytes) -> bool:
        if self.kill_after_forwarding:
            self._kill(request)
        return self._happens("lost", 0.1)

    def _happens(self, what: str, probability: float) -> bool:
        with self._lock:
            happens = self._chance.random() < probability
            self.done[what] += happens
        return happens

    def _kill(self, request: bytes) -> None:
        if self.pid is not None and self._requests >= self.kill_at:
            os.kill(self.pid, signal.SIGKILL)
            self.killed[operation_of(request)] += 1
            self.pid = None


class Workers:
    """Processes that handle the events of one group; what a killed one has not acknowledged, the next one gets."""

    def __init__(self, endpoint_url: str, table: str, faults: Faults) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["support.join_worker_warm"])
        self._arguments = endpoint_url, table
        self._faults = faults

    def handle(self, events: list[tuple[int, str, str, int]], kill_at: int, after_forwarding: bool) -> None:
        waiting = dict(enumerate(events))
        first = True
        while waiting:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=run_worker, args=(*self._arguments, theirs), daemon=True)
            process.start()
            theirs.close()
            assert process.pid is not None
            if first:
                self._faults.watch(process.pid, kill_at, after_forwarding)
            first = False
            self._give(ours, waiting)
            process.join()
            ours.close()

    @staticmethod
    def _give(connection: Connection, waiting: dict[int, tuple[int, str, str, int]]) -> None:
        try:
            for number in list(waiting):
                connection.send(waiting[number])
                connection.recv()
                del waiting[number]
            connection.send(None)
        except (EOFError, OSError):
            return  # it was killed


def sweep_until(done: threading.Event, endpoint_url: str, table: str, swept: Counter[str]) -> None:
    back_off = BackOff(attempts=12, base=0.001, longest=0.01)
    store = DynamoDBJoinStore(client(endpoint_url), table, back_off=back_off)
    aggregator = Aggregator([CAMERAS_OF_A_SYNC], store, clock=SystemClock())
    while not done.is_set():
        try:
            swept["triggered"] += len(aggregator.sweep())
        except JoinFailuresError as error:
            swept["triggered"] += len(error.results)
        except JoinStoreError:
            swept["failed"] += 1
        swept["sweeps"] += 1
        time.sleep(0.05)


def test_killed_at_every_step_each_group_triggers_once(
    dynamodb_local: DynamoDBLocal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    table = dynamodb_local.create_event_table()
    seed = os.environ.get("PERCEPTION_EVENTS_SEED", "11")
    port = int(dynamodb_local.endpoint_url.rsplit(":", 1)[1])
    done, swept = threading.Event(), Counter[str]()
    with TCPProxy(port) as proxy, TCPProxy(port) as other:
        faults, faults_of_sweep = Faults(random.Random(f"{seed} workers")), Faults(random.Random(f"{seed} sweep"))
        for each, its_faults in ((proxy, faults), (other, faults_of_sweep)):
            each.before, each.throttles, each.loses = its_faults.before, its_faults.throttles, its_faults.loses
        sweeper = threading.Thread(target=sweep_until, args=(done, other.endpoint_url, table, swept), daemon=True)
        sweeper.start()
        try:
            workers = Workers(proxy.endpoint_url, table, faults)
            for group in range(GROUPS):
                events = [
                    (camera, "haemoro_1x2", f"2025-07-15#pose#sync{group:05d}#cam{camera}", camera)
                    for camera in CAMERAS
                ]
                workers.handle(events, group // 2 % STEPS + 1, after_forwarding=bool(group % 2))
        finally:
            done.set()
            sweeper.join(60)
    expected = {f"2025-07-15#trigger_recon#sync{group:05d}" for group in range(GROUPS)}
    assert trigger_inserts(dynamodb_local, table) == dict.fromkeys(expected, 1), f"seed {seed}"
    assert not list(DynamoDBJoinStore(dynamodb_local.client(), table).open_states())
    report: dict[str, Any] = {"killed in": dict(faults.killed), "workers' requests": dict(faults.done), **swept}
    with capsys.disabled():
        print(f"\n{GROUPS} groups: {report}")
    assert faults.killed.total() >= GROUPS * 2 // 3
    assert {"UpdateItem", "TransactWriteItems"} <= faults.killed.keys()
