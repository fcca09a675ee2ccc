"""The ten-module example runs a whole day, in memory and on DynamoDB Local, from pose to postprocessing."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from perception_events.aws.join_store import DynamoDBJoinStore
from perception_events.clock import ManualClock
from perception_events.pipeline.simulation import Route
from support.dynamodb_local import start_dynamodb_local
from support.ten_modules import MODULES, SYNCS, load_example


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load_example(monkeypatch)


def check_day(routes: list[Route]) -> None:
    started = [module for route in routes for module in route.triggers]
    assert started.count("recon") == len(SYNCS)
    assert [started.count(module) for module in MODULES[1:]] == [1] * 8
    order = [route.sort_key for route in routes]
    for module in MODULES[1:]:
        trigger = order.index(f"2025-07-15#trigger_{module}")
        assert trigger < order.index(f"2025-07-15#{module}"), "a module ran before it was started"
    assert order.index("2025-07-15#trigger_tracking") > max(
        order.index("2025-07-15#preprocessing"), order.index("2025-07-15#reid")
    )
    assert [route.targets for route in routes if route.sort_key.endswith("#postprocessing")] == [("publish-dev",)]


def test_in_memory(example: ModuleType) -> None:
    routes = example.run_day()
    check_day(routes)
    assert {route.outcome for route in routes} == {"delivered"}
    assert len(routes) == 1 + 18 + 3 + 3 + 8 + 8


@pytest.mark.java
def test_on_dynamodb_local(example: ModuleType) -> None:
    """The same day, with table, stream, joins and triggers on DynamoDB Local."""
    with start_dynamodb_local() as server:
        table = server.create_event_table()
        client, streams = server.client(), server.client("dynamodbstreams")

        def put(item: dict[str, Any]) -> None:
            client.put_item(TableName=table, Item=item)

        simulated = example.simulation(DynamoDBJoinStore(client, table), put, ManualClock(1_752_538_268.0))
        for first in example.first_items():
            put(first)
        arn = server.stream_arn(table)
        [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        where = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(**where)["ShardIterator"]
        routes: list[Route] = []
        while True:
            page = streams.get_records(ShardIterator=iterator)
            if not page["Records"]:
                break
            records = [json.loads(json.dumps(record, default=lambda at: at.timestamp())) for record in page["Records"]]
            routes += simulated.route(records)
            iterator = page["NextShardIterator"]
        # The state of joins is in the same table, and the pipe's filter keeps it out.
        states = [route for route in routes if route.outcome == "filtered out"]
        assert {route.sort_key.split("#")[1].split("_")[0] for route in states} == {"join", "open"}
        check_day([route for route in routes if route.outcome == "delivered"])
        assert len(states) + 41 == len(routes)
