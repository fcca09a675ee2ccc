"""The generated fallback workflow on moto: its table, its Step Functions interpreter."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import Aggregator, Join, fallback_state_machine
from perception_events.aws.join_store import DynamoDBJoinStore
from perception_events.clock import ManualClock

__all__ = ["TABLE", "WorkflowFixture", "workflow_fixture"]

TABLE = "PerceptionPipelineEvents-dev"


class WorkflowFixture:
    """A table on moto, joins over it, and the workflow of these joins."""

    def __init__(self, boto3: Any) -> None:
        self.dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        self.states = boto3.client("stepfunctions", region_name="us-east-1")
        keys = ("site", "HASH"), ("date#event_type", "RANGE")
        self.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        self.store = DynamoDBJoinStore(self.dynamodb, TABLE)
        self.machines = 0

    def aggregator(self, *joins: Join, age: timedelta = timedelta(0)) -> Aggregator:
        """An aggregator whose events came in `age` ago by the machine's clock, which the workflow reads."""
        return Aggregator(joins, self.store, clock=ManualClock(float(int(time.time() - age.total_seconds()))))

    def run(self, *joins: Join, page_size: int = 100) -> str | None:
        """Run the workflow to its end; returns the cause of its failure where some groups failed."""
        self.machines += 1
        definition = fallback_state_machine(joins, TABLE, page_size=page_size)
        # moto's transactions undo each other's writes when they run at once.
        definition["States"]["EachOpenJoin"]["MaxConcurrency"] = 1
        machine = self.states.create_state_machine(
            name=f"fallback{self.machines}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/fallback",
        )
        execution = self.states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        deadline = time.monotonic() + 120
        while (found := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the workflow does not end"
            time.sleep(0.05)
        if found["status"] == "SUCCEEDED":
            return None
        assert found.get("error") == "JoinFailures", found
        return str(found["cause"])

    def written(self, prefix: str = "trigger_") -> dict[str, dict[str, Any]]:
        """The items of the event types that begin with `prefix`, by sort key; the values of sets are sorted."""
        items = self.dynamodb.scan(TableName=TABLE)["Items"]
        for value in (value for item in items for value in item.values() if "SS" in value):
            value["SS"].sort()
        return {key: i for i in items if f"#{prefix}" in (key := i["date#event_type"]["S"])}

    def places(self, prefix: str) -> set[tuple[str, str]]:
        """Site and sort key of the items of the event types that begin with `prefix`."""
        items = self.dynamodb.scan(TableName=TABLE)["Items"]
        found = ((item["site"]["S"], item["date#event_type"]["S"]) for item in items)
        return {place for place in found if f"#{prefix}" in place[1]}


@contextmanager
def workflow_fixture(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowFixture]:
    """A rig of its own for one test."""
    moto = pytest.importorskip("moto", reason="moto is not installed: pip install '.[dev]'")
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: pip install '.[aws]'")
    pytest.importorskip("antlr4", reason="moto's interpreter is not installed: pip install 'moto[stepfunctions]'")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield WorkflowFixture(boto3)
