"""serverless.yml: what the framework makes of functions' events, variables, and what is rejected by name."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from perception_events.readers import Format, ReadResult, read_topology
from perception_events.topology import EventBus, EventSourceMapping, Function, Rule, Schedule, Unresolved

pytest.importorskip("yaml", reason="YAML templates need PyYAML")


def read(folder: Path, text: str, **options: Any) -> ReadResult:
    path = folder / "serverless.yml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return read_topology(path, **options)


SERVICE = """\
    service: shop
    provider:
      name: aws
      runtime: nodejs20.x
      stage: ${opt:stage, 'test'}
      region: eu-west-2
    custom:
      names: {test: jobs-t, prod: jobs-p}
      queue: ${self:custom.names.${sls:stage}}
    functions:
      on-order:
        handler: src/order.handler
        events:
          - eventBridge:
              eventBus: orders
              pattern:
                source: [orders]
                account: ["${aws:accountId}"]
              inputTransformer:
                inputPathsMap: {id: $.detail.id}
                inputTemplate: '{"id": <id>}'
              retryPolicy: {maximumRetryAttempts: 2}
              deadLetterQueueArn: !GetAtt Jobs.Arn
          - sqs:
              arn: !GetAtt Jobs.Arn
              batchSize: 3
              filterPatterns: [{body: {kind: [a]}}]
              functionResponseType: ReportBatchItemFailures
          - stream: arn:aws:dynamodb:eu-west-2:123456789012:table/t/stream/x
          - schedule: rate(1 hour)
          - schedule: {rate: [rate(1 day), rate(2 days)], method: scheduler, input: {a: 1}}
          - http: {path: /x, method: get}
    resources:
      Resources:
        Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: "${self:custom.queue}"}}
        Direct:
          Type: AWS::Events::Rule
          Properties:
            EventBusName: orders
            EventPattern: {source: [b], region: ["#{AWS::Region}"]}
            Targets: [{Id: f, Arn: !GetAtt OnDashorderLambdaFunction.Arn}]
"""


def test_events_become_what_the_framework_makes_of_them(tmp_path: Path) -> None:
    result = read(tmp_path, SERVICE)
    assert result.problems == ()
    assert result.unresolved == ()
    assert result.files[0].format is Format.SERVERLESS
    topology = result.topology
    rule = topology.get("on-order.events[0]", Rule)
    assert (rule.name, rule.bus) == ("shop-test-on-order-rule-1", "on-order.events[0].eventBus")
    assert topology.get(str(rule.bus), EventBus).name == "orders"
    assert rule.event_pattern == {"source": ["orders"], "account": ["123456789012"]}
    (target,) = rule.targets
    assert (target.target, target.dead_letter_queue) == ("on-order", "Jobs")
    assert target.input_transformer is not None
    assert topology.get("on-order", Function).arn == (
        "arn:aws:lambda:eu-west-2:123456789012:function:shop-test-on-order"
    )
    queue = topology.get("on-order.events[1]", EventSourceMapping)
    assert (queue.source, queue.function, queue.source_parameters.batch_size) == ("Jobs", "on-order", 3)
    assert [one.pattern for one in queue.filters] == [{"body": {"kind": ["a"]}}]
    assert queue.function_response_types == ("ReportBatchItemFailures",)
    stream = topology.get("on-order.events[2]", EventSourceMapping)
    assert stream.source_parameters.starting_position == "TRIM_HORIZON"
    assert topology.get("on-order.events[3]", Rule).schedule_expression == "rate(1 hour)"
    assert [(one.schedule_expression, one.input) for one in topology.of(Schedule)] == [
        ("rate(1 day)", '{"a": 1}'),
        ("rate(2 days)", '{"a": 1}'),
    ]


def test_resources_and_variables(tmp_path: Path) -> None:
    topology = read(tmp_path, SERVICE).topology
    assert topology["Jobs"].name == "jobs-t"
    direct = topology.get("Direct", Rule)
    assert direct.event_pattern == {"source": ["b"], "region": ["eu-west-2"]}
    assert (direct.bus, direct.targets[0].target) == ("on-order.events[0].eventBus", "on-order")
    prod = read(tmp_path, SERVICE, parameters={"stage": "prod"}).topology
    assert (prod["Jobs"].name, prod["on-order"].name) == ("jobs-p", "shop-prod-on-order")


def test_origins_are_places_of_the_service(tmp_path: Path) -> None:
    origin = read(tmp_path, SERVICE).topology["on-order.events[0]"].origin
    assert origin is not None
    line = textwrap.dedent(SERVICE).splitlines().index("      - eventBridge:") + 1
    assert (origin.line, origin.path) == (line, "functions.on-order.events[0].eventBridge")


def test_included_files_and_what_only_the_deployment_knows(tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text("a: {b: [from-file]}\n")
    result = read(
        tmp_path,
        """\
        service: s
        provider: {name: aws}
        custom: {gone: "${file(./gone.yml):x}", code: "${file(./c.js):x}", loop: "${self:custom.loop}"}
        functions:
          f:
            handler: f.h
            events:
              - eventBridge: {pattern: {source: "${file(./more.yml):a.b}"}}
              - eventBridge: {pattern: {source: ["${ssm:/x}", "${self:custom.gone}", "${self:custom.code}"]}}
              - eventBridge: {pattern: {source: ["${self:custom.loop}", "a-${env:NAME}", "${env:NAME, 'd'}"]}}
        """,
    )
    rules = result.topology.of(Rule)
    assert rules[0].event_pattern == {"source": ["from-file"]}
    reasons = {unknown.expression: unknown.reason for unknown in result.unresolved}
    assert "SSM" in reasons["${ssm:/x}"]
    assert any("code" in reason for reason in reasons.values())
    assert any("refers to itself" in reason for reason in reasons.values())
    assert "a-${env:NAME}" in reasons
    assert isinstance(rules[2].event_pattern, dict)
    sources = rules[2].event_pattern["source"]
    assert isinstance(sources, list)
    assert sources[2] == "d"
    assert [problem.fix for problem in result.problems] == ["correct the path"]


def test_another_provider_and_code_are_rejected_by_name(tmp_path: Path) -> None:
    result = read(tmp_path, "service: s\nprovider: {name: google}\nfunctions: {}\n")
    assert "provider google is not AWS" in result.problems[0].reason
    code = tmp_path / "serverless.ts"
    code.write_text("export default {}")
    (problem,) = read_topology(code).problems
    assert "code, which is not run" in problem.reason
    assert "serverless package" in problem.fix


def test_the_frameworks_own_output_comes_first(tmp_path: Path) -> None:
    read(tmp_path, SERVICE)
    (tmp_path / ".serverless").mkdir()
    template = {"Resources": {"R": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["x"]}}}}}
    (tmp_path / ".serverless" / "cloudformation-template-update-stack.json").write_text(json.dumps(template))
    result = read_topology(tmp_path)
    assert result.files[0].format is Format.SERVERLESS
    assert [rule.event_pattern for rule in result.topology.of(Rule)] == [{"source": ["x"]}]
    assert not isinstance(result.topology.of(Rule)[0].bus, Unresolved)
