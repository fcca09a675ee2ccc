"""The groups of a declaration's joins for the studio: of a table, or as recorded records leave them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from perception_events.aggregation import Aggregator, InMemoryJoinStore
from perception_events.cli.errors import CommandError, error_lines
from perception_events.clock import ManualClock
from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject
from perception_events.pipeline import Pipeline
from perception_events.simulation import InputForm
from perception_events.studio import Sample

__all__ = ["page_joins"]


def page_joins(
    declared: Pipeline,
    env: str,
    samples: Iterable[tuple[Sample, InputForm]],
    table: str | None,
    endpoint_url: str | None,
    region: str | None,
) -> Callable[[], list[JSONObject]] | None:
    """The groups of the joins: of the table, else as the recorded records leave them; None without joins."""
    if not declared.joins:
        return None
    if table is not None:
        try:
            from perception_events.aws.join_store import dynamodb_client
            from perception_events.lambdas.joins import joins_of

            client: Any = dynamodb_client(endpoint_url=endpoint_url, region=region)
        except ImportError as error:
            fix = "python -m pip install 'perception-events[aws]'"
            raise CommandError("boto3 is not installed", fix) from error
        deployed = joins_of(declared, env, client=client, table=table)
        return lambda: _groups_of(deployed)
    records = [sample.value for sample, form in samples if form is InputForm.STREAM_RECORD]
    if not records:
        return None
    times = [time for record in records if isinstance(time := _created(record), int | float)]
    aggregator = declared.aggregator(InMemoryJoinStore(), clock=ManualClock(float(max(times, default=0))))
    days: dict[tuple[str, str], None] = {}
    for record in records:
        try:
            days |= dict.fromkeys((result.key.site, result.key.date) for result in aggregator.handle(record))
        except PerceptionEventsError:
            continue  # not a change of an item of the table
    reports = [report.to_dict() for site, date in days for report in aggregator.reports(site=site, date=date)]
    return lambda: reports


def _groups_of(deployed: Aggregator) -> list[JSONObject]:
    """The groups that have not triggered.

    Raises:
        CommandError: the table cannot be read.
    """
    try:
        return [report.to_dict() for report in deployed.reports()]
    except Exception as error:
        lines = error_lines(error)
        if not lines:
            raise
        reason, _, fix = lines[0].partition("; fix: ")
        raise CommandError(reason, fix or "see the message") from error


def _created(record: JSONObject) -> object:
    content = record.get("dynamodb")
    return content.get("ApproximateCreationDateTime") if isinstance(content, dict) else None
