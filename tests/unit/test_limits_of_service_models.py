"""The table of limits says what AWS's own service models say, where they say it; the others are named."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from perception_events.aws_limits import LIMITS

IN_MODELS: dict[str, tuple[str, str]] = {
    "pipe filters": ("pipes", "FilterList"),
    "pipe filter pattern": ("pipes", "EventPattern"),
    "input template": ("pipes", "InputTemplate"),
    "stream batch size": ("pipes", "LimitMax10000"),
    "queue batch size": ("pipes", "LimitMax10000"),
    "maximum batching window": ("pipes", "MaximumBatchingWindowInSeconds"),
    "parallelization factor": ("pipes", "LimitMax10"),
    "maximum retry attempts": ("pipes", "MaximumRetryAttemptsESM"),
    "dynamic path": ("pipes", "JsonPath"),
    "PutEvents entries": ("events", "PutEventsRequestEntryList"),
    "entry source": ("pipes", "EventBridgeEventSource"),
    "entry detail type": ("pipes", "EventBridgeDetailType"),
    "entry resources": ("pipes", "EventBridgeEventResourceList"),
    "event pattern": ("events", "EventPattern"),
    "target input": ("events", "TargetInput"),
    "input path": ("events", "TargetInputPath"),
    "input paths": ("events", "TransformerPaths"),
    "target retry attempts": ("events", "MaximumRetryAttempts"),
    "target event age": ("events", "MaximumEventAgeInSeconds"),
    "function retry attempts": ("lambda", "MaximumRetryAttempts"),
    "function event age": ("lambda", "MaximumEventAgeInSeconds"),
}
"""The service and the shape that states each limit."""

IN_WORDS: dict[str, tuple[int | None, int | None]] = {
    "queue batch size without window": (1, 10),
    "FIFO queue batch size": (1, 10),
    "maximum record age": (60, 604_800),
    "bus target batch size": (1, 10),
    "PutEvents size": (0, 1_048_576),
    "event pattern quota": (0, 2048),
    "rendered template": (0, 10_485_760),
    "rules": (0, 300),
    "wildcard rules": (0, 30),
    "rule targets": (0, 5),
}
"""What AWS states in words only, on the page that the table names: read there, and written here a second time."""


@cache
def shapes(service: str) -> dict[str, dict[str, Any]]:
    loaders = pytest.importorskip("botocore.loaders")
    found: dict[str, dict[str, Any]] = loaders.Loader().load_service_model(service, "service-2")["shapes"]
    return found


@pytest.mark.parametrize("name", IN_MODELS)
def test_a_limit_is_that_of_the_service_model(name: str) -> None:
    service, shape = IN_MODELS[name]
    stated, limit = shapes(service)[shape], LIMITS[name]
    assert limit.high == stated["max"]
    if stated["type"] in ("integer", "list") and "min" in stated:
        assert limit.low == stated["min"]


def test_the_age_of_records_ends_where_the_service_model_says() -> None:
    stated, limit = shapes("pipes")["MaximumRecordAgeInSeconds"], LIMITS["maximum record age"]
    assert (limit.also, limit.high) == ((stated["min"],), stated["max"])


@pytest.mark.parametrize("name", IN_WORDS)
def test_a_limit_is_that_of_the_page(name: str) -> None:
    assert (LIMITS[name].low, LIMITS[name].high) == IN_WORDS[name]


def test_every_limit_is_compared() -> None:
    assert IN_MODELS.keys() | IN_WORDS.keys() == LIMITS.keys()
