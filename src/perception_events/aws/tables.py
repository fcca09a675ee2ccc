"""Beside the event table: makes the tables of a topology on a DynamoDB that is not AWS's, for tests and laptops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from perception_events.aws.errors import error_code
from perception_events.errors import PerceptionEventsError
from perception_events.topology import Table, TableStream, Topology

__all__ = ["CreatedTable", "SupportsCreateTable", "UnknownTableError", "create_tables"]


class UnknownTableError(PerceptionEventsError, ValueError):
    """A table whose name or keys are not known before the deployment."""


class SupportsCreateTable(Protocol):
    """The calls we make; `boto3.client("dynamodb")` has them."""

    def create_table(self, **request: Any) -> Any:
        """AWS's `CreateTable`."""
        ...

    def update_time_to_live(self, **request: Any) -> Any:
        """AWS's `UpdateTimeToLive`."""
        ...


@dataclass(frozen=True, slots=True)
class CreatedTable:
    """A table's name, and whether it was made just now."""

    name: str
    is_new: bool


def create_tables(client: SupportsCreateTable, topology: Topology) -> list[CreatedTable]:
    """Make each table of `topology`, with its stream and Time to Live; one that exists stays as it is.

    Raises:
        UnknownTableError: a name or a key is not known.
        botocore's errors: of the calls.
    """
    return [_create(client, topology, table) for table in topology.of(Table)]


def _create(client: SupportsCreateTable, topology: Topology, table: Table) -> CreatedTable:
    keys = [key for key in (table.partition_key, table.sort_key) if key]
    if not isinstance(table.name, str) or not keys or not all(isinstance(key, str) for key in keys):
        raise UnknownTableError(f"the table {table.id} depends on what is not known; fix: name it with --parameter")
    request: dict[str, Any] = {
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": table.attribute_types.get(str(key), "S")} for key in keys
        ],
    }
    stream = next((one for one in topology.of(TableStream) if one.table == table.id), None)
    if stream is not None:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": str(stream.stream_view_type)}
    try:
        client.create_table(**request)
    except Exception as error:
        if error_code(error) != "ResourceInUseException":
            raise
        return CreatedTable(table.name, False)
    if isinstance(table.ttl_attribute, str):
        client.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
        )
    return CreatedTable(table.name, True)
