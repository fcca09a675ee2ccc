"""Misspelt AWS events: small differences only, for the catalogue does not have every event and new ones are right."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from perception_events.checks import Finding, check
from perception_events.schemas import aws_event_types
from support.checked_topologies import rule, rule_topology

EC2 = "EC2 Instance State-change Notification"


def found(pattern: dict[str, Any], **fields: Any) -> list[Finding]:
    checked = check(rule_topology(rule(pattern, **fields)), access=False)
    return [
        finding for finding in checked if finding.identifier in ("PE315", "PE316", "PE317", "PE318", "PE319", "PE320")
    ]


def fixes(pattern: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding.identifier, finding.fix) for finding in found(pattern)]


@pytest.mark.parametrize(
    "written",
    [
        "C2 Instance State-change Notification",
        "EC2 Instance State change Notification",
        "EC2 instance state-change notification",
        "EC2 Instance State-change Notificaton",
        "EC2 Instance State-change Notificatixy",
        "EC2InstanceStateChangeNotification",
        "EC2 Instance State-change",
    ],
)
def test_a_detail_type_that_differs_in_spelling_only_is_an_error(written: str) -> None:
    assert fixes({"source": ["aws.ec2"], "detail-type": [written]}) == [("PE315", f"did you mean {EC2!r}?")]


@pytest.mark.parametrize(
    "written",
    [
        "EC2 Capacity Reservation Instance Interruption Warning",
        "EC2 Instance State-change Notificatxyz",
        "EC2 Instance State-change Notices",
        "EC2 Instance Start",
        "Something Else",
    ],
)
def test_a_detail_type_that_is_only_unknown_is_a_note(written: str) -> None:
    assert [f.identifier for f in found({"source": ["aws.ec2"], "detail-type": [written]})] == ["PE316"]


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"], "detail-type": [EC2]},
        {"source": ["aws.ec2", "aws.autoscaling"], "detail-type": [EC2]},
        {"source": ["aws.newservice"], "detail-type": ["AWS API Call via CloudTrail"]},
        {"source": ["aws.ec2"]},
        {"source": [{"prefix": "aws."}], "detail-type": ["C2 Instance State-change Notification"]},
        {"source": ["shop"], "detail-type": ["C2 Instance State-change Notification"]},
        {"source": ["aws.partner/shop"], "detail-type": ["sold"]},
        {"detail-type": ["C2 Instance State-change Notification"]},
        {"source": ["aws.ec2"], "detail-type": [{"prefix": "C2"}]},
    ],
)
def test_known_events_and_those_of_others_are_not_found(pattern: dict[str, Any]) -> None:
    assert found(pattern) == []


def test_one_source_of_several_may_send_it_and_each_detail_type_is_looked_up() -> None:
    pattern = {"source": ["aws.ec2", "aws.s3"], "detail-type": [EC2, "Object Created", "Object Creatd"]}
    assert [(f.location, f.fix) for f in found(pattern)] == [
        ("Rule.event_pattern.detail-type[2]", "did you mean 'Object Created'?")
    ]


def test_fields_are_looked_up_at_every_level_and_through_lists() -> None:
    s3 = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
    assert fixes({**s3, "detail": {"bucket": {"name": ["b"]}, "object": {"key": [{"prefix": "a"}]}}}) == []
    assert fixes({**s3, "detail": {"bucket": {"Name": ["b"]}}}) == [("PE317", "did you mean `detail.bucket.name`?")]
    assert [f.identifier for f in found({**s3, "detail": {"bucket": {"colour": ["b"]}}})] == ["PE318"]
    assert found({**s3, "detail": {"bucket": {"Name": [{"exists": False}]}}}) == []


def test_a_field_of_a_cloudtrail_record_is_looked_up_at_its_top_only() -> None:
    call = {"source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"]}
    assert found({**call, "detail": {"requestParameters": {"anything": ["x"]}}}) == []
    assert fixes({**call, "detail": {"event-name": ["CreateUser"]}}) == [("PE317", "did you mean `detail.eventName`?")]


@pytest.mark.parametrize(
    ("names", "state", "expected"),
    [
        (["GetUser"], "ENABLED", True),
        (["ListUsers", "DescribeInstances"], "ENABLED", True),
        (["GetUser"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", False),
        (["GetFederationToken", "GetSessionToken"], "ENABLED", False),
        (["CreateUser", "Getaway", "Listen"], "ENABLED", False),
        ([{"prefix": "Get"}], "ENABLED", False),
    ],
)
def test_calls_that_only_read_are_found_in_the_state_that_leaves_them_out(
    names: list[Any], state: str, expected: bool
) -> None:
    pattern = {"source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": names}}
    assert [f.identifier for f in found(pattern, state=state)] == (["PE320"] if expected else [])


def test_names_that_begin_like_reads_are_calls_in_events_of_calls_only() -> None:
    detail = {"eventName": ["GetUser"]}
    for types in (["AWS Service Event via CloudTrail"], ["AWS API Call via CloudTrail", "AWS Insight via CloudTrail"]):
        assert found({"source": ["aws.iam"], "detail-type": types, "detail": detail}) == []


def test_no_event_of_the_catalogue_is_found() -> None:
    for source, detail_type in sorted(aws_event_types()):
        assert found({"source": [source], "detail-type": [detail_type]}) == [], (source, detail_type)


@pytest.mark.skipif(
    "PERCEPTION_EVENTS_TEMPLATES" not in os.environ, reason="PERCEPTION_EVENTS_TEMPLATES names no folder of templates"
)
def test_no_event_that_aws_shows_in_its_console_is_taken_for_a_misspelt_one() -> None:
    file = Path(os.environ["PERCEPTION_EVENTS_TEMPLATES"], "catalogue", "aws-sample-combinations.json")
    pairs = json.loads(file.read_text(encoding="utf-8"))
    unknown = [pair for pair in pairs if tuple(pair) not in aws_event_types()]
    assert len(unknown) > 100
    for source, detail_type in unknown:
        assert {f.identifier for f in found({"source": [source], "detail-type": [detail_type]})} <= {"PE316"}, (
            detail_type
        )
