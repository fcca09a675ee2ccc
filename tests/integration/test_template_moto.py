"""The template is created on moto and read back through each service's API, and it says what the declaration says.

moto's CloudFormation does not know every type; the properties of the others go to the service's own API, whose
parameters boto3 checks against AWS's model.
"""

from __future__ import annotations

import ast
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from perception_events.pipeline import Pipeline
from perception_events.rendering import template
from support.declarations import DECLARATIONS

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed; it comes with the [dev] extra")
moto = pytest.importorskip("moto", reason="moto is not installed; it comes with the [dev] extra")
pytestmark = [pytest.mark.aws_parts, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

REGION = "ap-northeast-2"
THROUGH_CLOUDFORMATION = {
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SQS::Queue",
    "AWS::StepFunctions::StateMachine",
}
THROUGH_THE_API = {
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Pipes::Pipe",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
}
NOWHERE = {"AWS::EventSchemas::Discoverer"}


@dataclass
class Deployed:
    """One declaration on moto."""

    pipeline: Pipeline
    env: str
    resources: dict[str, Any]
    values: dict[str, str]

    def resolve(self, value: Any) -> Any:
        """`value` with what references stand for."""
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub"):
            return self.values[json.dumps(value)]
        return {name: self.resolve(one) for name, one in value.items()}

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The properties of each resource of this type, with references resolved."""
        return [self.resolve(one["Properties"]) for one in self.resources.values() if one["Type"] == kind]


def references(value: Any) -> Iterator[str]:
    """Every reference in `value`, as JSON text."""
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    elif isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub"):
            yield json.dumps(value)
        else:
            for one in value.values():
                yield from references(one)


@pytest.fixture(scope="module", params=list(DECLARATIONS))
def deployed(request: pytest.FixtureRequest) -> Iterator[Deployed]:
    pipeline, env = DECLARATIONS[request.param]
    with pytest.MonkeyPatch.context() as patch, moto.mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        upload_code()
        create_what_is_there(pipeline)
        yield deploy(pipeline, env)


def deploy(pipeline: Pipeline, env: str) -> Deployed:
    text = json.dumps(template(pipeline.topology(env)))
    # moto gives an object for the one, and does not know the other; AWS gives the name and the ARN.
    text = text.replace('{"Ref": "EventBus"}', json.dumps(pipeline.names(env).bus))
    text = text.replace('{"Fn::GetAtt": ["Fallback", "Arn"]}', '{"Ref": "Fallback"}')
    whole: dict[str, Any] = json.loads(text)
    resources = whole["Resources"]
    for resource in resources.values():
        if "AlarmActions" in resource["Properties"]:
            del resource["Properties"]["AlarmActions"]
    whole["Resources"] = {name: one for name, one in resources.items() if one["Type"] in THROUGH_CLOUDFORMATION}
    wanted = list(dict.fromkeys(references([one["Properties"] for one in resources.values()])))
    known = [
        text for text in wanted if not any(f'"{name}"' in text for name in set(resources) - set(whole["Resources"]))
    ]
    whole["Outputs"] = {f"Value{at}": {"Value": json.loads(text)} for at, text in enumerate(known)}
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName="pipeline",
        TemplateBody=json.dumps(whole),
        Parameters=[{"ParameterKey": "CodeBucket", "ParameterValue": "code"}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    (stack,) = cloudformation.describe_stacks(StackName="pipeline")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    values = {text: outputs[f"Value{at}"] for at, text in enumerate(known)}
    return Deployed(pipeline, env, resources, values)


def create_what_is_there(pipeline: Pipeline) -> None:
    """The bus and the functions that the declaration refers to."""
    if pipeline.bus.existing_name:
        boto3.client("events").create_event_bus(Name=pipeline.bus.existing_name)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = boto3.client("iam").create_role(RoleName="there", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for arn in pipeline.functions.existing_arns.values():
        boto3.client("lambda").create_function(
            FunctionName=arn.split(":")[-1],
            Role=role,
            Runtime="python3.13",
            Handler="handlers.there",
            Code={"S3Bucket": "code", "S3Key": "perception-events.zip"},
        )


def upload_code() -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("handlers.py", "")
    storage = boto3.client("s3")
    for bucket in ("code", "perception-code"):
        storage.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        storage.put_object(Bucket=bucket, Key="perception-events.zip", Body=zipped.getvalue())


def test_every_type_is_created_one_way_or_the_other() -> None:
    used = {
        one["Type"]
        for pipeline, env in DECLARATIONS.values()
        for one in json.loads(json.dumps(template(pipeline.topology(env))))["Resources"].values()
    }
    assert used == THROUGH_CLOUDFORMATION | THROUGH_THE_API | NOWHERE


def test_the_table_is_the_declared_one(deployed: Deployed) -> None:
    settings = deployed.pipeline.table
    if settings.existing_stream_arn:
        assert not boto3.client("dynamodb").list_tables()["TableNames"]
        return
    table = boto3.client("dynamodb").describe_table(TableName=deployed.pipeline.names(deployed.env).table)["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == [settings.partition_key, settings.sort_key]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": settings.stream_view_type}


def test_rules_and_targets_are_the_declared_ones(deployed: Deployed) -> None:
    pipeline, env = deployed.pipeline, deployed.env
    events, bus = boto3.client("events"), pipeline.bus.existing_name or pipeline.names(env).bus
    found = {rule["Name"]: rule for rule in events.list_rules(EventBusName=bus)["Rules"]}
    archives = [name for name in found if name.startswith("Events-Archive-")]
    assert set(found) - set(archives) == set(pipeline.rules(env))
    for rule in pipeline.rule_settings():
        name = f"{rule.name}-{env}"
        assert json.loads(found[name]["EventPattern"]) == rule.event_pattern
        targets = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
        assert [target["Id"] for target in targets] == list(rule.targets)
        for target in targets:
            assert target["Arn"].endswith(f":function:{pipeline.names(env).function(target['Id'])}")
            assert target["RetryPolicy"] == {
                "MaximumEventAgeInSeconds": pipeline.bus.target_event_age,
                "MaximumRetryAttempts": pipeline.bus.target_retry_attempts,
            }
            assert target["DeadLetterConfig"]["Arn"].endswith(f":{pipeline.name}-target-dlq-{env}")


def test_the_archive_keeps_as_long_as_declared(deployed: Deployed) -> None:
    archives = boto3.client("events").list_archives()["Archives"]
    days = deployed.pipeline.bus.archive_retention_days
    assert [archive["RetentionDays"] for archive in archives] == ([] if days is None else [days])


def test_functions_have_their_handlers_roles_and_permissions(deployed: Deployed) -> None:
    client, settings = boto3.client("lambda"), deployed.pipeline.functions
    functions = {one["FunctionName"]: one for one in client.list_functions()["Functions"]}
    for arn in settings.existing_arns.values():
        del functions[arn.split(":")[-1]]
    wanted = deployed.of_type("AWS::Lambda::Function")
    assert set(functions) == {one["FunctionName"] for one in wanted}
    for properties in wanted:
        found = functions[properties["FunctionName"]]
        assert found["Handler"].startswith("handlers.")
        assert (found["Runtime"], found["Timeout"], found["MemorySize"]) == (
            settings.runtime,
            settings.timeout,
            settings.memory,
        )
        assert found["Role"] == properties["Role"]
    for permission in deployed.of_type("AWS::Lambda::Permission"):
        name = permission["FunctionName"].split(":")[-1]
        if name not in functions:
            continue
        (statement, *_) = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}


def test_roles_carry_their_one_policy(deployed: Deployed) -> None:
    client = boto3.client("iam")
    for properties in deployed.of_type("AWS::IAM::Role"):
        found = client.get_role_policy(RoleName=properties["RoleName"], PolicyName="least-privilege")
        # moto keeps the document of a template as Python's text of it.
        assert ast.literal_eval(str(found["PolicyDocument"])) == properties["Policies"][0]["PolicyDocument"]
        trust = client.get_role(RoleName=properties["RoleName"])["Role"]["AssumeRolePolicyDocument"]
        assert trust == properties["AssumeRolePolicyDocument"]


def test_the_pipe_is_the_declared_one(deployed: Deployed) -> None:
    client, settings = boto3.client("pipes"), deployed.pipeline.pipe
    (properties,) = deployed.of_type("AWS::Pipes::Pipe")
    properties["LogConfiguration"]["CloudwatchLogsLogDestination"]["LogGroupArn"] = properties["LogConfiguration"][
        "CloudwatchLogsLogDestination"
    ]["LogGroupArn"].removesuffix(":*")
    client.create_pipe(**properties)
    found = client.describe_pipe(Name=deployed.pipeline.names(deployed.env).pipe)
    source = found["SourceParameters"]
    assert [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]] == list(settings.filter_criteria)
    assert source["DynamoDBStreamParameters"]["BatchSize"] == settings.batch_size
    assert found["EnrichmentParameters"]["InputTemplate"] == settings.enrichment_input_template
    assert found["Target"].endswith("event-bus/perception-pipeline-event-bus-dev")


def test_the_rest_is_taken_by_each_service(deployed: Deployed) -> None:
    for properties in deployed.of_type("AWS::CloudWatch::Alarm"):
        boto3.client("cloudwatch").put_metric_alarm(**properties)
    for properties in deployed.of_type("AWS::Lambda::EventInvokeConfig"):
        boto3.client("lambda").put_function_event_invoke_config(
            **{name: value for name, value in properties.items() if name != "Qualifier"}
        )
    for properties in deployed.of_type("AWS::SQS::QueuePolicy"):
        (queue,) = properties["Queues"]
        policy = json.dumps(properties["PolicyDocument"])
        boto3.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    for properties in deployed.of_type("AWS::Scheduler::Schedule"):
        boto3.client("scheduler").create_schedule(**properties)
    for properties in deployed.of_type("AWS::StepFunctions::StateMachine"):
        arn = deployed.values[json.dumps({"Ref": "Fallback"})]
        found = json.loads(boto3.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"])
        assert found == json.loads(properties["DefinitionString"])
