"""Each role allows what its actor does, and nothing else: the declaration is run, its calls are watched and compared.

What is run: the simulated pipe and bus, with functions that fail too; the join functions and the fallback workflow on
moto's table. Only what AWS itself does for an actor (read a stream, write logs) is said here, by AWS's documentation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

import pytest

from perception_events.aggregation import Aggregator, FallbackPolicy
from perception_events.json_values import JSONObject, JSONValue
from perception_events.lambdas.joins import join_handler
from perception_events.pipeline import Pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.rendering import template
from perception_events.testing import RecordBuilder
from perception_events.trace import DeadLettered, Delivered, Enriched, Put, RecordSeen
from support.declarations import DECLARATIONS, JOINED
from support.joins import bus_event
from support.workflow_fixture import TABLE, WorkflowFixture, workflow_fixture

pytestmark = pytest.mark.aws_parts

Call: TypeAlias = tuple[str, str]
"""An IAM action and the name of what it acts on."""

READS_A_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
"""AWS: EventBridge User Guide, "Amazon DynamoDB stream as a source for EventBridge Pipes", execution role."""
WRITES_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""AWS: Lambda Developer Guide, "Lambda execution role"; the log group is the template's."""
WRITTEN_BY = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
"""AWS: DynamoDB Developer Guide, "Using IAM with DynamoDB transactions": the rights of the parts."""

NAME_PROPERTIES = ("FunctionName", "LogGroupName", "Name", "QueueName", "RoleName", "StateMachineName", "TableName")

DAY = "2025-07-15"


class Failing:
    """A function that can do nothing."""

    def invoke(self, event: JSONValue) -> JSONValue:
        raise RuntimeError("out of order")


class JoinFunction:
    """A deployed join handler: what it calls is watched under its name."""

    def __init__(self, name: str, watched: RecordedCalls, pipeline: Pipeline, client: Any) -> None:
        self.name = name
        self.watched = watched
        self.handler = join_handler(pipeline, "dev", client=client)

    def invoke(self, event: JSONValue) -> JSONValue:
        with self.watched.by(self.name):
            return self.handler(event, None)


