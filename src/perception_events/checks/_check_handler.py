"""Check an enrichment handler by calling it as a pipe does: with a list."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from perception_events.checks._check_source import BUS_BATCH
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline import Pipeline

__all__ = ["EnrichmentHandler", "check_handler"]

EnrichmentHandler = Callable[[JSONValue, object], JSONValue]
"""A Lambda handler: what the pipe sends and a context in, what the pipe reads out."""


def _sample(pipeline: Pipeline, number: int) -> JSONObject:
    table = pipeline.table
    key: JSONObject = {
        table.partition_key: {"S": "test_site"},
        table.sort_key: {"S": f"2025-07-15#pose#sync001#cam{number}"},
    }
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "ap-northeast-2",
        "dynamodb": {
            "ApproximateCreationDateTime": 1752538268,
            "Keys": copy.deepcopy(key),
            "NewImage": {**key, "status": {"S": "COMPLETED"}},
            "SequenceNumber": f"{number:021d}",
            "SizeBytes": 147,
            "StreamViewType": table.stream_view_type,
        },
    }


def check_handler(handler: EnrichmentHandler, pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    """Call `handler` with one record and with a full batch, each as a list, and tell what the pipe would make of it."""
    for size in (1, min(max(pipeline.pipe.batch_size or 2, 2), BUS_BATCH)):
        sent: list[JSONValue] = [_sample(pipeline, number) for number in range(1, size + 1)]
        try:
            answer = handler(copy.deepcopy(sent), None)
        except Exception as error:
            yield "PE210", "enrichment", f"a list of {size} gives {type(error).__name__}: {error}"
            return
        if answer in ([], {}, "", None):
            yield "PE211", "enrichment", f"a list of {size} gives {answer!r}: the target is not called"
            return
        items = answer if isinstance(answer, list) else [answer]
        if len(items) > BUS_BATCH:
            yield "PE214", "enrichment", f"a list of {size} gives {len(items)} items, and a bus takes {BUS_BATCH}"
        elif len(items) != size:
            yield "PE211", "enrichment", f"a list of {size} gives {len(items)} items"
        for item in items:
            lost = sorted({"eventID", "eventName", "dynamodb"} - (set(item) if isinstance(item, dict) else set()))
            if lost:
                yield "PE211", "enrichment", f"its items have no {', '.join(lost)}"
                return
