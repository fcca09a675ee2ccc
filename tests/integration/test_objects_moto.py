"""Recorded traffic in S3: an object is read as a stream, as moto's S3 gives it."""

from __future__ import annotations

import gzip
import json

import pytest

from perception_events.aws.objects import open_object
from perception_events.bulk import CoveragePlan, count_files, merged
from perception_events.topology import EventBus, Rule, Topology

pytestmark = pytest.mark.aws_parts
EVENT = {"source": "shop", "detail-type": "Order", "time": "2025-07-15T00:11:08Z", "detail": {}}


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_an_object_of_any_name_is_counted_from_its_stream(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    moto = pytest.importorskip("moto", reason="needs the [dev] extra")
    boto3 = pytest.importorskip("boto3", reason="needs the [dev] extra")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    topology = Topology(
        [EventBus("bus", name="main"), Rule("rule", bus="bus", name="rule", event_pattern={"source": ["shop"]})]
    )
    plan = CoveragePlan(topology)
    with moto.mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="archive")
        key = "2025/07/a b?c#d.jsonl.gz"
        client.put_object(Bucket="archive", Key=key, Body=gzip.compress(f"{json.dumps(EVENT)}\n".encode() * 3_000))
        with open_object(f"{scheme}://archive/{key}", client) as stream:
            counts = merged(plan, count_files(plan, [(key, stream)]))
    assert (counts.events, counts.rules["rule"].events) == (3_000, 3_000)
