"""Recorded traffic put through a system again: in order of its time, joins included, the same in every run."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.aggregation import Join
from perception_events.pipeline import Module, Pipeline
from perception_events.topology import EventBus, Function, Queue, Rule, RuleTarget, Topology
from perception_events.traffic import (
    FoundEvent,
    FoundRecord,
    Replay,
    ReplayedInput,
    ReplaySummary,
    UnreadableInput,
    read_traffic,
)
from perception_events.traffic._time_order import in_order_of_time
from support.joins import CAMERAS

TOPOLOGY = Topology(
    [
        EventBus("bus", name="main"),
        EventBus("idle", name="idle"),
        Function("handle", name="handle", on_failure="letters"),
        Queue("letters", name="letters"),
        Rule("paid", name="paid", bus="bus", event_pattern={"source": ["shop"]}, targets=(RuleTarget("t", "handle"),)),
    ]
)
PIPELINE = Pipeline(
    modules=(
        Module(
            "pose",
            targets=("aggregate_pose",),
            joins=(Join(on="pose", group_by=("site", "date", "sync"), expects=CAMERAS, trigger=("recon",)),),
        ),
        Module("recon", targets=("aggregate_recon",)),
    )
)
START = 1_752_538_268


def event(time: object, source: str = "shop", **fields: object) -> dict[str, object]:
    return {"source": source, "detail-type": "Order", "time": time, "detail": {}, **fields}


def record(sort_key: str, time: float, **attributes: object) -> dict[str, Any]:
    keys = {"site": {"S": "test_site"}, "date#event_type": {"S": sort_key}}
    image = {**keys, "status": {"S": "COMPLETED"}, **attributes}
    change = {"ApproximateCreationDateTime": time, "Keys": keys, "NewImage": image, "SequenceNumber": f"{time:.0f}"}
    return {"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}


def replayed(replay: Replay, *values: object) -> tuple[list[ReplayedInput], list[UnreadableInput]]:
    problems: list[UnreadableInput] = []
    text = "\n".join(value if isinstance(value, str) else json.dumps(value) for value in values)
    return list(replay.run(read_traffic([text]), problems.append)), problems


def test_inputs_go_in_by_their_time_whatever_the_order_and_spelling_in_the_file() -> None:
    done, problems = replayed(
        Replay(TOPOLOGY),
        event("2025-07-15T00:11:10Z", id="third"),
        event("2025-07-15T02:11:08+02:00", id="first"),
        event(1_752_538_269_000, id="second"),
    )
    assert problems == []
    assert [(one.time, one.found.event["id"]) for one in done if isinstance(one.found, FoundEvent)] == [
        ("2025-07-15T00:11:08Z", "first"),
        ("2025-07-15T00:11:09Z", "second"),
        ("2025-07-15T00:11:10Z", "third"),
    ]
    assert [[invocation.resource for invocation in one.result.received] for one in done] == [["handle"]] * 3
    assert {one.to for one in done} == {"bus"}


@given(st.lists(st.integers(0, 9) | st.none(), max_size=40), st.integers(1, 7))
def test_sorting_in_files_gives_the_order_of_sorting_in_memory(times: list[int | None], run: int) -> None:
    found = [FoundEvent("f", line, {} if t is None else {"time": START + t}) for line, t in enumerate(times)]
    expected, last = [], 0.0
    for one, time in zip(found, times, strict=True):
        last = last if time is None else START + time
        expected.append((last, one.line, None if time is None else START + time))
    ordered = list(in_order_of_time(found, lambda problem: pytest.fail(str(problem)), run=run))
    assert [(one.line, time) for time, one in ordered] == [(line, time) for _, line, time in sorted(expected)]


def test_joins_trigger_what_the_recorded_members_complete_and_recorded_triggers_do_not_count_twice() -> None:
    members = [record(f"2025-07-15#pose#sync001#{camera}", START + at) for at, camera in enumerate(CAMERAS)]
    recorded_trigger = record("2025-07-15#trigger_recon#sync001", START + 60)
    lonely = record(f"2025-07-15#pose#sync002#{CAMERAS[0]}", START + 90)
    replay = Replay(PIPELINE)
    done, problems = replayed(replay, recorded_trigger, *reversed(members), lonely)
    assert problems == []
    made = [one for one in done if one.found.file == "<joins>"]
    assert [(one.key, one.time) for one in made] == [
        ("test_site 2025-07-15#trigger_recon#sync001", f"2025-07-15T00:11:{8 + len(CAMERAS) - 1:02}Z")
    ]
    assert made[0].result.received[0].resource.lower().startswith("trigger")
    assert replay.repeated_triggers == 1
    assert [report.state.key.parts for report in replay.open_joins] == [("sync002",)]
    summary = ReplaySummary()
    for one in done:
        summary.add(one)
    assert summary.triggered == 1


def test_a_recorded_trigger_that_the_joins_do_not_make_is_put_in() -> None:
    replay = Replay(PIPELINE)
    done, _ = replayed(replay, record("2025-07-15#trigger_recon#sync001", START))
    assert [type(one.found) for one in done] == [FoundRecord]
    assert replay.repeated_triggers == 0
    assert done[0].result.received


@pytest.mark.parametrize("seed", [3, 4])
def test_faults_are_retried_and_are_the_same_for_the_same_seed(seed: int) -> None:
    events = [event(START + number * 600, id=str(number)) for number in range(300)]
    runs = [[one.to_dict() for one in replayed(Replay(TOPOLOGY, faults=seed), *events)[0]] for _ in range(2)]
    assert runs[0] == runs[1]
    done, _ = replayed(Replay(TOPOLOGY, faults=seed), *events)
    assert 2 <= sum(one.result.retries for one in done) <= 40
    assert not any(one.result.retries for one in replayed(Replay(TOPOLOGY), *events)[0])
    assert [one.to_dict() for one in replayed(Replay(TOPOLOGY, faults=seed + 1), *events)[0]] != runs[0]


def test_what_goes_nowhere_is_reported_and_counted() -> None:
    chosen = random.Random(1)
    values: list[object] = [event(START), "{broken", {"source": "x"}, record("a#b", START), event(START, "till")]
    chosen.shuffle(values)
    replay = Replay(TOPOLOGY)
    done, problems = replayed(replay, *values)
    assert replay.put_in == len(done) == 2
    assert sorted(problem.reason.split(":")[0] for problem in problems) == [
        "is a stream record, and nothing here reads a table's stream",
        "is not JSON",
        "is not an event",
    ]
