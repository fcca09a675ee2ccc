"""After the bus: takes the events of modules, keeps their groups in a store, and triggers what is complete, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from perception_events.aggregation._changes import EXPIRED, ItemChange, item_changes
from perception_events.aggregation._errors import (
    InvalidJoinError,
    InvalidMemberEventError,
    JoinContentionError,
    JoinNotFoundError,
)
from perception_events.aggregation._join import Expected, Join
from perception_events.aggregation._keys import ItemNames, JoinKey
from perception_events.aggregation._reports import JoinReport, report_of
from perception_events.aggregation._state import COMPLETED, JoinState, Member, missing_members
from perception_events.aggregation._store import Commit, JoinStore, Recorded
from perception_events.aggregation._transitions import (
    Transition,
    fallback_transition,
    live_transition,
    rerun_transition,
)
from perception_events.clock import Clock
from perception_events.json_values import JSONValue

__all__ = ["Aggregator", "JoinOutcome", "JoinResult"]

ATTEMPTS = 64
"""How often a transition is decided anew; each failed attempt means that somebody else got one through."""


class JoinOutcome(StrEnum):
    """What one event, or one look of the sweep, did to one group."""

    RECORDED = "RECORDED"
    """The member is in; others are missing."""
    UNCHANGED = "UNCHANGED"
    """Nothing new: a duplicate, older news, or nothing to do for the sweep."""
    WITHDRAWN = "WITHDRAWN"
    """The member's item is no longer COMPLETED; it does not count any more."""
    LATE = "LATE"
    """News of a member after the trigger: recorded, and no second trigger."""
    TRIGGERED = "TRIGGERED"
    """This call wrote the trigger."""
    ALERTED = "ALERTED"
    """This call wrote the alert."""


@dataclass(frozen=True, slots=True)
class JoinResult:
    """What became of one group. `triggers` and `alerts` are the sort keys of items that this call wrote.

    `expected` is who was expected when it was decided; None while that was not known.
    """

    key: JoinKey
    outcome: JoinOutcome
    state: JoinState
    expected: Expected = None
    triggers: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()

    @property
    def missing(self) -> frozenset[str]:
        """The expected members that are not in; empty where only a number is expected."""
        return missing_members(self.expected, self.state.completed)


