"""Lambda shims of aggregation: the function behind each `aggregate_...` rule, and the fallback's sweep."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from perception_events.aggregation import Aggregator, JoinOutcome, JoinResult
from perception_events.aws.join_store import CapacityMeter, DynamoDBJoinStore, dynamodb_client
from perception_events.clock import SystemClock
from perception_events.json_values import JSONObject, JSONValue
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


def join_handler(pipeline: Pipeline, env: str, *, client: Any = None, table: str | None = None) -> JoinHandler:
    """The handler of every `aggregate_...` function: `handler = join_handler(pipeline, "prod")`.

    It takes a rule's event, a pipe's batch or a Lambda event source mapping's. An error fails the whole invocation;
    handling the same events again is safe. `InvalidMemberEventError` will never succeed (send it to a dead-letter
    queue), every other error may.

    The client is made at the first event, so that importing the module needs no credentials.
    """
    aggregator = _Once(lambda: joins_of(pipeline, env, client=client, table=table))

    def handler(event: JSONValue, context: Any = None) -> JSONObject:
        results = aggregator.get().handle(event)
        for result in results:
            _tell(result)
        return {"results": [_row(result) for result in results]}

    return handler


def sweep_handler(pipeline: Pipeline, env: str, *, client: Any = None, table: str | None = None) -> JoinHandler:
    """The handler of a scheduled fallback: looks at every open group, whatever the event says.

    Returns `{"triggered": [...], "alerted": [...], "looked_at": n}`.
    """
    aggregator = _Once(lambda: joins_of(pipeline, env, client=client, table=table))

    def handler(event: JSONValue = None, context: Any = None) -> JSONObject:
        looked_at: list[JoinResult] = []
        acted = aggregator.get().sweep(on_result=looked_at.append)
        for result in acted:
            _tell(result)
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


def _tell(result: JoinResult) -> None:
    level = logging.DEBUG if result.outcome is JoinOutcome.UNCHANGED else logging.INFO
    _log.log(level, "join %s: %s", result.key, result.outcome.value, extra={"join": _row(result)})


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
    }
