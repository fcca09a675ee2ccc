"""Any history of writes, duplicates, reorderings, crashes, races, sweeps and re-runs: one trigger a complete group.

The model knows only what stores were told: the newest version of each member. `PERCEPTION_EVENTS_HISTORIES` sets how
many histories are tried in memory (default 150), `PERCEPTION_EVENTS_DYNAMODB_HISTORIES` on moto's DynamoDB (default 4).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from perception_events.aggregation import (
    Aggregator,
    Commit,
    Expected,
    FallbackPolicy,
    InMemoryJoinStore,
    Join,
    JoinKey,
    JoinState,
    JoinStore,
    Member,
    OutboxItem,
    Recorded,
    TriggerReason,
    UnreadableGroup,
)
from perception_events.aws.join_store import DynamoDBJoinStore
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from support.joins import CAMERAS, bus_event

HISTORIES = int(os.environ.get("PERCEPTION_EVENTS_HISTORIES", "150"))
DYNAMODB_HISTORIES = int(os.environ.get("PERCEPTION_EVENTS_DYNAMODB_HISTORIES", "4"))
SYNCS = ("sync001", "sync002")
CRASHES = ("before record", "after record", "before commit", "after commit")
POLICIES = st.sampled_from(
    [
        (FallbackPolicy.WAIT, None),
        (FallbackPolicy.TRIGGER, None),
        (FallbackPolicy.QUORUM, 2),
        (FallbackPolicy.ALERT, None),
    ]
)


class ProcessKilledError(BaseException):
    """The process is gone: nothing after this line happens."""


class HostileStore:
    """A store that kills its caller at a chosen point, and lets others run between a decision and its write."""

    def __init__(self, store: JoinStore) -> None:
        self.store = store
        self.crash: str | None = None
        self.meanwhile: Callable[[], object] | None = None
        self.told: dict[JoinKey, dict[str, Member]] = {}
        self.on_trigger: Callable[[JoinState, JoinState], None] = lambda before, after: None

    def _point(self, name: str) -> None:
        if self.crash == name:
            self.crash = None
            raise ProcessKilledError(name)

    def record(self, opening: JoinState, name: str, member: Member) -> Recorded:
        self._point("before record")
        recorded = self.store.record(opening, name, member)
        known = self.told.setdefault(opening.key, {})
        if name not in known or member.version > known[name].version:
            known[name] = member
        self._point("after record")
        return recorded

    def commit(self, before: JoinState, after: JoinState, outbox: Sequence[OutboxItem] = ()) -> Commit:
        self._point("before commit")
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        commit = self.store.commit(before, after, outbox)
        if commit is Commit.DONE and after.triggered_at is not None:
            self.on_trigger(before, after)
        self._point("after commit")
        return commit

    def load(self, key: JoinKey) -> JoinState | None:
        return self.store.load(key)

    def open_states(self, group: JoinKey | None = None) -> Iterable[JoinState | UnreadableGroup]:
        return self.store.open_states(group)

    def states(self, site: str, date: str, join: str | None = None) -> Iterable[JoinState | UnreadableGroup]:
        return self.store.states(site, date, join)

    def manifest(self, site: str, sort_key: str, attribute: str) -> Expected:
        return self.store.manifest(site, sort_key, attribute)


class JoinHistories(RuleBasedStateMachine):
    def new_store(self) -> JoinStore:
        self.memory = InMemoryJoinStore()
        return self.memory

    def items(self) -> list[str]:
        """The sort keys of everything beside the groups' state."""
        return [item.sort_key for item in self.memory.outbox]

    @initialize(policy=POLICIES, by_count=st.booleans())
    def declare(self, policy: tuple[FallbackPolicy, int | None], by_count: bool) -> None:
        self.join = Join(
            on="pose",
            group_by=("site", "date", "sync"),
            expects=len(CAMERAS) if by_count else CAMERAS,
            trigger=("recon", "thumbnails"),
            deadline=timedelta(seconds=100),
            policy=policy[0],
            quorum=policy[1],
        )
        self.clock = ManualClock(1_752_538_268.0)
        self.store = HostileStore(self.new_store())
        self.store.on_trigger = self.check_trigger
        self.written: list[JSONObject] = []
        self.pending: list[int] = []
        self.clock_of_items = 0
        self.restart()

    def restart(self) -> None:
        """A new process: nothing but the store survives."""
        self.aggregator = Aggregator([self.join], self.store, clock=self.clock)

    def completed(self, key: JoinKey) -> set[str]:
        return {name for name, member in self.store.told.get(key, {}).items() if member.status == "COMPLETED"}

    def is_complete(self, key: JoinKey) -> bool:
        return self.completed(key) >= set(CAMERAS)

    def check_trigger(self, before: JoinState, after: JoinState) -> None:
        key, there = before.key, self.completed(before.key)
        assert before.triggered_at is None, "a second trigger of one run"
        assert after.trigger_members == there, "the trigger names who is in at the moment of its write"
        if after.reason is TriggerReason.COMPLETE:
            assert self.is_complete(key), "a trigger of an incomplete group"
        else:
            assert before.due_at is not None
            assert self.clock.now() >= before.due_at, "a fallback before the deadline"
            quorum = self.join.quorum if after.reason is TriggerReason.QUORUM else 1
            assert len(there) >= (quorum or 1)
            assert self.join.policy.value in ("TRIGGER", "QUORUM")

    @rule(
        sync=st.sampled_from(SYNCS),
        camera=st.sampled_from(CAMERAS),
        status=st.sampled_from(["COMPLETED", "COMPLETED", "COMPLETED", "PROCESSING", "FAILED"]),
    )
    def write(self, sync: str, camera: str, status: str) -> None:
        """A module writes its item; the event is on its way."""
        self.clock_of_items += 1
        sort_key = f"2025-07-15#pose#{sync}#{camera}"
        self.written.append(bus_event(sort_key, status=status, sequence_number=self.clock_of_items))
        self.pending.append(len(self.written) - 1)

    @rule(sync=st.sampled_from(SYNCS), delivered=st.integers(0, len(CAMERAS)))
    def write_all(self, sync: str, delivered: int) -> None:
        """All cameras of a sync finish; some of their events are quick."""
        for camera in CAMERAS:
            self.write(sync, camera, "COMPLETED")
        for index in self.pending[-len(CAMERAS) :][:delivered]:
            self.deliver(index)

    def deliver(self, index: int) -> None:
        self.aggregator.handle(self.written[index])
        if index in self.pending:
            self.pending.remove(index)

    @precondition(lambda self: self.written)
    @rule(data=st.data(), crash=st.none() | st.sampled_from(CRASHES), race=st.booleans())
    def deliver_any(self, data: st.DataObject, crash: str | None, race: bool) -> None:
        """Any event, in any order, again or for the first time; a crash leaves it to be delivered again."""
        indexes = st.integers(0, len(self.written) - 1)
        index = data.draw(indexes | st.sampled_from(self.pending or [0]))
        if race:
            other = data.draw(indexes | st.sampled_from(self.pending or [0]))
            self.store.meanwhile = lambda: self.aggregator_beside().handle(self.written[other])
        self.survive(lambda: self.deliver(index), crash)

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def deliver_pending(self, data: st.DataObject) -> None:
        """What has not been delivered yet comes."""
        self.deliver(data.draw(st.sampled_from(self.pending)))

    @rule(data=st.data(), crash=st.none() | st.sampled_from(CRASHES), race=st.booleans())
    def sweep(self, data: st.DataObject, crash: str | None, race: bool) -> None:
        """The sweep runs beside the live path."""
        if race and self.written:
            other = data.draw(st.integers(0, len(self.written) - 1))
            self.store.meanwhile = lambda: self.aggregator_beside().handle(self.written[other])
        self.survive(lambda: self.aggregator.sweep(), crash)

    @rule(race=st.booleans())
    def two_sweeps(self, race: bool) -> None:
        """Two sweeps at once."""
        if race:
            self.store.meanwhile = lambda: self.aggregator_beside().sweep()
        self.aggregator.sweep()
        self.store.meanwhile = None

    @rule(seconds=st.sampled_from([1, 60, 150]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(sync=st.sampled_from(SYNCS), keep=st.booleans())
    def rerun(self, sync: str, keep: bool) -> None:
        """Somebody runs a group again."""
        key = JoinKey("pose", "haemoro_1x2", "2025-07-15", (sync,))
        if self.store.load(key) is None:
            return
        if not keep:  # what was known does not count any more; older news of it stays old
            known = self.store.told.get(key, {})
            self.store.told[key] = {n: Member("SUPERSEDED", m.version, m.at) for n, m in known.items()}
        self.aggregator.rerun(key, keep_members=keep)

    def aggregator_beside(self) -> Aggregator:
        return Aggregator([self.join], self.store, clock=self.clock)

    def survive(self, act: Callable[[], object], crash: str | None) -> None:
        self.store.crash = crash
        try:
            act()
        except ProcessKilledError:
            self.restart()
        finally:
            self.store.crash = self.store.meanwhile = None

    @invariant()
    def the_store_knows_what_it_was_told(self) -> None:
        if not hasattr(self, "store"):
            return
        for key, told in self.store.told.items():
            state = self.store.load(key)
            assert state is not None
            assert {n: m.status for n, m in state.members.items()} == {n: m.status for n, m in told.items()}

    @invariant()
    def triggers_come_in_full_sets(self) -> None:
        """Every run that triggered has each next module's trigger exactly once, and no other run has one."""
        if not hasattr(self, "store"):
            return
        keys = [sort_key for sort_key in self.items() if "#trigger_" in sort_key]
        expected = []
        for sync in SYNCS:
            state = self.store.load(JoinKey("pose", "haemoro_1x2", "2025-07-15", (sync,)))
            if state is None:
                continue
            for module in self.join.trigger:
                runs = [run for run in range(1, state.run + 1) if state.key.trigger_sort_key(module, run) in keys]
                assert (state.run in runs) == (state.triggered_at is not None)
                expected += [state.key.trigger_sort_key(module, run) for run in runs]
        assert sorted(keys) == sorted(expected)

    def teardown(self) -> None:
        """In the end everything has been delivered and a sweep has run: complete groups have triggered."""
        if not hasattr(self, "store"):
            return
        for index in list(self.pending):
            self.deliver(index)
        self.aggregator.sweep()
        self.triggers_come_in_full_sets()
        for key in self.store.told:
            state = self.store.load(key)
            assert state is not None
            if self.is_complete(key):
                assert state.triggered_at is not None, f"{key} is complete and never triggered"
            elif state.reason is TriggerReason.COMPLETE:
                assert state.withdrawn, f"{key} is incomplete and has triggered as complete"


class JoinHistoriesOnDynamoDB(JoinHistories):
    """The same histories over the DynamoDB store, in a table of moto's."""

    def __init__(self) -> None:
        super().__init__()
        moto = pytest.importorskip("moto", reason="moto is not installed: pip install '.[dev]'")
        boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: pip install '.[aws]'")
        self.mock = moto.mock_aws()
        self.mock.start()
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.client = boto3.client("dynamodb", region_name="us-east-1", **keys)

    def new_store(self) -> JoinStore:
        self.client.create_table(
            TableName="events",
            KeySchema=[
                {"AttributeName": "site", "KeyType": "HASH"},
                {"AttributeName": "date#event_type", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "site", "AttributeType": "S"},
                {"AttributeName": "date#event_type", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        return DynamoDBJoinStore(self.client, "events")

    def items(self) -> list[str]:
        return [item["date#event_type"]["S"] for item in self.client.scan(TableName="events")["Items"]]

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.mock.stop()


def histories(number: int) -> settings:
    return settings(max_examples=number, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))


TestJoinHistories = JoinHistories.TestCase
TestJoinHistories.settings = histories(HISTORIES)
TestJoinHistoriesOnDynamoDB = pytest.mark.aws_parts(JoinHistoriesOnDynamoDB.TestCase)
TestJoinHistoriesOnDynamoDB.settings = histories(DYNAMODB_HISTORIES)
