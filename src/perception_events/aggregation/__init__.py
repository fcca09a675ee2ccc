"""Joins: several modules' events come in, the next module is triggered when its inputs are complete, once."""

from __future__ import annotations

from perception_events.aggregation._aggregator import Aggregator, JoinOutcome, JoinResult
from perception_events.aggregation._changes import ItemChange, item_changes, version_of
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
    ALERT_PREFIX,
    JOIN_PREFIX,
    OPEN_JOINS_PARTITION,
    TRIGGER_PREFIX,
    ItemNames,
    JoinKey,
    alert_event_type,
    joins_prefix,
    trigger_event_type,
)
from perception_events.aggregation._memory import InMemoryJoinStore
from perception_events.aggregation._picture import joins_mermaid
from perception_events.aggregation._reports import JoinReport, JoinStatus
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
    "ALERT_PREFIX",
    "COMPLETED",
    "JOIN_PREFIX",
    "MAXIMUM_ITEM_BYTES",
    "MEMBER_PREFIX",
    "OPEN_JOINS_PARTITION",
    "TRIGGER_PREFIX",
    "Aggregator",
    "Attribute",
    "Commit",
    "Expectation",
    "Expected",
    "FallbackPolicy",
    "InMemoryJoinStore",
    "InvalidExpectationError",
    "InvalidJoinError",
    "InvalidMemberEventError",
    "ItemChange",
    "ItemNames",
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
    "version_of",
]
