"""Handlers: each function gets its typed argument, batches answer with what failed, and nothing fails in silence."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import perception_events
from perception_events.classifiers import EnrichmentError, default_registry
from perception_events.json_values import JSONValue
from perception_events.lambdas import (
    DeadLetterError,
    EventRouter,
    UnmatchedEventError,
    enrichment_handler,
    event_handler,
)
from perception_events.lambdas._arguments import ArgumentError
from perception_events.lambdas._invocations import UnknownInvocationError
from perception_events.lambdas.router import DuplicateRouteError
from perception_events.models import EventBridgeEvent, EventItem, StreamRecord

RECORDS = Path(__file__).resolve().parents[3] / "docs" / "examples" / "perception_pipeline" / "records.jsonl"
SOURCE = Path(perception_events.__file__).parents[1]
LINES = RECORDS.read_text(encoding="utf-8").splitlines()
POSE, RECON = json.loads(LINES[1]), json.loads(LINES[2])


def bus_event(record: dict[str, Any], event_type: str = "pose") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "event-1",
        "detail-type": "Event from aws:dynamodb",
        "source": "Pipe perception-pipeline-pipe-dev",
        "account": "123456789012",
        "time": "2025-07-15T00:11:08Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {**record, "PerceptionPipelineEventType": event_type},
    }


class RecordingQueue:
    def __init__(self) -> None:
        self.letters: list[Any] = []

    def invoke(self, event: JSONValue) -> JSONValue:
        self.letters.append(event)
        return None


class TestEnrichment:
    handler = staticmethod(enrichment_handler(default_registry))

    def test_a_list_of_one_and_a_single_record(self) -> None:
        assert self.handler([POSE], None) == [{**POSE, "PerceptionPipelineEventType": "pose"}]
        assert self.handler(RECON, None) == {**RECON, "PerceptionPipelineEventType": "recon"}

    def test_the_original_template_leaves_enough(self) -> None:
        item: dict[str, Any] = {"dynamodb": {"NewImage": POSE["dynamodb"]["NewImage"]}}
        assert self.handler([item], None) == [{**item, "PerceptionPipelineEventType": "pose"}]

    def test_a_bad_record_is_raised_or_told(self, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(EnrichmentError, match="item 1"):
            self.handler([POSE, {"dynamodb": {}}], None)
        lenient = enrichment_handler(default_registry, on_error="unknown")
        answer: Any = lenient([POSE, {"eventID": "7", "dynamodb": {}}], None)
        assert answer[1]["PerceptionPipelineEventType"] == "unknown"
        assert 'no "date#event_type"' in answer[1]["PerceptionPipelineEventTypeReason"]
        assert "a record has no event type" in caplog.text

    def test_the_field_has_the_name_it_is_given(self) -> None:
        answer: Any = enrichment_handler(default_registry, field="kind")([POSE], None)
        assert answer[0]["kind"] == "pose"

    def test_it_starts_without_what_costs_time_to_load(self) -> None:
        code = (
            f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n"
            "from perception_events.classifiers import default_registry\n"
            "from perception_events.lambdas import enrichment_handler\n"
            f"handler = enrichment_handler(default_registry); handler([{POSE!r}], None)\n"
            "heavy = ('typing', 'dataclasses', 'inspect', 'logging', 'asyncio', 'pydantic', 'boto3')\n"
            "print([name for name in heavy if name in sys.modules])"
        )
        # -S: what site-packages load at a start of the interpreter is not ours.
        done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
        assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_typed_event() -> None:
    @event_handler
    def handler(event: EventBridgeEvent[StreamRecord]) -> str | None:
        return event.detail.event_id

    assert handler(bus_event(POSE), None) == POSE["eventID"]


def test_a_record_an_item_and_plain_json_of_every_source() -> None:
    seen: list[Any] = []

    @event_handler
    def record(record: StreamRecord) -> None:
        seen.append(record.event_id)

    @event_handler
    def item(item: EventItem) -> None:
        seen.append(item.sort_key)

    @event_handler
    def plain(event: dict[str, Any]) -> None:
        seen.append(sorted(event)[0])

    for handler in (record, item, plain):
        handler(bus_event(POSE), None)
        assert handler([POSE], None) == {"batchItemFailures": []}
        assert handler({"Records": [POSE]}, None) == {"batchItemFailures": []}
    assert seen == [POSE["eventID"]] * 3 + ["2025-07-15#pose#sync001#cam6"] * 3 + ["account", "awsRegion", "awsRegion"]


def test_async_functions_and_the_context() -> None:
    class Context:
        aws_request_id = "request-1"

    @event_handler
    async def handler(event: dict[str, Any], context: Any) -> str:
        return str(context.aws_request_id)

    assert handler(bus_event(POSE), Context()) == "request-1"


def test_async_functions_find_their_event_loop_again() -> None:
    # What a module holds on to, an HTTP client or a queue, belongs to the loop that it was first used on.
    queue: asyncio.Queue[str] = asyncio.Queue()
    loops = set()

    @event_handler
    async def handler(record: dict[str, Any]) -> None:
        loops.add(asyncio.get_running_loop())
        await queue.put(record["eventID"])

    @event_handler
    async def reader(event: dict[str, Any]) -> str:
        loops.add(asyncio.get_running_loop())
        return await queue.get()

    assert handler([POSE, RECON], None) == {"batchItemFailures": []}
    assert [reader(bus_event(POSE), None), reader(bus_event(POSE), None)] == [POSE["eventID"], RECON["eventID"]]
    assert len(loops) == 1


def test_an_async_handler_leaves_nothing_to_warn_of() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n"
        "from perception_events.lambdas import event_handler\n"
        "@event_handler\n"
        "async def handler(event: dict) -> int: return 1\n"
        f"print(handler({bus_event(POSE)!r}, None), 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("1 False", "")


def batch() -> list[dict[str, Any]]:
    """Four records: the second and fourth are of one item."""
    records = [copy.deepcopy(POSE) for _ in range(4)]
    for index, (record, camera) in enumerate(zip(records, ("cam1", "cam2", "cam3", "cam2"), strict=True)):
        record["eventID"] = f"event-{index}"
        record["dynamodb"]["SequenceNumber"] = str(index)
        record["dynamodb"]["Keys"]["date#event_type"]["S"] = f"2025-07-15#pose#sync001#{camera}"
    return records


def failing_on(camera: str, seen: list[str]) -> Any:
    @event_handler
    def handler(record: StreamRecord) -> None:
        assert record.dynamodb.keys is not None
        key = record.dynamodb.keys["date#event_type"]["S"]
        seen.append(key.rpartition("#")[2])
        if key.endswith(camera):
            raise RuntimeError("broken")

    return handler


def test_a_pipe_is_told_what_failed_by_event_id_and_items_keep_their_order() -> None:
    seen: list[str] = []
    answer = failing_on("cam2", seen)(batch(), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "event-1"}, {"itemIdentifier": "event-3"}]}
    assert seen == ["cam1", "cam2", "cam3"]


def test_an_event_source_mapping_is_told_the_first_failure_by_sequence_number() -> None:
    seen: list[str] = []
    answer = failing_on("cam2", seen)({"Records": batch()}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert seen == ["cam1", "cam2"]


def test_a_failure_that_nothing_names_fails_the_batch() -> None:
    records = batch()
    del records[1]["eventID"]
    with pytest.raises(RuntimeError, match="broken"):
        failing_on("cam2", [])(records, None)


def test_a_failure_of_a_bus_event_is_raised_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(RuntimeError):
        failing_on("cam6", [])(bus_event(POSE), None)
    assert caplog.records[-1].message == "failed; it will be tried again"
    assert vars(caplog.records[-1])["event_id"] == POSE["eventID"]


def test_what_cannot_be_fixed_goes_to_the_dead_letters() -> None:
    kept = RecordingQueue()

    @event_handler(dead_letters=kept)
    def handler(record: StreamRecord) -> None:
        raise DeadLetterError("no such site")

    assert handler([POSE], None) == {"batchItemFailures": []}
    assert kept.letters == [{"reason": "no such site", "event": POSE}]


def test_without_dead_letters_it_fails_like_any_other() -> None:
    @event_handler
    def handler(record: StreamRecord) -> None:
        raise DeadLetterError("no such site")

    assert handler([POSE], None) == {"batchItemFailures": [{"itemIdentifier": POSE["eventID"]}]}


@pytest.mark.parametrize("event", ["text", {"detail": {}}, {"a": 1}, [1]])
def test_an_invocation_of_another_form_is_rejected(event: Any) -> None:
    with pytest.raises(UnknownInvocationError, match="expected"):
        failing_on("cam2", [])(event, None)


def test_a_function_that_cannot_be_called_is_rejected_when_decorated() -> None:
    with pytest.raises(ArgumentError, match="takes no argument"):
        event_handler(lambda: None)

    def odd(event: int) -> None: ...

    with pytest.raises(ArgumentError, match="'event' is annotated <class 'int'>"):
        event_handler(odd)

    def three(event: dict[str, Any], context: Any, table: Any) -> None: ...

    def named(event: dict[str, Any], *, table: Any) -> None: ...

    for needy in (three, named):
        with pytest.raises(ArgumentError, match=r"missing a required .*argument: 'table'; it is called with an event"):
            event_handler(needy)


def test_the_context_goes_to_the_parameter_that_is_for_it() -> None:
    seen: list[Any] = []

    @event_handler
    def with_context(event: dict[str, Any], context: Any = None) -> None:
        seen.append(context)

    @event_handler
    def any_name(event: dict[str, Any], lambda_context: Any) -> None:
        seen.append(lambda_context)

    @event_handler
    def of_its_own(event: dict[str, Any], table: str = "T") -> None:
        seen.append(table)

    for handler in (with_context, any_name, of_its_own):
        handler([POSE], "the context")
    assert seen == ["the context", "the context", "T"]


class TestRouter:
    def test_functions_by_event_type_and_by_pattern(self) -> None:
        router, seen = EventRouter(), []

        @router.on("pose")
        def pose(event: EventBridgeEvent[StreamRecord]) -> str:
            seen.append("pose")
            return "done"

        @router.on(pattern={"detail": {"dynamodb": {"NewImage": {"site": {"S": ["test_site"]}}}}})
        def tests(record: StreamRecord) -> None:
            seen.append("test")

        assert router(bus_event(POSE), None) == ["done", None]
        assert seen == ["pose", "test"]

    def test_a_batch_is_routed_record_by_record(self) -> None:
        router, seen = EventRouter(), []

        @router.on("pose")
        def pose(record: StreamRecord) -> None:
            seen.append(record.event_id)

        enriched: Any = enrichment_handler(default_registry)([POSE, RECON], None)
        assert router(enriched, None) == {"batchItemFailures": [{"itemIdentifier": RECON["eventID"]}]}
        assert seen == [POSE["eventID"]]

    def test_an_unmatched_event_is_never_silent(self) -> None:
        router = EventRouter()
        with pytest.raises(UnmatchedEventError, match="no function is registered for the event"):
            router(bus_event(POSE), None)

        @router.otherwise
        def rest(event: dict[str, Any]) -> str:
            return "rest"

        assert router(bus_event(POSE), None) == "rest"

    def test_two_functions_for_one_event_type_are_rejected(self) -> None:
        router = EventRouter()
        router.on("pose")(lambda event: None)
        with pytest.raises(DuplicateRouteError, match="event type pose has a function already"):
            router.on("pose")(lambda event: None)
        with pytest.raises(ValueError, match="takes an event type or a pattern"):
            router.on()
