"""CloudFormation templates -> topologies: functions, conditions, links, lines."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from perception_events.readers import Format, ReadResult, read_topology
from perception_events.topology import (
    EventBus,
    EventSourceMapping,
    Function,
    Opaque,
    Permission,
    Pipe,
    Queue,
    Rule,
    Schedule,
    TableStream,
    Unresolved,
    origin_of,
)

pytest.importorskip("yaml", reason="YAML templates need PyYAML")


def read(folder: Path, text: str, **options: object) -> ReadResult:
    path = folder / "template.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return read_topology(path, **options)  # type: ignore[arg-type]


def rule_with(pattern: str, *, head: str = "") -> str:
    return f"{head}\nResources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {pattern}\n"


def pattern_of(result: ReadResult) -> object:
    return result.topology.get("R", Rule).event_pattern


ORDERS = """\
    AWSTemplateFormatVersion: "2010-09-09"
    Resources:
      Bus:
        Type: AWS::Events::EventBus
        Properties:
          Name: orders
      Table:
        Type: AWS::DynamoDB::Table
        Properties:
          KeySchema:
            - {AttributeName: PK, KeyType: HASH}
            - {AttributeName: SK, KeyType: RANGE}
          AttributeDefinitions:
            - {AttributeName: PK, AttributeType: S}
            - {AttributeName: SK, AttributeType: S}
          StreamSpecification:
            StreamViewType: NEW_IMAGE
      Failed:
        Type: AWS::SQS::Queue
      Handler:
        Type: AWS::Lambda::Function
        Properties:
          Handler: app.handler
          Runtime: python3.12
      Rule:
        Type: AWS::Events::Rule
        Properties:
          EventBusName: !Ref Bus
          EventPattern:
            source: [orders]
            detail:
              status:
                - SHIPPED
          Targets:
            - Id: handler
              Arn: !GetAtt Handler.Arn
              DeadLetterConfig:
                Arn: !GetAtt Failed.Arn
              RetryPolicy: {MaximumRetryAttempts: 3}
              InputTransformer:
                InputPathsMap: {id: $.detail.id}
                InputTemplate: '{"id": <id>}'
      Pipe:
        Type: AWS::Pipes::Pipe
        Properties:
          Source: !GetAtt Table.StreamArn
          SourceParameters:
            FilterCriteria:
              Filters:
                - Pattern: '{"eventName": ["INSERT"]}'
            DynamoDBStreamParameters:
              StartingPosition: LATEST
              BatchSize: 10
              DeadLetterConfig: {Arn: !GetAtt Failed.Arn}
          Target: !GetAtt Bus.Arn
          TargetParameters:
            InputTemplate: '{"id": <$.dynamodb.Keys.PK.S>}'
            EventBridgeEventBusParameters: {Source: orders, DetailType: change}