class RecordedCalls:
    """The calls to DynamoDB by actor."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from botocore.client import BaseClient

        self.calls: dict[str, set[Call]] = defaultdict(set)
        self._actor: str | None = None
        self.meanwhile: Callable[[], object] | None = None
        """What somebody else does between an actor's reading and its next transaction; once."""
        make_api_call = BaseClient._make_api_call

        def watched(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            if operation == "TransactWriteItems" and self._actor is not None and self.meanwhile is not None:
                (meanwhile, self.meanwhile), (actor, self._actor) = (self.meanwhile, None), (self._actor, None)
                meanwhile()
                self._actor = actor
            if self._actor is not None and client.meta.service_model.service_name == "dynamodb":
                self.calls[self._actor].update(calls_of(operation, parameters))
            return make_api_call(client, operation, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", watched)

    @contextmanager
    def by(self, actor: str) -> Iterator[None]:
        """Whatever is called inside is called by `actor`."""
        self._actor = actor
        try:
            yield
        finally:
            self._actor = None


def calls_of(operation: str, parameters: dict[str, Any]) -> Iterator[Call]:
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            for verb, part in item.items():
                yield WRITTEN_BY[verb], part["TableName"]
    else:
        yield f"dynamodb:{operation}", parameters["TableName"]


class Rights:
    """What a template allows: calls by role, senders by queue, rules by function. All by their names on AWS."""

    def __init__(self, pipeline: Pipeline, env: str) -> None:
        self.resources: dict[str, Any] = template(pipeline.topology(env))["Resources"]  # type: ignore[assignment]
        self.of_roles: dict[str, set[Call]] = {}
        self.of_queues: dict[str, set[tuple[str, str]]] = {}
        self.of_functions: set[tuple[str, str]] = set()
        for resource in self.resources.values():
            properties = resource["Properties"]
            match resource["Type"]:
                case "AWS::IAM::Role":
                    self.of_roles[properties["RoleName"]] = {
                        (action, self.name(statement["Resource"]))
                        for policy in properties["Policies"]
                        for statement in policy["PolicyDocument"]["Statement"]
                        for action in statement["Action"]
                    }
                case "AWS::SQS::QueuePolicy":
                    (statement,) = properties["PolicyDocument"]["Statement"]
                    assert (statement["Action"], statement["Principal"]) == (
                        "sqs:SendMessage",
                        {"Service": "events.amazonaws.com"},
                    )
                    senders = {self.name(arn) for arn in statement["Condition"]["ArnEquals"]["aws:SourceArn"]}
                    for queue in properties["Queues"]:
                        self.of_queues[self.name(queue)] = {("sqs:SendMessage", sender) for sender in senders}
                case "AWS::Lambda::Permission":
                    assert (properties["Action"], properties["Principal"]) == (
                        "lambda:InvokeFunction",
                        "events.amazonaws.com",
                    )
                    self.of_functions.add((self.name(properties["SourceArn"]), self.name(properties["FunctionName"])))

    def name(self, reference: Any) -> str:
        """The name on AWS behind a `Ref`, a `Fn::GetAtt`, or the end of an ARN."""
        if isinstance(reference, str):
            arn, stream, _ = reference.partition("/stream/")
            return arn.replace("/", ":").split(":")[-1] + stream.rstrip("/")
        ((function, value),) = reference.items()
        if function == "Fn::Sub":
            return self.name(value)
        properties = self.resources[value if function == "Ref" else value[0]]["Properties"]
        (name,) = (text for key, text in properties.items() if key in NAME_PROPERTIES)
        return f"{name}/stream" if value[1:] == ["StreamArn"] else str(name)


def finished_rows(pipeline: Pipeline) -> list[JSONObject]:
    """One record for every event type: modules, the triggers, alerts and manifests of joins."""
    keys = (f"{DAY}#{event_type}#sync001#cam1" for event_type in pipeline.registry.event_types)
    return RecordBuilder().completed(*keys)


def calls_in_memory(pipeline: Pipeline, env: str) -> tuple[dict[str, set[Call]], dict[str, set[Call]]]:
    """By role, and by queue the senders: what happens when all goes well, and when functions or the enrichment fail."""
    names, bus = pipeline.names(env), pipeline.bus.existing_name or pipeline.names(env).bus
    arns = pipeline.functions.existing_arns
    enrichment = arns.get("enrichment", names.enrichment).split(":")[-1]
    by_role: dict[str, set[Call]] = defaultdict(set)
    senders: dict[str, set[Call]] = defaultdict(set)
    functions = {target for rule in pipeline.rule_settings() for target in rule.targets if isinstance(target, str)}
    for simulation in (
        PipelineSimulation(pipeline, env=env),
        PipelineSimulation(pipeline, env=env, targets=dict.fromkeys(functions, Failing())),
        PipelineSimulation(pipeline, env=env, enrichment=Failing()),
    ):
        for route in simulation.route(finished_rows(pipeline)):
            for step in route.trace:
                match step:
                    case RecordSeen():
                        by_role[names.pipe] |= {(action, f"{names.table}/stream") for action in READS_A_STREAM}
                    case Enriched():
                        by_role[names.pipe].add(("lambda:InvokeFunction", enrichment))
                        by_role[enrichment] |= logs(enrichment)
                    case Put():
                        by_role[names.pipe].add(("events:PutEvents", bus))
                    case Delivered():
                        by_role[names.function(step.target)] |= logs(names.function(step.target))
                        if pipeline.bus.target_dead_letter_queue:  # what is delivered may have failed to be
                            senders[f"{pipeline.name}-target-dlq-{env}"].add(("sqs:SendMessage", step.rule))
                    case DeadLettered() if step.message and step.where == names.pipe:
                        by_role[names.pipe].add(("sqs:SendMessage", f"{pipeline.name}-pipe-dlq-{env}"))
                    case DeadLettered() if step.message:  # what a function raises goes to its own queue, after retries
                        function = str(step.message["requestContext"]["functionArn"]).split(":")[-1]  # type: ignore[index, call-overload]
                        by_role[function].add(("sqs:SendMessage", f"{pipeline.name}-function-dlq-{env}"))
    return by_role, senders


def logs(function: str) -> set[Call]:
    return {(action, f"/aws/lambda/{function}") for action in WRITES_LOGS}


@pytest.mark.parametrize("name", DECLARATIONS)
def test_pipe_bus_and_functions(name: str) -> None:
    pipeline, env = DECLARATIONS[name]
    rights = Rights(pipeline, env)
    by_role, senders = calls_in_memory(pipeline, env)
    there_already = {arn.split(":")[-1] for arn in pipeline.functions.existing_arns.values()}
    by_role = {role: calls for role, calls in by_role.items() if role not in there_already}
    roles = {role: calls for role, calls in rights.of_roles.items() if "-fallback-" not in role}
    # What a function does to the table is watched on a table, below.
    assert {role: {c for c in calls if not c[1].endswith("Events-dev")} for role, calls in roles.items()} == by_role
    bus_queue = rights.of_queues.pop(f"{pipeline.name}-bus-dlq-{env}", None)
    assert bus_queue == (None if pipeline.bus.existing_name else {("sqs:SendMessage", pipeline.names(env).bus)})
    assert rights.of_queues == senders
    assert rights.of_functions == delivered(pipeline, env)


def delivered(pipeline: Pipeline, env: str) -> set[tuple[str, str]]:
    """Which rule has invoked which function."""
    names = pipeline.names(env)
    routes = PipelineSimulation(pipeline, env=env).route(finished_rows(pipeline))
    steps = (step for route in routes for step in route.trace if isinstance(step, Delivered))
    return {(step.rule, names.function(step.target)) for step in steps}


def test_functions_and_fallback_on_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rights = Rights(JOINED, "dev")
    with workflow_fixture(monkeypatch) as fixture:
        watched = RecordedCalls(monkeypatch)
        functions = {
            name: JoinFunction(f"{name}-dev", watched, JOINED, fixture.dynamodb)
            for name in ("aggregate_pose", "aggregate_recon")
        }
        records, simulation = RecordBuilder(), PipelineSimulation(JOINED, env="dev", targets=functions)

        def finish(*sort_keys: str) -> None:
            for record in records.completed(*sort_keys):
                route = simulation.route_record(record)
                assert route.outcome == "delivered", route.failures

        # One group completes, and one of its members comes again.
        finish(*(f"{DAY}#pose#sync001#{camera}" for camera in ("cam1", "cam2", "cam3", "cam3")))
        # Another function records a member of the group between this one's reading and its writing.
        again = bus_event(f"{DAY}#pose#sync005#cam2", sequence_number=10**6)
        finish(*(f"{DAY}#pose#sync005#{camera}" for camera in ("cam1", "cam2")))
        watched.meanwhile = lambda: fixture.aggregator(*JOINED.joins).handle(again)
        finish(f"{DAY}#pose#sync005#cam3")
        # A manifest that comes in last completes the day's group.
        finish(f"{DAY}#recon#sync001")
        add_manifest(fixture, DAY)
        finish(f"{DAY}#syncs")
        triggers = ("preprocessing", "recon#sync001", "recon#sync005", "reid")
        assert sorted(fixture.written()) == [f"{DAY}#trigger_{name}" for name in triggers]

        leave_open(fixture)
        before = set(fixture.written())
        with watched.by("perception-pipeline-fallback-dev"):
            fixture.run(*JOINED.joins)
        assert set(fixture.written()) - before == {
            "2025-07-16#trigger_recon#sync002",
            "2025-07-16#trigger_recon#sync004",
            "2025-07-16#trigger_preprocessing",
            "2025-07-16#trigger_reid",
        }
        assert set(fixture.written("alert_")) == {"2025-07-16#alert_pose#sync003", "2025-07-17#alert_recon"}
    assert set(watched.calls) == {"aggregate_pose-dev", "aggregate_recon-dev", "perception-pipeline-fallback-dev"}
    on_the_table = {
        role: {call for call in calls if call[1] == TABLE}
        for role, calls in rights.of_roles.items()
        if any(call[1] == TABLE for call in calls)
    }
    assert on_the_table == dict(watched.calls)


def add_manifest(fixture: WorkflowFixture, day: str) -> None:
    keys = {"site": {"S": "haemoro_1x2"}, "date#event_type": {"S": f"{day}#syncs"}}
    fixture.dynamodb.put_item(TableName=TABLE, Item={**keys, "members": {"SS": ["sync001"]}})


def leave_open(fixture: WorkflowFixture) -> None:
    """Groups for the fallback: complete, with a quorum, without one; a day with its manifest, and one without."""
    long_ago = fixture.aggregator(*JOINED.joins, age=timedelta(hours=7))
    waiting = fixture.aggregator(
        *(replace(join, expects=99, quorum=None, policy=FallbackPolicy.WAIT) for join in JOINED.joins),
        age=timedelta(hours=7),
    )
    records = RecordBuilder()

    def hand(aggregator: Aggregator, *sort_keys: str) -> None:
        for record in records.completed(*sort_keys):
            aggregator.handle({"version": "0", "id": "1", "detail-type": "x", "detail": record})

    hand(long_ago, *(f"2025-07-16#pose#sync002#{camera}" for camera in ("cam1", "cam2")))
    hand(long_ago, "2025-07-16#pose#sync003#cam1")
    hand(waiting, *(f"2025-07-16#pose#sync004#{camera}" for camera in ("cam1", "cam2", "cam3")))
    hand(long_ago, "2025-07-16#recon#sync001", "2025-07-17#recon#sync001")
    add_manifest(fixture, "2025-07-16")


def test_the_schedule_starts_the_workflow_and_nothing_else() -> None:
    rights = Rights(JOINED, "dev")
    (schedule,) = (one["Properties"] for one in rights.resources.values() if one["Type"] == "AWS::Scheduler::Schedule")
    target = schedule["Target"]
    assert rights.of_roles[rights.name(target["RoleArn"])] == {
        ("states:StartExecution", rights.name(target["Arn"])),
        ("sqs:SendMessage", rights.name(target["DeadLetterConfig"]["Arn"])),
    }
    assert rights.resources[target["Arn"]["Fn::GetAtt"][0]]["Type"] == "AWS::StepFunctions::StateMachine"
