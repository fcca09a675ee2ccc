"""A join store in memory, for tests, simulations and the model that other stores are compared with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._items import manifest_members
from perception_events.aggregation._keys import JoinKey
from perception_events.aggregation._members import Members
from perception_events.aggregation._state import JoinState, Member
from perception_events.aggregation._store import Commit, OutboxItem, Recorded

__all__ = ["InMemoryJoinStore"]


class InMemoryJoinStore:
    """Keeps joins in a dict; safe to share between threads.

    `outbox` holds every trigger and alert, oldest first; `on_outbox` gets each as it is written, e.g. to put it into
    an in-memory table, whose stream carries it on (`outbox_item` makes the item). `read_item` gets site and sort key of
    a manifest and returns the item; without it, `put_manifest` says what manifests hold.
    """

    def __init__(
        self,
        on_outbox: Callable[[OutboxItem], object] | None = None,
        read_item: Callable[[str, str], Mapping[str, Any] | None] | None = None,
    ) -> None:
        self._read_item = read_item
        self._on_outbox = on_outbox or (lambda item: None)
        self._lock = threading.Lock()
        self._states: dict[JoinKey, JoinState] = {}
        self._open: dict[tuple[str, str, str], dict[JoinKey, None]] = {}
        """By join, site and day: the groups that have not triggered."""
        self._outbox: dict[tuple[str, str], OutboxItem] = {}
        self._manifests: dict[tuple[str, str, str], dict[str, Any]] = {}

    @property
    def outbox(self) -> tuple[OutboxItem, ...]:
        """The items that commits have put."""
        return tuple(self._outbox.values())

    def put_manifest(
        self, site: str, sort_key: str, members: Iterable[str] | int, *, attribute: str = "members"
    ) -> None:
        """Put the manifest item that a join with `Manifest` reads."""
        if isinstance(members, int):
            value: dict[str, Any] = {"N": str(members)}
        else:
            value = {"L": [{"S": member} for member in members]}
        self._manifests[site, sort_key, attribute] = {attribute: value}

    def record(self, opening: JoinState, name: str, member: Member) -> Recorded:
        """Open the group if it is new and note the member if the news is."""
        with self._lock:
            state = self._states.get(opening.key, opening)
            changed = member.supersedes(state.members.get(name))
            if changed:
                members = state.members if isinstance(state.members, Members) else Members(state.members)
                state = replace(state, members=members.with_member(name, member), revision=state.revision + 1)
                self._put(state)
            return Recorded(state, changed)

    def commit(self, before: JoinState, after: JoinState, outbox: Sequence[OutboxItem] = ()) -> Commit:
        """Compare and set, with the outbox."""
        with self._lock:
            stored = self._states.get(before.key)
            if stored is None or stored.revision != before.revision:
                return Commit.CONFLICT
            if any((item.site, item.sort_key) in self._outbox for item in outbox):
                return Commit.EXISTS
            self._put(replace(after, revision=before.revision + 1))
            self._outbox.update({(item.site, item.sort_key): item for item in outbox})
        for item in outbox:
            self._on_outbox(item)
        return Commit.DONE

    def load(self, key: JoinKey) -> JoinState | None:
        """The state of one group."""
        return self._states.get(key)

    def open_states(self, group: JoinKey | None = None) -> Iterable[JoinState]:
        """Every group that has not triggered, or those of the join, site and day of `group`."""
        with self._lock:
            days = self._open.values() if group is None else [self._open.get(_day(group), {})]
            keys = sorted(key for day in days for key in day)
            return [self._states[key] for key in keys]

    def states(self, site: str, date: str, join: str | None = None) -> Iterable[JoinState]:
        """Every group of a site and day."""
        with self._lock:
            found = [state for key, state in self._states.items() if (key.site, key.date) == (site, date)]
        return sorted((s for s in found if join in (None, s.key.join)), key=lambda state: state.key)

    def _put(self, state: JoinState) -> None:
        self._states[state.key] = state
        day = self._open.setdefault(_day(state.key), {})
        if state.triggered_at is None:
            day[state.key] = None
        else:
            day.pop(state.key, None)

    def manifest(self, site: str, sort_key: str, attribute: str) -> Expected:
        """What the manifest item lists.

        Raises:
            InvalidExpectationError: it lists something else.
        """
        if self._read_item is not None:
            item = self._read_item(site, sort_key)
        else:
            item = self._manifests.get((site, sort_key, attribute))
        return manifest_members(item or {}, attribute, f"the manifest {site} {sort_key}")


def _day(key: JoinKey) -> tuple[str, str, str]:
    return key.join, key.site, key.date
