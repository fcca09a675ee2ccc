"""The original system's end-to-end test on real parts: table, stream, poller, and functions on the Lambda runtime."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from perception_events.aws.event_table import EventTable
from perception_events.aws.stream_poller import StreamPoller
from perception_events.event_status import EventStatus
from perception_events.pipeline import original_pipeline
from perception_events.pipeline.simulation import PipelineSimulation, Route
from perception_events.trace import (
    Delivered,
    Enriched,
    FilteredOut,
    Put,
    Received,
    RecordSeen,
    RuleMatched,
    RulesNotMatched,
)
from support.dynamodb_local import CREDENTIALS, DynamoDBLocal
from support.lambda_runtime import LambdaFunction, start_lambda

pytestmark = [pytest.mark.java, pytest.mark.aws_parts]
pytest.importorskip("boto3", reason="needs the [aws] extra")

ENRICHMENT = """
from perception_events.classifiers import default_registry
from perception_events.lambdas import enrichment_handler

handler = enrichment_handler(default_registry)
"""

TABLE = """
import os
import boto3
from perception_events.lambdas import event_handler
from perception_events.aws.event_table import EventStatus, EventTable, ItemExistsError
from perception_events.models import EventBridgeEvent, EventItem, StreamRecord

client = boto3.client("dynamodb", endpoint_url=os.environ["ENDPOINT_URL"])
table = EventTable(client, os.environ["TABLE"])
"""

# When both cameras are in, the next module runs; here it is done at once, and says so in the table.
AGGREGATE_POSE = (
    TABLE
    + """
@event_handler
def handler(event: EventBridgeEvent[StreamRecord]) -> None:
    item = EventItem.from_image(event.detail.dynamodb.new_image)
    sync = item.key.part("sync")
    done = [row for row in table.query(item.site, item.key.date, "pose", sync) if row.status == EventStatus.COMPLETED]
    if len(done) == 2:
        try:
            table.save(item.site, f"{item.key.date}#recon#{sync}", EventStatus.COMPLETED)
        except ItemExistsError:
            pass  # the other camera's event came to the same conclusion
"""
)

AGGREGATE_RECON = (
    TABLE
    + """
@event_handler
async def handler(item: EventItem) -> None:
    for module in ("preprocessing", "reid"):
        table.processing(item.site, f"{item.key.date}#{module}")
"""
)

WRITER = """
import os
import boto3
from perception_events.aws.event_table import EventStatus, EventTable

