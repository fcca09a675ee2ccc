"""What was recorded of event source mappings, played again: each yields where it differs.

The settings are those of the recorded mapping, the records those that the recorded invocations have; what is compared
is which invocations come of them, how often, in which form, and what a destination gets in the end.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from perception_events.clock import ManualClock
from perception_events.pipes import BatchSource, InvalidPipeError
from perception_events.pipes import EventSourceMapping as Reader
from perception_events.simulation import Simulation, SimulationResult
from perception_events.sources import DYNAMODB_STREAM, KINESIS_STREAM, SQS_QUEUE, Source, SourceSettings, kinesis_record
from perception_events.streams import InMemoryTable
from perception_events.testing import RecordingTarget
from perception_events.topology import (
    EventBus,
    EventSourceMapping,
    Filter,
    Function,
    InvalidTopologyError,
    KinesisStream,
    Opaque,
    Queue,
    Rule,
    RuleTarget,
    SourceParameters,
    TableStream,
    Topic,
    Topology,
)
from support.recordings import ACCOUNT, REGION, Recording, concrete, differences

__all__ = [
    "asynchronous_dead_letter",
    "defaults",
    "expired",
    "failed_batches",
    "failing_batch",
    "filtered_items",
    "filtered_kinesis",
    "filtered_messages",
    "first_failure",
    "invalid_filter",
    "invocations",
    "many_messages",
    "messages_again",
    "messages_once",
    "partial_messages",
    "responses",
    "stream_records",
    "window_needed",
]

_AT = 1_752_538_268.0
_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
_SETTINGS = {
    "batch_size": "BatchSize",
    "maximum_batching_window": "MaximumBatchingWindowInSeconds",
    "parallelization_factor": "ParallelizationFactor",
    "maximum_retry_attempts": "MaximumRetryAttempts",
    "maximum_record_age": "MaximumRecordAgeInSeconds",
}


def _description(recording: Recording) -> Mapping[str, Any]:
    """How the recorded mapping is set; where it was not recorded, as the tests of responses set it."""
    for each in recording.content.values():
        if isinstance(each, dict) and {"EventSourceArn", "FunctionArn"} <= each.keys():
            return each
    service = "sqs" if "_sqs::" in recording.id else "dynamodb"
    return {
        "BatchSize": 1 if service == "dynamodb" else 10,
        "EventSourceArn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:source",
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if "batch_item" in recording.id else [],
        "MaximumRetryAttempts": 3,
    }


def _source(description: Mapping[str, Any]) -> Source:
    service = description["EventSourceArn"].split(":")[2]
    return {"kinesis": KINESIS_STREAM, "dynamodb": DYNAMODB_STREAM, "sqs": SQS_QUEUE}[service]


def _simulation(
    description: Mapping[str, Any], function: Callable[[Any], Any], **queue: Any
) -> tuple[Simulation, RecordingTarget]:
    """The recorded mapping between a source and `function`, which is recorded; `queue`: how a source queue is set."""
    source, arn = _source(description), concrete(description["EventSourceArn"])
    destination = description.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    settings: dict[str, Any] = {
        name: description[key]
        for name, key in _SETTINGS.items()
        if isinstance(description.get(key), int) and name in {each.field for each in source.settings}
    }
    if description.get("MaximumBatchingWindowInSeconds") == "maximum-batching-window-in-seconds":
        settings["maximum_batching_window"] = 10  # a placeholder in the snapshot
    resources: list[Any] = [Function("F", arn=_FUNCTION)]
    if source is SQS_QUEUE:
        resources += [
            Queue("S", arn=arn, dead_letter_queue="D" if queue else None, **queue),
            Queue("D", fifo="fifo" in queue),
        ]
    else:
        resources.append((KinesisStream if source is KINESIS_STREAM else TableStream)("S", arn=arn))
    if destination:
        kinds: dict[str, Any] = {"sqs": Queue, "sns": Topic}
        kind = kinds.get(destination.split(":")[2])
        resources.append(kind("OnFailure") if kind else Opaque("OnFailure", type="AWS::S3::Bucket"))
    resources.append(
        EventSourceMapping(
            "M",
            source="S",
            function="F",
            source_parameters=SourceParameters(**settings),
            filters=tuple(
                Filter(_with_time(each["Pattern"])) for each in description.get("FilterCriteria", {}).get("Filters", [])
            ),
            function_response_types=tuple(description.get("FunctionResponseTypes", ())),
            on_failure="OnFailure" if destination else None,
        )
    )
    played = RecordingTarget(function)
    simulation = Simulation(
        Topology(resources), functions={"F": played}, clock=ManualClock(_AT), assume_failing_after=None
    )
    return simulation, played


def _with_time(pattern: Any) -> Any:
    """A recorded filter; the snapshot has a placeholder in place of the one on a time."""
    if pattern == {"dynamodb": {"ApproximateCreationDateTime": "<approximate-creation-datetime>"}}:
        return {"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 0]}]}}
    return pattern


def _recorded_events(recording: Recording) -> list[dict[str, Any]]:
    """The invocations that were recorded, in order: each an event with `Records`."""
    found: list[dict[str, Any]] = []
    for name, each in recording.content.items():
        if name in ("Records", "destination_queue_messages", "sqs_payload", "messages"):
            continue
        for value in each if isinstance(each, list) else [each]:
            event = value.get("event", value) if isinstance(value, dict) else value
            if isinstance(event, dict) and "Records" in event:
                found.append(event)
    return found


def _records(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records of `events`, each once."""
    once = {json.dumps(record, sort_keys=True): record for event in events for record in event["Records"]}
    return [concrete(record) for record in once.values()]


