"""Under the event table: one way to call boto3's resource, which takes Python values, and its client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["TableCalls"]


@dataclass(frozen=True, slots=True)
class TableCalls:
    """The calls of one table; `plain` says that the client wants DynamoDB JSON."""

    client: Any
    table: str
    plain: bool

    @classmethod
    def of(cls, table: Any, name: str | None) -> TableCalls:
        """Of a boto3 `Table`, or of a client and the table's name.

        Raises:
            ValueError: a client without a name, or a `Table` of another name.
        """
        own_name = getattr(table, "table_name", None)
        if own_name is None:
            if name is None:
                raise ValueError('a client needs the table\'s name: EventTable(client, "PerceptionPipelineEvents-dev")')
            return cls(table, name, True)
        if name not in (None, own_name):
            raise ValueError(f"the table given is {own_name!r}, not {name!r}")
        return cls(table.meta.client, str(own_name), False)

    def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call `operation` on the table."""
        named = {} if operation == "batch_write_item" else {"TableName": self.table}
        answer: Mapping[str, Any] = getattr(self.client, operation)(**named, **request)
        return answer

    def encode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Python values as the client takes them.

        Raises:
            TypeError: a value that DynamoDB has no type for, such as a float (use Decimal).
        """
        if not self.plain:
            return dict(values)
        from boto3.dynamodb.types import TypeSerializer

        serialize = TypeSerializer().serialize
        return {name: serialize(value) for name, value in values.items()}

    def decode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the client returned, as Python values; binary is bytes."""
        return self.decode_plain(values) if self.plain else {name: _value(value) for name, value in values.items()}

    @staticmethod
    def decode_plain(values: Mapping[str, Any]) -> dict[str, Any]:
        """DynamoDB JSON as Python values; binary is bytes."""
        from boto3.dynamodb.types import TypeDeserializer

        deserialize = TypeDeserializer().deserialize
        return {name: _value(deserialize(value)) for name, value in values.items()}


def _value(value: Any) -> Any:
    """`value` with bytes in place of boto3's `Binary`, which is a wrapper around them."""
    if isinstance(value, dict):
        return {name: _value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_value(member) for member in value]
    if isinstance(value, set):
        return {_value(member) for member in value}
    return value.value if type(value).__name__ == "Binary" else value
