"""Every kind of source and target is rendered with the rights that it needs; the rest is rejected by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.rendering import RenderError, template
from perception_events.topology import (
    ApiDestination,
    EventBus,
    Permission,
    Queue,
    Resource,
    Rule,
    RuleTarget,
    Topology,
    Unresolved,
)
from support.topologies import every_kind

BUS = EventBus("Shop", name="shop", arn="arn:aws:events:eu-west-1:210987654321:event-bus/shop")
TEMPLATE: dict[str, Any] = json.loads(json.dumps(template(every_kind())))["Resources"]


def rights(role: str) -> set[tuple[str, str]]:
    """The actions of a role, each with the logical id that it is on."""
    policies = TEMPLATE[role]["Properties"].get("Policies", [])
    return {
        (action, json.dumps(statement["Resource"]))
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }


def on(logical: str, attribute: str = "Arn") -> str:
    return json.dumps({"Fn::GetAtt": [logical, attribute]})


def test_a_pipe_may_read_its_source_enrich_deliver_and_bury() -> None:
    assert rights("OrdersPipeRole") == {
        *((f"dynamodb:{call}", on("Orders", "StreamArn")) for call in ("DescribeStream", "GetRecords")),
        *((f"dynamodb:{call}", on("Orders", "StreamArn")) for call in ("GetShardIterator", "ListStreams")),
        ("states:StartSyncExecution", on("Enricher")),
        ("events:PutEvents", on("Shop")),
        ("sqs:SendMessage", on("Undelivered")),
    }
    assert rights("ShipmentsPipeRole") == {
        ("sqs:ReceiveMessage", on("Shipments")),
        ("sqs:DeleteMessage", on("Shipments")),
        ("sqs:GetQueueAttributes", on("Shipments")),
        ("states:StartExecution", on("Fulfil")),
    }
    assert {action for action, _ in rights("ClicksPipeRole")} > {"kinesis:GetRecords", "logs:PutLogEvents"}


def test_a_function_may_read_what_its_mapping_reads() -> None:
    assert ("kinesis:GetRecords", on("Clicks")) in rights("ShipRole")
    assert ("sqs:SendMessage", on("Undelivered")) in rights("ShipRole")


def test_functions_queues_topics_and_log_groups_are_reached_by_policies_of_their_own() -> None:
    targets = {target["Id"]: target for target in TEMPLATE["AllTargets"]["Properties"]["Targets"]}
    assert {name for name, target in targets.items() if "RoleArn" in target} == {"fulfil"}
    assert TEMPLATE["AllTargetsShipPermission"]["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "ShipFunction"},
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": ["AllTargets", "Arn"]},
    }
    for policy, action, resource in (
        ("ShipmentsPolicy", "sqs:SendMessage", {"Fn::GetAtt": ["Shipments", "Arn"]}),
        ("NewsPolicy", "sns:Publish", {"Ref": "News"}),
    ):
        (statement,) = TEMPLATE[policy]["Properties"]["PolicyDocument"]["Statement"]
        assert (statement["Action"], statement["Resource"]) == (action, resource)
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": [{"Fn::GetAtt": ["AllTargets", "Arn"]}]}}
    document = json.loads(TEMPLATE["AuditPolicy"]["Properties"]["PolicyDocument"]["Fn::Sub"])
    assert document["Statement"][0]["Resource"] == "${Audit.Arn}"


def test_buses_streams_and_state_machines_are_reached_by_one_role_of_the_rule() -> None:
    assert rights("AllTargetsRole") == {("states:StartExecution", on("Fulfil"))}
    assert rights("MoreTargetsRole") == {
        ("kinesis:PutRecord", on("Clicks")),
        ("events:PutEvents", on("Other")),
        ("events:PutEvents", '"arn:aws:events:us-west-2:111111111111:event-bus/partner"'),
    }


def test_a_queue_for_work_has_no_alarm_and_one_for_dead_letters_has() -> None:
    assert "ShipmentsAlarm" not in TEMPLATE
    assert {"LettersAlarm", "UndeliveredAlarm", "ShipFunctionIteratorAgeAlarm"} <= set(TEMPLATE)


def test_an_arn_of_the_topologys_own_account_follows_the_deployment_and_another_one_stays() -> None:
    near = Queue("Near", arn="arn:aws:sqs:eu-west-1:210987654321:near", existing=True)
    far = Queue("Far", arn="arn:aws:sqs:eu-west-1:999999999999:far", existing=True)
    rule = Rule(
        "R",
        name="r",
        arn="arn:aws:events:eu-west-1:210987654321:rule/shop/r",
        bus="Shop",
        targets=(RuleTarget("near", "Near"), RuleTarget("far", "Far")),
    )
    resources: Any = template(Topology([BUS, near, far, rule]))["Resources"]
    assert [target["Arn"] for target in resources["R"]["Properties"]["Targets"]] == [
        {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:near"},
        "arn:aws:sqs:eu-west-1:999999999999:far",
    ]
    assert "NearPolicy" not in resources


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ([ApiDestination("Hook")], "Hook is an API destination, which render does not write"),
        ([Permission("Anyone")], r"Anyone is a permission.*\(permissions follow from who refers to whom\)"),
        (
            [
                BUS,
                ApiDestination("Hook", existing=True),
                Rule("R", name="r", bus="Shop", targets=(RuleTarget("h", "Hook"),)),
            ],
            "R: the target 'h' is an API destination; render writes as targets: function, queue, topic, log group",
        ),
        (
            [EventBus("B", name=Unresolved("!Ref Name"))],
            "B: `name` is '!Ref Name', which is not known before the deployment",
        ),
        ([Queue("Q", name="q", condition="IsProd")], "Q exists under the condition 'IsProd'"),
        (
            [Queue("Q", name="q", dead_letter_queue="Q")],
            "Q: a queue with a dead-letter queue needs",
        ),
        (
            [BUS, Rule("R", name="r", bus="Shop", event_pattern={"detail": {"a": [Unresolved("${var.a}")]}})],
            "R: the event pattern holds",
        ),
    ],
)
def test_what_cannot_be_written_is_rejected_by_name(resources: list[Resource], reason: str) -> None:
    with pytest.raises(RenderError, match=reason):
        template(Topology(resources))