def _put(simulation: Simulation, records: Sequence[Mapping[str, Any]]) -> list[SimulationResult]:
    return [simulation.put_record(record) for record in records]


# --- streams


def invocations(recording: Recording) -> Iterator[str]:
    """Records reach the function in batches, in the recorded form; a function that fails is invoked again."""
    description, recorded = _description(recording), _recorded_events(recording)
    records = _records(recorded)
    simulation, played = _simulation(description, lambda event: None)
    simulation.process(records)
    ours = [record for event in played.events for record in event["Records"]]
    known: dict[str, str] = {}
    for number, group in enumerate(_by_function(recording, recorded)):
        yield from differences([record for event in group for record in event["Records"]], ours, known, f"{number}:")
    size = description["BatchSize"]
    if any(len(event["Records"]) > size for event in played.events):
        yield f"a batch of more than {size}"


def _by_function(recording: Recording, recorded: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Recorded invocations, those of several mappings apart: each gets all records."""
    names = [name for name in recording.content if name.startswith("kinesis_records-")]
    return [[recording.content[name]] for name in names] if names else [recorded]


def stream_records(recording: Recording) -> Iterator[str]:
    """What writing the recorded items leaves in a table's stream, sizes included."""
    for event in _recorded_events(recording):
        for record in event["Records"]:
            change = record["dynamodb"]
            clock = ManualClock(_AT)
            table = InMemoryTable(
                "T",
                partition_key=next(iter(change["Keys"])),
                sort_key=None,
                clock=clock,
                stream_view_type=change["StreamViewType"],
            )
            table.put_item(change.get("NewImage", change["Keys"]))
            ours = table.stream.read(table.stream.shards()[0].shard_id, after=None).records[0]
            yield from differences(record, {**ours, "eventSourceARN": concrete(record["eventSourceARN"])})


_RESPONSES: dict[str, Any] = {
    "empty_list_success": [],
    "null_success": None,
    "empty_dict_success": {},
    "empty_string_success": "",
    "empty_batch_item_failure_success": {"batchItemFailures": []},
    "null_batch_item_failure_success": {"batchItemFailures": None},
    "item_identifier_not_present_failure": {"batchItemFailures": [{"itemIdentifier": 123}]},
    "empty_string_item_identifier_failure": {"batchItemFailures": [{"itemIdentifier": ""}]},
    "null_item_identifier_failure": {"batchItemFailures": [{"itemIdentifier": None}]},
    "invalid_key_foo_failure": {"batchItemFailures": [{"foo": 123}]},
    "invalid_key_foo_null_value_failure": {"batchItemFailures": [{"foo": None}]},
}


def responses(recording: Recording) -> Iterator[str]:
    """A response is a success, or the batch is repeated and goes to the destination."""

    def function(event: Any) -> Any:
        if recording.case == "unhandled_exception_in_function":
            raise ZeroDivisionError
        return _RESPONSES[recording.case]

    recorded = [
        {**event, "Records": event["Records"]}
        for event in recording.content.get("dynamodb_events", recording.content.get("kinesis_events", ()))
    ]
    description = dict(_description(recording))
    letter = recording.content.get("destination_queue_messages", recording.content.get("sqs_payload"))
    if letter is not None:
        description["DestinationConfig"] = {"OnFailure": {"Destination": "arn:aws:sqs:::q"}}
        body = letter["Messages"][0]["Body"]
        info = body.get("DDBStreamBatchInfo") or body["KinesisBatchInfo"]
        description["EventSourceArn"] = concrete(info["streamArn"])
    simulation, played = _simulation(description, function)
    results = _put(simulation, _records(recorded))
    known: dict[str, str] = {}
    yield from differences(recorded, played.events, known)
    if letter is not None:
        yield from _dead_letters([letter["Messages"][0]["Body"]], results, known)


def _dead_letters(
    recorded: Sequence[Any], results: Sequence[SimulationResult], known: dict[str, str] | None = None
) -> Iterator[str]:
    ours = [each.input for result in results for each in result.received if each.resource == "OnFailure"]
    yield from differences(list(recorded), ours, known, "destination:")


def failed_batches(recording: Recording) -> Iterator[str]:
    """Of six records the last is reported as failed; it is repeated alone, then its place goes to the destination."""
    event = next(each for each in recording.content.values() if isinstance(each, dict) and "Records" in each)
    records = _records([event])

    def failures(event: Any) -> Any:
        failed = [record for record in event["Records"] if _should_fail(record)]
        return {"batchItemFailures": [{"itemIdentifier": _sequence(record)} for record in failed]}

    simulation, played = _simulation(_description(recording), failures)
    simulation.process(records)
    letters = _letters_of_process(recording, records, failures)
    received = [record for each in played.events for record in each["Records"]]
    known: dict[str, str] = {}
    yield from differences(event["Records"], received, known, "records:")
    payload = recording.content.get("sqs_payload", recording.content.get("destination_queue_messages"))
    assert payload is not None
    yield from differences([payload["Messages"][0]["Body"]], letters, known, "destination:")


class _StillClock(ManualClock):
    """Time in which retries take none."""

    def advance(self, seconds: float) -> None:
        pass


def _letters_of_process(recording: Recording, records: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    """What the destination gets when the records come as batches."""
    description = _description(recording)
    letters: list[Any] = []
    source = _source(description)
    flat = [{**{k: v for k, v in r.items() if k != "kinesis"}, **r.get("kinesis", {})} for r in records]
    Reader(
        "M",
        function,
        source=BatchSource(
            source,
            parameters=SourceParameters(
                batch_size=description["BatchSize"], maximum_retry_attempts=description["MaximumRetryAttempts"]
            ),
            dead_letters=letters.append,
            arn=concrete(description["EventSourceArn"]),
        ),
        reports_failures=True,
        function_arn=_FUNCTION,
        clock=_StillClock(_AT),
    ).process(flat)
    return letters


def _should_fail(record: Mapping[str, Any]) -> bool:
    if "kinesis" in record:
        return bool(json.loads(base64.b64decode(record["kinesis"]["data"])).get("should_fail"))
    return bool(record["dynamodb"]["NewImage"].get("should_fail", {}).get("BOOL"))


def _sequence(record: Mapping[str, Any]) -> str:
    found: str = record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["dynamodb"]["SequenceNumber"]
    return found


def first_failure(recording: Recording) -> Iterator[str]:
    """A function that raises: what its queue, topic or bucket gets of the one record."""
    description = _description(recording)
    name, payload = next(
        (name, each)
        for name, each in recording.content.items()
        if name in ("sqs_payload", "failure_sns_message", "destination_queue_messages", "record_body")
    )
    letter = payload["Messages"][0]["Body"] if "Messages" in payload else payload.get("Message", payload)
    reported = "batch_item_failures" in recording.id

    def function(event: Any) -> Any:
        if reported:
            return {"batchItemFailures": [{"itemIdentifier": _sequence(event["Records"][0])}]}
        raise ValueError("fails")

    known: dict[str, str] = {}
    if name == "record_body":
        [record] = _records([letter["payload"]])
    elif _source(description) is KINESIS_STREAM:
        record = kinesis_record(b"x", partition_key="p", sequence_number="1", arrived=_AT)
    else:
        change = {"Keys": {"k": {"S": "x"}}, "SequenceNumber": "1", "ApproximateCreationDateTime": _AT}
        record = {"eventID": "e", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}
    simulation, _ = _simulation(description, function)
    yield from _dead_letters([letter], _put(simulation, [record]), known)


def expired(recording: Recording) -> Iterator[str]:
    """A record that is too old goes to the destination without an invocation, or while it is retried.

    How often it was tried by then depends on how long AWS waits, which is not published: it is not compared.
    """
    description = _description(recording)
    body = recording.content["record_age_exceeded_payload"]["Messages"][0]["Body"]
    letters: list[Any] = []
    calls: list[Any] = []
    records = [kinesis_record(b"stream-data", partition_key="test", sequence_number="1", arrived=_AT)]
    fresh = [] if "Records" not in recording.content else _records([{"Records": recording.content["Records"]}])
    clock = ManualClock(_AT if "while-retrying" in recording.case else _AT + 80)

    def function(event: Any) -> None:
        calls.extend(event["Records"])
        if not fresh:
            raise ValueError("fails")

    flat = [{**record, **record.pop("kinesis"), "approximateArrivalTimestamp": _AT + 80} for record in fresh]
    Reader(
        "M",
        function,
        source=BatchSource(
            KINESIS_STREAM,
            parameters=SourceParameters(
                batch_size=description["BatchSize"],
                maximum_retry_attempts=description["MaximumRetryAttempts"],
                maximum_record_age=description["MaximumRecordAgeInSeconds"],
            ),
            dead_letters=letters.append,
            arn=concrete(description["EventSourceArn"]),
        ),
        function_arn=_FUNCTION,
        clock=clock,
    ).process([*records, *flat])
    count = body["requestContext"]["approximateInvokeCount"]
    if letters:
        ours = letters[0]["requestContext"]["approximateInvokeCount"]
        if "while-retrying" in recording.case:
            letters[0]["requestContext"]["approximateInvokeCount"] = count
        elif ours != count:
            yield f"approximateInvokeCount: recorded {count}, here {ours}"
    known: dict[str, str] = {}
    yield from differences([body], letters, known, "destination:")
    if fresh:
        yield from differences(recording.content["Records"], calls, {}, "records:")


_ITEM = {"id": {"S": "id_value"}}
_FIRST, _SECOND, _PRESENT = (
    {"id": {"S": "id_value_1"}},
    {"id": {"S": "id_value_2"}},
    {"presentKey": {"S": "presentValue"}},
)
_ITEMS: dict[str, list[dict[str, Any]]] = {
    "insert_same_entry_twice": [{**_ITEM, "id2": {"S": "id2_value"}}] * 2,
    "content_or_filter": [_ITEM, {**_ITEM, "id2": {"S": "id2_new_value"}}],
    "content_multiple_filters": [_ITEM, {**_ITEM, "id2": {"S": "id2_new_value"}}],
    "content_filter_type": [
        {"id": {"S": "id_value_1"}, "presentKey": {"S": "presentValue"}},
        {"id": {"S": "id_value_2"}},
    ],
    "exists_filter_type": [
        {"id": {"S": "id_value_1"}, "presentKey": {"S": "presentValue"}},
        {"id": {"S": "id_value_2"}},
    ],
    "exists_false_filter": [
        {"id": {"S": "id_value_1"}},
        {"id": {"S": "id_value_2"}, "presentKey": {"S": "presentValue"}},
    ],
    "numeric_filter": [
        {**_FIRST, "numericFilter": {"N": "42"}},
        {**_SECOND, "numericFilter": {"N": "101"}},
    ],
    "prefix_filter": [
        {**_FIRST, "prefix": {"S": "us-1-other-suffix"}},
        {**_FIRST, "prefix": {"S": "other-suffix"}},
    ],
    "date_time_conversion": [_FIRST, _SECOND],
}


def filtered_items(recording: Recording) -> Iterator[str]:
    """Two items are written to a table; the function gets those records that the recorded filter passes."""
    clock = ManualClock(_AT)
    table = InMemoryTable("T", partition_key="id", sort_key=None, clock=clock, stream_view_type="NEW_AND_OLD_IMAGES")
    arn = concrete(_description(recording)["EventSourceArn"])
    simulation, played = _simulation(_description(recording), lambda event: None)
    known: dict[str, str] = {}
    for number, item in enumerate(_ITEMS[recording.case]):
        table.put_item(item)
        for record in table.stream.read(table.stream.shards()[0].shard_id, after=None).records[number:]:
            simulation.put_record({**record, "eventSourceARN": arn})
        name = ("lambda-log-events", "lambda-multiple-log-events")[number]
        yield from differences(recording.content[name], played.events, known, name)


def filtered_kinesis(recording: Recording) -> Iterator[str]:
    """A filter reads the decoded data."""
    simulation, played = _simulation(_description(recording), lambda event: None)
    texts = ['{"event_type": "function_1", "message": "foo"}', '{"event_type": "function_2", "message": "foo"}', "foo"]
    for number, text in enumerate(texts):
        simulation.put_record(
            kinesis_record(text.encode(), partition_key="p", sequence_number=str(number), arrived=_AT)
        )
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for event in played.events for r in event["Records"]]
    yield from differences(
        json.loads(recording.content["kinesis-record-lambda-payload"]), [json.loads(d) for d in data]
    )


def defaults(recording: Recording) -> Iterator[str]:
    """What is set where nothing was given."""
    for name, description in recording.content.items():
        if "EventSourceArn" not in description:
            continue
        settings = SourceSettings.of(_source(description), SourceParameters())
        for field, key in _SETTINGS.items():
            if key in description:
                yield from differences(description[key], getattr(settings, field), at=f"{name}/{key}")


# --- queues


def filtered_messages(recording: Recording) -> Iterator[str]:
    """A recorded message passes the recorded filter, in the recorded form, and one that differs does not."""
    description = _description(recording)
    simulation, played = _simulation(description, lambda event: None)
    recorded = recording.content["invocation_events"]
    for event in recorded:
        for record in event["Records"]:
            body = record["body"]
            simulation.put_message(body, "S")
            simulation.put_message({"other": "message"}, "S")
            simulation.put_message("this is a test string", "S")
    ours = [_with_bodies(event) for event in played.events]
    yield from differences([_with_bodies(event) for event in recorded], ours)


def _with_bodies(event: Mapping[str, Any]) -> dict[str, Any]:
    """`event` with bodies as JSON: snapshots write some as a text and some as what it says."""
    return {"Records": [{**record, "body": _json_or_text(record["body"])} for record in event["Records"]]}


def _json_or_text(body: Any) -> Any:
    try:
        return json.loads(body) if isinstance(body, str) else body
    except json.JSONDecodeError:
        return body


def invalid_filter(recording: Recording) -> Iterator[str]:
    """What AWS rejects as a filter pattern."""
    text: Any = {
        "None": None,
        "simple string": "simple string",
        "invalid_filter2": {"eventSource": "aws:sqs"},
        "invalid_filter3": {"eventSource": []},
        "single-string": "single-string",
        '[{"eventName": ["INSERT"=123}]': '[{"eventName": ["INSERT"=123}]',
    }[recording.case]
    service = "sqs" if "_sqs::" in recording.id else "dynamodb"
    try:
        _simulation(
            {
                "BatchSize": 1,
                "EventSourceArn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:s",
                "FilterCriteria": {"Filters": [{"Pattern": text}]},
            },
            lambda event: None,
        )
    except InvalidTopologyError:
        return
    yield f"{text!r} is accepted"


def window_needed(recording: Recording) -> Iterator[str]:
    """A queue's batch of more than ten needs a window, and the default is ten."""
    yield from defaults(recording)
    try:
        Reader(
            "M",
            print,
            source=BatchSource(SQS_QUEUE, parameters=SourceParameters(batch_size=11)),
            clock=ManualClock(_AT),
        )
    except InvalidPipeError:
        return
    yield "accepted here"


def many_messages(recording: Recording) -> Iterator[str]:
    """Messages arrive whole, in batches of at most the recorded size."""
    description = _description(recording)
    records = [{k: v for k, v in r.items() if v is not None} for r in concrete(recording.content["Records"])]
    batches: list[int] = []
    simulation, played = _simulation(description, lambda event: batches.append(len(event["Records"])))
    simulation.process(records, "S")
    yield from differences(
        sorted(record["body"] for record in records),
        sorted(record["body"] for event in played.events for record in event["Records"]),
    )
    if max(batches) > description["BatchSize"]:
        yield f"batches of {batches}"
    if "batch_info" in recording.content:
        yield from differences(recording.content["batch_info"]["total_batches_received"], len(batches))


def messages_again(recording: Recording) -> Iterator[str]:
    """A function that raises gets the message again, with its count, until the queue's dead-letter queue has it."""
    names = [name for name in recording.content if name.endswith(("_attempt", "_invocation"))]
    recorded = [recording.content[name]["Messages"][0]["Body"] for name in names]
    fails = int(recorded[0]["event"]["Records"][0]["body"].partition('fail_attempts": ')[2][0])
    response = recorded[0].get("result")

    def function(event: Any) -> Any:
        if response is not None:
            return response
        if fails >= int(event["Records"][0]["attributes"]["ApproximateReceiveCount"]):
            raise ValueError("failed attempt")
        return None

    receives = {"max_receive_count": 2} if "dlq_response" in recording.content else {"max_receive_count": 5}
    description = dict(_description(recording))
    simulation, played = _simulation(description, function, **receives)
    record = recorded[0]["event"]["Records"][0]
    result = simulation.put_message(record["body"], "S")
    ours = played.events if "test_message_body" not in recording.id else played.events[:1]
    known: dict[str, str] = {}
    if record["messageAttributes"]:  # a message is put here without attributes of the sender's
        record = {k: v for k, v in record.items() if k not in ("messageAttributes", "md5OfMessageAttributes")}
        recorded = [{"event": {"Records": [{**record, "messageAttributes": {}}]}}]
    yield from differences([each["event"] for each in recorded], ours, known)
    if "dlq_response" in recording.content:
        letters = [each.input for each in result.received if each.resource == "D"]
        bodies = [message["Body"] for message in recording.content["dlq_response"]["Messages"]]
        yield from differences(bodies, [_json_or_text(_body_of(letter)) for letter in letters], known, "dead letters:")


def _body_of(letter: Any) -> Any:
    return letter["Body"] if isinstance(letter, dict) and "Body" in letter else letter


def messages_once(recording: Recording) -> Iterator[str]:
    """Messages that were recorded in invocations, one after the other, in the recorded form."""
    recorded = _recorded_events(recording)
    simulation, played = _simulation(_description(recording), lambda event: None)
    events = {json.dumps(event): event for event in recorded}.values()  # a later snapshot repeats an earlier one
    for event in events:
        for record in event["Records"]:
            simulation.put_message(record["body"], "S")
    yield from differences([_with_bodies(event) for event in events], [_with_bodies(event) for event in played.events])


def _in_one_batch(
    messages: Sequence[str], function: Callable[[Any], Any], **queue: Any
) -> tuple[RecordingTarget, list[str]]:
    """The function that a mapping invokes, and the bodies in the dead-letter queue of the source queue.

    The messages come of one event, by targets of one rule, so that they are in the queue together.
    """
    fifo = queue.get("fifo", False)
    parameters: dict[str, Any] = {"SqsParameters": {"MessageGroupId": "1"}} if fifo else {}
    targets = [
        RuleTarget(str(number), "S", input=message, parameters=parameters) for number, message in enumerate(messages)
    ]
    played = RecordingTarget(function)
    settings: dict[str, Any] = {"content_based_deduplication": True} if fifo else {}
    simulation = Simulation(
        Topology(
            [
                EventBus("bus"),
                Rule("r", bus="bus", event_pattern={"source": ["s"]}, targets=tuple(targets)),
                Queue("S", arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:s", dead_letter_queue="D", **settings, **queue),
                Queue("D", fifo=fifo),
                Function("F"),
                EventSourceMapping("M", source="S", function="F", function_response_types=("ReportBatchItemFailures",)),
            ]
        ),
        functions={"F": played},
        clock=ManualClock(_AT),
    )
    result = simulation.put_event({"source": "s"})
    return played, [_body_of(each.input) for each in result.received if each.resource == "D"]


def failing_batch(recording: Recording) -> Iterator[str]:
    """A function that raises on one message: all of the batch come again, then go to the dead-letter queue."""
    bodies = [message["Body"] for message in recording.content["dlq_messages"]]
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]

    def function(event: Any) -> None:
        for record in event["Records"]:
            json.loads(json.loads(record["body"]))

    _, letters = _in_one_batch([json.dumps(text) for text in texts], function, max_receive_count=2)
    yield from differences(sorted(texts), sorted(json.loads(letter) for letter in letters))


def partial_messages(recording: Recording) -> Iterator[str]:
    """Four messages of a FIFO group in one batch: those reported come again together, the last to the dead letters."""
    first, second = (
        recording.content[name]["Messages"][0]["Body"]["event"] for name in ("first_invocation", "second_invocation")
    )
    for event in (first, second):
        for record in event["Records"]:  # here the identifiers are made of the bodies
            number = record["body"]["message"]
            record["attributes"]["MessageDeduplicationId"] = f"<deduplication:{number}>"

    def function(event: Any) -> Any:
        failed = [
            record["messageId"]
            for record in event["Records"]
            if json.loads(record["body"])["fail_attempts"] >= int(record["attributes"]["ApproximateReceiveCount"])
        ]
        return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}

    messages = [json.dumps(record["body"]) for record in first["Records"]]
    played, letters = _in_one_batch(messages, function, fifo=True, max_receive_count=2)
    yield from differences([first, second], [_with_bodies(event) for event in played.events])
    bodies = [message["Body"] for message in recording.content["dlq_response"]["Messages"]]
    yield from differences(bodies, [json.loads(letter) for letter in letters], at="dead letters:")


def asynchronous_dead_letter(recording: Recording) -> Iterator[str]:
    """What a function's own dead-letter queue gets of an event: the event, and why in three attributes."""

    def function(event: Any) -> None:
        raise ValueError("Test exception (this is intentional)")

    [message] = recording.content["messages"]["Messages"]
    rule = Rule(
        "r",
        bus="bus",
        event_pattern={"source": ["s"]},
        targets=(RuleTarget("t", "F", input=json.dumps(message["Body"])),),
    )
    simulation = Simulation(
        Topology([EventBus("bus"), rule, Function("F", dead_letter_queue="D"), Queue("D")]),
        functions={"F": RecordingTarget(function)},
        clock=ManualClock(_AT),
    )
    [letter] = [each.input for each in simulation.put_event({"source": "s"}).received if each.resource == "D"]
    assert isinstance(letter, dict)
    yield from differences(
        {name: message[name] for name in ("Body", "MessageAttributes")},
        {**letter, "Body": json.loads(str(letter["Body"]))},
    )
