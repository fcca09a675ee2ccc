"""Join states, outbox items and entries of the list of open joins as items in DynamoDB JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from perception_events.aggregation._join import Expected
from perception_events.aggregation._keys import OPEN_JOINS_PARTITION, ItemNames, JoinKey
from perception_events.aggregation._state import JoinState, Member, TriggerReason
from perception_events.aggregation._store import OutboxItem
from perception_events.sort_keys import SEPARATOR
from perception_events.times import from_iso, to_iso

__all__ = [
    "MEMBER_PREFIX",
    "Item",
    "item_key",
    "join_item",
    "join_state",
    "manifest_members",
    "member_value",
    "open_item",
    "open_key",
    "outbox_item",
]

Item: TypeAlias = dict[str, Any]
"""Attribute name to value in DynamoDB JSON, as boto3's client takes and gives it."""

MEMBER_PREFIX = "member#"
"""Each member is an attribute of the join's item, so that one update without a read notes its news."""


def item_key(names: ItemNames, site: str, sort_key: str) -> Item:
    """The key of an item."""
    return {names.partition_key: {"S": site}, names.sort_key: {"S": sort_key}}


def member_value(member: Member) -> Item:
    """The value of a member's attribute."""
    return {
        "M": {"status": {"S": member.status}, "version": {"S": member.version}, "at": {"S": to_iso(member.at)}},
    }


def join_item(state: JoinState, names: ItemNames) -> Item:
    """The item of a group. `completed` repeats who is in, as a set that a condition or a workflow can read."""
    item: Item = {
        **item_key(names, state.key.site, state.key.sort_key),
        names.ttl_attribute: {"N": str(state.expires_at)},
        "status": {"S": "OPEN" if state.triggered_at is None else "TRIGGERED"},
        "join": {"S": state.key.join},
        "opened_at": {"S": to_iso(state.opened_at)},
        "run": {"N": str(state.run)},
        "revision": {"N": str(state.revision)},
    }
    times = (("due_at", state.due_at), ("triggered_at", state.triggered_at), ("alerted_at", state.alerted_at))
    item |= {name: {"S": to_iso(at)} for name, at in times if at is not None}
    if state.reason is not None:
        item["reason"] = {"S": state.reason.value}
    sets = (("completed", state.completed), ("trigger_members", state.trigger_members))
    item |= {name: {"SS": sorted(members)} for name, members in sets if members}
    return item | {MEMBER_PREFIX + name: member_value(member) for name, member in state.members.items()}


def join_state(item: Mapping[str, Any], names: ItemNames) -> JoinState | None:
    """The state that an item holds; None for an item that is no join's."""
    if "join" not in item or "revision" not in item:
        return None
    date, _, *parts = item[names.sort_key]["S"].split(SEPARATOR)
    members = {
        name.removeprefix(MEMBER_PREFIX): Member(
            value["M"]["status"]["S"], value["M"]["version"]["S"], from_iso(value["M"]["at"]["S"])
        )
        for name, value in item.items()
        if name.startswith(MEMBER_PREFIX)
    }
    return JoinState(
        key=JoinKey(item["join"]["S"], item[names.partition_key]["S"], date, tuple(parts)),
        opened_at=from_iso(item["opened_at"]["S"]),
        due_at=_time(item, "due_at"),
        expires_at=int(item[names.ttl_attribute]["N"]),
        members=members,
        run=int(item["run"]["N"]),
        revision=int(item["revision"]["N"]),
        triggered_at=_time(item, "triggered_at"),
        reason=TriggerReason(item["reason"]["S"]) if "reason" in item else None,
        trigger_members=frozenset(item.get("trigger_members", {}).get("SS", ())),
        alerted_at=_time(item, "alerted_at"),
    )


def outbox_item(item: OutboxItem, names: ItemNames | None = None) -> Item:
    """A trigger or alert as an item in DynamoDB JSON."""
    names = names or ItemNames()
    values: Item = {**item_key(names, item.site, item.sort_key), names.ttl_attribute: {"N": str(item.expires_at)}}
    for name, value in item.attributes.items():
        if isinstance(value, frozenset):
            values[name] = {"SS": sorted(value)}
        else:
            values[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    return values


def open_key(key: JoinKey, names: ItemNames) -> Item:
    """Where a group stands in the list of open joins."""
    return item_key(names, OPEN_JOINS_PARTITION, key.open_sort_key)


def open_item(state: JoinState, names: ItemNames) -> Item:
    """The entry of a group in the list of open joins: all that a workflow needs to find and settle it.

    `suffix` is what follows the event type in the sort keys of this run's trigger.
    """
    key = state.key
    suffix = "".join(SEPARATOR + part for part in (*key.parts, *(() if state.run == 1 else (f"run{state.run}",))))
    item: Item = {
        **open_key(key, names),
        names.ttl_attribute: {"N": str(state.expires_at)},
        "status": {"S": "OPEN"},
        "join": {"S": key.join},
        "join_site": {"S": key.site},
        "join_sort_key": {"S": key.sort_key},
        "date": {"S": key.date},
        **{f"part{n}": {"S": part} for n, part in enumerate(key.parts)},
        "suffix": {"S": suffix},
    }
    return item if state.due_at is None else item | {"due_at": {"S": to_iso(state.due_at)}}


def manifest_members(item: Mapping[str, Any], attribute: str) -> Expected:
    """Who a manifest item expects: a string set, a list of strings, or a number; None where it says nothing."""
    value = item.get(attribute, {})
    if "N" in value:
        return int(value["N"])
    if "L" in value:
        return frozenset(member["S"] for member in value["L"] if "S" in member)
    return frozenset(value["SS"]) if "SS" in value else None


def _time(item: Mapping[str, Any], name: str) -> float | None:
    return from_iso(item[name]["S"]) if name in item else None
