"""Terraform: folders, modules, JSON syntax, plans and states become the topology that the same CloudFormation does."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from perception_events.readers import Format, ReadResult, read_topology
from perception_events.topology import (
    EventSourceMapping,
    Function,
    Opaque,
    Permission,
    Pipe,
    Rule,
    Schedule,
    TableStream,
    Unresolved,
)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def read(folder: Path, main: str, **options: Any) -> ReadResult:
    return read_topology(write(folder, {"main.tf": main}), **options)


ORDERS = """\
    provider "aws" {
      region = "eu-central-1"
    }

    data "aws_caller_identity" "current" {}

    variable "source_name" {
      default = "orders"
    }

    locals {
      statuses = ["SHIPPED", "PAID"]
    }

    resource "aws_cloudwatch_event_bus" "bus" {
      name = "orders"
    }

    resource "aws_cloudwatch_event_rule" "shipped" {
      name           = "shipped"
      event_bus_name = aws_cloudwatch_event_bus.bus.name
      event_pattern = jsonencode({
        source  = [var.source_name]
        account = [data.aws_caller_identity.current.account_id]
        detail = {
          status = local.statuses
        }
      })
    }

    resource "aws_cloudwatch_event_rule" "heredoc" {
      event_pattern = <<-PATTERN
      {
        "source": ["${var.source_name}"]
      }
      PATTERN
    }

    resource "aws_cloudwatch_event_target" "shipped" {
      rule           = aws_cloudwatch_event_rule.shipped.name
      event_bus_name = aws_cloudwatch_event_bus.bus.name
      arn            = aws_lambda_function.f.arn
      input_transformer {
        input_paths    = { id = "$.detail.id" }
        input_template = "{\\"id\\": <id>}"
      }
      retry_policy {
        maximum_retry_attempts = 2
      }
      dead_letter_config {
        arn = aws_sqs_queue.failed.arn
      }
    }

    resource "aws_cloudwatch_event_target" "by_heredoc" {
      rule = aws_cloudwatch_event_rule.heredoc.id
      arn  = aws_sqs_queue.failed.arn
    }

    resource "aws_lambda_function" "f" {
      function_name = "f"
      handler       = "app.handler"
      runtime       = "python3.12"
    }

    resource "aws_sqs_queue" "failed" {}

    resource "aws_lambda_permission" "events" {
      function_name = aws_lambda_function.f.function_name
      action        = "lambda:InvokeFunction"
      principal     = "events.amazonaws.com"
      source_arn    = aws_cloudwatch_event_rule.shipped.arn
    }

    resource "aws_dynamodb_table" "table" {
      name             = "table"
      hash_key         = "PK"
      stream_enabled   = true
      stream_view_type = "NEW_IMAGE"
      attribute {
        name = "PK"
        type = "S"
      }
    }

    resource "aws_lambda_event_source_mapping" "m" {
      event_source_arn  = aws_dynamodb_table.table.stream_arn
      function_name     = aws_lambda_function.f.arn
      starting_position = "LATEST"
      filter_criteria {
        filter {
          pattern = jsonencode({ eventName = ["INSERT"] })
        }
      }
    }

    resource "aws_pipes_pipe" "p" {
      name     = "p"
      role_arn = "arn:aws:iam::123456789012:role/p"
      source   = aws_dynamodb_table.table.stream_arn
      target   = aws_cloudwatch_event_bus.bus.arn
      source_parameters {
        dynamodb_stream_parameters {
          starting_position = "LATEST"
          batch_size        = 7
        }
        filter_criteria {
          filter {
            pattern = "{\\"eventName\\": [\\"REMOVE\\"]}"
          }
        }
      }
      target_parameters {
        input_template = "{\\"id\\": <$.dynamodb.Keys.PK.S>}"
        eventbridge_event_bus_parameters {
          source      = "orders"
          detail_type = "removed"
        }
      }
    }

    resource "aws_scheduler_schedule" "s" {
      schedule_expression = "rate(1 hour)"
      flexible_time_window {
        mode                      = "FLEXIBLE"
        maximum_window_in_minutes = 5
      }
      target {
        arn      = aws_lambda_function.f.arn
        role_arn = "arn:aws:iam::123456789012:role/s"
        input    = jsonencode({ a = 1 })
      }
    }
