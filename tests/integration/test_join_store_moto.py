"""The DynamoDB store passes the store checks against moto's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from perception_events.aggregation import InvalidExpectationError, JoinStore
from perception_events.aws.join_store import CapacityMeter, DynamoDBJoinStore, JoinStoreError
from perception_events.item_names import ItemNames
from perception_events.testing.join_stores import JOIN_STORE_CHECKS

pytestmark = pytest.mark.aws_parts
TABLE = "PerceptionPipelineEvents-dev"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    moto = pytest.importorskip("moto", reason="moto is not installed: pip install '.[dev]'")
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: pip install '.[aws]'")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        client = boto3.client("dynamodb", region_name="ap-northeast-2")
        client.create_table(**table_definition(TABLE))
        yield client


def table_definition(name: str, names: ItemNames | None = None) -> dict[str, Any]:
    names = names or ItemNames()
    return {
        "TableName": name,
        "KeySchema": [
            {"AttributeName": names.partition_key, "KeyType": "HASH"},
            {"AttributeName": names.sort_key, "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": names.partition_key, "AttributeType": "S"},
            {"AttributeName": names.sort_key, "AttributeType": "S"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


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
    client.create_table(**table_definition("other", names))
    for check in JOIN_STORE_CHECKS[:1]:
        check(DynamoDBJoinStore(client, "other", names=names))
    keys = [item["sk"]["S"] for item in client.scan(TableName="other")["Items"]]
    assert sorted(keys) == ["2025-07-15#join_pose#sync001", "2025-07-15#open_pose#haemoro_1x2#sync001"]


def test_a_table_that_is_not_there_is_an_error_at_once(client: Any) -> None:
    with pytest.raises(JoinStoreError, match="ResourceNotFoundException"):
        JOIN_STORE_CHECKS[1](DynamoDBJoinStore(client, "missing"))
