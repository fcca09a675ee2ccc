"""Lambda shims of aggregation: the function behind each `aggregate_...` rule, and the fallback's sweep."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from perception_events.aggregation import Aggregator, JoinFailuresError, JoinOutcome, JoinResult
from perception_events.aws.join_store import CapacityMeter, DynamoDBJoinStore, dynamodb_client
from perception_events.clock import SystemClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.lambdas.environment import environment_name
from perception_events.pipeline import Pipeline

__all__ = ["JoinHandler", "join_handler", "joins_of", "sweep_handler"]

JoinHandler: TypeAlias = Callable[[JSONValue, Any], JSONObject]

_log = logging.getLogger("perception_events.joins")


def joins_of(
    pipeline: Pipeline,
    env: str,
    *,
    client: Any = None,
    table: str | None = None,
    meter: CapacityMeter | None = None,
) -> Aggregator:
    """The pipeline's joins over its event table in `env`.

    `client` defaults to `boto3.client("dynamodb")`, `table` to the declared name.
    """
    client = dynamodb_client() if client is None else client
    names = pipeline.item_names
    store = DynamoDBJoinStore(client, table or pipeline.names(env).table, names=names, meter=meter)
    return pipeline.aggregator(store, clock=SystemClock())


def join_handler(
    pipeline: Pipeline, env: str | None = None, *, client: Any = None, table: str | None = None
) -> JoinHandler:
    """The handler of every `aggregate_...` function: `handler = join_handler(pipeline)`.

    `env`: by default what the function's variable `PERCEPTION_EVENTS_ENV` says, read at the first event.

    It takes a rule's event, a pipe's batch or a Lambda event source mapping's. Each event of a batch is handled,
    whatever the others are; then a failure fails the whole invocation: handling the same events again is safe.
    `InvalidMemberEventError` will never succeed (send it to a dead-letter queue), every other error may. A group whose
    manifest cannot be read is logged as an error, and does not fail the event.

    The client is made at the first event, so that importing the module needs no credentials.
    """
    aggregator = _Once(lambda: joins_of(pipeline, environment_name(env), client=client, table=table))

    def handler(event: JSONValue, context: Any = None) -> JSONObject:
        try:
            results = aggregator.get().handle(event)
        except JoinFailuresError as error:
            _log_failures(error)
            raise
        for result in results:
            _log_result(result)
        return {"results": [_row(result) for result in results]}

    return handler


def sweep_handler(
    pipeline: Pipeline, env: str | None = None, *, client: Any = None, table: str | None = None
) -> JoinHandler:
    """The handler of a scheduled fallback: looks at every open group, whatever the event says; `env` as `join_handler`.

    Returns `{"triggered": [...], "alerted": [...], "looked_at": n}`. When groups could not be settled, all others are,
    and the invocation then fails with a `JoinFailuresError` that names these, so that an alarm on errors sees it.
    """
    aggregator = _Once(lambda: joins_of(pipeline, environment_name(env), client=client, table=table))

    def handler(event: JSONValue = None, context: Any = None) -> JSONObject:
        looked_at: list[JoinResult] = []
        try:
            acted = aggregator.get().sweep(on_result=looked_at.append)
        except JoinFailuresError as error:
            _log_failures(error)
            raise
        for result in acted:
            _log_result(result)
        return {
            "triggered": [_row(result) for result in acted if result.outcome is JoinOutcome.TRIGGERED],
            "alerted": [_row(result) for result in acted if result.outcome is JoinOutcome.ALERTED],
            "looked_at": len(looked_at),
        }

    return handler


class _Once:
    """Made when first used, then kept for the life of the Lambda environment."""

    def __init__(self, make: Callable[[], Aggregator]) -> None:
        self._make = make
        self._made: Aggregator | None = None

    def get(self) -> Aggregator:
        if self._made is None:
            self._made = self._make()
        return self._made


def _log_result(result: JoinResult) -> None:
    level = logging.DEBUG if result.outcome is JoinOutcome.UNCHANGED else logging.INFO
    if result.problem is not None:
        _log.error("join %s: %s", result.key, result.problem, extra={"join": _row(result)})
    _log.log(level, "join %s: %s", result.key, result.outcome.value, extra={"join": _row(result)})


def _log_failures(error: JoinFailuresError) -> None:
    for result in error.results:
        _log_result(result)
    for failure in error.failures:
        _log.error("join: %s", failure, extra={"retryable": failure.retryable})


def _row(result: JoinResult) -> JSONObject:
    return {
        "join": result.key.join,
        "site": result.key.site,
        "date": result.key.date,
        "group": [*result.key.parts],
        "outcome": result.outcome.value,
        "missing": [*sorted(result.missing)],
        "triggers": [*result.triggers],
        "alerts": [*result.alerts],
        "problem": result.problem,
    }
