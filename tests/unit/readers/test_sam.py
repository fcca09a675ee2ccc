"""SAM: the events of functions and state machines are rules, mappings, schedules and permissions."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from perception_events.readers import Format, ReadResult, read_topology
from perception_events.topology import EventSourceMapping, Function, Permission, Queue, Rule, Schedule

yaml = pytest.importorskip("yaml", reason="YAML templates need PyYAML")

TEMPLATE = """\
    Transform: AWS::Serverless-2016-10-31
    Globals:
      Function: {Runtime: python3.12, Timeout: 7, Environment: {Variables: {A: "1"}}}
    Resources:
      Orders: {Type: AWS::Serverless::SimpleTable, Properties: {PrimaryKey: {Name: id, Type: String}}}
      Table:
        Type: AWS::DynamoDB::Table
        Properties:
          KeySchema: [{AttributeName: PK, KeyType: HASH}]
          AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
          BillingMode: PAY_PER_REQUEST
          StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      Jobs: {Type: AWS::SQS::Queue}
      F:
        Type: AWS::Serverless::Function
        Properties:
          Handler: app.handler
          CodeUri: s3://bucket/key
          Environment: {Variables: {B: "2"}}
          Events:
            Placed:
              Type: EventBridgeRule
              Properties:
                Pattern: {source: [orders]}
                InputPath: $.detail
                DeadLetterConfig: {Type: SQS}
                RetryPolicy: {MaximumRetryAttempts: 4}
            Old:
              Type: CloudWatchEvent
              Properties: {Pattern: {source: [old]}, Enabled: false}
            Change:
              Type: DynamoDB
              Properties:
                Stream: !GetAtt Table.StreamArn
                StartingPosition: LATEST
                BatchSize: 5
                FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}
            Work:
              Type: SQS
              Properties: {Queue: !GetAtt Jobs.Arn, FunctionResponseTypes: [ReportBatchItemFailures]}
            Hourly:
              Type: Schedule
              Properties: {Schedule: rate(1 hour), Input: "{}"}
            Daily:
              Type: ScheduleV2
              Properties:
                ScheduleExpression: rate(1 day)
                FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 5}
"""


@pytest.fixture
def result(tmp_path: Path) -> ReadResult:
    path = tmp_path / "template.yaml"
    path.write_text(textwrap.dedent(TEMPLATE), encoding="utf-8")
    return read_topology(path)


def test_an_event_bridge_event_is_a_rule_with_a_queue_and_a_permission(result: ReadResult) -> None:
    assert result.files[0].format is Format.SAM
    assert result.problems == ()
    rule = result.topology.get("FPlaced", Rule)
    assert (rule.bus, rule.event_pattern) == ("default", {"source": ["orders"]})
    (target,) = rule.targets
    assert (target.target, target.input_path, target.dead_letter_queue) == ("F", "$.detail", "FPlacedQueue")
    assert isinstance(result.topology["FPlacedQueue"], Queue)
    permission = result.topology.get("FPlacedPermission", Permission)
    assert (permission.resource, permission.source_arn) == ("F", rule.arn)
    assert result.topology.get("FOld", Rule).state == "DISABLED"
    assert rule.origin is not None
    line = TEMPLATE.splitlines().index("            Placed:") + 1
    assert rule.origin.line in (line, line + 1)
    assert rule.origin.path == "Resources.F.Properties.Events.Placed.Properties"


def test_streams_and_queues_are_mappings(result: ReadResult) -> None:
    change = result.topology.get("FChange", EventSourceMapping)
    assert (change.source, change.function, change.source_parameters.batch_size) == ("Table.stream", "F", 5)
    assert [one.pattern for one in change.filters] == [{"eventName": ["INSERT"]}]
    work = result.topology.get("FWork", EventSourceMapping)
    assert (work.source, work.function_response_types) == ("Jobs", ("ReportBatchItemFailures",))


def test_schedules_of_both_kinds(result: ReadResult) -> None:
    assert result.topology.get("FHourly", Rule).schedule_expression == "rate(1 hour)"
    daily = result.topology.get("FDaily", Schedule)
    assert (daily.schedule_expression, daily.target, daily.flexible_time_window) == ("rate(1 day)", "F", 5)


def test_globals_are_the_functions_defaults(result: ReadResult) -> None:
    function = result.topology.get("F", Function)
    assert (function.runtime, function.timeout, function.environment) == ("python3.12", 7, {"A": "1", "B": "2"})


def test_the_expansion_equals_that_of_awss_own_translator(
    tmp_path: Path, result: ReadResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The translator's output, read as plain CloudFormation, has the same rules, mappings, schedules, permissions."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    translator = pytest.importorskip("samtranslator.translator.transform", reason="needs aws-sam-translator")
    policies = type("Policies", (), {"load": staticmethod(dict)})
    template = _long_form(textwrap.dedent(TEMPLATE))
    expanded = translator.transform(template, {"AWS::Region": "us-east-1"}, policies)
    path = tmp_path / "expanded.json"
    path.write_text(json.dumps(expanded), encoding="utf-8")
    theirs = read_topology(path).topology
    for kind in (Rule, EventSourceMapping, Schedule, Permission):
        for resource in theirs.of(kind):
            mine = result.topology[resource.id]
            for field in ("bus", "event_pattern", "schedule_expression", "source", "function", "resource"):
                assert getattr(mine, field, None) == getattr(resource, field, None), (resource.id, field)
            if isinstance(resource, Rule) and isinstance(mine, Rule):
                assert [one.target for one in mine.targets] == [one.target for one in resource.targets]
                assert [one.dead_letter_queue for one in mine.targets] == [
                    one.dead_letter_queue for one in resource.targets
                ]
        assert {one.id for one in theirs.of(kind)} == {one.id for one in result.topology.of(kind)}


def _long_form(text: str) -> Any:
    from perception_events.readers._yaml import read_yaml

    return json.loads(json.dumps(read_yaml(text)))
