"""The triggers in a table's stream: what a pipe would carry on."""

from __future__ import annotations

from collections import Counter
from typing import Any

from perception_events.aws.stream_poller import StreamPoller
from support.dynamodb_local import DynamoDBLocal

__all__ = ["trigger_inserts"]


def trigger_inserts(database: DynamoDBLocal, table: str) -> Counter[str]:
    """How often each trigger's sort key was inserted; a trigger that was overwritten or removed fails the test."""
    found: Counter[str] = Counter()

    def count(records: Any) -> None:
        for record in records:
            sort_key = record["dynamodb"]["Keys"]["date#event_type"]["S"]
            if "#trigger_" in sort_key:
                assert record["eventName"] == "INSERT", sort_key
                found[sort_key] += 1

    streams = database.client("dynamodbstreams")
    StreamPoller(streams, database.stream_arn(table)).run(count, idle_seconds=1.0)
    return found
