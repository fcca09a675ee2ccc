"""`perception-events route --template`: inputs of every form through a template, with every rule's verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")
pytest.importorskip("yaml", reason="YAML templates need PyYAML")

from typer.testing import CliRunner, Result

from perception_events.cli.app import app

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "orders_template"
TEMPLATE = str(EXAMPLE / "template.yaml")


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["route", *arguments], input=stdin)


def test_a_record_goes_through_pipe_bus_and_rules_to_the_function() -> None:
    done = run(str(EXAMPLE / "records.json"), "--template", TEMPLATE)
    assert done.exit_code == 0, done.stderr
    assert "rule NotifyFunctionNewOrder: matches" in done.stdout
    assert 'function NotifyFunction receives {"id": "1001", "status": "NEW"}' in done.stdout
    assert "OrderChangesPipe: filtered out\n    filter 1: eventName: expected" in done.stdout
    assert done.stdout.endswith("2 inputs: 1 delivered, 1 ended before a target\n")


def test_entries_go_to_the_bus_that_they_name_and_events_to_each_that_is_read() -> None:
    event = {"source": "orders", "detail-type": "Order changed", "detail": {"status": "NEW"}}
    done = run(str(EXAMPLE / "entries.json"), json.dumps(event), "--template", TEMPLATE, "--format", "json")
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["form"], line["to"], line["element"]) for line in lines] == [
        ("PutEvents entry", "orders-dev", 0),
        ("PutEvents entry", "orders-dev", 1),
        ("event", "OrdersBus", None),
    ]
    verdicts = {rule["id"]: rule["verdict"] for rule in lines[2]["rules"]}
    assert verdicts == {"PaidOrdersRule": "not matched", "NotifyFunctionNewOrder": "matched"}
    assert [one["resource"] for one in lines[2]["received"]] == ["NotifyFunction"]


def test_parameters_decide_names() -> None:
    done = run(str(EXAMPLE / "entries.json"), "--template", TEMPLATE, "--parameter", "Environment=prod")
    assert "orders-dev" in done.stdout
    assert "matches" not in done.stdout.replace("does not match", "")  # the bus of production has another name


QUEUE = """\
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  Out: {Type: AWS::SQS::Queue, Properties: {QueueName: out}}
  Enrich: {Type: AWS::Lambda::Function, Properties: {FunctionName: enrich}}
  P:
    Type: AWS::Pipes::Pipe
    Properties:
      Source: !GetAtt Q.Arn
      Enrichment: !GetAtt Enrich.Arn
      Target: !GetAtt Out.Arn
"""


def test_an_enrichment_is_given_or_the_verdict_depends_on_it(tmp_path: Path) -> None:
    template, sample = tmp_path / "t.yaml", tmp_path / "sample.json"
    template.write_text(QUEUE)
    sample.write_text(json.dumps([{"enriched": True}]))
    message = json.dumps({"messageId": "1", "body": "hello"})
    without = run(message, "--template", str(template))
    assert "depends on" in without.stdout
    for given in (str(sample), f"Enrich={sample}"):
        done = run(message, "--template", str(template), "--enrichment", given)
        assert "queue Out receives" in done.stdout
        assert "enriched" in done.stdout


STREAM = """\
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties: {TableName: t, StreamSpecification: {StreamViewType: NEW_IMAGE}}
  Out: {Type: AWS::SQS::Queue, Properties: {QueueName: out}}
  P:
    Type: AWS::Pipes::Pipe
    Properties:
      Source: !GetAtt T.StreamArn
      SourceParameters: {DynamoDBStreamParameters: {StartingPosition: LATEST, BatchSize: 10}}
      Enrichment: arn:aws:lambda:us-east-1:123456789012:function:enrich
      Target: !GetAtt Out.Arn
"""


def test_a_classifier_registry_stands_in_for_its_enrichment_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "t.yaml"
    template.write_text(STREAM)
    (tmp_path / "own_types.py").write_text(
        "from perception_events.classifiers import ClassifierRegistry, PrefixClassifier\n"
        "registry = ClassifierRegistry([PrefixClassifier('order-paid', 'paid#')])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    image = {"site": {"S": "a"}, "date#event_type": {"S": "2025-07-15#paid#A17"}}
    record = {"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {"NewImage": image}}
    done = run(json.dumps(record), "--template", str(template), "--enrichment", "own_types:registry")
    assert done.exit_code == 0, done.stderr
    assert '"PerceptionPipelineEventType": "order-paid"' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--template", "none.yaml"), "does not exist"),
        (("--template", TEMPLATE, "--pipeline", "a:b"), "give one of them"),
        (("--template", TEMPLATE, "--to", "Nowhere"), "Nowhere"),
        (("--template", TEMPLATE, "--enrichment", "nonsense"), "write package.module:NAME or path/to/file.py:NAME"),
    ],
)
def test_a_wrong_call_ends_with_2(arguments: tuple[str, ...], message: str) -> None:
    done = run("{}", *arguments)
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr


def test_what_cannot_be_read_or_put_in_is_named_and_ends_with_2() -> None:
    message = {"messageId": "1", "body": "x"}
    done = run("--template", TEMPLATE, stdin=f"{{broken\n{json.dumps({'a': 1})}\n{json.dumps(message)}\n")
    assert done.exit_code == 2
    assert "<stdin>:1: is not JSON" in done.stderr
    assert "(found: a)" in done.stderr
