"""Nothing counts as handled that has not run: awaitables, generators, unreadable records, order without keys."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

from perception_events.lambdas import (
    ArgumentError,
    EventRouter,
    RunningLoopError,
    UnknownInvocationError,
    UnreadableMessageError,
    event_handler,
)
from perception_events.models import EventItem, StreamRecord
from perception_events.testing import RecordingTarget


def record(number: int, sync: str = "sync001", *, keys: bool = True, **attributes: Any) -> dict[str, Any]:
    key = {"site": {"S": "s"}, "date#event_type": {"S": f"2025-07-15#pose#{sync}"}}
    change: dict[str, Any] = {"NewImage": {**key, "n": {"N": str(number)}, "status": {"S": "COMPLETED"}, **attributes}}
    change |= {"SequenceNumber": str(number)} | ({"Keys": key} if keys else {})
    return {"eventID": f"e{number}", "eventName": "INSERT", "dynamodb": change}


def failures(response: Any) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def synchronous(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that knows nothing of async functions, as many are."""

    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


class OwnAwaitable:
    """An awaitable that is not a coroutine."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act

    def __await__(self) -> Generator[Any, None, None]:
        yield from asyncio.sleep(0).__await__()
        self.act()


def test_what_a_wrapper_returns_is_awaited() -> None:
    ran: list[Any] = []

    @event_handler
    @synchronous
    async def wrapped(event: dict[str, Any]) -> str:
        await asyncio.sleep(0)
        ran.append(event["eventID"])
        return "ran"

    def append_later(event: dict[str, Any]) -> OwnAwaitable:
        return OwnAwaitable(functools.partial(ran.append, event["eventID"]))

    later = event_handler(append_later)
    for handler in (wrapped, later):
        ran.clear()
        assert failures(handler([record(1), record(2, "sync002")], None)) == []
        assert ran == ["e1", "e2"]
    router = EventRouter(field="kind")
    router.on("pose")(synchronous(wrapped_async := functools.partial(_append, ran)))
    router.on(pattern={"detail": {"kind": ["pose"]}})(wrapped_async)
    ran.clear()
    assert router({"detail-type": "t", "detail": {"kind": "pose", "eventID": "e9"}}, None) == ["appended", "appended"]
    assert ran == ["e9", "e9"]


async def _append(ran: list[Any], event: dict[str, Any]) -> str:
    ran.append(event["detail"]["eventID"])
    return "appended"


def test_a_failure_behind_a_wrapper_fails_the_record() -> None:
    @event_handler
    @synchronous
    async def fails(event: dict[str, Any]) -> None:
        raise RuntimeError("no")

    assert failures(fails([record(1)], None)) == ["e1"]


def test_a_generator_never_counts_as_handled() -> None:
    def generator(event: dict[str, Any]) -> Iterator[int]:
        yield 1

    async def async_generator(event: dict[str, Any]) -> AsyncIterator[int]:
        yield 1

    for function in (generator, async_generator, synchronous(generator), functools.partial(generator)):
        with pytest.raises(ArgumentError, match="generator function: calling it runs nothing"):
            event_handler(function)
    assert failures(event_handler(lambda event: generator(event))([record(1)], None)) == ["e1"]


def test_a_handler_inside_a_running_loop_says_so() -> None:
    @event_handler
    @synchronous
    async def handler(event: dict[str, Any]) -> None: ...

    async def caller() -> Any:
        return handler({"detail-type": "t", "detail": {}}, None)

    with pytest.raises(RunningLoopError, match=r"asyncio\.to_thread"):
        asyncio.run(caller())

    async def outside() -> Any:
        return await asyncio.to_thread(handler, [record(1)], None)

    assert asyncio.run(outside()) == {"batchItemFailures": []}


def test_partials_and_wrapped_functions_keep_their_typed_parameter() -> None:
    got: list[Any] = []

    def typed(rec: StreamRecord, table: str) -> None:
        got.append((type(rec), table))

    def second(table: str, rec: StreamRecord) -> None:
        got.append((type(rec), table))

    class Callables:
        def __call__(self, rec: StreamRecord) -> None:
            got.append((type(rec), "T"))

    for function in (
        functools.partial(typed, table="T"),
        functools.partial(second, "T"),
        functools.partial(functools.partial(typed), table="T"),
        synchronous(functools.partial(second, "T")),
        Callables(),
        functools.partial(Callables()),
    ):
        got.clear()
        assert failures(event_handler(function)([record(1)], None)) == []
        assert got == [(StreamRecord, "T")]


# Records that can never be read


class Pose(EventItem):
    frames: int


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (record(1), "frames is missing"),
        (record(1, frames={"S": "many"}), "frames: expected"),
        (record(1, frames={"X": "1"}), "dynamodb.NewImage.frames: expected an object with one of"),
        ({"eventID": "e1", "dynamodb": {"Keys": {}}}, "has no NewImage"),
    ],
)
def test_a_record_that_can_never_be_read_is_dead_lettered(bad: dict[str, Any], says: str) -> None:
    letters, handled = RecordingTarget(), []

    def function(item: Pose) -> None:
        handled.append(item.frames)

    good = record(2, "sync002", frames={"N": "5"})
    assert failures(event_handler(dead_letters=letters)(function)([bad, good], None)) == []
    assert handled == [5]
    (letter,) = letters.events
    assert isinstance(letter, dict)
    assert says in str(letter["reason"])
    assert letter["event"] == bad
    # without a place for it, it fails, and names itself
    assert failures(event_handler(function)([bad, good], None)) == ["e1"]


def test_a_bus_event_that_can_never_be_read_says_so() -> None:
    def function(item: Pose) -> None: ...

    with pytest.raises(UnreadableMessageError, match="frames is missing"):
        event_handler(function)({"detail-type": "t", "detail": record(1)}, None)


def test_what_is_not_a_record_does_not_keep_the_others_from_being_handled() -> None:
    handled: list[Any] = []

    @event_handler
    def function(event: dict[str, Any]) -> None:
        handled.append(event["eventID"])

    with pytest.raises(UnreadableMessageError, match="item 0 is a int, expected an object: 5"):
        function([5, record(1)], None)
    assert handled == ["e1"]
    letters = RecordingTarget()
    tolerant = event_handler(dead_letters=letters)(lambda event: None)
    assert failures(tolerant([5, record(1)], None)) == []
    assert letters.events == [{"reason": "item 0 is a int, expected an object: 5", "event": {"unreadable": 5}}]
    unreadable: list[Any] = [[5], [None, "x"], {"Records": [[]]}]
    for event in unreadable:
        with pytest.raises(UnknownInvocationError, match="item 0 is a"):
            tolerant(event, None)


# Order


def failing(*numbers: int) -> tuple[list[int], Callable[..., Any]]:
    handled: list[int] = []

    def function(event: dict[str, Any]) -> None:
        number = int(event["dynamodb"]["NewImage"]["n"]["N"])
        if number in numbers:
            raise RuntimeError("not now")
        handled.append(number)

    return handled, function


def test_an_items_order_holds_without_keys_in_the_template() -> None:
    handled, function = failing(1)
    batch = [record(1, keys=False), record(2, "sync002", keys=False), record(3, keys=False)]
    assert failures(event_handler(function)(batch, None)) == ["e1", "e3"]
    assert handled == [2]


def test_key_names_of_another_table(caplog: pytest.LogCaptureFixture) -> None:
    def other(number: int, key: str) -> dict[str, Any]:
        image = {"id": {"S": key}, "n": {"N": str(number)}}
        return {"eventID": f"e{number}", "dynamodb": {"NewImage": image}}

    handled, function = failing(1)
    batch = [other(1, "a"), other(2, "b"), other(3, "a")]
    assert failures(event_handler(key_names=("id",))(function)(batch, None)) == ["e1", "e3"]
    assert handled == [2]
    assert not [message for message in caplog.messages if "neither Keys" in message]
    # nothing says which item a record is of: they count as one, and it is said
    handled.clear()
    assert failures(event_handler(function)(batch, None)) == ["e1", "e2", "e3"]
    assert "3 records of the batch have neither Keys nor the attributes site, date#event_type" in caplog.text


def test_records_are_handled_at_once_and_each_items_in_order() -> None:
    at_once, most = 0, 0
    order: dict[str, list[int]] = {}

    @event_handler(concurrency=3)
    async def function(event: dict[str, Any]) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        image = event["dynamodb"]["NewImage"]
        await asyncio.sleep(0.001 * (5 - int(image["n"]["N"]) % 5))
        at_once -= 1
        if image["n"]["N"] == "3":
            raise RuntimeError("not now")
        order.setdefault(image["date#event_type"]["S"][-3:], []).append(int(image["n"]["N"]))

    batch = [record(n, f"sync00{n % 3}") for n in range(12)]
    assert failures(function(batch, None)) == ["e3", "e6", "e9"]
    assert order == {"000": [0], "001": [1, 4, 7, 10], "002": [2, 5, 8, 11]}
    assert most == 3
    mapping = {"Records": batch}
    assert failures(function(mapping, None)) == ["3", "6", "9"]


def test_a_concurrency_of_none_is_rejected() -> None:
    with pytest.raises(ValueError, match="concurrency is at least 1"):
        event_handler(concurrency=0)


# Queues


def test_messages_of_a_queue_fail_by_their_message_id() -> None:
    handled: list[Any] = []

    @event_handler
    def function(record: StreamRecord) -> None:
        if record.event_id == "e1":
            raise RuntimeError("not now")
        handled.append(record.event_id)

    import json

    def message(number: int, group: str | None = None, body: Any = None) -> dict[str, Any]:
        attributes = {} if group is None else {"MessageGroupId": group}
        body = json.dumps(record(number)) if body is None else body
        return {"messageId": f"m{number}", "eventSource": "aws:sqs", "body": body, "attributes": attributes}

    assert failures(function({"Records": [message(1), message(2), message(3, body="no JSON")]}, None)) == ["m1", "m3"]
    assert handled == ["e2"]
    handled.clear()
    fifo = [message(1, "g"), message(2, "g"), message(3, "h")]
    assert failures(function({"Records": fifo}, None)) == ["m1", "m2"]
    assert handled == ["e3"]


# Hostile events


def nested(levels: int) -> Any:
    value: Any = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    "change",
    [
        {"Keys": {"site": nested(5_000)}},
        {"NewImage": {"deep": nested(5_000)}},
        {"NewImage": {str(n): {"X": n} for n in range(100_000)}},
        {"NewImage": {"n": {"N": "9" * 1_000_000}}},
        {"NewImage": {"n": {"N": "1E+999999999"}}},
        {"NewImage": 5, "Keys": "x", "SequenceNumber": {}},
        {"ApproximateCreationDateTime": 1e30},
        {"Keys": {1: 2, "a": 3}},
    ],
    ids=["deep key", "deep image", "many keys", "many digits", "huge number", "wrong types", "time", "mixed keys"],
)
@pytest.mark.parametrize("parameter", [dict, StreamRecord, EventItem])
def test_hostile_records_are_handled_or_named_and_the_others_go_on(change: Any, parameter: Any) -> None:
    handled: list[Any] = []

    def function(event: Any) -> None:
        handled.append(event)

    function.__annotations__["event"] = parameter
    hostile = {"eventID": "bad", "eventName": "INSERT", "dynamodb": change}
    started = time.thread_time()
    failed = failures(event_handler(function)([hostile, record(2, "sync002")], None))
    assert time.thread_time() - started < 2
    assert failed in ([], ["bad"])
    assert len(handled) == 2 - len(failed)
