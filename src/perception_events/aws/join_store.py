"""Joins in the event table itself: the store that aggregate functions use on AWS."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from perception_events.aggregation import (
    COMPLETED,
    OPEN_JOINS_PARTITION,
    Commit,
    Expected,
    ItemNames,
    JoinContentionError,
    JoinKey,
    JoinState,
    Member,
    OutboxItem,
    Recorded,
)
from perception_events.aggregation._items import (
    MEMBER_PREFIX,
    item_key,
    join_item,
    join_state,
    manifest_members,
    member_value,
    open_item,
    open_key,
    outbox_item,
)
from perception_events.aws.errors import BackOff, Sleep, error_code, error_response, is_retryable

__all__ = ["CapacityMeter", "DynamoDBJoinStore", "dynamodb_client"]

_CONTENDED = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})
_FAILED = "ConditionalCheckFailed"
_MOST_KEYS = 100
"""Keys in one `BatchGetItem`. AWS: service model, `BatchGetItem`."""


@dataclass(slots=True)
class CapacityMeter:
    """Adds up the capacity units that DynamoDB says its answers consumed, and counts the requests.

    Failed conditional writes consume units too; DynamoDB does not report these, so they are counted only as requests
    and in `rejected`. `transacted` counts the items in transactions that were written: DynamoDB Local reports one unit
    for each where AWS charges two.
    """

    read_units: float = 0.0
    write_units: float = 0.0
    requests: int = 0
    rejected: int = 0
    transacted: int = 0

    def add(self, answer: Mapping[str, Any], *, writes: bool) -> None:
        """Count one answer."""
        consumed = answer.get("ConsumedCapacity") or []
        units = sum(
            float(c.get("CapacityUnits", 0.0)) for c in ([consumed] if isinstance(consumed, dict) else consumed)
        )
        if writes:
            self.write_units += units
        else:
            self.read_units += units


class DynamoDBJoinStore:
    """A `JoinStore` in a table with the event table's keys; it needs no index.

    `client` is `boto3.client("dynamodb")`. A group is one item (`2025-07-15#join_pose#sync001`), and while it has not
    triggered, one entry in the partition `#joins`; triggers and alerts are items beside it. Every read is consistent.

    Costs, in request units, for a group below 1 KB: the first member 4 written (a transaction, after a rejected
    update); every further member 1; a duplicate 1 (a rejected update, which returns the state); the trigger 2 for each
    of the group's item, its entry in the list and each next module. A manifest is 1 read an event (0.5 for each 4 KB
    begun, doubled by consistency). An item holds 400 KB, about 4,000 members; beyond 1 KB (about 10 members)
    each further KB is another unit a member.

    AWS: TransactWriteItems: all or nothing, at most 100 items, twice the units of a plain write.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        names: ItemNames | None = None,
        back_off: BackOff | None = None,
        sleep: Sleep = time.sleep,
        meter: CapacityMeter | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._names = names or ItemNames()
        self._back_off = back_off or BackOff(attempts=12, base=0.02, longest=2.0)
        self._sleep = sleep
        self._meter = meter

    def record(self, opening: JoinState, name: str, member: Member) -> Recorded:
        """Note the member's news in one conditional update, or open the group with it in one transaction.

        Raises:
            JoinContentionError: the group could be neither updated nor opened, at every attempt.
        """
        for failures in range(1, self._back_off.attempts + 1):
            try:
                return Recorded(self._note(opening.key, name, member), True)
            except Exception as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    self._wait_or_raise(error, failures)
                    continue
                there = error_response(error).get("Item")
            if there:
                return Recorded(self._decoded(there), False)
            if (opened := self._open(opening, name, member)) is not None:
                return Recorded(opened, True)
            self._sleep(self._back_off.seconds(failures))
        raise JoinContentionError(f"group {opening.key}: others were faster {self._back_off.attempts} times")

    def commit(self, before: JoinState, after: JoinState, outbox: Sequence[OutboxItem] = ()) -> Commit:
        """Compare, set and put the outbox in one transaction."""
        new = _replaced_revision(after, before.revision + 1)
        condition = {
            "ConditionExpression": "revision = :revision",
            "ExpressionAttributeValues": {":revision": {"N": str(before.revision)}},
        }
        writes: list[dict[str, Any]] = [{"Put": {"Item": join_item(new, self._names), **condition}}]
        writes += [self._put_new(outbox_item(item, self._names)) for item in outbox]
        if after.triggered_at is not None:
            writes.append({"Delete": {"Key": open_key(after.key, self._names)}})
        elif before.run != after.run:
            writes.append({"Put": {"Item": open_item(new, self._names)}})
        for failures in range(1, self._back_off.attempts + 1):
            try:
                self._transact(writes)
                return Commit.DONE
            except Exception as error:
                reasons = _cancellation_reasons(error)
                if reasons and reasons[0] == _FAILED:
                    return Commit.CONFLICT
                if _FAILED in reasons:
                    return Commit.EXISTS
                self._wait_or_raise(error, failures, reasons)
        return Commit.CONFLICT

    def load(self, key: JoinKey) -> JoinState | None:
        """The state of one group, by a consistent read."""
        item = self._get(key.site, key.sort_key)
        return join_state(item, self._names) if item else None

    def open_states(self, group: JoinKey | None = None) -> Iterator[JoinState]:
        """Every group that has not triggered, or those of the join, site and day of `group`.

        Consistent queries of one partition, and batches of consistent reads.

        The list names only groups that were open when it was read; one that triggers meanwhile is left out.
        """
        prefix = "" if group is None else replace(group, parts=()).open_sort_key
        entries = (item for item in self._query(OPEN_JOINS_PARTITION, prefix) if "join_sort_key" in item)
        while keys := [
            item_key(self._names, entry["join_site"]["S"], entry["join_sort_key"]["S"])
            for entry in itertools.islice(entries, _MOST_KEYS)
        ]:
            for item in self._get_all(keys):
                state = join_state(item, self._names)
                if state is None or state.triggered_at is not None:
                    continue
                # The prefix of one site is that of another, too.
                if group is None or replace(state.key, parts=()) == replace(group, parts=()):
                    yield state

    def states(self, site: str, date: str, join: str | None = None) -> Iterable[JoinState]:
        """Every group of a site and day, by consistent queries of the sort keys `date#join_...`."""
        for item in self._query(site, f"{date}#join_{join or ''}"):
            state = join_state(item, self._names)
            if state is not None and join in (None, state.key.join):
                yield state

    def manifest(self, site: str, sort_key: str, attribute: str) -> Expected:
        """What the manifest item lists, by a consistent read."""
        item = self._get(site, sort_key, attribute)
        return manifest_members(item, attribute) if item else None

    def _note(self, key: JoinKey, name: str, member: Member) -> JoinState:
        counted = ", completed :names" if member.status == COMPLETED else " DELETE completed :names"
        answer = self._call(
            "update_item",
            Key=item_key(self._names, key.site, key.sort_key),
            UpdateExpression="SET #member = :member ADD revision :one" + counted,
            ConditionExpression="attribute_exists(opened_at) AND "
            "(attribute_not_exists(#member) OR #member.#version < :version)",
            ExpressionAttributeNames={"#member": MEMBER_PREFIX + name, "#version": "version"},
            ExpressionAttributeValues={
                ":member": member_value(member),
                ":version": {"S": member.version},
                ":one": {"N": "1"},
                ":names": {"SS": [name]},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return self._decoded(answer["Attributes"])

    def _open(self, opening: JoinState, name: str, member: Member) -> JoinState | None:
        """Open the group with its first member; None when somebody else just has."""
        state = _replaced_revision(opening, 1, {name: member})
        try:
            self._transact(
                [
                    self._put_new(join_item(state, self._names)),
                    {"Put": {"Item": open_item(state, self._names)}},
                ]
            )
        except Exception as error:
            reasons = _cancellation_reasons(error)
            if _FAILED in reasons or _CONTENDED.intersection(reasons) or is_retryable(error):
                return None
            raise
        return state

    def _put_new(self, item: dict[str, Any]) -> dict[str, Any]:
        return {
            "Put": {
                "Item": item,
                "ConditionExpression": "attribute_not_exists(#partition)",
                "ExpressionAttributeNames": {"#partition": self._names.partition_key},
            }
        }

    def _get(self, site: str, sort_key: str, attribute: str | None = None) -> dict[str, Any] | None:
        only: dict[str, Any] = {}
        if attribute is not None:
            only = {"ProjectionExpression": "#attribute", "ExpressionAttributeNames": {"#attribute": attribute}}
        answer = self._call("get_item", Key=item_key(self._names, site, sort_key), ConsistentRead=True, **only)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _get_all(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Up to 100 items, in any order. AWS: what a BatchGetItem leaves `UnprocessedKeys` is asked for again."""
        failures = 0
        while keys:
            request = {"RequestItems": {self._table: {"Keys": keys, "ConsistentRead": True}}}
            answer = self._call("batch_get_item", **request)
            yield from answer["Responses"].get(self._table, ())
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if keys:
                failures += 1
                if failures == self._back_off.attempts:
                    raise JoinContentionError(f"DynamoDB left {len(keys)} reads undone {failures} times; sweep again")
                self._sleep(self._back_off.seconds(failures))

    def _query(self, site: str, prefix: str) -> Iterator[dict[str, Any]]:
        condition, names, values = (
            "#partition = :site",
            {"#partition": self._names.partition_key},
            {":site": {"S": site}},
        )
        if prefix:
            condition += " AND begins_with(#sort, :prefix)"
            names["#sort"] = self._names.sort_key
            values[":prefix"] = {"S": prefix}
        request: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
        }
        while True:
            answer = self._call("query", **request)
            yield from answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _transact(self, writes: list[dict[str, Any]]) -> None:
        items = [{verb: {"TableName": self._table, **what} for verb, what in write.items()} for write in writes]
        self._call("transact_write_items", TransactItems=items)

    def _call(self, operation: str, **request: Any) -> Any:
        if operation not in ("transact_write_items", "batch_get_item"):
            request["TableName"] = self._table
        if self._meter is None:
            return getattr(self._client, operation)(**request)
        self._meter.requests += 1
        try:
            answer = getattr(self._client, operation)(ReturnConsumedCapacity="TOTAL", **request)
        except Exception:
            self._meter.rejected += 1
            raise
        self._meter.add(answer, writes=operation not in ("get_item", "batch_get_item", "query"))
        self._meter.transacted += len(request.get("TransactItems", ()))
        return answer

    def _decoded(self, item: Mapping[str, Any]) -> JoinState:
        state = join_state(item, self._names)
        assert state is not None, f"the item {item.get(self._names.sort_key)} is no join's"
        return state

    def _wait_or_raise(self, error: Exception, failures: int, reasons: Sequence[str] = ()) -> None:
        contended = _CONTENDED.intersection((error_code(error), *reasons))
        throttled = any("Throttl" in reason for reason in reasons) or is_retryable(error)
        if not (contended or throttled) or failures == self._back_off.attempts:
            raise error
        self._sleep(self._back_off.seconds(failures))


def dynamodb_client(*, endpoint_url: str | None = None, region: str | None = None) -> Any:
    """`boto3.client("dynamodb")`, of another endpoint or region where these are given.

    Raises:
        ImportError: boto3 is not installed; it comes with `perception-events[aws]`.
    """
    import boto3

    return boto3.client("dynamodb", endpoint_url=endpoint_url, region_name=region)


def _replaced_revision(state: JoinState, revision: int, members: Mapping[str, Member] | None = None) -> JoinState:
    kept = state.members if members is None else MappingProxyType(dict(members))
    return replace(state, revision=revision, members=kept)


def _cancellation_reasons(error: BaseException) -> list[str]:
    """Why each write of a transaction was rejected, in order: `None`, `ConditionalCheckFailed`, ..."""
    return [str(reason.get("Code")) for reason in error_response(error).get("CancellationReasons", ())]
