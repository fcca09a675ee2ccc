"""Decide, without any side effect, what is to be written next for a group: a trigger, an alert, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._grouping import ItemAttribute
from perception_events.aggregation._join import FallbackPolicy, Join
from perception_events.aggregation._keys import alert_event_type, trigger_event_type
from perception_events.aggregation._state import (
    COMPLETED,
    JoinState,
    TriggerReason,
    is_complete,
    missing_members,
)
from perception_events.aggregation._store import Attribute, OutboxItem
from perception_events.times import to_iso

__all__ = ["Transition", "fallback_transition", "live_transition", "rerun_transition"]


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state of a group and the items that go with it."""

    after: JoinState
    outbox: tuple[OutboxItem, ...] = ()


def live_transition(join: Join, state: JoinState, expected: Expected, now: float) -> Transition | None:
    """The trigger of a complete group that has none."""
    if state.triggered_at is None and is_complete(expected, state):
        return _trigger(join, state, expected, now, TriggerReason.COMPLETE)
    return None


def fallback_transition(join: Join, state: JoinState, expected: Expected, now: float) -> Transition | None:
    """What the sweep does: the trigger of a complete group, or what the policy says of an overdue one."""
    complete = live_transition(join, state, expected, now)
    if complete is not None or not state.is_overdue(now) or join.policy is FallbackPolicy.WAIT:
        return complete
    there = state.completed_count
    if join.policy is FallbackPolicy.TRIGGER and there:
        return _trigger(join, state, expected, now, TriggerReason.DEADLINE)
    if join.quorum is not None and there >= join.quorum:
        return _trigger(join, state, expected, now, TriggerReason.QUORUM)
    if join.policy is FallbackPolicy.TRIGGER or state.alerted_at is not None:
        return None
    attributes = _story(join, state, expected) | {"alerted_at": to_iso(now)}
    item = OutboxItem(state.key.site, state.key.alert_sort_key(state.run), attributes, _expiry(join, now))
    return Transition(replace(state, alerted_at=now), (item,))


def rerun_transition(join: Join, state: JoinState, now: float, *, keep_members: bool) -> Transition:
    """The next run of a group: the same group, a new trigger.

    Members that are not kept count again once their item changes: what is known of them stays as a version that a
    duplicate of the former run cannot beat.
    """
    members = state.members
    if not keep_members:
        members = {n: replace(m, status="SUPERSEDED") for n, m in members.items()}
    due_at = now + join.deadline.total_seconds() if join.deadline is not None else None
    return Transition(
        replace(
            state,
            members=members,
            run=state.run + 1,
            opened_at=now,
            due_at=due_at,
            expires_at=_expiry(join, now),
            triggered_at=None,
            reason=None,
            trigger_members=frozenset(),
            alerted_at=None,
        )
    )


def _trigger(join: Join, state: JoinState, expected: Expected, now: float, reason: TriggerReason) -> Transition:
    expires_at = max(state.expires_at, _expiry(join, now))
    after = replace(state, triggered_at=now, reason=reason, trigger_members=state.completed, expires_at=expires_at)
    items = []
    for module in join.trigger:
        sort_key = state.key.trigger_sort_key(module, state.run)
        attributes = _story(join, state, expected) | {
            "trigger_id": f"{state.key.site}#{sort_key}",
            "module": module,
            "event_type": trigger_event_type(module),
            "reason": reason.value,
            "triggered_at": to_iso(now),
        }
        items.append(OutboxItem(state.key.site, sort_key, attributes, expires_at))
    return Transition(after, tuple(items))


def _story(join: Join, state: JoinState, expected: Expected) -> dict[str, Attribute]:
    """What every outbox item tells; its status lets the original pipe filter (COMPLETED inserts) pass it."""
    missing = missing_members(expected, state.completed)
    story: dict[str, Attribute] = {
        "status": COMPLETED,
        "event_type": alert_event_type(join.name),
        "join": join.name,
        "run": state.run,
        "opened_at": to_iso(state.opened_at),
    }
    if group := {str(part): value for part, value in join.values(state.key).items() if isinstance(part, ItemAttribute)}:
        story["group"] = group
    # An empty set is no DynamoDB value: the attribute is left out.
    return story | {n: s for n, s in (("members", state.completed), ("missing", missing)) if s}


def _expiry(join: Join, now: float) -> int:
    return int(now + join.retention.total_seconds())
