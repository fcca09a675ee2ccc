"""Each check finds its mistake in a topology where it is made, with its reason, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from perception_events.checks import CHECKS, check
from perception_events.topology import (
    Archive,
    Discoverer,
    EventBus,
    EventSourceMapping,
    Filter,
    Function,
    InputTransformer,
    KinesisStream,
    LogGroup,
    Opaque,
    Origin,
    Permission,
    Queue,
    RetryPolicy,
    Schedule,
    SourceParameters,
    Topic,
    Topology,
    Unresolved,
)
from support.checked_topologies import (
    FUNCTION,
    SOUND_SOURCE,
    STREAM,
    TABLE,
    pipe,
    pipe_topology,
    rule,
    rule_topology,
    target,
)


class Mistake(NamedTuple):
    """A topology with one mistake: which check finds it, where, and what its reason or fix says."""

    identifier: str
    topology: Topology
    location: str
    said: str


def source(**settings: Any) -> Topology:
    return pipe_topology(pipe(source_parameters=replace(SOUND_SOURCE, **settings)))


def to_bus(**fields: Any) -> Topology:
    return pipe_topology(pipe(target="Bus", **fields))


def image(**attributes: Any) -> Topology:
    """A pipe whose filter compares `attributes` in both images."""
    images = {"NewImage": attributes, "OldImage": attributes}
    return pipe_topology(pipe({"eventName": ["MODIFY"], "dynamodb": images}))


def old(**attributes: Any) -> Topology:
    return pipe_topology(pipe({"eventName": ["MODIFY"], "dynamodb": {"OldImage": attributes}}))


def mapping(**fields: Any) -> EventSourceMapping:
    settings = replace(SOUND_SOURCE, on_partial_batch_item_failure=None, dead_letter_queue=None)
    fields = {
        "source": "Orders.stream",
        "source_parameters": settings,
        "bisect": True,
        "on_failure": "Letters",
        **fields,
    }
    return EventSourceMapping("Mapping", function="Ship", filters=(Filter({"eventName": ["INSERT"]}),), **fields)


def queue_reader(queue: Queue, function: Function = FUNCTION, **settings: Any) -> Topology:
    reader = EventSourceMapping(
        "Mapping", source="Jobs", function="Ship", source_parameters=SourceParameters(**settings)
    )
    return pipe_topology(reader, queue, function)


def rules(pattern: dict[str, Any], **fields: Any) -> Topology:
    return rule_topology(rule(pattern, **fields))


def targets(**fields: Any) -> Topology:
    return rule_topology(rule(targets=(target(**fields),)))


JOBS = Queue("Jobs", dead_letter_queue="Letters")
CALL = {"source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"]}
EC2 = {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]}
BUCKET = Opaque("Uploads", type="AWS::S3::Bucket", name="uploads")

MISTAKES = [
    # sources
    Mistake(
        "PE001",
        to_bus(source_parameters=replace(SOUND_SOURCE, batch_size=None)),
        "Pipe.source_parameters.batch_size",
        "a stream source takes 100, and a bus takes at most 10",
    ),
    Mistake(
        "PE002",
        to_bus(source_parameters=replace(SOUND_SOURCE, batch_size=11)),
        "Pipe.source_parameters.batch_size",
        "11 records a batch, but the bus takes at most 10",
    ),
    Mistake(
        "PE002",
        pipe_topology(
            pipe(
                source="Jobs",
                target="Bus",
                source_parameters=SourceParameters(batch_size=11, maximum_batching_window=1),
            ),
            JOBS,
        ),
        "Pipe.source_parameters.batch_size",
        "11 messages a batch",
    ),
    Mistake(
        "PE003",
        source(starting_position="EARLIEST"),
        "Pipe.source_parameters.starting_position",
        "'EARLIEST' is not TRIM_HORIZON or LATEST",
    ),
    Mistake(
        "PE003",
        source(on_partial_batch_item_failure="BISECT"),
        "Pipe.source_parameters.on_partial_batch_item_failure",
        "'BISECT' is not AUTOMATIC_BISECT",
    ),
    Mistake(
        "PE003",
        queue_reader(JOBS, batch_size=11),
        "Mapping.source_parameters.batch_size",
        "without a batching window 11 is outside what AWS takes, 1 to 10 messages",
    ),
    Mistake(
        "PE003",
        queue_reader(replace(JOBS, fifo=True), batch_size=11, maximum_batching_window=1),
        "Mapping.source_parameters.batch_size",
        "of a FIFO queue 11 is outside what AWS takes, 1 to 10 messages",
    ),
    Mistake(
        "PE003",
        source(starting_position=None),
        "Pipe.source_parameters.starting_position",
        "a stream needs one: TRIM_HORIZON or LATEST",
    ),
    Mistake(
        "PE004",
        source(maximum_retry_attempts=None, maximum_record_age=-1),
        "Pipe.source_parameters.maximum_retry_attempts",
        "holds up its shard for 24 hours",
    ),
    Mistake("PE005", source(dead_letter_queue=None), "Pipe.source_parameters.dead_letter_queue", "is lost"),
    Mistake("PE005", pipe_topology(mapping(on_failure=None)), "Mapping.on_failure", "is lost"),
    Mistake("PE006", source(maximum_record_age=86_400), "Pipe.source_parameters.maximum_record_age", "24 hours"),
    Mistake(
        "PE007",
        source(on_partial_batch_item_failure=None),
        "Pipe.source_parameters.on_partial_batch_item_failure",
        "given up on whole",
    ),
    Mistake("PE007", pipe_topology(mapping(bisect=False)), "Mapping.bisect", "given up on whole"),
    Mistake(
        "PE008",
        source(parallelization_factor=2),
        "Pipe.source_parameters.parallelization_factor",
        "2 batches of a shard run at once",
    ),
    Mistake(
        "PE009", source(starting_position="LATEST"), "Pipe.source_parameters.starting_position", "once the pipe polls"
    ),
    Mistake(
        "PE010", pipe_topology(pipe(), replace(STREAM, other_readers=2)), "Orders.stream.other_readers", "Pipe, 2 more"
    ),
    Mistake(
        "PE010",
        pipe_topology(pipe(), mapping(), replace(mapping(), id="Other")),
        "Orders.stream",
        "3 readers of each shard: Pipe, Mapping, Other",
    ),
    Mistake("PE011", queue_reader(Queue("Jobs")), "Jobs.dead_letter_queue", "queue Jobs has no redrive policy"),
    Mistake(
        "PE012",
        queue_reader(replace(JOBS, visibility_timeout=29), replace(FUNCTION, timeout=30)),
        "Jobs.visibility_timeout",
        "come back after 29 seconds, and Ship runs for up to 30",
    ),
    # filters
    Mistake("PE101", pipe_topology(pipe(*[{"eventName": ["INSERT"]}] * 6)), "Pipe.filters", "there are 6"),
    Mistake(
        "PE102",
        pipe_topology(pipe({"eventName": ["INSERT"], "eventID": ["x" * 4096]})),
        "Pipe.filters[0]",
        "characters, and AWS takes at most 4096",
    ),
    Mistake(
        "PE103", old(status={"S": [{"prefxi": "C"}]}), "Pipe.filters[0].dynamodb.OldImage.status.S[0].prefxi", "prefxi"
    ),
    Mistake("PE103", pipe_topology(pipe("not JSON")), "Pipe.filters[0]", "JSON"),
    Mistake(
        "PE104", old(status={"S": [{"wildcard": "C*"}]}), "Pipe.filters[0].dynamodb.OldImage.status.S", "`wildcard`"
    ),
    Mistake(
        "PE105",
        pipe_topology(pipe({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["C"]}}}})),
        "Pipe.filters",
        "an item whose status changes to the wanted value is a MODIFY",
    ),
    Mistake(
        "PE106",
        pipe_topology(pipe({"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"status": {"S": ["C"]}}}})),
        "Pipe.filters[0]",
        'add `OldImage.status.S: [{"anything-but": "C"}, {"exists": false}]`',
    ),
    Mistake("PE107", pipe_topology(replace(pipe(), filters=())), "Pipe.filters", "every expiry becomes an event"),
    Mistake(
        "PE107",
        pipe_topology(pipe({"dynamodb": {"Keys": {"customer": {"S": ["a"]}}}})),
        "Pipe.filters[0]",
        "keeps a REMOVE by Time to Live out",
    ),
    Mistake(
        "PE108",
        pipe_topology(
            pipe({"eventName": ["MODIFY"], "dynamodb": {"OldImage": {"a": {"S": ["b"]}}}}),
            replace(STREAM, stream_view_type="NEW_IMAGE"),
        ),
        "Pipe.filters[0].dynamodb.OldImage.a.S",
        "view type is NEW_IMAGE, which has no OldImage",
    ),
    Mistake(
        "PE109", old(size={"N": [{"numeric": [">", 100]}]}), "Pipe.filters[0].dynamodb.OldImage.size.N", '"N": "101"'
    ),
    Mistake("PE109", old(size={"N": [100]}), "Pipe.filters[0].dynamodb.OldImage.size.N", 'write {"N": ["100"]}'),
    Mistake("PE109", old(sizes={"NS": [1]}), "Pipe.filters[0].dynamodb.OldImage.sizes.NS", '"NS": ["101"]'),
    Mistake(
        "PE110", old(status=[{"exists": True}]), "Pipe.filters[0].dynamodb.OldImage.status", "`exists` looks at leaves"
    ),
    Mistake(
        "PE110", old(cameras={"L": [{"exists": True}]}), "Pipe.filters[0].dynamodb.OldImage.cameras.L", "`L` holds"
    ),
    Mistake(
        "PE111", old(status=["OPEN"]), "Pipe.filters[0].dynamodb.OldImage.status", 'write `{"status": {"S": ["OPEN"]}}`'
    ),
    Mistake("PE111", old(size=[5]), "Pipe.filters[0].dynamodb.OldImage.size", 'write `{"size": {"N": ["5"]}}`'),
    Mistake("PE111", old(meta={"kind": ["a"]}), "Pipe.filters[0].dynamodb.OldImage.meta.kind", "write `meta.M.kind.S`"),
    Mistake("PE111", old(status={"s": ["a"]}), "Pipe.filters[0].dynamodb.OldImage.status.s", "`S` is one"),
    Mistake("PE111", old(cameras={"L": ["x"]}), "Pipe.filters[0].dynamodb.OldImage.cameras.L", '{"L": {"S": ["x"]}}'),
    Mistake(
        "PE112",
        pipe_topology(pipe({"eventName": ["INSERT"], "awsRegion": ["eu-west-1"]})),
        "Pipe.filters[0].awsRegion",
        "awsRegion",
    ),
    Mistake(
        "PE113",
        pipe_topology(pipe({"eventName": ["INSERT"], "NewImage": {"a": {"S": ["b"]}}})),
        "Pipe.filters[0].NewImage.a.S",
        "write `dynamodb.NewImage.a.S`",
    ),
    Mistake(
        "PE113",
        pipe_topology(pipe({"eventname": ["INSERT"]})),
        "Pipe.filters[0].eventname",
        "did you mean `eventName`?",
    ),
    Mistake("PE114", pipe_topology(pipe({"eventName": ["UPDATE"]})), "Pipe.filters[0].eventName", "write 'MODIFY'"),
    Mistake(
        "PE114", pipe_topology(pipe({"eventName": ["INSERT", "modify"]})), "Pipe.filters[0].eventName", "write 'MODIFY'"
    ),
    Mistake(
        "PE115",
        old(status={"S": [None]}),
        "Pipe.filters[0].dynamodb.OldImage.status.S",
        "`S` always holds a string, which [null] never matches",
    ),
    Mistake("PE115", old(paid={"BOOL": ["true"]}), "Pipe.filters[0].dynamodb.OldImage.paid.BOOL", "true or false"),
    Mistake(
        "PE115", old(gone={"NULL": [False]}), "Pipe.filters[0].dynamodb.OldImage.gone.NULL", "`NULL` always holds true"
    ),
    Mistake(
        "PE115", old(status={"S": {"S": ["a"]}}), "Pipe.filters[0].dynamodb.OldImage.status.S.S", "nothing lies below"
    ),
    Mistake("PE115", pipe_topology(pipe({"eventName": [1]})), "Pipe.filters[0].eventName", "[1] never matches"),
    Mistake(
        "PE116", old(size={"N": [{"anything-but": 5}]}), "Pipe.filters[0].dynamodb.OldImage.size.N", "excludes nothing"
    ),
    Mistake(
        "PE117",
        pipe_topology(pipe({"eventName": ["INSERT"], "dynamodb": {"OldImage": {"a": {"S": ["b"]}}}})),
        "Pipe.filters[0].dynamodb.OldImage.a.S",
        "an INSERT has no OldImage",
    ),
    Mistake(
        "PE117",
        pipe_topology(pipe({"eventName": ["REMOVE"], "dynamodb": {"NewImage": {"a": {"S": ["b"]}}}})),
        "Pipe.filters[0].dynamodb.NewImage.a.S",
        "a REMOVE has no NewImage",
    ),
    Mistake("PE118", old(region={"N": ["1"]}), "Pipe.filters[0].dynamodb.OldImage.region.N", "declares region as S"),
    Mistake(
        "PE119",
        pipe_topology(pipe({"eventName": ["INSERT"], "dynamodb": {"Keys": {"status": {"S": ["a"]}}}})),
        "Pipe.filters[0].dynamodb.Keys.status.S",
        "`Keys` holds customer and order only",
    ),
    Mistake(
        "PE120",
        old(status={"S": ['{"prefix": "C"}']}),
        "Pipe.filters[0].dynamodb.OldImage.status.S",
        "letter by letter",
    ),
    # templates and bus entries
    Mistake(
        "PE201",
        to_bus(enrichment="Ship", enrichment_input_template='{"dynamodb": <$.dynamodb>, "eventID": <$.eventID>}'),
        "Pipe.enrichment_input_template",
        "`eventName` does not come through",
    ),
    Mistake(
        "PE202",
        pipe_topology(pipe(target_input_template='{"n": <$.status>}')),
        "Pipe.target_input_template",
        "what comes in has no `status`",
    ),
    Mistake(
        "PE202",
        pipe_topology(pipe(target_input_template='{"n": <$.dynamodb.OldImage.a.S>}')),
        "Pipe.target_input_template",
        "an INSERT passes the filter and has no OldImage",
    ),
    Mistake(
        "PE203",
        pipe_topology(pipe(target_input_template='{"n": <aws.pipes.evnt>}')),
        "Pipe.target_input_template",
        "evnt",
    ),
    Mistake(
        "PE203",
        pipe_topology(pipe(target_input_template='{"n": <$.eventID>,}')),
        "Pipe.target_input_template",
        "it does not render JSON: remove the comma before } (line 1, column 19)",
    ),
    Mistake(
        "PE204",
        pipe_topology(pipe(target_input_template='{"n": "<$.dynamodb.Keys>"}')),
        "Pipe.target_input_template",
        "stands in quotes",
    ),
    Mistake(
        "PE205",
        pipe_topology(pipe(target_input_template='{"n": "' + "x" * 8192 + '"}')),
        "Pipe.target_input_template",
        "characters, and AWS takes at most 8192",
    ),
    Mistake("PE206", to_bus(target_input_template="<$.eventID>"), "Pipe.target_input_template", "a text"),
    Mistake(
        "PE207",
        to_bus(target_parameters={"EventBridgeEventBusParameters": {"DetailType": "$.a#b"}}),
        "Pipe.target_parameters.EventBridgeEventBusParameters.DetailType",
        "'$.a#b' is not a valid path",
    ),
    Mistake(
        "PE207",
        to_bus(target_parameters={"EventBridgeEventBusParameters": {"DetailType": "<$.kind>"}}),
        "Pipe.target_parameters.EventBridgeEventBusParameters.DetailType",
        "write '$.kind'",
    ),
    Mistake(
        "PE208",
        to_bus(target_parameters={"EventBridgeEventBusParameters": {"Source": "aws.shop"}}),
        "Pipe.target_parameters.EventBridgeEventBusParameters.Source",
        "reserved",
    ),
    Mistake(
        "PE209",
        to_bus(target_parameters={"EventBridgeEventBusParameters": {"Source": "x" * 257}}),
        "Pipe.target_parameters.EventBridgeEventBusParameters.Source",
        "257 characters",
    ),
    Mistake(
        "PE212",
        pipe_topology(pipe(target="Bus"), Discoverer("D", bus="Bus"), rule(id="A"), rule({"source": ["b"]}, "B")),
        "Pipe.target_parameters.EventBridgeEventBusParameters.DetailType",
        "what 2 rules distinguish",
    ),
    Mistake("PE213", to_bus(), "Pipe.source_parameters.batch_size", "both its images"),
    Mistake(
        "PE216",
        pipe_topology(pipe(target_input_template='{"id": "$.eventID"}')),
        "Pipe.target_input_template",
        "write `<$.eventID>`",
    ),
    Mistake(
        "PE216",
        targets(input_transformer=InputTransformer({"id": "$.id"}, '{"id": <id>, "kind": "$.detail.kind"}')),
        "Rule.targets[0].input_transformer.input_template",
        "put the path into the paths map under a name",
    ),
    Mistake(
        "PE121",
        pipe_topology(pipe({"eventName": ["INSERT", {"numeric": ["<", 1]}, "MODIFY"]})),
        "Pipe.filters[0]",
        "write two rules, one with the strings and one with the numbers",
    ),
    # rules
    Mistake(
        "PE121",
        rules({"$or": [{"source": ["x"]}, {"source": ["x", "y"]}]}),
        "Rule.event_pattern",
        "can lose a branch that has values in common with an earlier one",
    ),
    Mistake("PE301", rules({"source": []}), "Rule.event_pattern.source", "Empty"),
    Mistake(
        "PE301",
        rule_topology(Archive("Old", name="old", bus="Bus", event_pattern={"source": "shop"})),
        "Old.event_pattern.source",
        "array",
    ),
    Mistake("PE302", rules({"source": ["x" * 2048]}), "Rule.event_pattern", "more than the default quota"),
    Mistake("PE302", rules({"source": ["x" * 4096]}), "Rule.event_pattern", "the pattern has 4111 characters"),
    Mistake("PE303", rules({"detail_type": ["a"]}), "Rule.event_pattern.detail_type", "did you mean `detail-type`?"),
    Mistake("PE303", rules({"detailType": ["a"]}), "Rule.event_pattern.detailType", "did you mean `detail-type`?"),
    Mistake("PE303", rules({"eventName": ["a"]}), "Rule.event_pattern.eventName", "write `detail.eventName`"),
    Mistake(
        "PE303", rules({"$or": [{"source": ["a"]}, {"sorce": ["b"]}]}), "Rule.event_pattern.$or[1].sorce", "`source`"
    ),
    Mistake("PE303", rules({"detail": ["a"]}), "Rule.event_pattern.detail", "always an object"),
    Mistake("PE303", rules({"source": {"name": ["a"]}}), "Rule.event_pattern.source.name", "`source` is a text"),
    Mistake("PE115", rules({"account": [123456789012]}), "Rule.event_pattern.account", "always holds a string"),
    Mistake("PE120", rules({"source": ['{"prefix": "a"}']}), "Rule.event_pattern.source", "letter by letter"),
    Mistake(
        "PE304", rule_topology(rule(targets=tuple(target(id=f"t{n}") for n in range(6)))), "Rule.targets", "there are 6"
    ),
    Mistake(
        "PE305", rule_topology(*[rule({"source": [f"s{n}"]}, f"R{n}") for n in range(301)]), "Bus", "there are 301"
    ),
    Mistake(
        "PE306",
        rule_topology(*[rule({"source": [f"s{n}"], "id": [{"wildcard": "a*b"}]}, f"R{n}") for n in range(31)]),
        "Bus",
        "31 rules contain wildcards",
    ),
    Mistake("PE310", targets(dead_letter_queue=None), "Rule.targets[0].dead_letter_queue", "the event is gone"),
    Mistake(
        "PE311", rule_topology(rule(), replace(FUNCTION, on_failure=None)), "Ship.on_failure", "Lambda's own retries"
    ),
    Mistake(
        "PE312", targets(retry_policy=RetryPolicy(186)), "Rule.targets[0].retry_policy.maximum_retry_attempts", "186"
    ),
    Mistake(
        "PE312",
        rule_topology(replace(FUNCTION, retry_attempts=3)),
        "Ship.retry_attempts",
        "3 is outside what AWS takes, 0 to 2 attempts",
    ),
    Mistake(
        "PE312",
        rule_topology(Schedule("S", retry_policy=RetryPolicy(None, 59))),
        "S.retry_policy.maximum_event_age",
        "59",
    ),
    Mistake("PE313", rule_topology(rule(targets=())), "Rule.targets", "rule Rule has none"),
    Mistake("PE314", rules({"source": ["a"]}, state="Enabled"), "Rule.state", "'Enabled' is not ENABLED"),
    Mistake(
        "PE314",
        rule_topology(rule(schedule_expression="rate(1 hour)", state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")),
        "Rule.state",
        "a rule with a schedule",
    ),
    Mistake(
        "PE315",
        rules({**EC2, "detail-type": ["C2 Instance State-change Notification"]}),
        "Rule.event_pattern.detail-type[0]",
        "did you mean 'EC2 Instance State-change Notification'?",
    ),
    Mistake(
        "PE315",
        rules({"source": ["aws.es"], "detail-type": ["Amazon ES Service Software Update Notification"]}),
        "Rule.event_pattern.detail-type[0]",
        "did you mean 'Amazon OpenSearch Service Software Update Notification'?",
    ),
    Mistake(
        "PE315", rules({**EC2, "source": ["aws.ecc2"]}), "Rule.event_pattern.detail-type[0]", "did you mean 'aws.ec2'?"
    ),
    Mistake(
        "PE316",
        rules({"source": ["aws.bedrock"], "detail-type": ["Batch Inference Job State Change"]}),
        "Rule.event_pattern.detail-type[0]",
        "not among the events",
    ),
    Mistake(
        "PE317", rules({**EC2, "detail": {"State": ["running"]}}), "Rule.event_pattern.detail.State", "`detail.state`"
    ),
    Mistake(
        "PE317",
        rules({**CALL, "detail": {"eventname": ["CreateUser"]}}),
        "Rule.event_pattern.detail.eventname",
        "did you mean `detail.eventName`?",
    ),
    Mistake("PE318", rules({**EC2, "detail": {"colour": ["red"]}}), "Rule.event_pattern.detail.colour", "`colour`"),
    Mistake(
        "PE319",
        rules({**EC2, "detail": {"state": [5]}}),
        "Rule.event_pattern.detail.state",
        "`detail.state` of 'EC2 Instance State-change Notification' holds a string or null, which [5] never matches",
    ),
    Mistake(
        "PE320",
        rules({**CALL, "detail": {"eventName": ["GetUser", "CreateUser"]}}),
        "Rule.event_pattern.detail.eventName",
        "GetUser only reads, and the state is 'ENABLED'",
    ),
    Mistake(
        "PE303",
        rules({"source": [{"exists": False}], "detail": {"state": ["x"]}}),
        "Rule.event_pattern",
        "source is a string in every event",
    ),
    Mistake(
        "PE321",
        rule_topology(rule({"source": ["shop"]}, "One"), rule({"source": [{"wildcard": "shop"}]}, "Two")),
        "Two.event_pattern",
        "rule One takes all of its events too",
    ),
    Mistake(
        "PE321",
        rule_topology(rule(id="One"), rule(id="Two")),
        "Two.event_pattern",
        "rule One has the same pattern, and both invoke Ship",
    ),
    Mistake(
        "PE321",
        rule_topology(rule(id="Wide"), rule({"source": ["shop"], "detail-type": ["sold"]}, "Narrow")),
        "Narrow.event_pattern",
        "rule Wide takes all of its events too",
    ),
    Mistake(
        "PE322",
        rule_topology(rule(id="PaymentSucceeded"), rule(id="PaymentFailed", targets=(target(target="Letters"),))),
        "PaymentFailed.event_pattern",
        "its name says succeeded where this one says failed",
    ),
    Mistake(
        "PE324",
        rule_topology(rule(targets=(target(target="Bus"),))),
        "Rule.targets[0]",
        "the way is Bus -> Bus, by Rule",
    ),
    Mistake(
        "PE324",
        rule_topology(
            EventBus("Other"),
            rule(id="There", targets=(target(target="Other"),)),
            rule(id="Back", bus="Other", targets=(target(target="Bus"),)),
        ),
        "There.targets[0]",
        "the way is Bus -> Other -> Bus, by There, Back",
    ),
    Mistake("PE325", targets(input="not JSON"), "Rule.targets[0].input", "it is not JSON"),
    Mistake("PE325", targets(input="{}", input_path="$.detail"), "Rule.targets[0]", "input and input_path"),
    Mistake("PE325", targets(input_path="detail"), "Rule.targets[0].input_path", "must start with $"),
    Mistake(
        "PE325",
        targets(input_transformer=InputTransformer({}, '{"a": <b>}')),
        "Rule.targets[0].input_transformer",
        "invalid placeholder b",
    ),
    Mistake(
        "PE325",
        targets(input_transformer=InputTransformer({"a.b": "$.id"}, '{"a": <a.b>}')),
        "Rule.targets[0].input_transformer",
        "the name 'a.b' is not 1 to 256 letters, digits, _ or -",
    ),
    Mistake(
        "PE325",
        targets(input_transformer=InputTransformer({"id": "$.id"}, "<id> has come")),
        "Rule.targets[0].input_transformer.input_template",
        "it does not render JSON: nothing may follow",
    ),
    Mistake(
        "PE328",
        targets(target="Bus", input_transformer=InputTransformer({}, '{"a": 1}')),
        "Rule",
        "modifying the input is not supported for an event bus",
    ),
    Mistake(
        "PE328",
        rule_topology(
            Queue("Jobs", fifo=True), rule(targets=(target(target="Jobs", origin=Origin("a.tf", 3, "t.jobs")),))
        ),
        "t.jobs",
        "a FIFO queue needs a message group",
    ),
    Mistake(
        "PE326", targets(input_path="$.detail_type"), "Rule.targets[0].input_path", "did you mean `$.detail-type`?"
    ),
    Mistake(
        "PE326",
        targets(input_transformer=InputTransformer({"id": "$.orderId"}, '{"a": <id>}')),
        "Rule.targets[0].input_transformer.input_paths_map.id",
        "write `$.detail.orderId`",
    ),
    Mistake("PE401", rule_topology(rule(id="Rule", name="a b")), "Rule.name", "'a b' has 3 characters"),
    Mistake("PE401", targets(id="a/b"), "Rule.targets[0].id", "the target id 'a/b'"),
    # what may be written elsewhere
    Mistake("PE601", rule_topology(rule()), "Rule.targets[0].target", "function Ship"),
    Mistake("PE602", targets(target="Letters"), "Rule.targets[0].target", "queue Letters"),
    Mistake(
        "PE603",
        rule_topology(Topic("News"), rule(targets=(target(target="News"),))),
        "Rule.targets[0].target",
        "topic News",
    ),
    Mistake(
        "PE604",
        rule_topology(LogGroup("Log"), rule(targets=(target(target="Log"),))),
        "Rule.targets[0].target",
        "log group",
    ),
    Mistake(
        "PE605",
        rule_topology(BUCKET, rule({"source": ["aws.s3"], "detail": {"bucket": {"name": ["uploads"]}}})),
        "Uploads",
        "rule Rule waits for the events of bucket Uploads",
    ),
    Mistake("PE606", rules(EC2), "Rule.event_pattern.source", "the rule stands on Bus"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.identifier)
def test_each_mistake_is_found_where_it_is_with_its_reason(mistake: Mistake) -> None:
    found = [finding for finding in check(mistake.topology) if finding.identifier == mistake.identifier]
    assert mistake.location in [finding.location for finding in found], [f.location for f in found]
    words = [f"{finding.reason} {finding.fix}" for finding in found if finding.location == mistake.location]
    assert any(mistake.said in text for text in words), words


PERMISSION = Permission("Allowed", principal="events.amazonaws.com", resource="Ship")
SOUND: list[tuple[str, Callable[[], Topology]]] = [
    ("a pipe with all settings", lambda: pipe_topology(pipe())),
    ("a mapping with all settings", lambda: pipe_topology(mapping())),
    ("a rule with all settings", lambda: rule_topology(rule(), PERMISSION)),
    ("two readers of a stream", lambda: pipe_topology(pipe(), mapping())),
    (
        "messages that come back as the function ends",
        lambda: queue_reader(replace(JOBS, visibility_timeout=30), replace(FUNCTION, timeout=30)),
    ),
    (
        "a Kinesis mapping that filters on what Lambda puts there",
        lambda: pipe_topology(
            replace(mapping(), source="Clicks", filters=(Filter({"kinesis": {"data": {"a": ["b"]}}}),)),
            KinesisStream("Clicks"),
        ),
    ),
    ("sets of texts, numbers and binaries", lambda: old(a={"SS": ["x"]}, b={"NS": ["1"]}, c={"BS": ["eA=="]})),
    (
        "updates by the key of an index",
        lambda: pipe_topology(pipe({"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"region": {"S": ["eu"]}}}})),
    ),
    ("a queue with a redrive policy", lambda: queue_reader(JOBS, batch_size=10)),
    ("a queue's large batches with a window", lambda: queue_reader(JOBS, batch_size=11, maximum_batching_window=1)),
    (
        "typed values",
        lambda: old(a={"S": ["x"]}, b={"N": ["1"]}, c={"BOOL": [True]}, d={"NULL": [True]}, e={"SS": ["x"]}),
    ),
    ("nested values", lambda: old(a={"M": {"b": {"L": {"M": {"c": {"S": [{"prefix": "x"}]}}}}}})),
    ("a declared index key", lambda: old(region={"S": ["eu"]})),
    (
        "removals by name",
        lambda: pipe_topology(pipe({"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"a": {"S": ["b"]}}}})),
    ),
    (
        "inserts of one kind",
        lambda: pipe_topology(
            pipe({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"entity_type": {"S": ["ORDER"]}}}})
        ),
    ),
    (
        "inserts by prefix",
        lambda: pipe_topology(
            pipe({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": [{"prefix": "O"}]}}}})
        ),
    ),
    (
        "updates by key",
        lambda: pipe_topology(pipe({"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"customer": {"S": ["a"]}}}})),
    ),
    (
        "no filter, and nothing expires",
        lambda: pipe_topology(replace(pipe(), filters=()), replace(TABLE, ttl_attribute=None)),
    ),
    (
        "an old image that may be absent",
        lambda: pipe_topology(
            pipe({"eventName": ["INSERT"], "dynamodb": {"OldImage": {"a": {"S": [{"exists": False}]}}}})
        ),
    ),
    ("an unknown batch size", lambda: source(batch_size=Unresolved("${var.size}"))),
    ("an unknown value", lambda: old(a={"S": [Unresolved("${var.a}")]}, b={"N": [Unresolved("${var.b}")]})),
    ("an unknown filter", lambda: pipe_topology(pipe(Unresolved("${var.filter}")))),
    ("a field that is not to be there", lambda: rule_topology(rule({"colour": [{"exists": False}]}), PERMISSION)),
    ("an event of another team", lambda: rule_topology(rule({"source": ["shop"], "detail-type": ["C2"]}), PERMISSION)),
    (
        "reads of data events",
        lambda: rule_topology(
            EventBus("default", existing=True),
            PERMISSION,
            rule(
                {
                    **CALL,
                    "source": ["aws.s3"],
                    "detail": {"eventSource": ["s3.amazonaws.com"], "eventName": ["GetObject"]},
                },
                bus="default",
            ),
        ),
    ),
    (
        "reads in the state that takes them",
        lambda: rule_topology(
            EventBus("default", existing=True),
            PERMISSION,
            rule(
                {**CALL, "detail": {"eventName": ["GetUser"]}},
                bus="default",
                state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            ),
        ),
    ),
    (
        "equal patterns of exclusive conditions",
        lambda: rule_topology(rule(id="One", condition="IsProd"), rule(id="Two", condition="IsDev"), PERMISSION),
    ),
    (
        "equal patterns, other targets",
        lambda: rule_topology(
            rule(id="One"), rule(id="Two", targets=(target(target="Letters", role="Role"),)), PERMISSION, Opaque("Role")
        ),
    ),
    (
        "equal patterns of a disabled rule",
        lambda: rule_topology(rule(id="One"), rule(id="Two", state="DISABLED"), PERMISSION),
    ),
    (
        "buses in a row",
        lambda: rule_topology(EventBus("Other"), rule(targets=(target(target="Other", role="R"),)), Opaque("R")),
    ),
    (
        "a circle that no event passes",
        lambda: rule_topology(
            EventBus("Other"),
            rule({"source": ["a"]}, "There", targets=(target(target="Other"),)),
            rule({"source": ["b"]}, "Back", bus="Other", targets=(target(target="Bus"),)),
        ),
    ),
    ("a constant text as input", lambda: rule_topology(rule(targets=(target(input='"hello"'),)), PERMISSION)),
    ("custom resources may hold permissions", lambda: rule_topology(rule(), Opaque("C", type="Custom::Grants"))),
    ("a name that AWS makes", lambda: rule_topology(rule(name="x" * 80, made_up_name=True), PERMISSION)),
    (
        "a rule whose targets may be those of an unknown rule",
        lambda: rule_topology(rule(targets=()), rule(id="Unknown", existing=True), PERMISSION),
    ),
    (
        "a bucket whose notifications are a resource of their own",
        lambda: rule_topology(
            EventBus("default", existing=True),
            BUCKET,
            Opaque("N", type="aws_s3_bucket_notification"),
            rule({"source": ["aws.s3"], "detail": {"bucket": {"name": ["uploads"]}}}, bus="default"),
            PERMISSION,
        ),
    ),
    ("a rule with pattern and schedule", lambda: rule_topology(rule(schedule_expression="rate(1 hour)"), PERMISSION)),
]


@pytest.mark.parametrize("topology", [made for _, made in SOUND], ids=[name for name, _ in SOUND])
def test_what_is_right_is_not_found(topology: Callable[[], Topology]) -> None:
    assert [(f.identifier, f.location, f.reason) for f in check(topology())] == []


BY_OTHER_TESTS = {
    *("PE210", "PE211", "PE214", "PE215"),  # by calling the handler
    *("PE307", "PE309", "PE402", "PE403", "PE404", "PE405", "PE406"),  # of a declaration
    *("PE323", "PE501", "PE502"),  # on request, and of events
    *("PE511", "PE512", "PE513", "PE514", "PE515", "PE516"),  # of schemas: test_schema_checks.py
}


def test_every_check_has_a_mistake_that_it_finds() -> None:
    assert {mistake.identifier for mistake in MISTAKES} | BY_OTHER_TESTS == {check.identifier for check in CHECKS}


def test_overlapping_rules_are_reported_on_request_with_an_event() -> None:
    topology = rule_topology(
        rule({"source": ["a", "b"]}, "One"), rule({"source": ["b", "c"]}, "Two", targets=(target(target="Letters"),))
    )
    assert "PE323" not in [f.identifier for f in check(topology)]
    (found,) = [f for f in check(topology, overlaps=True) if f.identifier == "PE323"]
    assert found.location == "Two.event_pattern"
    assert "rule One takes some of its events too, such as" in found.reason
    assert '"b"' in found.reason


@pytest.mark.parametrize("levels", [300, 5_000])
def test_a_pattern_of_very_many_levels_is_set_aside_and_said_so(levels: int) -> None:
    deep: Any = ["x"]
    for _ in range(levels):
        deep = {"a": deep}
    found = [
        (f.identifier, f.location) for f in check(rule_topology(rule({"detail": deep}), rule(id="Other"), PERMISSION))
    ]
    assert found == [("PE301", "Rule.event_pattern")]
    assert [(f.identifier, f.location) for f in check(pipe_topology(pipe(deep)))] == [("PE103", "Pipe.filters[0]")]


def test_a_template_of_very_many_levels_is_looked_at_as_far_as_it_goes() -> None:
    template = '{"a":' * 1300 + "1" + "}" * 1300
    assert {f.identifier for f in check(pipe_topology(pipe(target_input_template=template)))} <= {"PE203"}
