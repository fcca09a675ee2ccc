"""Whole systems in memory: what goes in at a stream, a queue or a bus, and what each target receives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.buses import SelfFeedingRuleError, TargetError
from perception_events.simulation import Simulation, SimulationResult, UnknownTargetError, Verdict
from perception_events.sources import WrongSourceError, kinesis_record, sqs_record
from perception_events.streams import InvalidMessageError
from perception_events.testing import RecordingTarget
from perception_events.topology import (
    ApiDestination,
    EcsCluster,
    EventBus,
    EventSourceMapping,
    Filter,
    FirehoseStream,
    Function,
    InputTransformer,
    InvalidTopologyError,
    KinesisStream,
    LogGroup,
    Opaque,
    Origin,
    Pipe,
    Queue,
    Resource,
    RetryPolicy,
    Rule,
    RuleTarget,
    SourceParameters,
    StateMachine,
    TableStream,
    Topic,
    Topology,
    UnknownResourceError,
    Unresolved,
)
from perception_events.trace import DeadLettered, Discarded, Received, Trace

STREAM, BUS, QUEUE = TableStream("Stream"), EventBus("Bus", name="orders"), Queue("Queue", name="queue")
ONE = SourceParameters(batch_size=1)
EVENT = {"source": "shop", "detail-type": "order", "detail": {"id": "A17", "total": 250}}


def change(number: int = 1, **image: Any) -> dict[str, Any]:
    """A record of `Stream`."""
    keys = {"id": {"S": str(number)}}
    return {
        "eventID": f"e{number}",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": keys,
            "NewImage": {**keys, **image},
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1_752_538_268 + number,
        },
    }


def rule(id: str = "Rule", *targets: RuleTarget, pattern: Any = None, bus: Any = "Bus", **settings: Any) -> Rule:
    return Rule(id, bus=bus, event_pattern=pattern or {"source": ["shop"]}, targets=targets, **settings)


def to(target: str, **settings: Any) -> RuleTarget:
    return RuleTarget("t", target, **settings)


def simulation(*resources: Resource, **settings: Any) -> Simulation:
    return Simulation(Topology(resources), **settings)


def inputs(result: SimulationResult) -> list[tuple[str, Any]]:
    return [(each.resource, each.input) for each in result.received]


# --- ways through a topology


def test_a_record_goes_through_every_pipe_of_its_stream() -> None:
    result = simulation(
        STREAM,
        BUS,
        Topic("Topic"),
        Pipe("ToBus", source="Stream", source_parameters=ONE, target="Bus"),
        Pipe(
            "ToTopic",
            source="Stream",
            source_parameters=ONE,
            filters=(Filter({"eventName": ["INSERT"]}),),
            target="Topic",
            target_input_template='{"id": <$.dynamodb.Keys.id.S>}',
        ),
        rule("All", to("Topic"), pattern={"source": ["Pipe ToBus"]}),
    ).put_record(change())
    assert [event["detail-type"] for event in result.events] == ["Event from aws:dynamodb"]
    assert inputs(result)[0][1]["detail"] == change()
    assert inputs(result)[1] == ("Topic", {"id": "1"})


def test_rule_to_queue_to_pipe_to_bus_is_one_way_with_one_trace() -> None:
    second = EventBus("Second", name="second")
    result = simulation(
        BUS,
        second,
        QUEUE,
        Topic("Topic"),
        rule("Large", to("Queue", input_path="$.detail")),
        Pipe(
            "FromQueue",
            source="Queue",
            filters=(Filter({"body": {"total": [{"numeric": [">", 100]}]}}),),
            target="Second",
            target_parameters={"EventBridgeEventBusParameters": {"Source": "queue", "DetailType": "$.body.id"}},
            target_input_template='{"order": <$.body.id>}',
        ),
        rule("Last", to("Topic", input_path="$.detail"), bus="Second", pattern={"detail-type": ["A17"]}),
    ).put_event(EVENT, "orders")
    assert inputs(result) == [("Queue", EVENT["detail"]), ("Topic", {"order": "A17"})]
    assert [step.where for step in result.trace if step.where in ("orders", "queue", "FromQueue", "second")][
        -1
    ] == "second"
    assert result.failures == ()


def test_from_bus_to_bus_the_event_stays_as_it_is() -> None:
    second = EventBus("Second", name="second")
    result = simulation(
        BUS,
        second,
        Topic("Topic"),
        rule("Forward", to("Second")),
        rule("Last", to("Topic"), bus="Second"),
    ).put_event(EVENT, "Bus")
    first, forwarded = result.events
    assert first == forwarded
    assert inputs(result) == [("Topic", first)]


def test_a_mapping_hands_records_to_its_function() -> None:
    received = RecordingTarget()
    mapping = EventSourceMapping(
        "Mapping",
        source="Stream",
        function="Function",
        filters=(Filter({"dynamodb": {"NewImage": {"kind": {"S": ["pose"]}}}}),),
    )
    system = simulation(STREAM, Function("Function"), mapping, functions={"Function": received})
    assert system.put_record(change(1, kind={"S": "pose"})).failures == ()
    filtered = system.put_record(change(2, kind={"S": "recon"}))
    assert [where for where, _ in filtered.filtered_out] == ["Mapping"]
    assert received.events == [{"Records": [change(1, kind={"S": "pose"})]}]


def test_data_put_into_a_kinesis_stream_reaches_its_pipe_decoded() -> None:
    stream = KinesisStream("Data")
    pipe = Pipe(
        "P",
        source="Data",
        source_parameters=ONE,
        filters=(Filter({"data": {"id": ["A17"]}}),),
        target="Topic",
        target_input_template="<$.data>",
    )
    target = to("Data", input_path="$.detail", parameters={"KinesisParameters": {"PartitionKeyPath": "$.detail.id"}})
    result = simulation(BUS, stream, Topic("Topic"), pipe, rule("R", target)).put_event(EVENT)
    assert inputs(result) == [("Data", EVENT["detail"]), ("Topic", EVENT["detail"])]
    assert result.received[0].parameters == {"PartitionKey": "A17"}
    without_path = simulation(BUS, stream, rule("R", to("Data"))).put_event({**EVENT, "id": "the-id"})
    assert without_path.received[0].parameters == {"PartitionKey": "the-id"}


def test_records_of_each_source_go_in_at_their_source() -> None:
    data = KinesisStream("Data")
    pipes = [Pipe(f"Of{s}", source=s, source_parameters=ONE, target="Topic") for s in ("Stream", "Queue", "Data")]
    system = simulation(STREAM, QUEUE, data, Topic("Topic"), *pipes)
    kinesis = kinesis_record(b"x", partition_key="p", sequence_number="1", arrived=1.0)
    assert next(step.where for step in system.put_record(change()).trace) == "OfStream"
    assert next(step.where for step in system.put_record(kinesis).trace) == "OfData"
    assert next(step.where for step in system.put_record(sqs_record("x", message_id="m")).trace) == "OfQueue"
    with pytest.raises(WrongSourceError, match=r"the record is of 'aws:sqs', and this reads a DynamoDB stream"):
        system.put_record(sqs_record("x", message_id="m"), "Stream")
    with pytest.raises(UnknownResourceError, match="Topic is a topic; records go into a stream or a queue"):
        system.put_record(change(), "Topic")


# --- kinds of targets and their parameters


@pytest.mark.parametrize(
    ("target", "parameters", "received"),
    [
        (Topic("T"), {}, {}),
        (StateMachine("T"), {}, {}),
        (FirehoseStream("T"), {}, {}),
        (LogGroup("T"), {}, {}),
        (ApiDestination("T"), {"HttpParameters": {"HeaderParameters": {"a": "b"}}}, {"HeaderParameters": {"a": "b"}}),
        (EcsCluster("T"), {"EcsParameters": {"TaskDefinitionArn": "arn"}}, {"TaskDefinitionArn": "arn"}),
        (
            Opaque("T", type="AWS::Batch::JobQueue"),
            {"BatchParameters": {"JobDefinition": "d", "JobName": "n"}},
            {"JobDefinition": "d", "JobName": "n"},
        ),
        (
            Queue("T", fifo=True, content_based_deduplication=True),
            {"SqsParameters": {"MessageGroupId": "g"}},
            {"MessageGroupId": "g"},
        ),
    ],
    ids=lambda each: getattr(each, "kind", ""),
)
def test_a_target_that_is_not_given_records_what_it_would_have_received(
    target: Resource, parameters: Any, received: Any
) -> None:
    transformer = InputTransformer({"id": "$.detail.id"}, '{"order": <id>, "rule": "<aws.events.rule-name>"}')
    result = simulation(
        BUS, target, rule("Rule", to("T", input_transformer=transformer, parameters=parameters))
    ).put_event(EVENT)
    [invocation] = result.received
    assert (invocation.kind, invocation.input) == (target.kind, {"order": "A17", "rule": "Rule"})
    assert invocation.parameters == received


def test_parameters_of_a_pipe_s_target_are_read_from_the_item() -> None:
    fifo = Queue("Fifo", fifo=True)
    pipe = Pipe(
        "P",
        source="Stream",
        source_parameters=ONE,
        target="Fifo",
        target_input_template='{"id": <$.eventID>}',
        target_parameters={
            "SqsQueueParameters": {"MessageGroupId": "$.dynamodb.Keys.id.S", "MessageDeduplicationId": "$.eventID"}
        },
    )
    [invocation] = simulation(STREAM, fifo, pipe).put_record(change(7)).received
    assert invocation.input == {"id": "e7"}
    assert invocation.parameters == {"MessageGroupId": "7", "MessageDeduplicationId": "e7"}


def test_every_input_of_a_target_is_its_own() -> None:
    def spoils(event: Any) -> None:
        event["detail"].pop("id")

    result = simulation(
        BUS,
        Function("F"),
        Topic("T"),
        rule("R", RuleTarget("f", "F"), RuleTarget("t", "T")),
        functions={"F": spoils},
    ).put_event(EVENT)
    assert [each.input["detail"] for each in result.received] == [EVENT["detail"]] * 2  # type: ignore[index, call-overload]
    assert result.events[0]["detail"] == EVENT["detail"]


# --- verdicts


def test_every_rule_that_did_not_match_says_which_field_was_expected_and_found() -> None:
    result = simulation(
        BUS,
        Topic("T"),
        rule("Right", to("T")),
        rule("Wrong", to("T"), pattern={"source": ["shop"], "detail": {"total": [{"numeric": ["<", 100]}]}}),
        rule("Off", to("T"), pattern={"source": ["never"]}, state="DISABLED"),
    ).put_event(EVENT)
    assert result.rule("Right").verdict is Verdict.MATCHED
    wrong = result.rule("Wrong")
    [mismatch] = wrong.mismatches
    assert (wrong.verdict, mismatch.path, mismatch.found) == (Verdict.NOT_MATCHED, "detail.total", "250")
    assert {verdict.rule for verdict in result.rules} == {"Right", "Wrong"}
    told = json.loads(json.dumps(result.to_dict()))["rules"]
    assert [field["field"] for each in told for field in each["mismatches"]] == ["detail.total"]


UNKNOWN = Unresolved("!Ref Env")


def test_a_pattern_with_an_unknown_value_depends_on_it_only_where_it_decides() -> None:
    system = simulation(
        BUS,
        Topic("T"),
        rule("R", to("T"), pattern={"source": ["shop"], "detail": {"env": ["test", UNKNOWN]}}),
    )

    def verdict(source: str, env: str) -> Verdict:
        return system.put_event({"source": source, "detail": {"env": env}}).rule("R").verdict

    assert verdict("other", "dev") is Verdict.NOT_MATCHED
    assert verdict("shop", "dev") is Verdict.DEPENDS
    assert verdict("shop", "test") is Verdict.MATCHED
    depends = system.put_event({"source": "shop", "detail": {"env": "dev"}})
    assert depends.rule("R").depends_on == ("!Ref Env",)
    assert depends.received == ()


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        ({"state": UNKNOWN}, "rule R"),
        ({"bus": UNKNOWN}, "rule R"),
        ({"targets": (RuleTarget("t", UNKNOWN),)}, "target t of rule R"),
        ({"targets": (RuleTarget("t", "T", input=UNKNOWN),)}, "target t of rule R"),
        ({"targets": (RuleTarget("t", "T", input_path=UNKNOWN),)}, "target t of rule R"),
        ({"targets": (RuleTarget("t", "T", input_transformer=InputTransformer({"a": UNKNOWN}, "<a>")),)}, "target t"),
        ({"event_pattern": UNKNOWN}, "rule R"),
    ],
)
def test_whatever_is_not_known_of_a_rule_ends_the_way_with_what_it_depends_on(settings: Any, subject: str) -> None:
    given = {"bus": "Bus", "event_pattern": {"source": ["shop"]}, "targets": (to("T"),), **settings}
    result = simulation(BUS, Topic("T"), Rule("R", **given)).put_event(EVENT)
    [depends] = result.depends_on
    assert depends.subject.startswith(subject)
    assert depends.expressions == ("!Ref Env",)
    assert (result.received, result.failures) == ((), ())


@pytest.mark.parametrize(
    "settings",
    [
        {"filters": (Filter({"eventName": [UNKNOWN]}),)},
        {"enrichment": UNKNOWN},
        {"enrichment": "F", "enrichment_input_template": UNKNOWN},
        {"target": UNKNOWN},
        {"target_input_template": UNKNOWN},
        {"target_parameters": {"EventBridgeEventBusParameters": {"Source": UNKNOWN}}},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_whatever_is_not_known_of_a_pipe_ends_the_way_with_what_it_depends_on(settings: Any) -> None:
    given = {"source": "Stream", "source_parameters": ONE, "target": "Bus", **settings}
    system = simulation(STREAM, BUS, Function("F"), Pipe("P", **given), functions={"F": lambda items: items})
    result = system.put_record(change())
    [depends] = result.depends_on
    assert depends.expressions == ("!Ref Env",)
    assert result.events == ()


def test_an_enrichment_that_is_not_given_is_named_with_the_way_to_give_it() -> None:
    pipe = Pipe("P", source="Stream", source_parameters=ONE, enrichment="F", target="Bus")
    [depends] = simulation(STREAM, BUS, Function("F"), pipe).put_record(change()).depends_on
    assert depends.expressions == ("function F (give it: functions={'F': ...})",)


def test_readers_whose_source_or_state_is_not_known_are_named_and_not_run() -> None:
    system = simulation(
        STREAM,
        BUS,
        Opaque("Broker", type="AWS::AmazonMQ::Broker"),
        Pipe("A", source=UNKNOWN, target="Bus"),
        Pipe("B", source="Broker", target="Bus"),
        Pipe("C", source="Stream", source_parameters=ONE, target="Bus", desired_state="STOPPED"),
        Pipe("D", source="Stream", source_parameters=ONE, target="Bus", desired_state=UNKNOWN),
    )
    assert list(system.not_simulated) == ["A", "B", "C", "D"]
    assert system.put_record(change(), "Stream").trace == ()


# --- enrichments


def test_an_api_enriches_one_object_and_a_workflow_a_list() -> None:
    for enrichment, expected in (
        (ApiDestination("E"), change()),
        (Opaque("E", type="AWS::ApiGateway::RestApi"), change()),
        (StateMachine("E", type="EXPRESS"), [change()]),
    ):
        given = RecordingTarget([{"made": 1}])
        pipe = Pipe("P", source="Stream", source_parameters=ONE, enrichment="E", target="Topic")
        result = simulation(STREAM, Topic("Topic"), enrichment, pipe, functions={"E": given}).put_record(change())
        assert given.events == [expected]
        assert inputs(result) == [("Topic", {"made": 1})]


def test_a_template_that_is_not_json_reaches_a_target_that_takes_text_as_it_is() -> None:
    template = 'Order "<$.body.id>" waits'
    for target, reaches in ((LogGroup("T"), True), (Queue("T"), True), (StateMachine("T"), False)):
        pipe = Pipe("P", source="Queue", target="T", target_input_template=template)
        result = simulation(QUEUE, target, pipe).put_message({"id": 7}, "Queue")
        assert result.inputs_of("T") == (['Order "7" waits'] if reaches else [])
        assert bool(result.failures) is not reaches


def test_a_queue_gets_one_quoted_line_as_json_and_several_as_they_are() -> None:
    for template, body in (('"one <d>"', '"one done"'), ('"one <d>"\n"two"', '"one done"\n"two"')):
        transformer = InputTransformer({"d": "$.detail.status"}, template)
        received = RecordingTarget()
        system = simulation(
            BUS,
            Queue("Q"),
            Function("F"),
            rule("R", to("Q", input_transformer=transformer)),
            EventSourceMapping("M", source="Q", function="F"),
            functions={"F": received},
        )
        system.put_event({**EVENT, "detail": {"status": "done"}})
        assert [record["body"] for event in received.events for record in event["Records"]] == [body]


def test_a_text_at_an_input_path_reaches_a_queue_as_a_json_string_whatever_is_in_it() -> None:
    received = RecordingTarget()
    system = simulation(
        BUS,
        Queue("Q"),
        Function("F"),
        rule("R", to("Q", input_path="$.detail.text")),
        EventSourceMapping("M", source="Q", function="F"),
        functions={"F": received},
    )
    system.put_event({**EVENT, "detail": {"text": 'two\nlines "quoted"'}})
    assert [record["body"] for event in received.events for record in event["Records"]] == [
        '"two\\nlines \\"quoted\\""'
    ]


# --- failures


def test_what_a_handler_raises_is_lambda_s_to_retry_and_to_dead_letter() -> None:
    failing = RecordingTarget(lambda event: 1 / 0)
    result = simulation(
        BUS, Function("F", on_failure="Dead"), Queue("Dead"), rule("R", to("F")), functions={"F": failing}
    ).put_event(EVENT)
    assert len(failing.events) == 3
    [letter] = [step for step in result.trace if isinstance(step, DeadLettered)]
    assert (letter.where, letter.condition, letter.seconds) == ("F", "RetriesExhausted", 180.0)
    [payload] = result.inputs_of("Dead")
    assert payload["requestPayload"]["detail"] == EVENT["detail"]  # type: ignore[index, call-overload]


def test_a_function_s_dead_letter_queue_gets_the_event_and_why_beside_the_report_of_its_destination() -> None:
    failing = RecordingTarget(lambda event: 1 / 0)
    function = Function("F", on_failure="Reports", dead_letter_queue="Dead")
    result = simulation(
        BUS, function, Queue("Dead"), Queue("Reports"), rule("R", to("F")), functions={"F": failing}
    ).put_event(EVENT)
    [letter] = result.inputs_of("Dead")
    [report] = result.inputs_of("Reports")
    assert isinstance(letter, dict)
    assert json.loads(str(letter["Body"]))["detail"] == EVENT["detail"]
    attributes = letter["MessageAttributes"]
    assert isinstance(attributes, dict)
    assert attributes["ErrorMessage"] == {"DataType": "String", "StringValue": "division by zero"}
    assert list(attributes) == ["RequestID", "ErrorCode", "ErrorMessage"]
    assert report["requestPayload"]["detail"] == EVENT["detail"]  # type: ignore[index, call-overload]
    assert [step.where for step in result.trace if isinstance(step, DeadLettered)] == ["F", "F"]


def test_a_failed_invocation_is_the_rule_s_to_retry_and_its_dead_letter_reaches_who_reads_the_queue() -> None:
    throttled = RecordingTarget(lambda event: (_ for _ in ()).throw(TargetError("busy", code="THROTTLING")))
    target = to("F", dead_letter_queue="Dead", retry_policy=RetryPolicy(2, 3600))
    pipe = Pipe("Rescue", source="Dead", target="T", target_input_template='{"again": <$.body.detail.id>}')
    result = simulation(
        BUS, Function("F"), Queue("Dead"), Topic("T"), pipe, rule("R", target), functions={"F": throttled}
    ).put_event(EVENT)
    assert len(throttled.events) == 3
    assert result.inputs_of("T") == [{"again": "A17"}]
    assert "busy" in result.failures[0]


def test_a_message_is_received_again_after_its_visibility_timeout_until_redrive() -> None:
    failing = RecordingTarget(lambda event: 1 / 0)
    queue = Queue("Queue", visibility_timeout=45, dead_letter_queue="Dead", max_receive_count=3)
    mapping = EventSourceMapping("M", source="Queue", function="F")
    system = simulation(queue, Queue("Dead"), Function("F"), mapping, functions={"F": failing})
    result = system.put_message({"id": 1}, "Queue")
    assert [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in failing.events] == ["1", "2", "3"]
    [letter] = [step for step in result.trace if isinstance(step, DeadLettered)]
    assert (letter.condition, letter.seconds) == ("MaxReceiveCountExceeded", 135.0)
    assert result.inputs_of("Dead") == ['{"id": 1}']


def test_only_the_messages_that_a_function_names_come_back() -> None:
    calls: list[list[str]] = []

    def partly(event: Any) -> Any:
        bodies = [record["body"] for record in event["Records"]]
        calls.append(bodies)
        bad = [record["messageId"] for record in event["Records"] if record["body"] == "bad" and len(calls) == 1]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in bad]}

    mapping = EventSourceMapping(
        "M", source="Queue", function="F", function_response_types=("ReportBatchItemFailures",)
    )
    system = simulation(QUEUE, Function("F"), mapping, functions={"F": partly})
    system.put_message("bad")
    system.put_message("good")
    assert calls == [["bad"], ["bad"], ["good"]]


def test_a_message_that_always_fails_without_redrive_is_lost_after_the_queue_s_retention() -> None:
    failing = RecordingTarget(lambda event: 1 / 0)
    system = simulation(
        QUEUE, Function("F"), EventSourceMapping("M", source="Queue", function="F"), functions={"F": failing}
    )
    result = system.put_message("x")
    [lost] = [step for step in result.trace if isinstance(step, Discarded)]
    assert (lost.condition, lost.seconds) == ("MessageRetentionExpired", 345_600.0)
    assert len(failing.events) == 10  # the others are assumed
    assert "the last time: ZeroDivisionError" in lost.reason


def test_a_fifo_queue_keeps_groups_in_order_and_drops_repeats() -> None:
    fifo = Queue("Fifo", fifo=True, content_based_deduplication=True)
    system = simulation(fifo, Topic("T"), Pipe("P", source="Fifo", target="T", target_input_template="<$.body>"))
    assert inputs(system.put_message({"n": 1}, group="g")) == [("T", {"n": 1})]
    assert inputs(system.put_message({"n": 1}, group="g")) == []
    assert inputs(system.put_message({"n": 2}, group="g")) == [("T", {"n": 2})]
    with pytest.raises(InvalidMessageError, match="needs a MessageGroupId"):
        system.put_message("x")


def test_the_default_retries_are_one_step_and_say_that_the_record_blocks_its_shard_for_a_day() -> None:
    failing = RecordingTarget(lambda event: 1 / 0)
    pipe = Pipe("P", source="Stream", source_parameters=ONE, enrichment="F", target="Bus")
    big = change(1, text={"S": "x" * 1_200_000})
    result = simulation(STREAM, BUS, Function("F"), pipe, functions={"F": failing}).put_record(big)
    assert len(failing.events) == 10
    assert result.retries > 1400
    assert [type(step).__name__ for step in result.trace] == ["RecordSeen", "Retried", "Discarded"]
    [failure] = result.failures
    assert "RecordAgeExceeded, lost, blocking its shard for 24.0 h: " in failure
    assert "ZeroDivisionError" in failure
    assert len(result.table()) < 2000


def test_an_older_record_that_comes_after_a_newer_one_is_not_too_old() -> None:
    pipe = Pipe(
        "P", source="Stream", source_parameters=SourceParameters(batch_size=1, maximum_record_age=60), target="Bus"
    )
    system = simulation(STREAM, BUS, pipe)
    for number in (5000, 1):
        result = system.put_record(change(number))
        assert (len(result.events), result.failures) == (1, ())


# --- inputs, and what is rejected


def test_entries_reach_the_bus_that_they_name_and_the_response_is_aws_s() -> None:
    second = EventBus("Second", name="second")
    system = simulation(BUS, second, Topic("T"), rule("R", to("T"), bus="Second", pattern={"source": ["s"]}))
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": "second"}
    result = system.put_events([entry, {**entry, "Detail": "broken"}])
    assert result.response is not None
    assert result.response["FailedEntryCount"] == 1
    assert len(result.received) == 1


def test_code_under_test_puts_events_through_the_client() -> None:
    def handler(event: Any) -> None:
        entry = {"Source": "f", "DetailType": "t", "Detail": "{}", "EventBusName": "orders"}
        client.put_events(Entries=[entry])

    rules = rule("R", to("F")), rule("S", to("T"), pattern={"source": ["f"]})
    system = simulation(BUS, Function("F"), Topic("T"), *rules, functions={"F": handler})
    client = system.events_client()
    result = system.put_event(EVENT)
    assert [each.resource for each in result.received] == ["F", "T"]


def test_what_stands_in_is_found_by_id_name_or_arn_and_others_are_rejected() -> None:
    function = Function("F", name="notify", arn="arn:aws:lambda:us-east-1:1:function:notify")
    for reference in ("F", "notify", function.arn):
        received = RecordingTarget()
        simulation(BUS, function, rule("R", to("F")), targets={str(reference): received}).put_event(EVENT)
        assert len(received.events) == 1
    with pytest.raises(UnknownTargetError, match="no 'notifi'; did you mean 'notify'"):
        simulation(BUS, function, targets={"notifi": print})
    with pytest.raises(UnknownTargetError, match="F: a int is not a target"):
        simulation(BUS, function, targets={"F": 7})


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (Pipe("P", source="Stream", target="Bus", origin=Origin("t.yaml", 3)), "t.yaml:3: P: batch_size=100 exceeds"),
        (Pipe("P", source="Stream", source_parameters=SourceParameters(batch_size=0), target="Bus"), "1 to 10000"),
        (Pipe("P", source="Stream", filters=(Filter("no JSON"),), source_parameters=ONE, target="Bus"), "P: "),
        (rule("R", to("Stream"), pattern={"a": []}), "R: .*Empty arrays"),
        (rule("R", to("Stream", input="{no JSON")), "not JSON"),
        (rule("R", to("Bus", input_path="$.detail"), bus="Bus"), "modifying the input is not supported"),
        (rule("R", *(RuleTarget(f"t{n}", "Stream") for n in range(6))), "exceeds the maximum number"),
    ],
)
def test_what_aws_rejects_is_an_error_with_the_resource_and_its_origin(resource: Resource, reason: str) -> None:
    with pytest.raises(InvalidTopologyError, match=reason):
        simulation(STREAM, BUS, resource)


def test_the_source_or_bus_must_be_said_where_there_are_several() -> None:
    system = simulation(TableStream("A"), TableStream("B"), EventBus("X"), EventBus("Y"))
    with pytest.raises(UnknownResourceError, match=r"say which source .*: A, B"):
        system.put_record(change())
    with pytest.raises(UnknownResourceError, match=r"say which event bus; the topology has: X, Y"):
        system.put_event(EVENT)


def test_a_sink_gets_every_step_and_the_simulation_keeps_none() -> None:
    trace = Trace(limit=3)
    system = simulation(BUS, Topic("T"), rule("R", to("T")), trace=trace.record)
    result = system.put_event(EVENT)
    assert len(result.trace) == 4
    assert [type(step).__name__ for step in trace] == [type(step).__name__ for step in result.trace][1:]


def test_many_records_are_counted_in_their_batches() -> None:
    pipe = Pipe("P", source="Stream", source_parameters=SourceParameters(batch_size=10), target="Bus")
    total = simulation(STREAM, BUS, pipe).process((change(number) for number in range(1, 26)), "Stream")
    assert (total.records, total.delivered, total.invocations) == (25, 25, 3)


def test_the_same_input_gives_the_same_steps() -> None:
    def steps() -> str:
        result = simulation(BUS, QUEUE, Topic("T"), rule("R", to("Queue")), Pipe("P", source="Queue", target="T"))
        return result.put_event(EVENT).table()

    assert steps() == steps()
    assert "Received" in steps()


def test_the_rules_that_led_to_an_event_are_known_behind_a_queue_too() -> None:
    pipe = Pipe(
        "P",
        source="Queue",
        target="Bus",
        target_parameters={"EventBridgeEventBusParameters": {"Source": "shop"}},
        target_input_template="<$.body.detail>",
    )
    with pytest.raises(SelfFeedingRuleError, match="rule 'R' of bus 'orders' feeds itself"):
        simulation(BUS, QUEUE, pipe, rule("R", to("Queue"))).put_event(EVENT)


def test_received_steps_name_the_resource() -> None:
    result = simulation(BUS, Topic("T"), rule("R", to("T"))).put_event(EVENT)
    [step] = [each for each in result.trace if isinstance(each, Received)]
    assert (step.where, step.kind) == ("T", "topic")
