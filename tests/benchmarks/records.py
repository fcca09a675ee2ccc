"""Typed records, attribute values, imports, and the whole way from record to target."""

from __future__ import annotations

import cProfile
import itertools
import json
import pstats
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import import_milliseconds, microseconds
from benchmarks.report import Section
from perception_events import attribute_values
from perception_events.buses import EventBus, Rule, RuleTarget
from perception_events.classifiers import Enrichment, default_registry
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.models import StreamRecord
from perception_events.pipeline import perception_pipeline
from perception_events.pipes import BatchSource, EventBusTarget, Pipe
from perception_events.testing import RecordBuilder
from perception_events.topology import SourceParameters
from perception_events.trace import TraceEvent

__all__ = ["imports", "typed_records", "whole_way"]

_ROOT = Path(__file__).resolve().parents[2]
_RECORDS = 50_000


def _recorded() -> list[JSONObject]:
    path = _ROOT / "docs/examples/perception_pipeline/records.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [record for record in records if "NewImage" in record["dynamodb"]]


def imports() -> Section:
    """Cold imports, in fresh interpreters."""
    section = Section(
        "Imports",
        "Milliseconds in a fresh interpreter, above the bare one, bytecode compiled.",
        ("import", "milliseconds"),
    )
    light = "import perception_events.patterns, perception_events.classifiers\n"
    light += "from perception_events.lambdas import enrichment_handler"
    for title, code in (
        ("`json`, `re`, `dataclasses`", "import json, re, dataclasses"),
        ("`perception_events`", "import perception_events"),
        ("`perception_events.patterns`", "import perception_events.patterns"),
        ("patterns, classifiers and the enrichment handler", light),
        ("`perception_events.models`", "import perception_events.models"),
        ("pydantic's `BaseModel`", "from pydantic import BaseModel"),
        ("`boto3`", "import boto3"),
        ("Powertools' parser", "import aws_lambda_powertools.utilities.parser"),
    ):
        section.add(title, import_milliseconds(code))
    return section


def typed_records() -> Section:
    """Stream records validated, images turned into Python values."""
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
    from aws_lambda_powertools.utilities.parser.models import DynamoDBStreamRecordModel
    from boto3.dynamodb.types import TypeDeserializer

    section = Section(
        "Typed records",
        "Microseconds a record: the pipeline's recorded stream records with a new image of three texts and a number.",
        ("what", "perception-events", "peer", "peer / ours"),
    )
    records = _recorded() * 40
    images = [record["dynamodb"]["NewImage"] for record in records]  # type: ignore[index,call-overload]
    mixed = [_MIXED_IMAGE] * len(images)
    deserializer = TypeDeserializer()

    def boto3(image: dict[str, Any]) -> dict[str, Any]:
        return {name: deserializer.deserialize(value) for name, value in image.items()}

    def data_classes(record: dict[str, Any]) -> tuple[Any, ...]:
        change = DynamoDBRecord(record).dynamodb
        assert change is not None
        return change.keys, change.new_image, change.old_image

    assert all(boto3(image) == attribute_values.image_to_python(image) for image in [*images, _MIXED_IMAGE])  # type: ignore[arg-type]
    parsed = microseconds(StreamRecord.parse, records)
    for title, ours, theirs in (
        ("validate; Powertools' parser", parsed, microseconds(DynamoDBStreamRecordModel.model_validate, records)),
        ("validate; Powertools' data classes with images", parsed, microseconds(data_classes, records)),
        (
            "image to Python values; boto3's deserializer",
            microseconds(attribute_values.image_to_python, images),
            microseconds(boto3, images),
        ),
        (
            "the same, image of every kind",
            microseconds(attribute_values.image_to_python, mixed),
            microseconds(boto3, mixed),
        ),
    ):
        section.add(title, ours, theirs, theirs / ours)
    section.after = "In the image of every kind most of the time goes into hashing the decimals of its number set."
    return section


_MIXED_IMAGE = {
    "site": {"S": "haemoro_1x2"},
    "count": {"N": "12.5"},
    "parts": {"M": {"list": {"L": [{"N": "1"}, {"S": "y"}, {"BOOL": True}, {"NULL": True}]}}},
    "names": {"SS": ["a", "b"]},
    "sizes": {"NS": ["1", "2.5"]},
    "expires_at": {"N": "1752538268"},
}


class _Counting:
    def __init__(self) -> None:
        self.events = 0

    def invoke(self, event: JSONValue) -> JSONValue:
        self.events += 1
        return None


def whole_way() -> Section:
    """From record to targets, through the in-memory pipe and bus of the pipeline."""
    started = time.thread_time()
    _run_pipe(_RECORDS)
    rate = _RECORDS / (time.thread_time() - started)
    steps = _Sink()
    started = time.thread_time()
    _run_pipe(_RECORDS, steps)
    traced = _RECORDS / (time.thread_time() - started)
    profile = cProfile.Profile()
    profile.runcall(_run_pipe, _RECORDS // 10)
    shares: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        parts = Path(file).parts
        inside = "perception_events" in parts and "src" in parts
        shares[parts[parts.index("perception_events") + 1].removesuffix(".py") if inside else "Python itself"] += own
    total = sum(shares.values())
    section = Section(
        "The whole way",
        f"{_RECORDS:,} stream records made, filtered, enriched, put on the bus, matched against the pipeline's "
        f"rules and delivered, in memory and in batches of ten: **{rate:,.0f} records a second** of one core, "
        f"{traced:,.0f} with a sink that is called with {steps.count / _RECORDS:.1f} steps of the trace a record. "
        "Where the time goes, by the profiler, which weighs many small calls too heavily:",
        ("part", "share"),
    )
    for part, own in shares.most_common(9):
        section.add(part, f"{own / total:.0%}")
    return section


class _Sink:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, step: TraceEvent) -> None:
        self.count += 1


def _run_pipe(count: int, trace: _Sink | None = None) -> None:
    clock, ids = ManualClock(1_752_538_268.0), itertools.count()
    bus = EventBus("bus", clock=clock, new_id=lambda: str(next(ids)), trace=trace)
    targets = []
    for name, pattern in perception_pipeline.rules("dev").items():
        targets.append(_Counting())
        bus.put_rule(Rule(name, pattern, targets=(RuleTarget(name, targets[-1]),)))
    pipe = Pipe(
        "pipe",
        EventBusTarget(bus),
        source=BatchSource(
            parameters=SourceParameters(batch_size=10), filters=perception_pipeline.pipe.filter_criteria
        ),
        clock=clock,
        enrichment=Enrichment(default_registry),
        trace=trace,
    )

    def records() -> Iterator[JSONObject]:
        build = RecordBuilder(stream_view_type="NEW_IMAGE")
        for index in range(count):
            sort_key = f"2025-07-15#{('pose', 'recon')[index % 2]}#sync{index % 1000:03d}#cam{index % 8}"
            yield build.insert("haemoro_1x2", sort_key, status="PROCESSING" if index % 4 == 3 else "COMPLETED")

    pipe.process(records())
    delivered = sum(target.events for target in targets)
    assert delivered == count - count // 4, delivered
