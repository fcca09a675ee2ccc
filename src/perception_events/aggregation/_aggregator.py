"""After the bus: takes the events of modules, keeps their groups in a store, and triggers what is complete, once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from perception_events.aggregation._changes import EXPIRED, MOVED, REMOVED, ItemChange, item_change, records_in
from perception_events.aggregation._errors import (
    InvalidExpectationError,
    InvalidJoinError,
    InvalidMemberEventError,
    JoinContentionError,
    JoinFailure,
    JoinFailuresError,
    JoinNotFoundError,
)
from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._join import Join
from perception_events.aggregation._keys import UNGROUPED, JoinKey
from perception_events.aggregation._reports import JoinReport, report_of
from perception_events.aggregation._results import JoinOutcome, JoinResult
from perception_events.aggregation._state import COMPLETED, JoinState, Member
from perception_events.aggregation._store import Commit, JoinStore, LimitedJoinStore, Recorded, UnreadableGroup
from perception_events.aggregation._transitions import (
    Transition,
    fallback_transition,
    live_transition,
    rerun_transition,
)
from perception_events.clock import Clock
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.json_values import JSONValue
from perception_events.records import event_id
from perception_events.sort_keys import parse_date

__all__ = ["Aggregator"]

ATTEMPTS = 64
"""How often a transition is decided again; each failed attempt means that somebody else got one through."""
HOPELESS_AFTER = 3
"""Retryable failures in a row, each after the store's own back-off, after which the rest is not tried."""


