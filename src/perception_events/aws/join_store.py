"""Joins in the event table itself: the store that aggregate functions use on AWS."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from perception_events.aggregation import (
    COMPLETED,
    MAXIMUM_ITEM_BYTES,
    MEMBER_PREFIX,
    OPEN_JOINS_PARTITION,
    Commit,
    Expected,
    JoinContentionError,
    JoinKey,
    JoinState,
    Member,
    OutboxItem,
    Recorded,
    UnreadableGroup,
    group_size,
    item_key,
    join_item,
    join_state,
    joins_prefix,
    manifest_members,
    member_value,
    open_item,
    open_key,
    outbox_item,
)
from perception_events.aws.errors import BackOff, Sleep, error_code, error_response, is_retryable
from perception_events.errors import AWSCallError
from perception_events.item_names import ItemNames

__all__ = ["CapacityMeter", "DynamoDBJoinStore", "JoinStoreError", "dynamodb_client"]

_CONTENDED = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})
_FAILED = "ConditionalCheckFailed"
_ALWAYS_FITS = 50
"""Members of the longest names that fit in any case; fewer are not measured."""
_MOST_KEYS = 100
"""Keys in one `BatchGetItem`. AWS: service model, `BatchGetItem`."""


class JoinStoreError(AWSCallError):
    """DynamoDB rejected a read or write of a join, or could not be reached; the message names the group."""


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
    begun, doubled by consistency). An item holds 400 KB, about 3,000 members with names of 13 characters (`group_size`
    computes it); beyond 1 KB (about 7 members) each further KB is another unit a member. What can be recorded can be
    triggered: an open group keeps the room that the trigger needs.

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
            JoinStoreError: DynamoDB rejects the write (the group is full, say), or another item is in its place.
        """
        run: int | None = None
        failures = 0
        while not self._back_off.is_over(failures):
            try:
                return Recorded(self._note(opening.key, name, member, run), True)
            except Exception as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    failures += 1
                    self._wait_or_raise(error, failures, opening.key)
                    continue
                there = error_response(error).get("Item")
            if there:
                state = self._decoded(there, opening.key)
                if not member.supersedes(state.members.get(name)):
                    return Recorded(state, False)
                # It triggered, or ran again, since the state was seen: the next attempt knows.
                run, seen = (None, run) if state.triggered_at is None else (state.run, run)
                failures += run == seen
            else:
                opened = self._open(opening, name, member)
                if opened is not None:
                    return Recorded(opened, True)
                failures += 1
                self._sleep(self._back_off.seconds(failures))
        raise JoinContentionError(f"group {opening.key} lost the race to open or update it {failures} times")

    def commit(self, before: JoinState, after: JoinState, outbox: Sequence[OutboxItem] = ()) -> Commit:
        """Compare, set and put the outbox in one transaction.

        Raises:
            JoinStoreError: DynamoDB rejects the transaction.
        """
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
        failures = 0
        while True:
            try:
                self._transact(writes)
                return Commit.DONE
            except Exception as error:
                reasons = _cancellation_reasons(error)
                if reasons and reasons[0] == _FAILED:
                    # Our own write, whose answer was lost, fails the condition as somebody else's would.
                    return Commit.DONE if failures and self._is_written(new) else Commit.CONFLICT
                if _FAILED in reasons:
                    return Commit.EXISTS
                failures += 1
                self._wait_or_raise(error, failures, after.key, reasons)

    def load(self, key: JoinKey) -> JoinState | None:
        """The state of one group, by a consistent read.

        Raises:
            JoinStoreError: DynamoDB rejects the read, or somebody else's item is in the group's place.
        """
        item = self._get(key.site, key.sort_key)
        return self._decoded(item, key) if item else None

    def open_states(self, group: JoinKey | None = None) -> Iterator[JoinState | UnreadableGroup]:
        """Every group that has not triggered, or those of the join, site and day of `group`.

        Consistent queries of one partition, and batches of consistent reads. The list names only groups that were open
        when it was read; one that triggers meanwhile is left out.

        Raises:
            JoinStoreError: DynamoDB rejects a read.
        """
        seen: set[tuple[str, str]] = set()
        keys: list[dict[str, Any]] = []
        prefix = "" if group is None else replace(group, parts=()).open_sort_key
        for entry in self._query(OPEN_JOINS_PARTITION, prefix):
            place = self._place(entry)
            if isinstance(place, UnreadableGroup):
                yield place
            elif place not in seen and (group is None or place[0] == group.site):  # not one whose name begins alike
                seen.add(place)
                keys.append(item_key(self._names, *place))
            if len(keys) == _MOST_KEYS:
                yield from self._open_of(keys, group)
                keys = []
        if keys:
            yield from self._open_of(keys, group)

    def states(self, site: str, date: str, join: str | None = None) -> Iterable[JoinState | UnreadableGroup]:
        """Every group of a site and day, by consistent queries of the sort keys `date#join_...`.

        Raises:
            JoinStoreError: DynamoDB rejects a read.
        """
        for item in self._query(site, joins_prefix(date, join)):
            state = join_state(item, self._names)
            if isinstance(state, UnreadableGroup) or (state is not None and join in (None, state.key.join)):
                yield state

    def capacity_problem(self, key: JoinKey, expected: Expected) -> str | None:
        """Why a group of these members does not fit into one item of 400 KB."""
        if expected is None:
            return None
        count = expected if isinstance(expected, int) else len(expected)
        if count < _ALWAYS_FITS:
            return None
        if isinstance(expected, int):
            # Numbers are shorter than all other names: what does not fit with them never fits.
            size = group_size((), key) + count * (group_size(("m",), key) - group_size((), key))
        else:
            size = group_size(expected, key)
        if size <= MAXIMUM_ITEM_BYTES:
            return None
        return (
            f"its {count:,} members take about {size:,} bytes, and the group's item holds {MAXIMUM_ITEM_BYTES:,}; "
            "join in two steps (by hour, then by day, say), or shorten the members' names"
        )

    def manifest(self, site: str, sort_key: str, attribute: str) -> Expected:
        """What the manifest item lists, by a consistent read.

        Raises:
            InvalidExpectationError: it lists something else.
            JoinStoreError: DynamoDB rejects the read.
        """
        item = self._get(site, sort_key, attribute)
        return manifest_members(item, attribute, f"the manifest {site} {sort_key}") if item else None

    def _open_of(self, keys: list[dict[str, Any]], group: JoinKey | None) -> Iterator[JoinState | UnreadableGroup]:
        for item in self._get_all(keys):
            state = join_state(item, self._names)
            if isinstance(state, UnreadableGroup):
                yield state
            elif state is None or state.triggered_at is not None:
                continue
            # The prefix of one site is that of another, too.
            elif group is None or replace(state.key, parts=()) == replace(group, parts=()):
                yield state

    def _place(self, entry: Mapping[str, Any]) -> tuple[str, str] | UnreadableGroup:
        """Where the group of an entry of the list is; an entry that no read takes would fail 99 others with it."""
        site, sort_key = _text(entry, "join_site", 2048), _text(entry, "join_sort_key", 1024)
        if site is not None and sort_key is not None:
            return site, sort_key
        own = _text(entry, self._names.sort_key, 1024) or "?"
        return UnreadableGroup(OPEN_JOINS_PARTITION, own, "an entry of the list of open groups names no group")

    def _is_written(self, state: JoinState) -> bool:
        """Whether exactly this state is stored, so that a write whose answer was lost had been done."""
        found = self.load(state.key)
        return found is not None and join_item(found, self._names) == join_item(state, self._names)

    def _note(self, key: JoinKey, name: str, member: Member, triggered_run: int | None) -> JoinState:
        """Note the news of an open group; with `triggered_run`, of a group whose run has triggered.

        `completed` then stays as the trigger found it.
        """
        values: dict[str, Any] = {
            ":member": member_value(member),
            ":version": {"S": member.version},
            ":one": {"N": "1"},
        }
        if triggered_run is None:
            counted = ", completed :names" if member.status == COMPLETED else " DELETE completed :names"
            values[":names"] = {"SS": [name]}
            now_open = "attribute_not_exists(triggered_at)"
        else:
            counted, now_open = "", "attribute_exists(triggered_at) AND run = :run"
            values[":run"] = {"N": str(triggered_run)}
        answer = self._call(
            "update_item",
            Key=item_key(self._names, key.site, key.sort_key),
            UpdateExpression="SET #member = :member ADD revision :one" + counted,
            ConditionExpression=f"attribute_exists(opened_at) AND {now_open} AND "
            "(attribute_not_exists(#member) OR #member.#version < :version)",
            ExpressionAttributeNames={"#member": MEMBER_PREFIX + name, "#version": "version"},
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return self._decoded(answer["Attributes"], key)

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
            raise self._wrapped(error, str(opening.key), 1) from error
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
        answer = self._read("get_item", Key=item_key(self._names, site, sort_key), ConsistentRead=True, **only)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _get_all(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Up to 100 items, in any order. AWS: what a BatchGetItem leaves `UnprocessedKeys` is asked for again."""
        failures = 0
        while keys:
            request = {"RequestItems": {self._table: {"Keys": keys, "ConsistentRead": True}}}
            answer = self._read("batch_get_item", **request)
            yield from answer["Responses"].get(self._table, ())
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if keys:
                failures += 1
                if self._back_off.is_over(failures):
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
            answer = self._read("query", **request)
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

    def _read(self, operation: str, **request: Any) -> Any:
        failures = 0
        while True:
            try:
                return self._call(operation, **request)
            except Exception as error:
                failures += 1
                key = request.get("Key")
                what = "a group or manifest" if key is None else " ".join(str(v.get("S")) for v in key.values())
                self._wait_or_raise(error, failures, what)

    def _decoded(self, item: Mapping[str, Any], key: JoinKey) -> JoinState:
        state = join_state(item, self._names)
        if isinstance(state, JoinState):
            return state
        reason = "it has no 'join' and 'revision'" if state is None else state.reason
        raise JoinStoreError(
            f"the item {key.site} {key.sort_key} of {self._table} is not the state of a group ({reason}); somebody "
            "else has written it: move or delete it"
        )

    def _wait_or_raise(self, error: Exception, failures: int, what: object, reasons: Sequence[str] = ()) -> None:
        contended = _CONTENDED.intersection((error_code(error), *reasons))
        throttled = any("Throttl" in reason for reason in reasons) or is_retryable(error)
        if not (contended or throttled) or self._back_off.is_over(failures):
            raise self._wrapped(error, str(what), failures, retryable=bool(contended or throttled)) from error
        self._sleep(self._back_off.seconds(failures))

    def _wrapped(self, error: Exception, what: str, failures: int, *, retryable: bool = False) -> Exception:
        """The error of a call as ours; a mistake of the client, such as missing credentials, as it is."""
        code = error_code(error)
        if not code and not retryable:
            return error
        hint = "; the group's item is full: join in two steps" if "Item size" in str(error) else ""
        times = f" {failures} times" if failures > 1 else ""
        return JoinStoreError(
            f"{what} in {self._table} failed{times}: {code or type(error).__name__}: {error}{hint}",
            code=code,
            retryable=retryable,
        )


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
    reasons = error_response(error).get("CancellationReasons", ())
    return [str(reason.get("Code")) for reason in reasons if isinstance(reason, Mapping)]


def _text(item: Mapping[str, Any], name: str, longest: int) -> str | None:
    """The text of an attribute, where it could be part of a key."""
    value = item.get(name)
    text = value.get("S") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) and 0 < len(text.encode("utf-8", "surrogatepass")) <= longest else None
