"""The tasks of the fallback's workflow: what it reads of the table, and the transactions that it tries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perception_events.aggregation._join import Join
from perception_events.aggregation._keys import OPEN_JOINS_PARTITION, alert_event_type, trigger_event_type
from perception_events.aggregation._state import TriggerReason
from perception_events.item_names import ItemNames

__all__ = ["NOW", "STATE_ATTRIBUTES", "State", "Tasks", "absent"]

_CANCELLED = "DynamoDb.TransactionCanceledException"
_RETRY = [
    {
        "ErrorEquals": [
            "DynamoDb.InternalServerErrorException",
            "DynamoDb.ProvisionedThroughputExceededException",
            "DynamoDb.RequestLimitExceededException",
            "DynamoDb.SdkClientException",
        ],
        "IntervalSeconds": 2,
        "MaxAttempts": 4,
        "BackoffRate": 2,
    }
]
NOW = "$$.State.EnteredTime"
STATE_ATTRIBUTES = {"join": "S", "revision": "N", "run": "N", "opened_at": "S", "triggered_at": "S"}
"""What is read of a group's state, with the types; the last is there once it has triggered."""

State = dict[str, Any]


def absent(path: str) -> State:
    return {"Variable": path, "IsPresent": False}


class Tasks:
    """Makes the tasks of one table's workflow."""

    def __init__(self, table: str, names: ItemNames) -> None:
        self._table = table
        self._names = names

    def query(self, request: State) -> State:
        """Read one page of the list of open groups."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:query",
            "Parameters": request,
            "Retry": _RETRY,
            "ResultPath": "$.found",
            "Next": "EachOpenJoin",
        }

    def trigger(self, join: Join, reason: TriggerReason, condition: str, values: State, otherwise: str) -> State:
        """Trigger the group if `condition` holds, with the rows that start the modules; else `otherwise` is next."""
        update = {
            "UpdateExpression": "SET #status = :triggered, triggered_at = :now, reason = :reason REMOVE reserved "
            "ADD revision :one",
            "ConditionExpression": f"attribute_not_exists(triggered_at) AND revision = :revision AND {condition}",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":triggered": {"S": "TRIGGERED"},
                ":now": {"S.$": NOW},
                ":reason": {"S": reason.value},
                ":one": {"N": "1"},
                ":revision": {"N.$": "$.state.Item.revision.N"},
                **values,
            },
        }
        told = {"reason": {"S": reason.value}, "triggered_at": {"S.$": NOW}, "members.$": "$.state.Item.completed"}
        puts = []
        for module in join.trigger:
            event_type = trigger_event_type(module)
            trigger_id = self.format(event_type + "{}", "$.suffix.S", before=("$.join_site.S",))
            which = {"module": {"S": module}, "trigger_id": {"S.$": trigger_id}}
            puts.append(self._put(join, event_type, {**told, **which}))
        key = self._key({"S": OPEN_JOINS_PARTITION}, {"S.$": f"$['{self._names.sort_key}'].S"})
        entry = {"TableName": self._table, "Key": key}
        return self._transaction([{"Update": self._group(update)}, *puts, {"Delete": entry}], otherwise)

    def alert(self, join: Join) -> State:
        """Alert once for this run of the group."""
        update = {
            "UpdateExpression": "SET alerted_at = :now ADD revision :one",
            "ConditionExpression": "attribute_not_exists(alerted_at) AND attribute_not_exists(triggered_at) "
            "AND revision = :revision",
            "ExpressionAttributeValues": {
                ":now": {"S.$": NOW},
                ":one": {"N": "1"},
                ":revision": {"N.$": "$.state.Item.revision.N"},
            },
        }
        alert = self._put(join, alert_event_type(join.name), {"alerted_at": {"S.$": NOW}})
        return self._transaction([{"Update": self._group(update)}, alert], "LeftAlone")

    def format(self, form: str, *places: str, before: tuple[str, ...] = ()) -> str:
        """A key of the group: `form` filled with `places`, after the prefix where the table's keys have one."""
        first = (*before, *(("$.date.S",) if self._names.key_format.prefix is not None else ()))
        # A form without any place is no call: Step Functions formats nothing into nothing.
        values = ", ".join((*first, *places))
        return f"States.Format('{'{}#' * len(first)}{form}', {values})" if values else form

    def _put(self, join: Join, event_type: str, told: State) -> State:
        sort_key = self.format(event_type + "{}", "$.suffix.S")
        item = {
            **self._key({"S.$": "$.join_site.S"}, {"S.$": sort_key}),
            f"{self._names.ttl_attribute}.$": f"$.state.Item['{self._names.ttl_attribute}']",
            self._names.status_attribute: {"S": self._names.done[0]},
            "event_type": {"S": event_type},
            "join": {"S": join.name},
            "run.$": "$.state.Item.run",
            "opened_at.$": "$.state.Item.opened_at",
            **self._group_values(join),
            **told,
        }
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(#partition)",
                "ExpressionAttributeNames": {"#partition": self._names.partition_key},
            }
        }

    def _group_values(self, join: Join) -> State:
        """The values of the attributes that the join groups by, as `OutboxItem`s have them."""
        grouping = join.grouping(self._names)
        paths = ((str(part), n) for n, part in enumerate(grouping.parts) if part in grouping.attributes)
        values = {name: {"S.$": f"$.value{n}.S"} for name, n in paths}
        return {"group": {"M": values}} if values else {}

    def _transaction(self, items: list[State], otherwise: str) -> State:
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:transactWriteItems",
            "Parameters": {"TransactItems": items},
            "Retry": _RETRY,
            "Catch": [
                {"ErrorEquals": [_CANCELLED], "ResultPath": None, "Next": otherwise},
                {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"},
            ],
            "ResultPath": None,
            "Next": "Settled",
        }

    def damages(self) -> list[State]:
        """What makes an item none of a group's, as far as the workflow reads it."""
        names = (f"{name}.{kind}" for name, kind in STATE_ATTRIBUTES.items() if name != "triggered_at")
        lacking = [absent(f"$.state.Item.{name}") for name in names]
        lacking.append(absent(f"$.state.Item['{self._names.ttl_attribute}'].N"))
        optional = (("completed", "SS"), ("due_at", "S"))
        wrong: list[State] = [
            {
                "And": [
                    {"Variable": f"$.state.Item.{name}", "IsPresent": True},
                    absent(f"$.state.Item.{name}.{kind}"),
                ]
            }
            for name, kind in optional
        ]
        return [*lacking, *wrong]

    def get(self, site: State, sort_key: State, result_path: str, *, attributes: Sequence[str]) -> State:
        """Read one item into `result_path`."""
        # Only what is needed: a state holds 256 KiB, a group's item 400.
        named = {f"#a{n}": name for n, name in enumerate(attributes)}
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": {
                "TableName": self._table,
                "Key": self._key(site, sort_key),
                "ConsistentRead": True,
                "ProjectionExpression": ", ".join(named),
                "ExpressionAttributeNames": named,
            },
            "Retry": _RETRY,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
            "ResultPath": result_path,
        }

    def _group(self, update: State) -> State:
        key = self._key({"S.$": "$.join_site.S"}, {"S.$": "$.join_sort_key.S"})
        return {"TableName": self._table, "Key": key, **update}

    def _key(self, site: State, sort_key: State) -> State:
        return {self._names.partition_key: site, self._names.sort_key: sort_key}
