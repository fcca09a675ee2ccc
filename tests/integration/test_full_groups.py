"""A group's item holds 400 KB on DynamoDB Local: whatever could be recorded can be triggered, and the rest is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perception_events.aggregation import (
    COMPLETED,
    Aggregator,
    InvalidJoinError,
    Join,
    JoinKey,
    JoinState,
    Member,
    join_item,
    open_item,
)
from perception_events.aws.join_store import DynamoDBJoinStore, JoinStoreError
from perception_events.clock import ManualClock
from perception_events.item_names import ItemNames
from support.dynamodb_local import DynamoDBLocal
from support.joins import bus_event

pytestmark = pytest.mark.java
NOW = 1_752_538_268.0
VERSION = "21" + "0" * 21
KEY = JoinKey("pose", "haemoro_1x2", "2025-07-15")
NAMES = ItemNames()


@pytest.mark.parametrize("length", [13, 40, 300])
def test_what_can_be_recorded_can_be_triggered(dynamodb_local: DynamoDBLocal, length: int) -> None:
    table, client = dynamodb_local.create_event_table(), dynamodb_local.client()
    store, clock = DynamoDBJoinStore(client, table), ManualClock(NOW)

    def name(number: int) -> str:
        return f"sync{number:05d}#cam1".ljust(length, "x")

    # Most members at once; the last ones, at which the item is full, one by one.
    each = 2 * length + 86
    most = (409_600 - 1_000) // each - 5
    members = {name(number): Member(COMPLETED, VERSION, NOW) for number in range(most)}
    state = JoinState(KEY, NOW, None, int(NOW) + 1_000_000, members, revision=1)
    client.put_item(TableName=table, Item=join_item(state, NAMES))
    client.put_item(TableName=table, Item=open_item(state, NAMES))
    waiting = Aggregator([Join(on="pose", expects=lambda key: 10**6, trigger=("recon",))], store, clock=clock)
    count = most
    full: JoinStoreError | None = None
    while full is None:
        try:
            (result,) = waiting.handle(bus_event(f"2025-07-15#pose#{name(count)}", sequence_number=1))
        except JoinStoreError as error:
            full = error
        else:
            assert result.problem is not None
            assert "the group's item holds 409,600" in result.problem
            count += 1
    assert "haemoro_1x2#2025-07-15#pose in " in str(full)
    assert "the group's item is full" in str(full)
    assert not full.retryable
    assert count > most
    now_complete = Aggregator([Join(on="pose", expects=lambda key: count, trigger=("recon",))], store, clock=clock)
    (swept,) = now_complete.sweep()
    assert (swept.outcome, len(swept.state.trigger_members)) == ("TRIGGERED", count)
    stored = store.load(KEY)
    assert stored is not None
    assert stored.trigger_members == stored.completed
    assert replace(stored, members={}) == replace(swept.state, members={}, revision=stored.revision)


def test_a_group_that_never_fits_is_rejected_before_it_begins(dynamodb_local: DynamoDBLocal) -> None:
    store = DynamoDBJoinStore(dynamodb_local.client(), dynamodb_local.create_event_table())
    clock = ManualClock(NOW)
    Aggregator([Join(on="pose", expects=2_900, trigger=("recon",))], store, clock=clock)
    for expects in (100_000, [f"sync{number:05d}#cam1" for number in range(4_000)]):
        with pytest.raises(InvalidJoinError, match=r"join 'pose' can never complete: its .* members take about"):
            Aggregator([Join(on="pose", expects=expects, trigger=("recon",))], store, clock=clock)
