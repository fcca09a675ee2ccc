"""Under the event table: one way to call boto3's resource and its client, both in DynamoDB JSON, by our own codec."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.attribute_values import image_from_python, image_to_python
from perception_events.aws.errors import BackOff, Sleep, error_code, is_retryable
from perception_events.errors import AWSCallError

__all__ = ["TableCalls"]

_HIGH_LEVEL = (
    ("provide-client-params.dynamodb", "dynamodb-create-params-copy"),
    ("before-parameter-build.dynamodb", "dynamodb-condition-expression"),
    ("before-parameter-build.dynamodb", "dynamodb-attr-value-input"),
    ("after-call.dynamodb", "dynamodb-attr-value-output"),
)
"""What makes a resource's client take and give Python values. AWS: boto3, `boto3/dynamodb/transform.py`."""


@dataclass(frozen=True, slots=True)
class TableCalls:
    """The calls of one table; `failed` makes the error of a call that AWS rejected or could not be asked."""

    client: Any
    table: str
    back_off: BackOff
    sleep: Sleep
    failed: Callable[[str, str, bool], AWSCallError]

    @classmethod
    def of(
        cls,
        table: Any,
        name: str | None,
        back_off: BackOff,
        sleep: Sleep,
        failed: Callable[[str, str, bool], AWSCallError],
    ) -> TableCalls:
        """Of a boto3 `Table`, or of a client and the table's name.

        Raises:
            ValueError: a client without a name, or a `Table` of another name.
        """
        own_name = getattr(table, "table_name", None)
        if own_name is None:
            if name is None:
                raise ValueError('a client needs the table\'s name: EventTable(client, "PerceptionPipelineEvents-dev")')
            return cls(table, name, back_off, sleep, failed)
        if name not in (None, own_name):
            raise ValueError(f"the table given is {own_name!r}, not {name!r}")
        return cls(_low_level(table.meta.client), str(own_name), back_off, sleep, failed)

    def call(self, operation: str, **request: Any) -> Mapping[str, Any]:
        """Call `operation` on the table, again with back-off while that may help.

        Raises:
            AWSCallError: (what `failed` makes) AWS rejected, or could not be reached.
        """
        named = {} if operation == "batch_write_item" else {"TableName": self.table}
        failures = 0
        while True:
            try:
                response: Mapping[str, Any] = getattr(self.client, operation)(**named, **request)
                return response
            except Exception as error:  # botocore's classes are known only where botocore is installed
                code = error_code(error)
                retryable = is_retryable(error)
                failures += 1
                if retryable and not self.back_off.is_over(failures):
                    self.sleep(self.back_off.seconds(failures))
                    continue
                if not code and not retryable and type(error).__name__ != "ParamValidationError":
                    raise  # not AWS's response: missing credentials, say
                message = f"{operation} on {self.table} failed: {code or type(error).__name__}: {error}"
                raise self.failed(message, code, retryable) from error

    @staticmethod
    def encode(values: Mapping[str, Any]) -> dict[str, Any]:
        """Python values as the client takes them.

        Raises:
            InvalidAttributeValueError: a value that DynamoDB has no type for, such as a float (use Decimal).
        """
        return image_from_python(values, raw_binary=True)

    @staticmethod
    def decode(values: Mapping[str, Any]) -> dict[str, Any]:
        """What the client returned, as Python values; binary is bytes.

        Raises:
            InvalidAttributeValueError: it is not DynamoDB JSON.
        """
        return image_to_python(values)


def _low_level(client: Any) -> Any:
    """A resource's client without boto3's own conversion, which fails on numbers that DynamoDB holds (boto3 #2500).

    The resource is left as it is: the copy has a copy of its event handlers. What is not boto3's is taken as it is.
    """
    events = getattr(getattr(client, "meta", None), "events", None)
    if events is None or not hasattr(events, "unregister"):
        return client
    handlers = copy.copy(events)
    for event, identity in _HIGH_LEVEL:
        handlers.unregister(event, unique_id=identity)
    meta = copy.copy(client.meta)
    meta.events = handlers
    plain = object.__new__(type(client))  # copy.copy would ask the class for attributes that are not there yet
    plain.__dict__.update(client.__dict__)
    plain.meta = meta
    return plain
