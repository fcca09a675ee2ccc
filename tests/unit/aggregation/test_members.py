"""Members of a group: every version stays what it was, and an event does not go through them."""

from __future__ import annotations

import copy
import pickle
import threading
from random import Random

import pytest

from perception_events.aggregation import Aggregator, InMemoryJoinStore, Join, JoinOutcome, Manifest
from perception_events.aggregation._members import Members
from perception_events.aggregation._state import COMPLETED, Member


class FixedClock:
    def now(self) -> float:
        return 1_752_538_268.0


def news(number: int, status: str = COMPLETED) -> Member:
    return Member(status, f"{number:09}", 0.0)


def record(sort_key: str, sequence_number: int) -> dict[str, object]:
    image = {"site": {"S": "site"}, "date#event_type": {"S": sort_key}, "status": {"S": COMPLETED}}
    return {"eventName": "INSERT", "dynamodb": {"NewImage": image, "SequenceNumber": str(sequence_number)}}


@pytest.mark.parametrize("seed", range(20))
def test_every_version_of_members_stays_what_it_was(seed: int) -> None:
    random = Random(seed)
    versions = [(Members(), dict[str, Member]())]
    for step in range(60):
        # Mostly of the newest version, sometimes of an older one.
        members, model = versions[-1] if random.random() < 0.9 else random.choice(versions)
        name, member = f"m{random.randrange(12)}", news(step, random.choice([COMPLETED, "REMOVED"]))
        versions.append((members.with_member(name, member), {**model, name: member}))
    for members, model in versions:
        assert members == model
        assert list(members) == list(model)
        assert len(members) == len(model)
        assert members.completed_count == sum(member.status == COMPLETED for member in model.values())
        assert {name: members.get(name) for name in map("m{}".format, range(12))} == {
            name: model.get(name) for name in map("m{}".format, range(12))
        }
        assert copy.copy(members) == pickle.loads(pickle.dumps(members)) == model


def test_an_old_version_is_read_while_new_ones_are_made() -> None:
    first = Members({f"m{n}": news(0) for n in range(50)})
    newest, failures, stop = [first], [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            if first["m7"].version != news(0).version or len(dict(first)) != 50 or first.get("m51") is not None:
                failures.append(dict(first))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for step in range(1, 3_000):
        newest[0] = newest[0].with_member(f"m{step % 100}", news(step))
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len(newest[0]) == 100


def test_an_event_of_a_large_group_does_not_go_through_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = frozenset(f"m{n}" for n in range(1_000))
    aggregator = Aggregator(
        [Join("pose", expects=expected, trigger=("next",))], InMemoryJoinStore(), clock=FixedClock()
    )
    for n in range(900):
        aggregator.handle(record(f"2025-07-15#pose#m{n}", n + 1))  # type: ignore[arg-type]

    def refuse(self: Members) -> None:
        raise AssertionError("the members were gone through")

    with monkeypatch.context() as patched:
        patched.setattr(Members, "_copy", refuse)
        for n in range(900, 999):
            (result,) = aggregator.handle(record(f"2025-07-15#pose#m{n}", n + 1))  # type: ignore[arg-type]
    assert result.outcome is JoinOutcome.RECORDED
    assert result.missing == {"m999"}
    (result,) = aggregator.handle(record("2025-07-15#pose#m999", 1_000))  # type: ignore[arg-type]
    assert (result.outcome, result.missing) == (JoinOutcome.TRIGGERED, frozenset())


@pytest.mark.parametrize("group_by", [("site", "date"), ("site", "date", "sync")])
def test_a_manifest_looks_only_at_groups_that_it_can_trigger(
    group_by: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = InMemoryJoinStore()
    join = Join(
        "pose", group_by=("site", "date", "sync"), expects=Manifest("list", group_by=group_by), trigger=("next",)
    )
    aggregator = Aggregator([join], store, clock=FixedClock(), parts={"pose": ("sync",), "list": group_by[2:]})
    suffixes = [f"#s{n}" for n in range(20)] if len(group_by) == 3 else [""]
    for suffix in suffixes:
        store.put_manifest("site", f"2025-07-15#list{suffix}", {"cam"})
    for n in range(20):
        aggregator.handle(record(f"2025-07-15#pose#s{n}#cam", n + 1))  # type: ignore[arg-type]
    store.put_manifest("site", f"2025-07-15#list{suffixes[-1]}", {"cam", "more"})
    aggregator.handle(record("2025-07-15#pose#s99#cam", 100))  # type: ignore[arg-type]  # open: it has no list, or more
    looked_at: list[str] = []
    settle = Aggregator._settle

    def count(self: Aggregator, join: Join, state: object, *others: object) -> object:
        looked_at.append(str(state.key.parts[0]))  # type: ignore[attr-defined]
        return settle(self, join, state, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(Aggregator, "_settle", count)
    aggregator.handle(record(f"2025-07-15#list{suffixes[-1]}", 101))  # type: ignore[arg-type]
    assert looked_at == (["s19"] if len(group_by) == 3 else ["s99"])
