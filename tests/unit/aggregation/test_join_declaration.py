"""A join that cannot work is rejected when it is declared, with the reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import (
    FallbackPolicy,
    InvalidJoinError,
    Join,
    JoinKey,
    Manifest,
    check_acyclic,
    check_joins,
    check_reachable,
)
from perception_events.sort_keys import SortKey

PARTS: dict[str, tuple[str, ...] | None] = {"pose": ("sync", "camera"), "recon": ("sync",), "reid": None}
SYNC = ("site", "date", "sync")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"on": ()}, "must name at least one event type"),
        ({"on": ("pose", "pose")}, "each once"),
        ({"on": "pose", "name": "a#b"}, "'a#b' cannot hold #, it becomes part of sort keys"),
        ({"on": "pose", "trigger": ("re{c}on",)}, "'re{c}on' cannot hold { }"),
        ({"on": "pose", "group_by": ()}, "must name at least one part of the items' keys"),
        ({"on": "pose", "group_by": ("site", "site")}, "each once"),
        ({"on": "pose", "expects": "cam1"}, "is one text"),
        ({"on": "pose", "expects": 0}, "so no event could complete it"),
        ({"on": "pose", "expects": ()}, "so no event could complete it"),
        ({"on": ("pose", "recon"), "expects": {"cam1"}}, "'cam1' starts with none of pose, recon"),
        ({"on": "pose", "expects": Manifest("m", group_by=SYNC)}, "the manifest's group_by"),
        ({"on": "pose", "trigger": ()}, "triggers nothing"),
        ({"on": "pose", "policy": "ALERT"}, "needs a deadline"),
        ({"on": "pose", "deadline": timedelta(0)}, "not after the first member"),
        ({"on": "pose", "deadline": timedelta(1), "policy": "QUORUM"}, "QUORUM needs one"),
        ({"on": "pose", "quorum": 2}, "quorum belongs to policy QUORUM"),
        (
            {"on": "pose", "expects": 3, "deadline": timedelta(1), "policy": "QUORUM", "quorum": 4},
            "a quorum of 4 can never be decided on, 3 are expected",
        ),
        ({"on": "pose", "retention": timedelta(days=1)}, "a duplicate that arrives later"),
        ({"on": "pose", "deadline": timedelta(days=12)}, "retention 14 days, 0:00:00 is shorter than 15 days"),
    ],
)
def test_contradictions(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidJoinError, match=says):
        Join(**{"trigger": ("recon",)} | arguments)


def test_what_a_join_fills_in() -> None:
    join = Join(on=("preprocessing", "reid"), trigger=("postprocessing",), policy=FallbackPolicy.WAIT)
    assert (join.name, join.expects) == ("preprocessing_reid", {"preprocessing", "reid"})
    assert hash(join) == hash(Join(on=("preprocessing", "reid"), trigger=("postprocessing",)))


@pytest.mark.parametrize(
    ("on", "group_by", "sort_key", "parts", "member"),
    [
        ("pose", SYNC, "2025-07-15#pose#sync001#cam3", ("sync001",), "cam3"),
        ("pose", SYNC, "2025-07-15#pose#sync001#cam3#left", ("sync001",), "cam3#left"),
        ("pose", ("site", "date"), "2025-07-15#pose#sync001#cam3", (), "sync001#cam3"),
        ("pose", ("site", "date", "camera"), "2025-07-15#pose#sync001#cam3", ("cam3",), "sync001"),
        ("recon", SYNC, "2025-07-15#recon#sync001", ("sync001",), "recon"),
        (("reid", "recon"), SYNC, "2025-07-15#recon#sync001", ("sync001",), "recon"),
        (("pose", "recon"), SYNC, "2025-07-15#pose#sync001#cam3", ("sync001",), "pose#cam3"),
    ],
)
def test_which_group_and_member_a_key_is(
    on: str, group_by: tuple[str, ...], sort_key: str, parts: tuple[str, ...], member: str
) -> None:
    join = Join(on=on, group_by=group_by, expects=2, trigger=("x",), name="j")
    assert join.locate("s", SortKey.parse(sort_key)) == (JoinKey("j", "s", "2025-07-15", parts), member)


def test_the_keys_of_state_and_triggers_are_no_module_keys() -> None:
    key = JoinKey("pose", "s", "2025-07-15", ("sync001",))
    keys = [key.sort_key, key.open_sort_key, key.trigger_sort_key("recon", 1), key.alert_sort_key(2)]
    assert keys == [
        "2025-07-15#join_pose#sync001",
        "2025-07-15#open_pose#s#sync001",
        "2025-07-15#trigger_recon#sync001",
        "2025-07-15#alert_pose#sync001#run2",
    ]
    contained = ("#pose#", "#recon#", "#preprocessing", "#reid", "#postprocessing")
    assert not [text for text in keys for piece in contained if piece in text]
    assert str(key) == "s#2025-07-15#pose#sync001"


def test_cycles_are_shown_with_their_path() -> None:
    with pytest.raises(InvalidJoinError, match="circle: recon -> reid -> pose -> recon; remove"):
        check_acyclic({"start": ["recon"], "recon": ["reid"], "reid": ["pose"], "pose": ["recon"]})
    with pytest.raises(InvalidJoinError, match="circle: a -> a"):
        check_acyclic({"a": ["a"]})
    check_acyclic({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []})


def test_many_ways_to_one_module_are_checked_in_no_time() -> None:
    check_acyclic({f"{side}{n}": [f"a{n + 1}", f"b{n + 1}"] for n in range(200) for side in "ab"})


def test_a_module_that_nothing_starts() -> None:
    edges: dict[str, list[str]] = {"pose": ["recon"], "recon": [], "reid": []}
    with pytest.raises(InvalidJoinError, match=r"nothing starts module 'reid': from the entries \(pose\).*pose, recon"):
        check_reachable(["pose"], edges)
    check_reachable(["pose", "reid"], edges)


@pytest.mark.parametrize(
    ("joins", "says"),
    [
        ([Join(on="thermal", trigger=("recon",))], r"'thermal' is no module \(thermal -> join thermal -> recon\)"),
        ([Join(on="pose", expects=1, trigger=("x",))], "triggers 'x', which is not declared"),
        ([Join(on="reid", trigger=("recon",))], "no function gets the events of 'reid'"),
        (
            [Join(on="recon", group_by=("site", "date", "camera"), expects=1, trigger=("reid",))],
            "groups by 'camera', and the keys of 'recon' have sync",
        ),
        ([Join(on="pose", group_by=SYNC, trigger=("recon",))], "members of 'pose' are called <camera>, and 'pose' is"),
        ([Join(on="pose", expects={"cam1"}, trigger=("recon",))], "are called <sync>#<camera>, and 'cam1' is expected"),
        (
            [Join(on=("pose", "recon"), group_by=SYNC, trigger=("reid",))],
            "members of 'pose' are called pose#<camera>, and 'pose' is expected",
        ),
        (
            [
                Join(on="pose", expects=1, trigger=("reid",), name="a"),
                Join(on="recon", expects=1, trigger=("reid",), name="b"),
            ],
            r"joins 'a' and 'b' both trigger 'reid'.*declare one join on \('pose', 'recon'\)",
        ),
        ([Join(on="pose", expects=1, trigger=("reid",))] * 2, "two joins are called 'pose'"),
    ],
)
def test_joins_that_cannot_work(joins: list[Join], says: str) -> None:
    with pytest.raises(InvalidJoinError, match=says):
        check_joins(joins, PARTS, ["pose", "recon"])


def test_joins_that_work() -> None:
    check_joins(
        [
            Join(on="pose", group_by=SYNC, expects={"cam1", "cam2"}, trigger=("recon",)),
            Join(on="recon", expects=Manifest("manifest_recon"), trigger=("reid",)),
        ],
        PARTS,
        ["pose", "recon"],
    )
