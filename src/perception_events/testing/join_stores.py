"""Checks that any `JoinStore` must pass: run them over a store of your own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from perception_events.aggregation import (
    COMPLETED,
    Attribute,
    Commit,
    JoinKey,
    JoinState,
    JoinStore,
    Member,
    OutboxItem,
    TriggerReason,
    UnreadableGroup,
)

__all__ = ["JOIN_STORE_CHECKS", "check_join_store"]

START = 1_752_538_268.0
KEY = JoinKey("pose", "haemoro_1x2", "2025-07-15", ("sync001",))
OPENING = JoinState(KEY, START, due_at=START + 3600.5, expires_at=int(START) + 86_400)


def check_join_store(new_store: Callable[[], JoinStore]) -> None:
    """Run every check, each over a store that `new_store` makes empty.

    Raises:
        AssertionError: the store breaks the protocol; the check's docstring says which rule.
    """
    for check in JOIN_STORE_CHECKS:
        check(new_store())


def opens_with_the_first_member(store: JoinStore) -> None:
    """The first news opens the group, at revision 1, and it is read back as it was written."""
    assert store.load(KEY) is None
    recorded = store.record(OPENING, "cam1", Member(COMPLETED, "011", START))
    expected = replace(OPENING, members={"cam1": Member(COMPLETED, "011", START)}, revision=1)
    assert recorded.changed
    _same(recorded.state, expected)
    _same(store.load(KEY), expected)
    assert _open(store) == [KEY]


def notes_only_newer_news(store: JoinStore) -> None:
    """Duplicates and older news change nothing, and the state comes back all the same."""
    store.record(OPENING, "cam1", Member(COMPLETED, "015", START))
    for version in ("015", "014", "009"):
        recorded = store.record(OPENING, "cam1", Member("PROCESSING", version, START + 1))
        assert not recorded.changed, f"version {version} is no news after 015"
        assert (recorded.state.revision, recorded.state.completed) == (1, frozenset({"cam1"}))
    recorded = store.record(OPENING, "cam1", Member("PROCESSING", "0216", START + 2))
    assert recorded.changed
    assert (recorded.state.revision, recorded.state.completed) == (2, frozenset())


def keeps_the_first_opening(store: JoinStore) -> None:
    """Who comes second does not move the deadline."""
    store.record(OPENING, "cam1", Member(COMPLETED, "011", START))
    later = replace(OPENING, opened_at=START + 50, due_at=START + 9999)
    state = store.record(later, "cam2", Member(COMPLETED, "011", START + 50)).state
    assert (state.opened_at, state.due_at, state.revision) == (OPENING.opened_at, OPENING.due_at, 2)
    assert state.completed == {"cam1", "cam2"}


def commits_over_the_right_revision_only(store: JoinStore) -> None:
    """A transition is written once, with its outbox; over a stale revision nothing is."""
    before = store.record(OPENING, "cam1", Member(COMPLETED, "011", START)).state
    newer = store.record(OPENING, "cam2", Member(COMPLETED, "011", START)).state
    after = _triggered(before)
    assert store.commit(before, after, [_item("a")]) is Commit.CONFLICT
    _same(store.load(KEY), newer)
    after = _triggered(newer)
    assert store.commit(newer, after, [_item("a"), _item("b")]) is Commit.DONE
    _same(store.load(KEY), replace(after, revision=3))
    assert store.commit(newer, after, [_item("c")]) is Commit.CONFLICT
    assert _open(store) == [], "a group that has triggered is not open"


def says_when_the_outbox_is_there_already(store: JoinStore) -> None:
    """An outbox item is never overwritten; the transition can be written without it."""
    one = store.record(OPENING, "cam1", Member(COMPLETED, "011", START)).state
    assert store.commit(one, _triggered(one), [_item("a")]) is Commit.DONE
    other = replace(OPENING, key=replace(KEY, parts=("sync002",)))
    two = store.record(other, "cam1", Member(COMPLETED, "011", START)).state
    assert store.commit(two, _triggered(two), [_item("b"), _item("a")]) is Commit.EXISTS
    _same(store.load(other.key), two)
    assert store.commit(two, _triggered(two), [_item("b")]) is Commit.DONE, "b must not have been written"


def records_after_the_trigger(store: JoinStore) -> None:
    """Late news is kept, and does not touch the trigger."""
    before = store.record(OPENING, "cam1", Member(COMPLETED, "011", START)).state
    store.commit(before, _triggered(before), [])
    late = store.record(OPENING, "cam9", Member(COMPLETED, "011", START + 100))
    assert late.changed
    assert (late.state.late, late.state.triggered_at) == (frozenset({"cam9"}), START + 60)
    assert _open(store) == []


def reopens_for_the_next_run(store: JoinStore) -> None:
    """A re-run is open again, under its own run number."""
    before = store.record(OPENING, "cam1", Member(COMPLETED, "011", START)).state
    store.commit(before, _triggered(before), [])
    triggered = store.load(KEY)
    assert triggered is not None
    again = replace(triggered, run=2, triggered_at=None, reason=None, trigger_members=frozenset())
    assert store.commit(triggered, again) is Commit.DONE
    assert _open(store) == [KEY]
    state = store.load(KEY)
    assert state is not None
    assert (state.run, state.completed) == (2, frozenset({"cam1"}))


def lists_the_groups_of_a_day(store: JoinStore) -> None:
    """`states` gives one site and one day, of one join or of all, open or not."""
    keys = [
        KEY,
        replace(KEY, parts=("sync002",)),
        replace(KEY, join="pose2"),
        JoinKey("recon", KEY.site, KEY.date, ("a#b", "50%", "1%23")),  # values of attributes may hold anything
        replace(KEY, site="other"),
        replace(KEY, date="2025-07-16"),
    ]
    for key in keys:
        store.record(replace(OPENING, key=key), "m", Member(COMPLETED, "011", START))
    first = store.load(KEY)
    assert first is not None
    store.commit(first, _triggered(first), [])
    assert sorted(_keys(store.states(KEY.site, KEY.date))) == sorted(keys[:4])
    assert _keys(store.states(KEY.site, KEY.date, "pose")) == keys[:2]
    assert _open(store) == sorted(keys[1:])
    assert _keys(store.open_states(KEY)) == [keys[1]]
    assert _keys(store.open_states(keys[3])) == [keys[3]]
    found = store.load(keys[3])
    assert found is not None
    assert found.key == keys[3]


def knows_no_manifest_that_is_not_there(store: JoinStore) -> None:
    """A manifest that nobody has put is not known, which is not the same as empty."""
    assert store.manifest(KEY.site, "2025-07-15#manifest_recon", "members") is None


def stands_concurrent_members(store: JoinStore) -> None:
    """Members that come in at once are all noted, each once."""
    names = [f"cam{n}" for n in range(16)]
    _at_once(lambda name: store.record(OPENING, name, Member(COMPLETED, "011", START)), [*names, *names])
    state = store.load(KEY)
    assert state is not None
    assert (state.completed, state.revision) == (frozenset(names), 16)


def lets_one_of_many_claims_through(store: JoinStore) -> None:
    """Of transitions over one revision exactly one is written."""
    before = store.record(OPENING, "cam1", Member(COMPLETED, "011", START)).state
    results: list[Commit] = []
    _at_once(lambda _: results.append(store.commit(before, _triggered(before), [_item("a")])), range(8))
    assert sorted(results) == [Commit.CONFLICT] * 7 + [Commit.DONE]


JOIN_STORE_CHECKS: tuple[Callable[[JoinStore], None], ...] = (
    opens_with_the_first_member,
    notes_only_newer_news,
    keeps_the_first_opening,
    commits_over_the_right_revision_only,
    says_when_the_outbox_is_there_already,
    records_after_the_trigger,
    reopens_for_the_next_run,
    lists_the_groups_of_a_day,
    knows_no_manifest_that_is_not_there,
    stands_concurrent_members,
    lets_one_of_many_claims_through,
)
"""The checks one by one, each over an empty store, for `pytest.mark.parametrize`; the last two use threads."""


def _open(store: JoinStore) -> list[JoinKey]:
    return sorted(_keys(store.open_states()))


def _keys(found: Iterable[JoinState | UnreadableGroup]) -> list[JoinKey]:
    states = list(found)
    for state in states:
        assert isinstance(state, JoinState), f"unreadable: {state}"
    return [state.key for state in states if isinstance(state, JoinState)]


def _triggered(state: JoinState) -> JoinState:
    return replace(
        state, triggered_at=START + 60, reason=TriggerReason.COMPLETE, trigger_members=state.completed, alerted_at=START
    )


def _item(name: str) -> OutboxItem:
    attributes: dict[str, Attribute] = {"status": COMPLETED, "run": 1, "members": frozenset({"cam1"})}
    return OutboxItem(KEY.site, f"2025-07-15#trigger_{name}#sync001", attributes, int(START) + 86_400)


def _same(found: JoinState | None, expected: JoinState) -> None:
    """Equal, whatever kind of mapping holds the members."""
    assert found is not None
    assert dict(found.members) == dict(expected.members)
    assert replace(found, members={}) == replace(expected, members={})


def _at_once(call: Callable[[str], object], arguments: Iterable[object]) -> None:
    """Call from one thread each; the first error is raised here."""
    errors: list[BaseException] = []

    def run(argument: object) -> None:
        try:
            call(str(argument))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
