"""`perception-events joins` and `sweep`: how the groups of a table stand, and the fallback run by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from perception_events.aggregation import (
    Aggregator,
    JoinFailure,
    JoinFailuresError,
    JoinReport,
    JoinResult,
    JoinStatus,
)
from perception_events.cli.load import load_pipeline
from perception_events.errors import PerceptionEventsError
from perception_events.lambdas.joins import joins_of
from perception_events.sort_keys import parse_date

__all__ = ["register"]

COLUMNS = ("JOIN", "SITE", "DATE", "GROUP", "STATUS", "IN", "MISSING", "SINCE", "DUE")
COLOURS = {
    JoinStatus.OPEN: typer.colors.BLUE,
    JoinStatus.COMPLETE: typer.colors.YELLOW,
    JoinStatus.OVERDUE: typer.colors.RED,
    JoinStatus.TRIGGERED: typer.colors.GREEN,
}
MOST_NAMES = 6

PipelineOption = Annotated[str, typer.Option("--pipeline", help="The declaration, as package.module:name.")]
EnvOption = Annotated[str, typer.Option("--env", help="The environment that names the table.")]
TableOption = Annotated[str | None, typer.Option("--table", help="The table, where it is not the declared one.")]
EndpointOption = Annotated[str | None, typer.Option("--endpoint-url", help="A DynamoDB other than the region's.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="The AWS region, where the environment has none.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("joins")(list_joins)
    app.command("sweep")(sweep)


def list_joins(
    pipeline: PipelineOption,
    env: EnvOption = "dev",
    table: TableOption = None,
    endpoint_url: EndpointOption = None,
    region: RegionOption = None,
    site: Annotated[str | None, typer.Option(help="With --date: every group of that site and day.")] = None,
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD; without site and date, what has not triggered.")] = None,
    status: Annotated[list[JoinStatus] | None, typer.Option(help="Only these; may be given more than once.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List open, complete, overdue and (of a site and day) triggered joins: who is missing, and since when."""
    if (site is None) != (date is None):
        raise typer.BadParameter("give both --site and --date, or neither")
    if date is not None:
        _read(lambda: parse_date(date))
    joins = _joins(pipeline, env, table, endpoint_url, region)
    failures: list[JoinFailure] = []
    reports = _read(lambda: list(joins.reports(site=site, date=date, on_failure=failures.append)))
    shown = [report for report in reports if not status or report.status in status]
    if as_json:
        for report in shown:
            typer.echo(json.dumps(report.to_dict(), ensure_ascii=False))
        _end(failures, [report for report in shown if report.problem])
        return
    rows = [_row(report) for report in shown]
    for line in _aligned([COLUMNS, *rows]) if rows else ():
        typer.echo(line)
    counts = (f"{sum(r.status is s for r in shown)} {s.value.lower()}" for s in JoinStatus)
    typer.echo(f"{len(shown)} groups: {', '.join(counts)}", err=bool(rows))
    _end(failures, [report for report in shown if report.problem])


def sweep(
    pipeline: PipelineOption,
    env: EnvOption = "dev",
    table: TableOption = None,
    endpoint_url: EndpointOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trigger what is complete and untriggered, and do what the policies say of what is overdue; safe at any time."""
    joins = _joins(pipeline, env, table, endpoint_url, region)
    looked_at: list[JoinResult] = []
    failures: tuple[JoinFailure, ...] = ()
    try:
        acted: Sequence[JoinResult] = _read(lambda: joins.sweep(on_result=looked_at.append))
    except JoinFailuresError as error:
        acted, failures = error.results, error.failures
    for result in acted:
        written = [*result.triggers, *result.alerts]
        if as_json:
            typer.echo(json.dumps({"join": str(result.key), "outcome": result.outcome.value, "written": written}))
        else:
            typer.echo(f"{result.outcome.value:9}  {result.key}  {', '.join(written)}")
    typer.echo(f"{len(acted)} of {len(looked_at)} open groups acted on", err=True)
    _end(failures)


def _joins(pipeline: str, env: str, table: str | None, endpoint_url: str | None, region: str | None) -> Aggregator:
    try:
        declared = load_pipeline(pipeline)
    except PerceptionEventsError as error:
        raise typer.BadParameter(str(error)) from error
    if not declared.joins:
        raise typer.BadParameter(f"{pipeline} declares no joins")
    try:
        client = _client(endpoint_url, region)
    except ImportError:
        raise _rejection("boto3 is not installed: pip install 'perception-events[aws]'") from None
    return joins_of(declared, env, client=client, table=table)


def _client(endpoint_url: str | None, region: str | None) -> Any:
    from perception_events.aws.join_store import dynamodb_client

    return dynamodb_client(endpoint_url=endpoint_url, region=region)


def _end(failures: Sequence[JoinFailure], bad: Sequence[JoinReport] = ()) -> None:
    """Name each group that could not be read or settled on standard error; the status then is 1."""
    for failure in failures:
        typer.echo(f"perception-events: {failure}", err=True)
    for report in bad:
        typer.echo(f"perception-events: {report.state.key}: {report.problem}", err=True)
    if failures or bad:
        raise typer.Exit(1)


def _read(act: Any) -> Any:
    try:
        return act()
    except JoinFailuresError:
        raise
    except PerceptionEventsError as error:
        raise _rejection(str(error)) from error
    except Exception as error:  # botocore's errors, whose classes are known only where it is installed
        if not type(error).__module__.startswith("botocore"):
            raise
        raise _rejection(f"DynamoDB did not answer as needed: {error}") from error


def _rejection(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(1)


def _row(report: JoinReport) -> tuple[str, ...]:
    key, facts = report.state.key, report.to_dict()
    since = facts["triggered_at"] if report.status is JoinStatus.TRIGGERED else facts["missing_since"]
    return (
        key.join,
        key.site,
        key.date,
        "#".join(key.parts) or "-",
        report.status.value,
        f"{len(report.state.completed)}{_of(report)}",
        _names(report.missing) if report.missing else _unnamed(report.missing_count),
        _short(since),
        _short(facts["due_at"]),
    )


def _of(report: JoinReport) -> str:
    expected = report.expected
    if expected is None:
        return " of ?"
    return f" of {expected if isinstance(expected, int) else len(expected)}"


def _unnamed(count: int | None) -> str:
    if count is None:
        return "manifest"
    return f"any {count}" if count else "-"


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ",".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _short(at: Any) -> str:
    return str(at)[:19] + "Z" if at else "-"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """Columns as wide as their longest text; colours, which a pipe does not get, come after the padding."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if row is not rows[0]:
            cells[4] = typer.style(cells[4], fg=COLOURS[JoinStatus(row[4])])
        yield "  ".join(cells).rstrip()
