"""Join states, outbox items and entries of the list of open joins as items in DynamoDB JSON, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from perception_events.aggregation._errors import InvalidExpectationError
from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._keys import OPEN_JOINS_PARTITION, JoinKey, escaped, unescaped
from perception_events.aggregation._state import JoinState, Member, TriggerReason
from perception_events.aggregation._store import OutboxItem, UnreadableGroup
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.sort_keys import SEPARATOR
from perception_events.times import from_iso, to_iso

__all__ = [
    "MAXIMUM_ITEM_BYTES",
    "MEMBER_PREFIX",
    "Item",
    "group_size",
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


MAXIMUM_ITEM_BYTES = 400 * 1024
"""AWS: DynamoDB Developer Guide, "Quotas", items."""
RESERVED_BYTES = 128
"""Room for `triggered_at`, `reason`, `alerted_at` and longer numbers."""
FIXED_BYTES = 512
"""More than what an item holds besides its key and its members."""
MEMBER_BYTES = 110
"""What a member takes besides its name, twice: its status, its version of up to 40 digits, and when it came."""
MOST_MEMBERS = 10**9


def item_key(names: ItemNames, site: str, sort_key: str) -> Item:
    """The key of an item."""
    return {names.partition_key: {"S": site}, names.sort_key: {"S": sort_key}}


def member_value(member: Member) -> Item:
    """The value of a member's attribute."""
    return {
        "M": {"status": {"S": member.status}, "version": {"S": member.version}, "at": {"S": to_iso(member.at)}},
    }


def join_item(state: JoinState, names: ItemNames) -> Item:
    """The item of a group.

    `completed` repeats the members that are in, as a set that a condition or a workflow can read; from the trigger on
    it stays as it is, and says which members the trigger went out with. `reserved` keeps room, while the group is open,
    for what the trigger adds: a group that can be recorded can be triggered.
    """
    is_open = state.triggered_at is None
    item: Item = {
        **item_key(names, state.key.site, state.key.sort_key),
        names.ttl_attribute: {"N": str(state.expires_at)},
        "status": {"S": "OPEN" if is_open else "TRIGGERED"},
        "join": {"S": state.key.join},
        "opened_at": {"S": to_iso(state.opened_at)},
        "run": {"N": str(state.run)},
        "revision": {"N": str(state.revision)},
    }
    if is_open:
        item["reserved"] = {"S": "-" * RESERVED_BYTES}
    times = (("due_at", state.due_at), ("triggered_at", state.triggered_at), ("alerted_at", state.alerted_at))
    item |= {name: {"S": to_iso(at)} for name, at in times if at is not None}
    if state.reason is not None:
        item["reason"] = {"S": state.reason.value}
    if completed := state.completed if is_open else state.trigger_members:
        item["completed"] = {"SS": sorted(completed)}
    return item | {MEMBER_PREFIX + name: member_value(member) for name, member in state.members.items()}


def join_state(item: Mapping[str, Any], names: ItemNames) -> JoinState | UnreadableGroup | None:
    """The state that an item holds; None for an item that is not a join's, and why where it is damaged."""
    if "join" not in item or "revision" not in item:
        return None
    try:
        return _state(item, names)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        return UnreadableGroup(_shown(item, names.partition_key), _shown(item, names.sort_key), reason)


def _state(item: Mapping[str, Any], names: ItemNames) -> JoinState:
    date, _, *parts = _segments(item[names.sort_key]["S"], names)
    members = {
        name.removeprefix(MEMBER_PREFIX): Member(
            value["M"]["status"]["S"], value["M"]["version"]["S"], from_iso(value["M"]["at"]["S"])
        )
        for name, value in item.items()
        if name.startswith(MEMBER_PREFIX)
    }
    triggered_at = _time(item, "triggered_at")
    completed = frozenset(item["completed"]["SS"]) if "completed" in item else frozenset[str]()
    return JoinState(
        key=JoinKey(item["join"]["S"], item[names.partition_key]["S"], date, tuple(map(unescaped, parts))),
        opened_at=from_iso(item["opened_at"]["S"]),
        due_at=_time(item, "due_at"),
        expires_at=int(item[names.ttl_attribute]["N"]),
        members=members,
        run=int(item["run"]["N"]),
        revision=int(item["revision"]["N"]),
        triggered_at=triggered_at,
        reason=TriggerReason(item["reason"]["S"]) if "reason" in item else None,
        trigger_members=frozenset() if triggered_at is None else completed,
        alerted_at=_time(item, "alerted_at"),
    )


