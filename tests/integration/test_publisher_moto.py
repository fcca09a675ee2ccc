"""What the publisher sends is taken by moto's EventBridge, and what moto rejects is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from perception_events.aws.errors import BackOff
from perception_events.aws.publisher import MAXIMUM_ENTRIES, EventPublisher, PublishError

pytestmark = pytest.mark.aws_parts

boto3 = pytest.importorskip("boto3", reason="needs the [dev] extra")
moto = pytest.importorskip("moto", reason="needs the [dev] extra")

BUS = "perception-pipeline-event-bus-dev"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """An events client with the bus, a rule for `pose` and a queue as its target; and the queue's reader."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        events = boto3.client("events", region_name="ap-northeast-2")
        queues = boto3.client("sqs", region_name="ap-northeast-2")
        url = queues.create_queue(QueueName="poses")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.create_event_bus(Name=BUS)
        pattern = json.dumps({"detail": {"PerceptionPipelineEventType": ["pose"]}})
        events.put_rule(Name="aggregate-pose-rule-dev", EventBusName=BUS, EventPattern=pattern)
        events.put_targets(Rule="aggregate-pose-rule-dev", EventBusName=BUS, Targets=[{"Id": "poses", "Arn": arn}])

        def received() -> list[Any]:
            bodies = []
            while answer := queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                bodies += [json.loads(message["Body"]) for message in answer]
                for message in answer:
                    queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return bodies

        yield events, received


def entry(number: int, event_type: str = "pose") -> dict[str, Any]:
    detail = {"PerceptionPipelineEventType": event_type, "number": number}
    return {"Source": "Pipe p", "DetailType": "Event from aws:dynamodb", "Detail": json.dumps(detail)}


def publisher(client: Any) -> EventPublisher:
    return EventPublisher(client, BUS, back_off=BackOff(base=0.0), sleep=lambda _: None)


def test_more_than_one_request_arrives_and_the_rules_route_it(clients: tuple[Any, Any]) -> None:
    events, received = clients
    entries = [entry(n, "pose" if n % 2 else "recon") for n in range(3 * MAXIMUM_ENTRIES + 1)]
    result = publisher(events).publish(entries)
    assert len(set(result.event_ids)) == len(entries)
    assert sorted(body["detail"]["number"] for body in received()) == list(range(1, 31, 2))


def test_the_entry_that_is_rejected_is_the_one_reported(clients: tuple[Any, Any]) -> None:
    events, received = clients
    broken = {**entry(1), "Detail": "not json"}
    with pytest.raises(PublishError, match="MalformedDetail") as caught:
        publisher(events).publish([entry(0), broken, entry(2)])
    assert [failed.entry["Detail"] for failed in caught.value.failed] == ["not json"]
    assert sorted(body["detail"]["number"] for body in received()) == [0, 2]


def test_failed_entries_alone_are_sent_again(clients: tuple[Any, Any]) -> None:
    events, received = clients

    class Flaky:
        """moto, behind a service which fails every third entry of the first request."""

        calls = 0

        def put_events(self, **request: Any) -> Any:
            Flaky.calls += 1
            if Flaky.calls > 1:
                return events.put_events(**request)
            entries = request["Entries"]
            answers = iter(events.put_events(Entries=[e for n, e in enumerate(entries) if n % 3])["Entries"])
            failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
            return {"FailedEntryCount": 4, "Entries": [next(answers) if n % 3 else failed for n in range(len(entries))]}

    result = publisher(Flaky()).publish([entry(n) for n in range(10)])
    assert Flaky.calls == 2
    assert [r.attempts for r in result.entries] == [2, 1, 1, 2, 1, 1, 2, 1, 1, 2]
    assert sorted(body["detail"]["number"] for body in received()) == list(range(10))
