"""The DynamoDB store passes the store checks against moto's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from perception_events.aggregation import InvalidExpectationError, JoinStore
from perception_events.aws.join_store import CapacityMeter, DynamoDBJoinStore, JoinStoreError
from perception_events.item_names import ItemNames
from perception_events.testing.join_stores import JOIN_STORE_CHECKS
from support.moto_dynamodb import create_table, moto_client

pytestmark = pytest.mark.aws_parts
TABLE = "PerceptionPipelineEvents-dev"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with moto_client(monkeypatch) as client:
        create_table(client, TABLE)
        yield client


# moto's table is not atomic between threads: the checks that use them run on DynamoDB Local.
@pytest.mark.parametrize("check", JOIN_STORE_CHECKS[:-2], ids=lambda check: check.__name__)
def test_checks(client: Any, check: Callable[[JoinStore], None]) -> None:
    check(DynamoDBJoinStore(client, TABLE))


def test_a_manifest_may_be_a_set_a_list_or_a_number(client: Any) -> None:
    store = DynamoDBJoinStore(client, TABLE, meter=CapacityMeter())
    for sort_key, value in (
        ("2025-07-15#manifest_a", {"SS": ["cam1", "cam2"]}),
        ("2025-07-15#manifest_b", {"L": [{"S": "cam1"}, {"S": "cam2"}]}),
        ("2025-07-15#manifest_c", {"N": "2"}),
        ("2025-07-15#manifest_d", {"S": "cam1"}),
    ):
        client.put_item(TableName=TABLE, Item={"site": {"S": "a"}, "date#event_type": {"S": sort_key}, "who": value})
    found = [store.manifest("a", f"2025-07-15#manifest_{name}", "who") for name in "abc"]
    assert found == [{"cam1", "cam2"}, {"cam1", "cam2"}, 2]
    with pytest.raises(
        InvalidExpectationError, match="the manifest a 2025-07-15#manifest_d: 'who' must be a string set"
    ):
        store.manifest("a", "2025-07-15#manifest_d", "who")
    assert store.manifest("a", "2025-07-15#manifest_a", "other") is None


def test_a_table_with_other_key_names(client: Any) -> None:
    names = ItemNames("pk", "sk", "ttl")
    create_table(client, "other", names)
    for check in JOIN_STORE_CHECKS[:1]:
        check(DynamoDBJoinStore(client, "other", names=names))
    keys = [item["sk"]["S"] for item in client.scan(TableName="other")["Items"]]
    assert sorted(keys) == ["2025-07-15#join_pose#sync001", "2025-07-15#open_pose#haemoro_1x2#sync001"]


def test_a_table_that_is_not_there_is_an_error_at_once(client: Any) -> None:
    with pytest.raises(JoinStoreError, match="ResourceNotFoundException"):
        JOIN_STORE_CHECKS[1](DynamoDBJoinStore(client, "missing"))