def _segments(sort_key: str, names: ItemNames) -> list[str]:
    """The prefix, "" in a format without one, the event type and the parts."""
    return ([] if names.key_format.prefix is not None else [""]) + sort_key.split(SEPARATOR)


def _shown(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    text = value.get("S") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else describe(value)


def outbox_item(item: OutboxItem, names: ItemNames | None = None) -> Item:
    """A trigger or alert as an item in DynamoDB JSON."""
    names = names or ItemNames()
    values: Item = {**item_key(names, item.site, item.sort_key), names.ttl_attribute: {"N": str(item.expires_at)}}
    for name, value in _attributes(item, names).items():
        if isinstance(value, frozenset):
            values[name] = {"SS": sorted(value)}
        elif isinstance(value, Mapping):
            values[name] = {"M": {part: {"S": text} for part, text in value.items()}}
        else:
            values[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    return values


def _attributes(item: OutboxItem, names: ItemNames) -> Mapping[str, Any]:
    """The item's attributes, its status in the table's own words, so that the pipe's filter passes it."""
    rest = {name: value for name, value in item.attributes.items() if name != "status"}
    return {names.status_attribute: names.done[0], **rest} if len(rest) < len(item.attributes) else rest


def open_key(key: JoinKey, names: ItemNames) -> Item:
    """Where a group stands in the list of open joins."""
    return item_key(names, OPEN_JOINS_PARTITION, key.open_sort_key)


def open_item(state: JoinState, names: ItemNames) -> Item:
    """The entry of a group in the list of open joins: all that a workflow needs to find and settle it.

    `suffix` is what follows the event type in the sort keys of this run's trigger. `part0`, ... are the values of the
    group's parts as segments of keys, `value0`, ... what they are.
    """
    key = state.key
    parts = [escaped(part) for part in key.parts]
    suffix = "".join(SEPARATOR + part for part in (*parts, *(() if state.run == 1 else (f"run{state.run}",))))
    item: Item = {
        **open_key(key, names),
        names.ttl_attribute: {"N": str(state.expires_at)},
        "status": {"S": "OPEN"},
        "join": {"S": key.join},
        "join_site": {"S": key.site},
        "join_sort_key": {"S": key.sort_key},
        "date": {"S": key.date},
        **{f"part{n}": {"S": part} for n, part in enumerate(parts)},
        **{f"value{n}": {"S": value} for n, value in enumerate(key.parts)},
        "suffix": {"S": suffix},
    }
    return item if state.due_at is None else item | {"due_at": {"S": to_iso(state.due_at)}}


def manifest_members(item: Mapping[str, Any], attribute: str, where: str = "the manifest") -> Expected:
    """The members that a manifest item expects: a string set, a list of strings, or a number.

    None where the item does not have the attribute. `where` names the item in error messages.

    Raises:
        InvalidExpectationError: the attribute is of another type, empty, mixed, or a number that no group can reach.
    """
    if attribute not in item:
        return None
    value = item[attribute]
    kind, content = next(iter(value.items())) if isinstance(value, Mapping) and len(value) == 1 else ("", value)
    found: Expected = None
    if kind == "N":
        found = _whole_number(content)
    elif kind in ("SS", "L") and isinstance(content, (list, tuple, set, frozenset)):
        # A list of other things besides texts must not count as the shorter list of its texts.
        texts = [member.get("S") if isinstance(member, Mapping) else None for member in content]
        listed = list(content) if kind == "SS" else texts
        if listed and all(isinstance(text, str) and text for text in listed):
            found = frozenset(str(text) for text in listed)
    if found is None:
        raise InvalidExpectationError(
            f"{where}: {attribute!r} must be a string set or list of at least one member's name, or a whole number of "
            f"at least 1, and is {describe(value)}"
        )
    return found


def _whole_number(content: object) -> int | None:
    if not isinstance(content, str) or len(content) > 50:
        return None
    try:
        number = Decimal(content)
        # 1E+30 members cannot be counted, and turning 1E+125 into an int is work for nothing.
        return int(number) if 1 <= number < MOST_MEMBERS and number == int(number) else None
    except (ArithmeticError, ValueError):
        return None


def group_size(names: Iterable[str], key: JoinKey) -> int:
    """Bytes that the item of a group with these members takes when all are in, by DynamoDB's count.

    AWS: DynamoDB Developer Guide, "DynamoDB item sizes and formats".
    """
    return FIXED_BYTES + len(str(key).encode()) + sum(MEMBER_BYTES + 2 * len(name.encode()) for name in names)


def _time(item: Mapping[str, Any], name: str) -> float | None:
    return from_iso(item[name]["S"]) if name in item else None
