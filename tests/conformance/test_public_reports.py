"""Cases from public reports of what surprised people on AWS: each is decided, rejected or explained as they needed it.

The identifiers are those of the collection that the cases come from; each docstring names the report.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from perception_events.buses import BusTarget, EventBus, EventBusError, Rule, RuleTarget
from perception_events.checks import check
from perception_events.clock import ManualClock
from perception_events.input_transforms import InputTransformer, InvalidTemplateError, PipeInputTemplate
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.pipes import BatchSource, EventSourceMapping, InvalidPipeError
from perception_events.simulation import Simulation
from perception_events.testing import RecordingTarget
from perception_events.topology import EventBus as BusResource
from perception_events.topology import EventSourceMapping as MappingResource
from perception_events.topology import Filter, Function, Pipe, Queue, SourceParameters, Topology
from perception_events.topology import InputTransformer as Transformer
from perception_events.topology import Rule as RuleResource
from perception_events.topology import RuleTarget as TargetResource
from support.checked_topologies import pipe, pipe_topology, rule, rule_topology, target

STACKS = [{"wildcard": f"*:stack/{name}Stack/*"} for name in ("Shared", "Api", "Worker", "Monitoring")]
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "detail-type": "MyEvent",
    "source": "aws.ec2",
    "account": "000000000000",
    "time": "2023-11-22T20:27:11Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"instance": "i-0123", "status": "RUNNING"},
}


def found(topology: Topology) -> dict[str, str]:
    """What `check` says, by identifier."""
    return {finding.identifier: f"{finding.reason}; {finding.fix}" for finding in check(topology)}


def image(**attributes: Any) -> Topology:
    return pipe_topology(pipe({"eventName": ["MODIFY"], "dynamodb": {"NewImage": attributes}}))


def fixes(pattern: Any, event: Any) -> str:
    return " ".join(f"{each.found} {each.fix}" for each in EventPattern.parse(pattern).explain(event))


def test_ar04_an_operator_in_anything_but_s_list_is_rejected_with_the_pattern_to_write() -> None:
    """github.com/aws/event-ruler/issues/152"""
    pattern = {"detail": {"input": [{"anything-but": [{"wildcard": '*"STARTED_BY":*'}]}]}}
    with pytest.raises(InvalidEventPatternError) as caught:
        EventPattern.parse(pattern)
    assert json.dumps({"anything-but": {"wildcard": '*"STARTED_BY":*'}}) in str(caught.value)
    assert caught.value.pointer == "/detail/input/0/anything-but"


def test_ar07_the_wildcards_of_a_rule_count_together() -> None:
    """github.com/vals-ai/Valkyrie/pull/278: AWS took three of these and rejected four."""
    EventPattern.parse({"detail": {"stack-id": STACKS[:3]}})
    with pytest.raises(InvalidEventPatternError, match="Rule is too complex"):
        EventPattern.parse({"detail": {"stack-id": STACKS}})


def test_cf12_check_knows_a_rule_that_is_too_complex() -> None:
    """The same rule in a template."""
    assert "count 12" in " ".join(found(rule_topology(rule({"detail": {"stack-id": STACKS}}))).values())


@pytest.mark.parametrize(
    ("pattern", "event", "said"),
    [
        pytest.param(
            {"Source": ["com.service"], "DetailType": ["my.detail"]},
            {**EVENT, "source": "com.service", "detail-type": "my.detail"},
            ["the event has `source`", "the event has `detail-type`"],
            id="EX01 github.com/localstack/localstack/issues/3586",
        ),
        pytest.param(
            {"dynamodb": {"NewImage": {"cameras": {"L": [{"exists": True}]}}}},
            {"dynamodb": {"NewImage": {"cameras": {"L": [{"S": "cam1"}]}}}},
            ["an array of objects", "compares leaves only"],
            id="EX03 github.com/awsdocs/amazon-dynamodb-developer-guide/pull/312",
        ),
        pytest.param(
            {"dynamodb": {"NewImage": {"status": ["COMPLETED"]}}},
            {"dynamodb": {"NewImage": {"status": {"S": "COMPLETED"}}}},
            ['{"S":"COMPLETED"}', "dynamodb.NewImage.status.S"],
            id="EX04 github.com/aws/serverless-application-model/issues/3123",
        ),
        pytest.param(
            {"resources": ['{ "wildcard": "arn:aws:states:*:execution:x:y*" }']},
            {**EVENT, "resources": ["arn:aws:states:us-east-1:111122223333:execution:x:y1"]},
            ["an operator is written inside a string"],
            id="EX05 github.com/aws/aws-cdk/issues/28462",
        ),
        pytest.param(
            {"detail": {"a": {"b": ["x"]}}},
            {**EVENT, "detail": {"a": '{"b":"x"}'}},
            ["at `detail.a`, a string", "as an object, not as a string"],
            id="EX06 a recording of AWS",
        ),
    ],
)
def test_a_miss_says_what_the_reporter_needed_to_know(pattern: Any, event: Any, said: list[str]) -> None:
    assert not EventPattern.parse(pattern).matches(event)
    told = fixes(pattern, event)
    for words in said:
        assert words in told


@pytest.mark.parametrize(
    ("topology", "identifier", "words"),
    [
        pytest.param(
            image(cameras={"L": [{"exists": True}]}),
            "PE110",
            "`exists` looks at leaves only",
            id="CF03 github.com/awsdocs/amazon-dynamodb-developer-guide/pull/312",
        ),
        pytest.param(
            image(status={"S": [None]}),
            "PE115",
            "`S` always holds a string, which [null] never matches",
            id="CF04 github.com/aws/aws-cdk/issues/31458",
        ),
        pytest.param(image(sizes={"NS": [1]}), "PE109", 'write {"NS": ["1"]}', id="CF06 members of sets are strings"),
        pytest.param(
            pipe_topology(pipe({"eventName": ["INSERT"], "dynamodb": {"OldImage": {"status": {"S": ["PROCESSING"]}}}})),
            "PE117",
            "an INSERT has no OldImage",
            id="CF08 github.com/getmoto/moto/pull/9821",
        ),
    ],
)
def test_check_knows_filters_that_never_match(topology: Topology, identifier: str, words: str) -> None:
    assert words in found(topology)[identifier]


def test_tr03_a_placeholder_in_escaped_quotes_before_a_colon_is_no_key() -> None:
    """AWS's page of InputTransformer"""
    transformer = InputTransformer.parse(
        '{"text": "Instance \\"<instance>\\": state <status>"}',
        {"instance": "$.detail.instance", "status": "$.detail.status"},
    )
    assert transformer.render(EVENT).text == '{"text": "Instance \\"i-0123\\": state RUNNING"}'