class Aggregator:
    """Runs joins over a store; it holds no state of its own, so any number of them may run side by side.

    `parts` names the segments of sort keys per event type (as `SortKey.parse` takes them), `names` the table's keys.

    Raises:
        InvalidJoinError: two joins share a name.
    """

    def __init__(
        self,
        joins: Iterable[Join],
        store: JoinStore,
        *,
        clock: Clock,
        parts: Mapping[str, tuple[str, ...]] | None = None,
        names: ItemNames | None = None,
    ) -> None:
        self._joins: dict[str, Join] = {}
        for join in joins:
            if join.name in self._joins:
                raise InvalidJoinError(f"two joins are called {join.name!r}; give one of them another name")
            self._joins[join.name] = join
        self._store = store
        self._clock = clock
        self._parts = parts
        self._names = names or ItemNames()

    @property
    def joins(self) -> tuple[Join, ...]:
        """The joins it runs."""
        return tuple(self._joins.values())

    @property
    def store(self) -> JoinStore:
        """Where it keeps them."""
        return self._store

    def join(self, name: str) -> Join:
        """The join called `name`.

        Raises:
            JoinNotFoundError: there is none.
        """
        if name not in self._joins:
            raise JoinNotFoundError(f"no join {name!r}; declared: {', '.join(self._joins) or 'none'}")
        return self._joins[name]

    def invoke(self, event: JSONValue) -> JSONValue:
        """`handle`, as a `Target`: returns `[{"join": ..., "outcome": ...}, ...]`."""
        return [{"join": str(result.key), "outcome": result.outcome.value} for result in self.handle(event)]

    def handle(self, event: JSONValue) -> list[JoinResult]:
        """Take one bus event, record, batch of them, or Lambda event; events that no join is about do nothing.

        Handling an event again, or after a crash at any point, is safe.

        Raises:
            InvalidMemberEventError: the event is no change of an item; a retry will not help.
            JoinContentionError: others were faster at every attempt; handle the event again.
        """
        results: list[JoinResult] = []
        for change in item_changes(event, names=self._names, parts=self._parts):
            results += self.handle_change(change)
        return results

    def handle_change(self, change: ItemChange) -> list[JoinResult]:
        """Take the change of one item. Raises as `handle` does."""
        results: list[JoinResult] = []
        event_type = change.sort_key.event_type
        for join in self._joins.values():
            if event_type in join.event_types:
                result = self._take_member(join, change)
                results += [result] if result is not None else []
            if join.manifest is not None and join.manifest.event_type == event_type:
                results += self._take_manifest(join, change)
        return results

    def sweep(self, *, on_result: Callable[[JoinResult], None] | None = None) -> list[JoinResult]:
        """Look at every open group: trigger what is complete, and do what the policy says of what is overdue.

        Safe at any time beside the live path, and beside other sweeps. Returns what it wrote; `on_result` also gets
        every group it left alone.

        Raises:
            JoinContentionError: others were faster at every attempt; the next sweep will look again.
        """
        acted: list[JoinResult] = []
        for state in self._store.open_states():
            join = self._joins.get(state.key.join)
            if join is None:
                continue  # of a join that is declared no more: its TTL clears it away
            result = self._settle(join, state, fallback_transition, JoinOutcome.UNCHANGED)
            if on_result is not None:
                on_result(result)
            if result.outcome in (JoinOutcome.TRIGGERED, JoinOutcome.ALERTED):
                acted.append(result)
        return acted

    def reports(self, *, site: str | None = None, date: str | None = None) -> Iterator[JoinReport]:
        """Tell how groups stand: all of a site and day (`YYYY-MM-DD`), or without these every one still open.

        Raises:
            ValueError: only one of site and date is given.
        """
        if (site is None) != (date is None):
            raise ValueError("give both site and date, or neither: the table is keyed by site, then date")
        now = self._clock.now()
        for state in self._store.open_states() if site is None or date is None else self._store.states(site, date):
            join = self._joins.get(state.key.join)
            if join is not None:
                yield report_of(join, state, self.expected(join, state.key), now)

    def rerun(self, key: JoinKey, *, keep_members: bool = False) -> JoinResult:
        """Open the next run of a group, which will trigger once more, under a trigger id of its own.

        With `keep_members` the members that are in count for the new run (which triggers at once when they are all);
        without, each counts again when its item changes anew: that needs `SequenceNumber` in the events.

        Raises:
            JoinNotFoundError: the join is not declared or the group was never opened.
            JoinContentionError: others were faster at every attempt.
        """
        join = self.join(key.join)
        for _ in range(ATTEMPTS):
            state = self._store.load(key)
            if state is None:
                raise JoinNotFoundError(f"group {key} was never opened, or its retention is over")
            transition = rerun_transition(join, state, self._clock.now(), keep_members=keep_members)
            if self._store.commit(state, transition.after) is Commit.DONE:
                opened = self._store.load(key)
                assert opened is not None
                return self._settle(join, opened, live_transition, JoinOutcome.UNCHANGED)
        raise JoinContentionError(f"group {key} was changed by others at each of {ATTEMPTS} attempts")

    def expected(self, join: Join, key: JoinKey) -> Expected:
        """Who is expected in the group `key`.

        Raises:
            InvalidJoinError: the join's callable returned neither members nor a number.
        """
        expects = join.expects
        if isinstance(expects, (int, frozenset)):
            return expects
        if join.manifest is not None:
            return self._store.manifest(key.site, join.manifest.sort_key(join, key), join.manifest.attribute)
        assert callable(expects)
        found = expects(key)
        if isinstance(found, int) and not isinstance(found, bool):
            return found
        if isinstance(found, str) or not isinstance(found, Iterable):
            raise InvalidJoinError(
                f"join {join.name!r}: expects({key}) returned {found!r}; a collection of members or a number is needed"
            )
        return frozenset(found)

    def _take_member(self, join: Join, change: ItemChange) -> JoinResult | None:
        if change.status == EXPIRED:
            return None  # TTL only clears away; a member that was in stays in
        try:
            key, name = join.locate(change.site, change.sort_key)
        except LookupError as error:
            raise InvalidMemberEventError(str(error)) from error
        now = self._clock.now()
        due_at = now + join.deadline.total_seconds() if join.deadline is not None else None
        opening = JoinState(key, now, due_at, int(now + join.retention.total_seconds()))
        member = Member(change.status or "", change.version, now)
        recorded = self._store.record(opening, name, member)
        return self._settle(join, recorded.state, live_transition, _outcome(recorded, member))

    def _take_manifest(self, join: Join, change: ItemChange) -> Iterator[JoinResult]:
        """Look at the groups that a manifest serves: at one where it names one, else at the open ones of its day."""
        manifest = join.manifest
        assert manifest is not None
        key = manifest.group(join, change.site, change.sort_key)
        if key is None:
            return
        if set(manifest.group_by) == set(join.group_by):
            state = self._store.load(key)
            states = [state] if state is not None else []
        else:
            states = list(self._store.open_states(key))
        for state in states:
            if manifest.sort_key(join, state.key) == change.sort_key.text:
                yield self._settle(join, state, live_transition, JoinOutcome.UNCHANGED)

    def _settle(
        self,
        join: Join,
        state: JoinState,
        decide: Callable[[Join, JoinState, Expected, float], Transition | None],
        otherwise: JoinOutcome,
    ) -> JoinResult:
        """Decide over the newest state until a decision is written or none is left to take."""
        for _ in range(ATTEMPTS):
            expected = self.expected(join, state.key)
            transition = decide(join, state, expected, self._clock.now())
            if transition is None:
                return JoinResult(state.key, otherwise, state, expected)
            commit = self._store.commit(state, transition.after, transition.outbox)
            if commit is Commit.EXISTS:
                # The news went out before (the state was lost or cleared away, the item was not): note it, say nothing.
                if self._store.commit(state, transition.after) is Commit.DONE:
                    return JoinResult(state.key, otherwise, transition.after, expected)
            elif commit is Commit.DONE:
                written = tuple(item.sort_key for item in transition.outbox)
                if transition.after.triggered_at is not None:
                    return JoinResult(state.key, JoinOutcome.TRIGGERED, transition.after, expected, triggers=written)
                return JoinResult(state.key, JoinOutcome.ALERTED, transition.after, expected, alerts=written)
            newest = self._store.load(state.key)
            if newest is None:
                return JoinResult(state.key, otherwise, state, expected)
            state = newest
        raise JoinContentionError(f"group {state.key} was changed by others at each of {ATTEMPTS} attempts")


def _outcome(recorded: Recorded, member: Member) -> JoinOutcome:
    if not recorded.changed:
        return JoinOutcome.UNCHANGED
    if recorded.state.triggered_at is not None:
        return JoinOutcome.LATE
    return JoinOutcome.RECORDED if member.status == COMPLETED else JoinOutcome.WITHDRAWN
