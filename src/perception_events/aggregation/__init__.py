"""Joins: several modules' events come in, the next module is triggered when its inputs are complete, once.

The names below are loaded when first used (PEP 562): a declaration needs `Join`, and not what runs it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perception_events.aggregation._aggregator import Aggregator
    from perception_events.aggregation._changes import ItemChange, item_changes
    from perception_events.aggregation._errors import (
        InvalidExpectationError,
        InvalidJoinError,
        InvalidMemberEventError,
        JoinContentionError,
        JoinFailure,
        JoinFailuresError,
        JoinNotFoundError,
    )
    from perception_events.aggregation._expectations import Expectation, Expected, Manifest
    from perception_events.aggregation._graph import check_acyclic, check_joins, check_reachable
    from perception_events.aggregation._grouping import Grouping, ItemAttribute
    from perception_events.aggregation._items import (
        MAXIMUM_ITEM_BYTES,
        MEMBER_PREFIX,
        group_size,
        item_key,
        join_item,
        join_state,
        manifest_members,
        member_value,
        open_item,
        open_key,
        outbox_item,
    )
    from perception_events.aggregation._join import FallbackPolicy, Join
    from perception_events.aggregation._keys import (
        OPEN_JOINS_PARTITION,
        JoinKey,
        alert_event_type,
        joins_prefix,
        trigger_event_type,
    )
    from perception_events.aggregation._memory import InMemoryJoinStore
    from perception_events.aggregation._picture import joins_mermaid
    from perception_events.aggregation._reports import JoinReport, JoinStatus
    from perception_events.aggregation._results import JoinOutcome, JoinResult
    from perception_events.aggregation._state import COMPLETED, JoinState, Member, TriggerReason
    from perception_events.aggregation._store import (
        Attribute,
        Commit,
        JoinStore,
        LimitedJoinStore,
        OutboxItem,
        Recorded,
        UnreadableGroup,
    )
    from perception_events.aggregation._workflow import fallback_schedule, fallback_state_machine, workflow_actions

__all__ = [
    "COMPLETED",
    "MAXIMUM_ITEM_BYTES",
    "MEMBER_PREFIX",
    "OPEN_JOINS_PARTITION",
    "Aggregator",
    "Attribute",
    "Commit",
    "Expectation",
    "Expected",
    "FallbackPolicy",
    "Grouping",
    "InMemoryJoinStore",
    "InvalidExpectationError",
    "InvalidJoinError",
    "InvalidMemberEventError",
    "ItemAttribute",
    "ItemChange",
    "Join",
    "JoinContentionError",
    "JoinFailure",
    "JoinFailuresError",
    "JoinKey",
    "JoinNotFoundError",
    "JoinOutcome",
    "JoinReport",
    "JoinResult",
    "JoinState",
    "JoinStatus",
    "JoinStore",
    "LimitedJoinStore",
    "Manifest",
    "Member",
    "OutboxItem",
    "Recorded",
    "TriggerReason",
    "UnreadableGroup",
    "alert_event_type",
    "check_acyclic",
    "check_joins",
    "check_reachable",
    "fallback_schedule",
    "fallback_state_machine",
    "group_size",
    "item_changes",
    "item_key",
    "join_item",
    "join_state",
    "joins_mermaid",
    "joins_prefix",
    "manifest_members",
    "member_value",
    "open_item",
    "open_key",
    "outbox_item",
    "trigger_event_type",
    "workflow_actions",
]

_HOMES = {
    "Aggregator": "_aggregator",
    "Attribute": "_store",
    "COMPLETED": "_state",
    "Commit": "_store",
    "Expectation": "_expectations",
    "Expected": "_expectations",
    "FallbackPolicy": "_join",
    "Grouping": "_grouping",
    "InMemoryJoinStore": "_memory",
    "InvalidExpectationError": "_errors",
    "InvalidJoinError": "_errors",
    "InvalidMemberEventError": "_errors",
    "ItemAttribute": "_grouping",
    "ItemChange": "_changes",
    "Join": "_join",
    "JoinContentionError": "_errors",
    "JoinFailure": "_errors",
    "JoinFailuresError": "_errors",
    "JoinKey": "_keys",
    "JoinNotFoundError": "_errors",
    "JoinOutcome": "_results",
    "JoinReport": "_reports",
    "JoinResult": "_results",
    "JoinState": "_state",
    "JoinStatus": "_reports",
    "JoinStore": "_store",
    "LimitedJoinStore": "_store",
    "MAXIMUM_ITEM_BYTES": "_items",
    "MEMBER_PREFIX": "_items",
    "Manifest": "_expectations",
    "Member": "_state",
    "OPEN_JOINS_PARTITION": "_keys",
    "OutboxItem": "_store",
    "Recorded": "_store",
    "TriggerReason": "_state",
    "UnreadableGroup": "_store",
    "alert_event_type": "_keys",
    "check_acyclic": "_graph",
    "check_joins": "_graph",
    "check_reachable": "_graph",
    "fallback_schedule": "_workflow",
    "fallback_state_machine": "_workflow",
    "group_size": "_items",
    "item_changes": "_changes",
    "item_key": "_items",
    "join_item": "_items",
    "join_state": "_items",
    "joins_mermaid": "_picture",
    "joins_prefix": "_keys",
    "manifest_members": "_items",
    "member_value": "_items",
    "open_item": "_items",
    "open_key": "_items",
    "outbox_item": "_items",
    "trigger_event_type": "_keys",
    "workflow_actions": "_workflow",
}
"""The module in which each name lives."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
