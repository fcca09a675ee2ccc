"""Joins on DynamoDB Local behind a proxy that loses responses, with sweeps beside: one trigger each all the same."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from perception_events.aggregation import Aggregator, Join, JoinFailuresError
from perception_events.aws.errors import BackOff
from perception_events.aws.event_table import EventRow, EventStatus, EventTable
from perception_events.aws.join_store import DynamoDBJoinStore, JoinStoreError
from perception_events.clock import SystemClock
from perception_events.sort_keys import SortKey
from support.dynamodb_local import DynamoDBLocal, aws_session
from support.joins import CAMERAS, bus_event
from support.tcp_proxy import TCPProxy, operation_of
from support.trigger_records import trigger_inserts

pytestmark = pytest.mark.java
GROUPS = int(os.environ.get("PERCEPTION_EVENTS_LOST_RESPONSES", "8"))
JOIN = Join(on="pose", group_by=("site", "date", "sync"), expects=CAMERAS, trigger=("recon", "thumbnails"))


def client(endpoint_url: str) -> Any:
    """A client that does not repeat by itself, so that every lost response is ours to stand."""
    config = pytest.importorskip("botocore.config").Config(
        retries={"mode": "standard", "max_attempts": 1}, read_timeout=10, max_pool_connections=20
    )
    return aws_session().client("dynamodb", endpoint_url=endpoint_url, config=config)


def test_lost_responses_and_sweeps_leave_one_trigger_each(dynamodb_local: DynamoDBLocal) -> None:
    table = dynamodb_local.create_event_table()
    chance = random.Random(os.environ.get("PERCEPTION_EVENTS_SEED", "7"))
    lock = threading.Lock()
    lost = Counter[str]()

    def loses(request: bytes) -> bool:
        with lock:
            is_lost = chance.random() < 0.2
            if is_lost:
                lost[operation_of(request)] += 1
        return is_lost

    with TCPProxy(int(dynamodb_local.endpoint_url.rsplit(":", 1)[1])) as proxy:
        proxy.loses = loses

        def aggregator() -> Aggregator:
            back_off = BackOff(attempts=12, base=0.001, longest=0.01)
            return Aggregator(
                [JOIN], DynamoDBJoinStore(client(proxy.endpoint_url), table, back_off=back_off), clock=SystemClock()
            )

        def handle(event: Any) -> None:
            while True:
                try:
                    aggregator().handle(event)
                except (JoinStoreError, JoinFailuresError):
                    continue  # as Lambda would: the event comes again
                return

        done = threading.Event()

        def sweep() -> None:
            while not done.is_set():
                try:
                    aggregator().sweep()
                except (JoinStoreError, JoinFailuresError):
                    continue

        events = [
            bus_event(f"2025-07-15#pose#sync{group:04d}#{camera}", sequence_number=number)
            for number, (group, camera) in enumerate((g, c) for g in range(GROUPS) for c in CAMERAS)
        ]
        events += chance.sample(events, len(events) // 2)
        chance.shuffle(events)
        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        try:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(handle, events))
        finally:
            done.set()
            sweeper.join()
    expected = {f"2025-07-15#trigger_{module}#sync{g:04d}" for g in range(GROUPS) for module in JOIN.trigger}
    assert trigger_inserts(dynamodb_local, table) == dict.fromkeys(expected, 1)
    assert lost["TransactWriteItems"] > 0
    assert lost["UpdateItem"] > 0


def test_lost_responses_leave_every_row_as_it_was_written(dynamodb_local: DynamoDBLocal) -> None:
    table = dynamodb_local.create_event_table()
    chance = random.Random(3)
    with TCPProxy(int(dynamodb_local.endpoint_url.rsplit(":", 1)[1])) as proxy:
        proxy.loses = lambda request: chance.random() < 0.3
        events = EventTable(client(proxy.endpoint_url), table, back_off=BackOff(attempts=30, base=0.001, longest=0.01))
        keys = [SortKey.parse(f"2025-07-15#pose#sync{n:04d}") for n in range(GROUPS)]
        for number, key in enumerate(keys):
            events.processing("s", key, attributes={"n": number})
            assert events.complete("s", key).attributes["n"] == number
            saved = events.save("s", f"{key}#saved", EventStatus.COMPLETED, attributes={"n": number})
            assert replace(saved, sort_key=key).attributes == {"n": number}
        rows = [EventRow("t", key, EventStatus.COMPLETED) for key in keys]
        assert events.save_all(rows) == GROUPS
        proxy.loses = lambda request: False
        assert [row.status for row in events.query("s")] == [EventStatus.COMPLETED] * 2 * GROUPS
        assert len(list(events.query("t"))) == GROUPS
