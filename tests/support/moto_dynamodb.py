"""DynamoDB on moto: a client, and tables with a partition key and a sort key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from perception_events.item_names import ItemNames

__all__ = ["REGION", "create_table", "moto_client"]

REGION = "ap-northeast-2"


@contextmanager
def moto_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's client on a DynamoDB without tables; the test is skipped where moto or boto3 is missing."""
    moto = pytest.importorskip("moto", reason="moto is not installed: pip install '.[dev]'")
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: pip install '.[aws]'")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        yield boto3.client("dynamodb", region_name=REGION)


def create_table(client: Any, table: str, names: ItemNames | None = None) -> None:
    """Make a table with the keys of `names`, the event table's by default."""
    names = names or ItemNames()
    keys = {names.partition_key: "HASH", names.sort_key: "RANGE"}
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        BillingMode="PAY_PER_REQUEST",
    )