"""


@pytest.fixture
def orders(tmp_path: Path) -> ReadResult:
    return read(tmp_path, ORDERS)


def test_a_folder_becomes_one_linked_topology(orders: ReadResult) -> None:
    assert orders.problems == ()
    assert orders.unresolved == ()
    assert orders.files[0].format is Format.TERRAFORM
    topology = orders.topology
    rule = topology.get("aws_cloudwatch_event_rule.shipped", Rule)
    assert rule.bus == "aws_cloudwatch_event_bus.bus"
    assert rule.event_pattern == {
        "source": ["orders"],
        "account": ["123456789012"],
        "detail": {"status": ["SHIPPED", "PAID"]},
    }
    (target,) = rule.targets
    assert (target.target, target.dead_letter_queue) == ("aws_lambda_function.f", "aws_sqs_queue.failed")
    assert target.input_transformer is not None
    assert target.input_transformer.input_template == '{"id": <id>}'
    assert target.retry_policy is not None
    assert target.retry_policy.maximum_retry_attempts == 2
    heredoc = topology.get("aws_cloudwatch_event_rule.heredoc", Rule)
    assert heredoc.event_pattern == {"source": ["orders"]}
    assert (heredoc.bus, [one.target for one in heredoc.targets]) == ("default", ["aws_sqs_queue.failed"])
    assert topology["default"].arn == "arn:aws:events:eu-central-1:123456789012:event-bus/default"


def test_pipes_mappings_schedules_and_permissions(orders: ReadResult) -> None:
    topology = orders.topology
    stream = topology.of(TableStream)[0]
    assert (stream.id, stream.stream_view_type) == ("aws_dynamodb_table.table.stream", "NEW_IMAGE")
    mapping = topology.of(EventSourceMapping)[0]
    assert (mapping.source, mapping.function) == (stream.id, "aws_lambda_function.f")
    assert [one.pattern for one in mapping.filters] == [{"eventName": ["INSERT"]}]
    pipe = topology.of(Pipe)[0]
    assert (pipe.source, pipe.target) == (stream.id, "aws_cloudwatch_event_bus.bus")
    assert [one.pattern for one in pipe.filters] == [{"eventName": ["REMOVE"]}]
    assert (pipe.source_parameters.batch_size, pipe.source_parameters.starting_position) == (7, "LATEST")
    assert pipe.target_input_template == '{"id": <$.dynamodb.Keys.PK.S>}'
    assert pipe.target_parameters == {"EventBridgeEventBusParameters": {"Source": "orders", "DetailType": "removed"}}
    schedule = topology.of(Schedule)[0]
    assert (schedule.target, schedule.input, schedule.flexible_time_window) == (
        "aws_lambda_function.f",
        '{"a": 1}',
        5,
    )
    permission = topology.of(Permission)[0]
    assert (permission.resource, permission.source_arn) == (
        "aws_lambda_function.f",
        topology["aws_cloudwatch_event_rule.shipped"].arn,
    )


def test_origins_are_files_and_lines(orders: ReadResult, tmp_path: Path) -> None:
    origin = orders.topology["aws_cloudwatch_event_rule.shipped"].origin
    assert origin is not None
    line = textwrap.dedent(ORDERS).splitlines().index('resource "aws_cloudwatch_event_rule" "shipped" {') + 1
    assert (origin.file, origin.line) == (str(tmp_path / "main.tf"), line)


def test_for_each_count_and_variables(tmp_path: Path) -> None:
    main = """\
        variable "names" { type = list(string) }
        variable "off" { default = false }
        resource "aws_cloudwatch_event_rule" "r" {
          for_each      = toset(var.names)
          name          = "rule-${each.key}"
          event_pattern = jsonencode({ source = [each.value] })
        }
        resource "aws_cloudwatch_event_target" "t" {
          for_each = toset(var.names)
          rule     = aws_cloudwatch_event_rule.r[each.key].name
          arn      = aws_sqs_queue.q[0].arn
        }
        resource "aws_sqs_queue" "q" { count = 1 }
        resource "aws_sqs_queue" "none" { count = var.off ? 1 : 0 }
    """
    given = read(tmp_path, main, parameters={"names": '["a", "b"]'}).topology
    assert [rule.id for rule in given.of(Rule)] == [
        'aws_cloudwatch_event_rule.r["a"]',
        'aws_cloudwatch_event_rule.r["b"]',
    ]
    assert [rule.event_pattern for rule in given.of(Rule)] == [{"source": ["a"]}, {"source": ["b"]}]
    assert [rule.targets[0].target for rule in given.of(Rule)] == ["aws_sqs_queue.q[0]"] * 2
    assert "aws_sqs_queue.none[0]" not in given

    unknown = read(tmp_path, main)
    (rule,) = unknown.topology.of(Rule)
    assert isinstance(rule.event_pattern, dict)
    assert isinstance(rule.event_pattern["source"], list)
    assert isinstance(rule.event_pattern["source"][0], Unresolved)
    assert [one.target for one in rule.targets] == ["aws_sqs_queue.q[0]"]
    assert any("variable names has no default" in one.reason for one in unknown.unresolved)


def test_variable_files_are_read_as_terraform_reads_them(tmp_path: Path) -> None:
    write(tmp_path, {"terraform.tfvars": 'name = "a"\n', "z.auto.tfvars": 'name = "b"\n'})
    main = """\
        variable "name" {}
        resource "aws_cloudwatch_event_rule" "r" { event_pattern = jsonencode({ source = [var.name] }) }
    """
    assert read(tmp_path, main).topology.of(Rule)[0].event_pattern == {"source": ["b"]}
    assert read(tmp_path, main, parameters={"name": "c"}).topology.of(Rule)[0].event_pattern == {"source": ["c"]}


def test_modules_of_the_folder_are_read_with_their_arguments(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "prod/main.tf": """\
                module "rules" {
                  source   = "../modules/rule"
                  for_each = { a = "x", b = "y" }
                  pattern  = jsonencode({ source = [each.value] })
                  queue    = module.queue.arn
                }
                module "queue" {
                  source = "../modules/queue"
                }
            """,
            "modules/rule/main.tf": """\
                variable "pattern" {}
                variable "queue" {}
                resource "aws_cloudwatch_event_rule" "this" { event_pattern = var.pattern }
                resource "aws_cloudwatch_event_target" "this" {
                  rule = aws_cloudwatch_event_rule.this.name
                  arn  = var.queue
                }
            """,
            "modules/queue/main.tf": """\
                resource "aws_sqs_queue" "q" {}
                output "arn" { value = aws_sqs_queue.q.arn }
            """,
        },
    )
    for path in (tmp_path, tmp_path / "prod"):  # called modules are no systems of their own in a walk
        result = read_topology(path)
        assert result.problems == ()
        rules = result.topology.of(Rule)
        assert [rule.id for rule in rules] == [
            'module.rules["a"].aws_cloudwatch_event_rule.this',
            'module.rules["b"].aws_cloudwatch_event_rule.this',
        ]
        assert [rule.event_pattern for rule in rules] == [{"source": ["x"]}, {"source": ["y"]}]
        assert {rule.targets[0].target for rule in rules} == {"module.queue.aws_sqs_queue.q"}


def test_a_module_that_is_not_there_shows_the_patterns_among_its_arguments(tmp_path: Path) -> None:
    result = read(
        tmp_path,
        """\
        module "rule" {
          source        = "example/rule/aws"
          event_pattern = jsonencode({ source = ["a"] })
        }
        module "gone" { source = "./gone" }
        resource "aws_cloudwatch_event_rule" "r" { event_pattern = "{\\"source\\": [\\"b\\"]}" }
        resource "aws_cloudwatch_event_target" "t" {
          rule = aws_cloudwatch_event_rule.r.name
          arn  = module.rule.function_arn
        }
        """,
    )
    (problem,) = result.problems
    assert "the folder ./gone of module.gone does not exist" in problem.reason
    assert problem.origin.line == 5
    assert result.topology.get("module.rule", Rule).event_pattern == {"source": ["a"]}
    target = result.topology[str(result.topology.get("aws_cloudwatch_event_rule.r", Rule).targets[0].target)]
    assert isinstance(target, Opaque)
    assert (target.id, target.existing) == ("module.rule.function_arn", True)


def test_a_target_of_an_undeclared_rule_is_not_lost(tmp_path: Path) -> None:
    result = read(
        tmp_path, 'resource "aws_cloudwatch_event_target" "t" {\n rule = "other"\n arn = "arn:aws:sqs:us-east-1:1:q"\n}'
    )
    (rule,) = result.topology.of(Rule)
    assert (rule.name, rule.existing, len(rule.targets)) == ("other", True, 1)
    assert isinstance(rule.event_pattern, Unresolved)


def test_a_broken_file_is_a_problem_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"broken.tf": 'resource "a" "b" {\n  x = \n}\n'})
    result = read(tmp_path, 'resource "aws_sqs_queue" "q" {}\n')
    (problem,) = result.problems
    assert (problem.origin.file, problem.origin.line) == (str(tmp_path / "broken.tf"), 2)
    assert "aws_sqs_queue.q" in result.topology


def test_templates_and_files_of_the_module(tmp_path: Path) -> None:
    write(tmp_path, {"p.json.tpl": '{"source": ["${name}"]%{ if more }, "account": ["1"]%{ endif }}'})
    result = read(
        tmp_path,
        """\
        resource "aws_cloudwatch_event_rule" "r" {
          event_pattern = templatefile("${path.module}/p.json.tpl", { name = "a", more = true })
        }
        resource "aws_cloudwatch_event_rule" "s" { event_pattern = file("missing.json") }
        """,
    )
    first, second = result.topology.of(Rule)
    assert first.event_pattern == {"source": ["a"], "account": ["1"]}
    assert isinstance(second.event_pattern, Unresolved)
    assert "missing.json: the file does not exist" in second.event_pattern.reason


def test_json_syntax_is_the_same_language(tmp_path: Path) -> None:
    document = {
        "variable": {"n": {"default": "a"}},
        "resource": {
            "aws_cloudwatch_event_rule": {"r": {"event_pattern": '{"source": ["${var.n}"]}'}},
            "aws_cloudwatch_event_target": {
                "t": {"rule": "${aws_cloudwatch_event_rule.r.name}", "arn": "${aws_sqs_queue.q.arn}"}
            },
            "aws_sqs_queue": {"q": {}},
        },
    }
    path = tmp_path / "main.tf.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    for one in (path, tmp_path):
        (rule,) = read_topology(one).topology.of(Rule)
        assert rule.event_pattern == {"source": ["a"]}
        assert rule.targets[0].target == "aws_sqs_queue.q"


PLAN: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.11.4",
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_cloudwatch_event_rule.r",
                    "mode": "managed",
                    "type": "aws_cloudwatch_event_rule",
                    "name": "r",
                    "values": {"name": "r", "event_pattern": '{"source":["a"]}', "event_bus_name": "default"},
                },
                {
                    "address": "aws_cloudwatch_event_rule.unknown",
                    "mode": "managed",
                    "type": "aws_cloudwatch_event_rule",
                    "name": "unknown",
                    "values": {"name": "u"},
                },
                {
                    "address": "aws_cloudwatch_event_target.t",
                    "mode": "managed",
                    "type": "aws_cloudwatch_event_target",
                    "name": "t",
                    "values": {"rule": "r", "target_id": "q", "dead_letter_config": []},
                },
                {"address": "aws_sqs_queue.q", "mode": "managed", "type": "aws_sqs_queue", "name": "q", "values": {}},
            ]
        }
    },
    "resource_changes": [
        {"address": "aws_cloudwatch_event_target.t", "change": {"after_unknown": {"arn": True, "id": True}}},
        {"address": "aws_cloudwatch_event_rule.unknown", "change": {"after_unknown": {"event_pattern": True}}},
    ],
    "configuration": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_cloudwatch_event_target.t",
                    "expressions": {"arn": {"references": ["aws_sqs_queue.q.arn", "aws_sqs_queue.q"]}},
                },
                {
                    "address": "aws_cloudwatch_event_rule.unknown",
                    "expressions": {"event_pattern": {"references": ["aws_sqs_queue.q.arn", "aws_sqs_queue.q"]}},
                },
            ]
        }
    },
}


def test_a_plan_has_its_links_from_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN), encoding="utf-8")
    result = read_topology(path)
    assert result.files[0].format is Format.TERRAFORM_PLAN
    rule = result.topology.get("aws_cloudwatch_event_rule.r", Rule)
    assert rule.event_pattern == {"source": ["a"]}
    assert [one.target for one in rule.targets] == ["aws_sqs_queue.q"]
    unknown = result.topology.get("aws_cloudwatch_event_rule.unknown", Rule)
    assert isinstance(unknown.event_pattern, Unresolved)


def test_a_state_has_everything(tmp_path: Path) -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:f"
    values = {
        "root_module": {
            "resources": [
                {
                    "address": "aws_lambda_function.f",
                    "mode": "managed",
                    "type": "aws_lambda_function",
                    "name": "f",
                    "values": {"function_name": "f", "arn": arn},
                },
                {
                    "address": "aws_cloudwatch_event_rule.r",
                    "mode": "managed",
                    "type": "aws_cloudwatch_event_rule",
                    "name": "r",
                    "values": {"name": "r", "event_pattern": '{"source":["a"]}'},
                },
                {
                    "address": "aws_cloudwatch_event_target.t",
                    "mode": "managed",
                    "type": "aws_cloudwatch_event_target",
                    "name": "t",
                    "values": {"rule": "r", "arn": arn},
                },
            ]
        }
    }
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"format_version": "1.0", "terraform_version": "1.11.4", "values": values}))
    result = read_topology(path)
    assert result.files[0].format is Format.TERRAFORM_STATE
    assert result.topology.of(Rule)[0].targets[0].target == "aws_lambda_function.f"
    assert result.topology.of(Function)[0].arn == arn
