"""The store checks pass over the in-memory store, and find stores that break the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from perception_events.aggregation import Commit, InMemoryJoinStore, JoinState, JoinStore, Member, OutboxItem, Recorded
from perception_events.testing.join_stores import JOIN_STORE_CHECKS, check_join_store


@pytest.mark.parametrize("check", JOIN_STORE_CHECKS, ids=lambda check: check.__name__)
def test_in_memory(check: Callable[[JoinStore], None]) -> None:
    check(InMemoryJoinStore())


def test_in_memory_satisfies_the_protocol() -> None:
    assert isinstance(InMemoryJoinStore(), JoinStore)


class Overwrites(InMemoryJoinStore):
    def commit(self, before: JoinState, after: JoinState, outbox: Sequence[OutboxItem] = ()) -> Commit:
        newest = self.load(before.key)
        return super().commit(newest or before, after, outbox)


class Forgets(InMemoryJoinStore):
    def record(self, opening: JoinState, name: str, member: Member) -> Recorded:
        recorded = super().record(opening, name, member)
        return Recorded(recorded.state, True)


@pytest.mark.parametrize("store", [Overwrites, Forgets])
def test_broken_stores_are_found(store: type[InMemoryJoinStore]) -> None:
    with pytest.raises(AssertionError):
        check_join_store(store)