def test_tr10_a_key_that_aws_s_model_does_not_take_is_rejected() -> None:
    """Service model: InputTransformerPathKey"""
    with pytest.raises(InvalidTemplateError, match=r"my\.key"):
        InputTransformer.parse('{"a": <my.key>}', {"my.key": "$.detail.instance"})


def test_tr12_a_quoted_line_reaches_a_queue_with_its_quotes() -> None:
    """github.com/hashicorp/terraform-provider-aws/issues/43253"""
    received = RecordingTarget()
    queue_target = TargetResource("t", "Q", input_transformer=Transformer({}, '"hello"\n'))
    system = Simulation(
        Topology(
            [
                BusResource("bus"),
                RuleResource("r", bus="bus", event_pattern={"source": ["s"]}, targets=(queue_target,)),
                Queue("Q"),
                Function("F"),
                MappingResource("M", source="Q", function="F"),
            ]
        ),
        functions={"F": received},
    )
    system.put_event({"source": "s"})
    assert received.events[0]["Records"][0]["body"].strip() == '"hello"'


def test_pt01_an_index_with_a_dot_finds_the_element() -> None:
    """A question on StackOverflow (75587543), with AWS's output"""
    record: Any = {"dynamodb": {"NewImage": {"roles": {"L": [{"S": "admin"}, {"S": "otherrole"}]}}}}
    template = '{"roles": [<$.dynamodb.NewImage.roles.L.0.S>,<$.dynamodb.NewImage.roles.L.1.S>]}'
    assert PipeInputTemplate.parse(template).render(record).json() == {"roles": ["admin", "otherrole"]}