"""


def line_of(line: str) -> int:
    return ORDERS.splitlines().index(line) + 1


def test_a_whole_template_becomes_one_linked_topology(tmp_path: Path) -> None:
    result = read(tmp_path, ORDERS)
    topology = result.topology
    assert result.problems == ()
    assert result.unresolved == ()
    assert [file.format for file in result.files] == [Format.CLOUDFORMATION]

    rule = topology.get("Rule", Rule)
    assert (rule.bus, rule.event_pattern) == ("Bus", {"source": ["orders"], "detail": {"status": ["SHIPPED"]}})
    (target,) = rule.targets
    assert (target.id, target.target, target.dead_letter_queue) == ("handler", "Handler", "Failed")
    assert target.retry_policy is not None
    assert target.retry_policy.maximum_retry_attempts == 3
    assert target.input_transformer is not None
    assert target.input_transformer.input_paths_map == {"id": "$.detail.id"}

    pipe = topology.get("Pipe", Pipe)
    assert (pipe.source, pipe.target) == ("Table.stream", "Bus")
    assert pipe.source_parameters.batch_size == 10
    assert pipe.source_parameters.dead_letter_queue == "Failed"
    assert [one.pattern for one in pipe.filters] == [{"eventName": ["INSERT"]}]
    assert pipe.target_parameters == {"EventBridgeEventBusParameters": {"Source": "orders", "DetailType": "change"}}
    assert pipe.target_input_template == '{"id": <$.dynamodb.Keys.PK.S>}'
    stream = topology.get("Table.stream", TableStream)
    assert (stream.table, stream.stream_view_type) == ("Table", "NEW_IMAGE")


def test_names_and_arns_are_made_up_alike_in_every_reading(tmp_path: Path) -> None:
    topology = read(tmp_path, ORDERS, account="111122223333", region="eu-west-1").topology
    assert topology["Handler"].name == "stack-Handler-GENERATED"
    assert topology["Handler"].arn == "arn:aws:lambda:eu-west-1:111122223333:function:stack-Handler-GENERATED"
    assert topology["Bus"].arn == "arn:aws:events:eu-west-1:111122223333:event-bus/orders"
    assert topology == read(tmp_path, ORDERS, account="111122223333", region="eu-west-1").topology


def test_every_part_of_a_pattern_knows_its_line(tmp_path: Path) -> None:
    rule = read(tmp_path, ORDERS).topology.get("Rule", Rule)
    assert rule.origin is not None
    assert (rule.origin.line, rule.origin.path) == (line_of("      Rule:"), "Resources.Rule.Properties")
    place = origin_of(rule.event_pattern, ("detail", "status", 0), rule.origin.at("EventPattern"))
    assert place.line == line_of("                - SHIPPED")
    assert place.path == "Resources.Rule.Properties.EventPattern.detail.status[0]"
    assert rule.targets[0].origin is not None
    assert rule.targets[0].origin.line == line_of("            - Id: handler")


@pytest.mark.parametrize(
    ("head", "pattern", "expected"),
    [
        ("", "{account: [!Ref AWS::AccountId]}", {"account": ["123456789012"]}),
        ("", "{region: [!Sub '${AWS::Region}']}", {"region": ["us-east-1"]}),
        ("Parameters: {Env: {Type: String, Default: dev}}", "{source: [!Ref Env]}", {"source": ["dev"]}),
        ("Parameters: {Env: {Default: dev}}", "{source: [!Sub 'app.${Env}']}", {"source": ["app.dev"]}),
        ("", "{source: [!Sub ['a.${X}.${!Y}', {X: b}]]}", {"source": ["a.b.${Y}"]}),
        ("", "{source: [!Join ['.', [a, !Ref AWS::Region]]]}", {"source": ["a.us-east-1"]}),
        ("Parameters: {L: {Type: CommaDelimitedList, Default: 'a, b'}}", "{source: !Ref L}", {"source": ["a", "b"]}),
        ("", "{source: [!Select [1, !Split ['-', a-b]]]}", {"source": ["b"]}),
        ("Mappings: {M: {us-east-1: {n: x}}}", "{source: [!FindInMap [M, !Ref AWS::Region, n]]}", {"source": ["x"]}),
        ("Conditions: {C: !Equals [a, a]}", "{source: [!If [C, yes-it-is, no]]}", {"source": ["yes-it-is"]}),
        ("Conditions: {C: !Not [!Equals [a, a]]}", "{source: [!If [C, a, b]]}", {"source": ["b"]}),
        ("", "{source: [a, !Ref AWS::NoValue]}", {"source": ["a"]}),
    ],
)
def test_functions_inside_a_pattern_are_resolved(tmp_path: Path, head: str, pattern: str, expected: object) -> None:
    result = read(tmp_path, rule_with(pattern, head=head))
    assert pattern_of(result) == expected
    assert result.problems == ()


@pytest.mark.parametrize(
    ("head", "pattern", "expression", "reason"),
    [
        (
            "Parameters: {Env: {Type: String}}",
            "{source: [!Sub 'a.${Env}']}",
            "a.${Env}",
            "parameter Env has no default",
        ),
        (
            "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}}",
            "{source: [!Ref P]}",
            "${P}",
            "/x",
        ),
        ("", "{source: [!ImportValue Other]}", "!ImportValue Other", "no template read here exports Other"),
        ("", "{source: ['{{resolve:ssm:/x}}']}", "{{resolve:ssm:/x}}", "at the deployment"),
        ("", "{source: [!Ref Missing]}", "${Missing}", "neither a parameter nor a resource"),
        ("Conditions: {C: !Equals [!Ref P, a]}\nParameters: {P: {}}", "{source: [!If [C, a, b]]}", "!If [C, ...]", "C"),
    ],
)
def test_what_the_template_cannot_say_is_one_unknown_leaf(
    tmp_path: Path, head: str, pattern: str, expression: str, reason: str
) -> None:
    result = read(tmp_path, rule_with(pattern, head=head))
    (unknown,) = result.unresolved
    assert unknown.expression == expression
    assert reason in unknown.reason
    assert isinstance(pattern_of(result), dict)


def test_given_parameters_and_stack_name_take_the_place_of_defaults(tmp_path: Path) -> None:
    head = "Parameters: {Env: {Default: dev}}"
    pattern = "{source: [!Sub '${Env}.${AWS::StackName}']}"
    result = read(tmp_path, rule_with(pattern, head=head), parameters={"Env": "prod", "AWS::StackName": "shop"})
    assert pattern_of(result) == {"source": ["prod.shop"]}


def test_a_value_that_a_parameter_does_not_allow_is_a_problem(tmp_path: Path) -> None:
    head = "Parameters: {Env: {Default: dev, AllowedValues: [dev, prod]}}"
    (problem,) = read(tmp_path, rule_with("{source: [a]}", head=head), parameters={"Env": "test"}).problems
    assert "Env cannot be 'test'" in problem.reason
    assert problem.fix == "give one of dev, prod"


CONDITIONAL = """\
    Parameters: {Env: {Default: dev}}
    Conditions: {IsProd: !Equals [!Ref Env, prod]}
    Resources:
      R:
        Type: AWS::Events::Rule
        Condition: IsProd
        Properties:
          EventPattern: {source: [a]}
