"""ARNs are made and read back by one table of forms."""

from __future__ import annotations

import pytest

from perception_events.topology import ARN_FORMS, Account, Function, Opaque, Queue, Resource, resource_class


@pytest.mark.parametrize("kind", ARN_FORMS, ids=lambda kind: kind.__name__)
def test_an_arn_is_read_back_to_the_class_and_name_that_it_was_made_of(kind: type[Resource]) -> None:
    arn = Account("210987654321", "eu-west-1").arn_of(kind, "orders-dev")
    _, partition, service, region, number, resource = arn.split(":", 5)
    assert (partition, region, number) == ("aws", "eu-west-1", "210987654321")
    found = resource_class(service, resource)
    assert found is not None
    assert found[0] is kind
    assert found[1].removeprefix("default/") == "orders-dev"


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")]
)
def test_the_region_decides_the_partition(region: str, partition: str) -> None:
    assert Account(region=region).arn_of(Queue, "orders") == f"arn:{partition}:sqs:{region}:123456789012:orders"


def test_a_class_whose_arn_is_not_made_of_its_name_has_none() -> None:
    assert Account().arn_of(Opaque, "bucket") == ""


def test_an_arn_of_a_service_that_events_do_not_pass_through_is_of_no_class() -> None:
    assert resource_class("s3", "bucket") is None
    assert resource_class("lambda", "layer:tools") is None
    assert resource_class("lambda", "function:tools") == (Function, "tools")