def test_pt04_check_knows_a_template_that_never_renders_json() -> None:
    """jason.wadsworth.dev: a comma before the closing brace"""
    said = found(pipe_topology(pipe(target_input_template='{"id": <$.eventID>,}', target="Bus")))
    assert "remove the comma before }" in said["PE203"]


def test_pt06_a_placeholder_where_a_bare_path_is_wanted_is_found() -> None:
    """github.com/aws/aws-cdk/issues/32416, the other way round"""
    parameters: Any = {"EventBridgeEventBusParameters": {"DetailType": "<$.kind>"}}
    said = found(pipe_topology(pipe(target="Bus", target_parameters=parameters)))
    assert "write '$.kind'" in said["PE207"]


@pytest.mark.parametrize("age", [30, 0])
def test_pi01_pi04_pi05_a_record_age_is_minus_one_or_at_least_a_minute(age: int) -> None:
    """github.com/hashicorp/terraform-provider-aws/issues/41573"""
    source = BatchSource(parameters=SourceParameters(maximum_record_age=age))
    with pytest.raises(InvalidPipeError, match="maximum_record_age"):
        EventSourceMapping("m", print, source=source, clock=ManualClock())
    settings = SourceParameters(batch_size=1, starting_position="LATEST", maximum_record_age=age)
    assert "PE003" in found(pipe_topology(pipe(source_parameters=settings)))


def test_pi11_pi12_a_queue_s_message_is_filtered_and_read_by_its_body() -> None:
    """github.com/aws/aws-cdk-rfcs/issues/473; github.com/aws-samples/serverless-patterns/pull/2402"""
    received = RecordingTarget()
    parameters: Any = {"EventBridgeEventBusParameters": {"Source": "$.body.orderSystem", "DetailType": "order"}}
    queue_pipe = Pipe(
        "P",
        source="Q",
        target="bus",
        source_parameters=SourceParameters(batch_size=1),
        filters=(Filter({"body": {"orderSystem": ["offline"]}}),),
        target_input_template='{"orderId": <$.body.orderId>}',
        target_parameters=parameters,
    )
    every = RuleResource(
        "r", bus="bus", event_pattern={"source": [{"prefix": ""}]}, targets=(TargetResource("t", "F"),)
    )
    system = Simulation(
        Topology([Queue("Q"), BusResource("bus"), Function("F"), queue_pipe, every]), functions={"F": received}
    )
    system.put_message({"orderSystem": "offline", "orderId": "Order-123"})
    system.put_message({"orderSystem": "online", "orderId": "Order-124"})
    assert [(event["source"], event["detail"]) for event in received.events] == [("offline", {"orderId": "Order-123"})]


def test_pe06_a_detail_type_of_more_than_128_characters_is_not_delivered() -> None:
    """github.com/segmentio/action-destinations/pull/2828"""
    bus = EventBus("b", clock=ManualClock(), new_id=lambda: "id")
    response = bus.put_events([{"Source": "s", "DetailType": "x" * 129, "Detail": "{}"}])
    assert response["FailedEntryCount"] == 1


def test_bb01_a_bus_target_takes_no_input_of_its_own() -> None:
    """github.com/ministryofjustice/modernisation-platform-environments/pull/17743"""
    ids = itertools.count()
    other = EventBus("other", clock=ManualClock(), new_id=lambda: str(next(ids)))
    transformer = InputTransformer.parse('{"key": <k>}', {"k": "$.detail.key"})
    with pytest.raises(EventBusError, match="Modifying the input"):
        Rule("r", {"source": ["s"]}, targets=[RuleTarget("t", BusTarget(other), input_transformer=transformer)])
    onward = rule(targets=(target(target="Bus2", input_path="$.detail"),))
    said = found(rule_topology(onward, BusResource("Bus2", name="b2")))
    assert "modifying the input is not supported for an event bus" in said["PE328"]