class Aggregator:
    """Runs joins over a store; it holds no state of its own, so any number of them may run side by side.

    `parts` names the segments of sort keys per event type (as `SortKey.parse` takes them), `names` the table's keys.

    Raises:
        InvalidJoinError: two joins share a name, or the store could never hold a group of one.
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
        # Asked once: a protocol is checked member by member.
        self._limits = store if isinstance(store, LimitedJoinStore) else None
        self._clock = clock
        self._parts = parts
        self._names = names or ItemNames()
        for join in self._joins.values():
            join.check_names(self._names)
            self._check_capacity(join)

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

        Handling an event again, or after a crash at any point, is safe. In a batch each event is taken whatever the
        others are.

        Raises:
            InvalidMemberEventError: the event is not a change of an item; a retry will not help.
            JoinContentionError: others were faster at every attempt; handle the event again.
            JoinFailuresError: some of several events failed; the error names them, and all others were handled.
        """
        records = records_in(event)
        results: list[JoinResult] = []
        failures = _Failures("events")
        for number, record in enumerate(records, start=1):
            try:
                change = item_change(record, names=self._names, parts=self._parts)
                results += [] if change is None else self.handle_change(change)
            except JoinFailuresError as error:
                if len(records) == 1:
                    raise
                results += error.results
                failures.add(_name_of(record, number), error)
            except Exception as error:
                if len(records) == 1:
                    raise
                failures.add(_name_of(record, number), error)
            if failures.is_hopeless:
                break
        failures.raise_if_any(results)
        return results

    def handle_change(self, change: ItemChange) -> list[JoinResult]:
        """Take the change of one item, for each join that it concerns. Raises as `handle` does."""
        event_type = change.sort_key.event_type
        steps: list[Callable[[], Iterable[JoinResult]]] = []
        for join in self._joins.values():
            if event_type in join.event_types:
                steps.append(functools.partial(self._take_member, join, change))
            if join.manifest is not None and join.manifest.event_type == event_type:
                steps.append(functools.partial(self._take_manifest, join, change))
        if len(steps) == 1:
            return list(steps[0]())
        results: list[JoinResult] = []
        failures = _Failures("joins")
        for step in steps:
            try:
                results += step()
            except Exception as error:
                failures.add(f"{change.site} {change.sort_key}", error)
        failures.raise_if_any(results)
        return results

    def sweep(self, *, on_result: Callable[[JoinResult], None] | None = None) -> list[JoinResult]:
        """Look at every open group: trigger what is complete, and do what the policy says of what is overdue.

        Safe at any time beside the live path, and beside other sweeps. Returns what it wrote; `on_result` also gets
        every group it left alone. A group that cannot be settled does not keep the others from it. One whose
        expectation cannot be read counts as one whose expectation is not known: once overdue, its policy acts.

        Raises:
            JoinFailuresError: some groups could not be settled, or not be read in full; all others were. It holds the
                results as well.
        """
        acted: list[JoinResult] = []
        failures = _Failures("open groups")
        for state in self._store.open_states():
            if isinstance(state, UnreadableGroup):
                failures.add(str(state), ValueError(f"not the state of a group ({state.reason})"))
                continue
            join = self._joins.get(state.key.join)
            if join is None:
                continue  # of a join that is declared no more: its TTL clears it away
            try:
                result = self._settle(join, state, fallback_transition, JoinOutcome.UNCHANGED, by_sweep=True)
            except Exception as error:
                failures.add(str(state.key), error)
                if failures.is_hopeless:
                    break
                continue
            failures.note_success()
            if result.problem is not None:
                failures.add(str(state.key), InvalidExpectationError(result.problem))
            if on_result is not None:
                on_result(result)
            if result.outcome in (JoinOutcome.TRIGGERED, JoinOutcome.ALERTED):
                acted.append(result)
        failures.raise_if_any(acted)
        return acted

    def reports(
        self,
        *,
        site: str | None = None,
        date: str | None = None,
        on_failure: Callable[[JoinFailure], None] | None = None,
    ) -> Iterator[JoinReport]:
        """Tell how groups stand: all under one partition key and prefix, or without these every one still open.

        `site`: the partition key, `-` for groups that have none in common. `date`: what stands before the event type in
        the keys: a day (`YYYY-MM-DD`) in the event table, `-` for groups that have none in common; left out, or "",
        where the table's sort keys begin with the event type.

        A group whose expectation cannot be read says so in `problem`. `on_failure` gets what is not the state of a
        group at all; without it, the end of the iteration raises.

        Raises:
            ValueError: only one of site and date is given, or the date is not one of the table's keys.
            JoinFailuresError: at the end, where some groups could not be read and no `on_failure` is given.
        """
        prefix = self._names.key_format.prefix
        if site is not None and date is None and prefix is None:
            date = ""
        if (site is None) != (date is None):
            raise ValueError(
                f"give both site and date, or neither: the table is keyed by {self._names.partition_key}, then {prefix}"
            )
        if date is not None:
            self._check_prefix(date)
        return self._reports(site, date, on_failure)

    def _check_prefix(self, text: str) -> None:
        """Raise a `ValueError` for what never stands before the event type in the table's keys."""
        key_format = self._names.key_format
        if key_format.prefix is None:
            if text:
                raise ValueError(f"the table's sort keys begin with the event type; leave the date {text!r} out")
        elif key_format.dated and text != UNGROUPED:
            parse_date(text)
        elif not text:
            raise ValueError(f"give a {key_format.prefix}, which the table's sort keys begin with, or '-'")

    def _reports(
        self, site: str | None, date: str | None, on_failure: Callable[[JoinFailure], None] | None
    ) -> Iterator[JoinReport]:
        now = self._clock.now()
        failures = _Failures("groups")
        for state in self._store.open_states() if site is None or date is None else self._store.states(site, date):
            if isinstance(state, UnreadableGroup):
                failures.add(str(state), ValueError(f"not the state of a group ({state.reason})"))
                if on_failure is not None:
                    on_failure(failures.last)
                continue
            join = self._joins.get(state.key.join)
            if join is not None:
                expected, problem = self._known_expectation(join, state.key, by_sweep=True)
                yield report_of(join, state, expected, now, problem)
        if on_failure is None:
            failures.raise_if_any()

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
        raise JoinContentionError(f"group {key} lost the optimistic-lock race {ATTEMPTS} times; rerun it again")

    def expected(self, join: Join, key: JoinKey) -> Expected:
        """The members that the group `key` expects.

        Raises:
            InvalidExpectationError: the manifest, or what the join's callable returned, says neither members nor a
                number.
        """
        return join.expectation.of(join, key, self._store.manifest)

    def _known_expectation(self, join: Join, key: JoinKey, *, by_sweep: bool) -> tuple[Expected, str | None]:
        """The expectation of a group, or None with the reason why it cannot be read.

        A bad manifest is no reason to fail an event: its member is recorded, and the mended manifest's own event, or
        the sweep, finds the group again. What a callable raises may pass, so the event should come again; the sweep
        will.
        """
        try:
            expected = self.expected(join, key)
        except InvalidExpectationError as error:
            if not by_sweep and join.manifest is None:
                raise
            return None, str(error)
        except Exception as error:
            if not by_sweep or join.manifest is not None:
                raise
            return None, f"join {join.name!r}: expects({key}) raised {type(error).__name__}: {error}"
        if self._limits is not None:
            return expected, self._limits.capacity_problem(key, expected)
        return expected, None

    def _check_capacity(self, join: Join) -> None:
        if self._limits is not None and join.expectation.fixed is not None:
            problem = self._limits.capacity_problem(JoinKey(join.name, "", ""), join.expectation.fixed)
            if problem is not None:
                raise InvalidJoinError(f"join {join.name!r} can never complete: {problem}")

    def _take_member(self, join: Join, change: ItemChange) -> Iterator[JoinResult]:
        if change.status == EXPIRED:
            return  # TTL only clears away; a member that was in stays in
        key, name = self._located(join, change)
        if (former := self._former_group(join, change, key)) is not None:
            yield self._record(join, *former, MOVED, change.version)
        yield self._record(join, key, name, change.status or "", change.version)

    def _located(self, join: Join, change: ItemChange) -> tuple[JoinKey, str]:
        try:
            key, name = join.locate(change.site, change.sort_key, change.item, names=self._names)
        except LookupError as error:
            hint = ""
            if change.status == REMOVED:
                hint = "; to withdraw what is removed, the stream and the template must carry its OldImage"
            raise InvalidMemberEventError(f"{error}{hint}") from error
        if (problem := key.length_problem(join.trigger)) is not None:
            raise InvalidMemberEventError(f"the group {describe(str(key))} could never be triggered: {problem}")
        return key, name

    def _former_group(self, join: Join, change: ItemChange, key: JoinKey) -> tuple[JoinKey, str] | None:
        """Where the item counted before this change, when an attribute has moved it to the group `key`."""
        if not change.before or not self._was_done(change.before) or not join.grouping(self._names).attributes:
            return None
        try:
            former, name = join.locate(change.site, change.sort_key, change.before, names=self._names)
        except LookupError:
            return None  # it was in no group
        return (former, name) if former != key else None

    def _was_done(self, item: Mapping[str, Any]) -> bool:
        status = item.get(self._names.status_attribute)
        return isinstance(status, Mapping) and self._names.status_of(status.get("S")) == COMPLETED

    def _record(self, join: Join, key: JoinKey, name: str, status: str, version: str) -> JoinResult:
        """Note the news of one member, and trigger the group if it is complete by that."""
        now = self._clock.now()
        due_at = now + join.deadline.total_seconds() if join.deadline is not None else None
        opening = JoinState(key, now, due_at, int(now + join.retention.total_seconds()))
        member = Member(status, version, now)
        recorded = self._store.record(opening, name, member)
        return self._settle(join, recorded.state, live_transition, _outcome(recorded, member))

    def _take_manifest(self, join: Join, change: ItemChange) -> Iterator[JoinResult]:
        """Look at the groups that a manifest serves: at one where it names one, else at the open ones of its day."""
        manifest = join.manifest
        assert manifest is not None
        key = manifest.group(join, change.site, change.sort_key, self._names)
        states: list[JoinState | UnreadableGroup]
        if key is None:
            return
        if set(manifest.group_by) == set(join.group_by):
            found = self._store.load(key)
            states = [found] if found is not None else []
        else:
            states = list(self._store.open_states(key))
        for state in states:
            if isinstance(state, UnreadableGroup):
                continue  # the sweep and the reports name it
            if manifest.sort_key(join, state.key) == change.sort_key.text:
                yield self._settle(join, state, live_transition, JoinOutcome.UNCHANGED)

    def _settle(
        self,
        join: Join,
        state: JoinState,
        decide: Callable[[Join, JoinState, Expected, float], Transition | None],
        otherwise: JoinOutcome,
        *,
        by_sweep: bool = False,
    ) -> JoinResult:
        """Decide over the newest state until a decision is written or none is left to take."""
        for _ in range(ATTEMPTS):
            expected, problem = self._known_expectation(join, state.key, by_sweep=by_sweep)
            transition = decide(join, state, expected, self._clock.now())
            if transition is None:
                return JoinResult(state.key, otherwise, state, expected, problem=problem)
            commit = self._store.commit(state, transition.after, transition.outbox)
            if commit is Commit.EXISTS:
                # The news went out before (the state was lost or cleared away, the item was not): note it, say nothing.
                if self._store.commit(state, transition.after) is Commit.DONE:
                    return JoinResult(state.key, otherwise, transition.after, expected, problem=problem)
            elif commit is Commit.DONE:
                after, written = transition.after, tuple(item.sort_key for item in transition.outbox)
                if after.triggered_at is not None:
                    # A group that was held to be too large has fitted after all.
                    problem, outcome = problem if expected is None else None, JoinOutcome.TRIGGERED
                    return JoinResult(state.key, outcome, after, expected, triggers=written, problem=problem)
                return JoinResult(state.key, JoinOutcome.ALERTED, after, expected, alerts=written, problem=problem)
            newest = self._store.load(state.key)
            if newest is None:
                return JoinResult(state.key, otherwise, state, expected, problem=problem)
            state = newest
        raise JoinContentionError(
            f"group {state.key} lost the optimistic-lock race {ATTEMPTS} times; handle the event again"
        )