table = EventTable(boto3.client("dynamodb", endpoint_url=os.environ["ENDPOINT_URL"]), os.environ["TABLE"])
table.save("haemoro_1x2", "2025-07-15#pose#sync001#cam3", EventStatus.COMPLETED)
table.processing("haemoro_1x2", "2025-07-15#pose#sync002#cam3")
table.complete("haemoro_1x2", "2025-07-15#pose#sync002#cam3")
table.save("haemoro_1x2", "2025-07-15#calibration", EventStatus.COMPLETED)
table.save("haemoro_1x2", "2025-07-15#pose#sync001#cam7", EventStatus.COMPLETED)
"""


class LivePipeline:
    """A table, the pipeline over its stream, and the functions that it invokes."""

    def __init__(self, database: DynamoDBLocal, table: str, folder: Path, functions: ExitStack) -> None:
        self.database = database
        self.table = table
        self.environment = {**CREDENTIALS, "ENDPOINT_URL": database.endpoint_url, "TABLE": table}
        self.enrichment, self.pose, self.recon = (
            self._start(name, source, folder, functions)
            for name, source in (
                ("enrichment", ENRICHMENT),
                ("aggregate_pose", AGGREGATE_POSE),
                ("aggregate_recon", AGGREGATE_RECON),
            )
        )
        targets = {"aggregate_pose": self.pose, "aggregate_recon": self.recon}
        self.simulation = PipelineSimulation(original_pipeline, targets=targets, enrichment=self.enrichment)

    def _start(self, name: str, source: str, folder: Path, functions: ExitStack) -> LambdaFunction:
        (folder / f"{name}.py").write_text(source)
        started = start_lambda(f"{name}.handler", folder, environment=self.environment)
        return LambdaFunction(functions.enter_context(started)[0])

    def write(self) -> None:
        """Write as the modules do: from another process."""
        environment = {**os.environ, **self.environment}
        subprocess.run([sys.executable, "-c", WRITER], env=environment, check=True, timeout=60)

    def poll(self) -> list[Route]:
        """Read the stream until it brings nothing more."""
        routes: list[Route] = []

        def process(records: Any) -> None:
            routes.extend(self.simulation.route(records))

        client = self.database.client("dynamodbstreams")
        StreamPoller(client, self.database.stream_arn(self.table)).run(process, idle_seconds=2.0)
        return routes


@pytest.fixture(scope="module")
def live(dynamodb_local: DynamoDBLocal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePipeline]:
    with ExitStack() as functions:
        yield LivePipeline(
            dynamodb_local, dynamodb_local.create_event_table(), tmp_path_factory.mktemp("lambda"), functions
        )


@pytest.fixture(scope="module")
def routes(live: LivePipeline) -> list[Route]:
    live.write()
    return live.poll()


def test_a_completed_insert_takes_every_step_of_the_way(routes: list[Route]) -> None:
    pose = next(route for route in routes if route.sort_key == "2025-07-15#pose#sync001#cam7")
    steps = [RecordSeen, Enriched, Put, RulesNotMatched, RuleMatched, Received, Delivered]
    assert [type(step) for step in pose.trace] == steps
    seen, enriched, put, _, matched, _, delivered = pose.trace
    assert isinstance(seen, RecordSeen)
    assert (seen.record["eventName"], seen.record["eventSource"]) == ("INSERT", "aws:dynamodb")
    assert isinstance(enriched, Enriched)
    (item,) = enriched.items
    assert isinstance(item, dict)
    assert item["PerceptionPipelineEventType"] == "pose"
    assert isinstance(put, Put)
    assert (put.where, put.event["source"]) == (
        "perception-pipeline-event-bus-dev",
        "Pipe perception-pipeline-pipe-dev",
    )
    assert isinstance(matched, RuleMatched)
    assert matched.rule == "aggregate-pose-rule-dev"
    assert isinstance(delivered, Delivered)
    assert (delivered.target, delivered.event) == ("aggregate_pose", put.event)
    assert pose.triggers == ("recon",)


def test_what_the_functions_wrote_came_back_through_the_stream(live: LivePipeline, routes: list[Route]) -> None:
    recon = next(route for route in routes if route.sort_key == "2025-07-15#recon#sync001")
    assert (recon.event_type, recon.rules) == ("recon", ("aggregate-recon-rule-dev",))
    assert recon.targets == ("aggregate_recon-dev",)
    assert len(live.recon.events) == 1
    table = EventTable(live.database.client(), live.table)
    started = {row.sort_key.text: row.status for row in table.query("haemoro_1x2", "2025-07-15")}
    assert started["2025-07-15#preprocessing"] is started["2025-07-15#reid"] is EventStatus.PROCESSING


def test_the_functions_got_what_aws_sends_and_nothing_else(live: LivePipeline, routes: list[Route]) -> None:
    assert all(isinstance(event, list) and len(event) == 1 for event in live.enrichment.events)
    assert len(live.enrichment.events) == 4  # two cameras, the recon, and a calibration that no rule wants
    assert len(live.pose.events) == 2
    calibration = next(route for route in routes if route.sort_key == "2025-07-15#calibration")
    assert (calibration.event_type, calibration.outcome) == ("unknown", "no rule")


def test_the_filter_stops_what_it_stopped_in_the_original(routes: list[Route]) -> None:
    """An update to COMPLETED never passes an INSERT filter: the original's trap, on a real stream."""
    camera = [route for route in routes if route.sort_key == "2025-07-15#pose#sync002#cam3"]
    assert [(route.event_name, route.status) for route in camera] == [
        ("INSERT", "PROCESSING"),
        ("MODIFY", "COMPLETED"),
    ]
    assert [type(step) for route in camera for step in route.trace] == [RecordSeen, FilteredOut] * 2
    assert camera[1].filter_verdict == 'eventName: expected ["INSERT"], found "MODIFY"'
