"""The handlers on the real Lambda runtime client, in a process of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.lambda_runtime import start_lambda

pytestmark = pytest.mark.aws_parts

RECORDS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "perception_pipeline" / "records.jsonl"
POSE: dict[str, Any] = json.loads(RECORDS.read_text(encoding="utf-8").splitlines()[1])

ENRICHMENT = """
import sys
from perception_events.classifiers import default_registry
from perception_events.lambdas import enrichment_handler

enrich = enrichment_handler(default_registry)

def handler(event, context):
    heavy = [name for name in ("pydantic", "boto3") if name in sys.modules]
    return {"enriched": enrich(event, context), "heavy": heavy}
"""

ROUTER = """
from perception_events.lambdas import EventRouter, LambdaContext
from perception_events.models import EventBridgeEvent, StreamRecord

handler = EventRouter()

@handler.on("pose")
async def pose(event: EventBridgeEvent[StreamRecord], context: LambdaContext) -> dict:
    return {"site": event.detail.dynamodb.new_values["site"], "left": context.get_remaining_time_in_millis() > 0}

@handler.on("recon")
def recon(event: EventBridgeEvent[StreamRecord]) -> None:
    raise RuntimeError("no such sync")
"""


def test_the_enrichment_starts_without_pydantic_and_boto3(tmp_path: Path) -> None:
    (tmp_path / "enrichment.py").write_text(ENRICHMENT)
    with start_lambda("enrichment.handler", tmp_path) as (function, _):
        answer = function.invoke([POSE])
        assert answer.payload == {"enriched": [{**POSE, "PerceptionPipelineEventType": "pose"}], "heavy": []}
        failed = function.invoke([{"dynamodb": {}}])
        assert failed.error is not None
        assert failed.error["errorType"] == "EnrichmentError"


def test_a_router_with_async_functions_and_errors(tmp_path: Path) -> None:
    (tmp_path / "router.py").write_text(ROUTER)
    event = {
        "version": "0",
        "id": "e",
        "detail-type": "t",
        "source": "s",
        "account": "1",
        "region": "r",
        "time": "2025-07-15T00:11:08Z",
        "resources": [],
    }
    with start_lambda("router.handler", tmp_path) as (function, _):
        pose = function.invoke({**event, "detail": {**POSE, "PerceptionPipelineEventType": "pose"}})
        assert pose.payload == {"site": "test_site", "left": True}
        recon = function.invoke({**event, "detail": {**POSE, "PerceptionPipelineEventType": "recon"}})
        assert recon.error is not None
        assert (recon.error["errorType"], recon.error["errorMessage"]) == ("RuntimeError", "no such sync")
        again = function.invoke({**event, "detail": {**POSE, "PerceptionPipelineEventType": "pose"}})
        assert again.payload == pose.payload