class _Failures:
    """Collects what failed among many, and says when going on is in vain: the store itself does not work."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._failures: list[JoinFailure] = []
        self._in_a_row = 0

    def add(self, subject: str, error: Exception) -> None:
        failure = JoinFailure(subject, error)
        self._failures.append(failure)
        self._in_a_row = self._in_a_row + 1 if failure.retryable else 0

    def note_success(self) -> None:
        self._in_a_row = 0

    @property
    def last(self) -> JoinFailure:
        return self._failures[-1]

    @property
    def is_hopeless(self) -> bool:
        return self._in_a_row >= HOPELESS_AFTER

    def raise_if_any(self, results: Sequence[JoinResult] = ()) -> None:
        if self._failures:
            error = JoinFailuresError(self._what, self._failures, results)
            if self.is_hopeless:
                error.add_note(f"gave up after {HOPELESS_AFTER} retryable failures in a row; the rest was not tried")
            raise error from self._failures[0].error


def _name_of(record: JSONValue, number: int) -> str:
    detail = record.get("detail") if isinstance(record, dict) else None
    identity = event_id(detail if isinstance(detail, dict) else record) if isinstance(record, dict) else None
    return f"event {number}" if identity is None else f"event {number} ({identity})"


def _outcome(recorded: Recorded, member: Member) -> JoinOutcome:
    if not recorded.changed:
        return JoinOutcome.UNCHANGED
    if recorded.state.triggered_at is not None:
        return JoinOutcome.LATE
    return JoinOutcome.RECORDED if member.status == COMPLETED else JoinOutcome.WITHDRAWN