"""


def test_a_condition_is_kept_until_the_given_parameters_decide_it(tmp_path: Path) -> None:
    assert read(tmp_path, CONDITIONAL).topology.get("R", Rule).condition == "IsProd"
    assert "R" in read(tmp_path, CONDITIONAL, parameters={"Env": "prod"}).topology
    assert "R" not in read(tmp_path, CONDITIONAL, parameters={"Env": "dev"}).topology


def test_one_unknown_name_meets_itself(tmp_path: Path) -> None:
    result = read(
        tmp_path,
        """\
        Parameters: {Name: {Type: String}}
        Resources:
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: !Sub "${Name}-bus"}}
          ByRef: {Type: AWS::Events::Rule, Properties: {EventBusName: !Ref Bus, EventPattern: {source: [a]}}}
          ByName: {Type: AWS::Events::Rule, Properties: {EventBusName: !Sub "${Name}-bus", EventPattern: {source: [a]}}}
        """,
    )
    assert [rule.bus for rule in result.topology.of(Rule)] == ["Bus", "Bus"]
    assert isinstance(result.topology["Bus"].name, Unresolved)


def test_what_is_referred_to_and_not_declared_is_existing(tmp_path: Path) -> None:
    result = read(
        tmp_path,
        """\
        Resources:
          R:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: {source: [a]}
              Targets:
                - {Id: a, Arn: arn:aws:sqs:us-east-1:123456789012:orders.fifo, SqsParameters: {MessageGroupId: g}}
                - {Id: b, Arn: arn:aws:lambda:us-east-1:123456789012:function:f:live}
                - {Id: c, Arn: arn:aws:batch:us-east-1:123456789012:job-queue/q}
        """,
    )
    topology = result.topology
    bus = topology.get("default", EventBus)
    assert (bus.existing, bus.name) == (True, "default")
    queue, function, batch = (topology[str(target.target)] for target in topology.get("R", Rule).targets)
    assert isinstance(queue, Queue)
    assert queue.fifo
    assert isinstance(function, Function)
    assert isinstance(batch, Opaque)
    assert (batch.type, batch.existing) == ("batch", True)
    assert topology.get("R", Rule).targets[0].parameters == {"SqsParameters": {"MessageGroupId": "g"}}


def test_versions_aliases_urls_and_unknown_attributes_lead_to_their_resource(tmp_path: Path) -> None:
    result = read(
        tmp_path,
        """\
        Resources:
          F: {Type: AWS::Lambda::Function, Properties: {FunctionName: f}}
          Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref F, Name: live}}
          Q: {Type: AWS::SQS::Queue}
          Api: {Type: AWS::AppSync::GraphQLApi}
          R:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: {source: [a]}
              Targets:
                - {Id: a, Arn: !Ref Live}
                - {Id: b, Arn: !GetAtt Api.GraphQLEndpointArn}
          P:
            Type: AWS::SQS::QueuePolicy
            Properties:
              Queues: [!Ref Q]
              PolicyDocument:
                Statement:
                  Effect: Allow
                  Principal: {Service: events.amazonaws.com}
                  Action: sqs:SendMessage
                  Condition: {ArnEquals: {"aws:SourceArn": !GetAtt R.Arn}}
          M:
            Type: AWS::Lambda::EventSourceMapping
            Properties: {FunctionName: "123456789012:function:f", EventSourceArn: !GetAtt Q.Arn}
          S:
            Type: AWS::Scheduler::Schedule
            Properties: {ScheduleExpression: rate(1 hour), Target: {Arn: !GetAtt F.Arn, Input: "{}"}}
        """,
    )
    topology = result.topology
    assert [target.target for target in topology.get("R", Rule).targets] == ["F", "Api"]
    permission = topology.get("P", Permission)
    assert (permission.resource, permission.principal, permission.source_arn) == (
        "Q",
        "events.amazonaws.com",
        topology["R"].arn,
    )
    mapping = topology.get("M", EventSourceMapping)
    assert (mapping.source, mapping.function) == ("Q", "F")
    assert topology.get("S", Schedule).target == "F"


def test_a_filter_with_an_unknown_part_keeps_the_known_ones(tmp_path: Path) -> None:
    result = read(
        tmp_path,
        """\
        Parameters: {Kind: {Type: String}}
        Resources:
          Q: {Type: AWS::SQS::Queue}
          P:
            Type: AWS::Pipes::Pipe
            Properties:
              Source: !GetAtt Q.Arn
              SourceParameters:
                FilterCriteria: {Filters: [{Pattern: !Sub '{"body": {"kind": ["${Kind}"], "state": ["NEW"]}}'}]}
              Target: !GetAtt Q.Arn
        """,
    )
    (filter,) = result.topology.get("P", Pipe).filters
    assert isinstance(filter.pattern, dict)
    body = filter.pattern["body"]
    assert isinstance(body, dict)
    assert body["state"] == ["NEW"]
    assert [unknown.expression for unknown in result.unresolved] == ["${Kind}"]


def test_exports_nested_stacks_and_equal_ids_of_several_templates(tmp_path: Path) -> None:
    (tmp_path / "bus.yaml").write_text(
        "Resources:\n  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}\n  Q: {Type: AWS::SQS::Queue}\n"
        "Outputs: {Bus: {Value: !GetAtt Bus.Arn, Export: {Name: shop-bus}}}\n"
    )
    (tmp_path / "rules.yaml").write_text(
        "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n"
        "      {EventBusName: !ImportValue shop-bus, EventPattern: {source: [a]},\n"
        "       Targets: [{Id: q, Arn: !GetAtt Q.Arn}, {Id: n, Arn: !GetAtt Inner.Outputs.Queue}]}\n"
        "  Q: {Type: AWS::SQS::Queue}\n"
        "  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner/t.yaml, Parameters: {N: jobs}}}\n"
    )
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "t.yaml").write_text(
        "Parameters: {N: {Type: String}}\nResources: {Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref N}}}\n"
        "Outputs: {Queue: {Value: !GetAtt Jobs.Arn}}\n"
    )
    result = read_topology([tmp_path / "bus.yaml", tmp_path / "rules.yaml"])
    rule = result.topology.get("R", Rule)
    assert rule.bus == "Bus"
    assert [target.target for target in rule.targets] == ["rules/Q", "Inner/Jobs"]
    assert {"bus/Q", "rules/Q"} <= {queue.id for queue in result.topology.of(Queue)}
    assert result.topology["Inner/Jobs"].name == "jobs"
    assert result.problems == ()


@pytest.mark.parametrize("aliased", ["R:\n    Type: *nowhere\n", "R: &r\n    Type: *r\n"])
def test_an_alias_that_stands_for_nothing_is_told_with_its_line(tmp_path: Path, aliased: str) -> None:
    (problem,) = read(tmp_path, f"Resources:\n  {aliased}").problems
    assert problem.origin.line == 3
