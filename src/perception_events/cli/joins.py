"""`perception-events joins` and `sweep`: how the groups of a table stand, and the fallback run by hand."""

from __future__ import annotations

import shutil
import sys
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
from perception_events.cli.console import is_styled, note, print_json_line, print_line, printable
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_NO
from perception_events.cli.load import load_pipeline
from perception_events.cli.local_aws import use_endpoint
from perception_events.cli.options import (
    DeclaredOption,
    EndpointOption,
    EnvOption,
    LinesFormatOption,
    OutputFormat,
    TableOption,
)
from perception_events.cli.topologies import RegionOption
from perception_events.lambdas.joins import joins_of
from perception_events.pipeline import Pipeline
from perception_events.sort_keys import NO_PREFIX, parse_date

__all__ = ["register"]

COLUMNS = ("GROUP", "STATUS", "IN", "MISSING", "SINCE", "DUE")
COLOURS = {
    JoinStatus.OPEN: typer.colors.BLUE,
    JoinStatus.COMPLETE: typer.colors.YELLOW,
    JoinStatus.OVERDUE: typer.colors.RED,
    JoinStatus.TRIGGERED: typer.colors.GREEN,
}
MOST_NAMES = 6


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("joins")(list_joins)
    app.command("sweep")(sweep)


def list_joins(
    pipeline: DeclaredOption,
    env: EnvOption = "dev",
    table: TableOption = None,
    endpoint_url: EndpointOption = None,
    region: RegionOption = None,
    site: Annotated[str | None, typer.Option(help="Partition key: with --date, all of its groups.")] = None,
    date: Annotated[
        str | None,
        typer.Option(help="YYYY-MM-DD, or as keys begin; by default what is open."),
    ] = None,
    status: Annotated[list[JoinStatus] | None, typer.Option(help="Only these; may be given more than once.")] = None,
    format: LinesFormatOption = OutputFormat.TEXT,
) -> None:
    """List open, complete, overdue and (of a site and day) triggered joins: who is missing, and since when."""
    declared = _declared(pipeline)
    key_format = declared.table.key_format
    if date is not None and key_format.dated and key_format.prefix is not None and date != NO_PREFIX:
        parse_date(date)
    if date is not None and key_format.prefix is None:
        raise CommandError("the table's sort keys begin with the event type", "leave --date out")
    if (site is None) != (date is None) and not (key_format.prefix is None and date is None):
        raise CommandError("--site and --date go together", "give both or neither")
    joins = _joins(declared, env, table, endpoint_url, region)
    failures: list[JoinFailure] = []
    reports = list(joins.reports(site=site, date=date, on_failure=failures.append))
    shown = [report for report in reports if not status or report.status in status]
    if format is OutputFormat.JSON:
        for report in shown:
            print_json_line(report.to_dict())
        _end(failures, [report for report in shown if report.problem])
        return
    rows = [_row(report) for report in shown]
    for line in _lines(_headings(declared), rows):
        print(line)
    counts = (f"{sum(r.status is s for r in shown)} {s.value.lower()}" for s in JoinStatus)
    print(f"{len(shown)} groups: {', '.join(counts)}", file=sys.stderr if rows else sys.stdout)
    _end(failures, [report for report in shown if report.problem])


def sweep(
    pipeline: DeclaredOption,
    env: EnvOption = "dev",
    table: TableOption = None,
    endpoint_url: EndpointOption = None,
    region: RegionOption = None,
    format: LinesFormatOption = OutputFormat.TEXT,
) -> None:
    """Trigger what is complete and untriggered, and do what the policies say of what is overdue; safe at any time."""
    joins = _joins(_declared(pipeline), env, table, endpoint_url, region)
    looked_at: list[JoinResult] = []
    failures: tuple[JoinFailure, ...] = ()
    try:
        acted: Sequence[JoinResult] = joins.sweep(on_result=looked_at.append)
    except JoinFailuresError as error:
        acted, failures = error.results, error.failures
    for result in acted:
        written = [*result.triggers, *result.alerts]
        if format is OutputFormat.JSON:
            print_json_line({"join": str(result.key), "outcome": result.outcome.value, "written": written})
        else:
            print_line(f"{result.outcome.value:9}  {result.key}  {', '.join(written)}")
    print(f"{len(acted)} of {len(looked_at)} open groups acted on", file=sys.stderr)
    _end(failures)


def _declared(pipeline: str) -> Pipeline:
    declared = load_pipeline(pipeline)
    if not declared.joins:
        raise CommandError(f"{pipeline} declares no joins", "add a Join to a module")
    return declared


def _headings(declared: Pipeline) -> tuple[str, ...]:
    """The columns, those of the key in the table's own names."""
    table = declared.table
    return ("JOIN", table.partition_key.upper(), (table.key_format.prefix or "-").upper(), *COLUMNS)


def _joins(declared: Pipeline, env: str, table: str | None, endpoint_url: str | None, region: str | None) -> Aggregator:
    use_endpoint(endpoint_url, region)
    client = _client(endpoint_url, region)
    return joins_of(declared, env, client=client, table=table)


def _client(endpoint_url: str | None, region: str | None) -> Any:
    from perception_events.aws.join_store import dynamodb_client

    return dynamodb_client(endpoint_url=endpoint_url, region=region)


def _end(failures: Sequence[JoinFailure], bad: Sequence[JoinReport] = ()) -> None:
    """Name each group that could not be read or settled on standard error; the status then is 1."""
    for failure in failures:
        note(failure)
    for report in bad:
        note(f"{report.state.key}: {report.problem}")
    if failures or bad:
        raise typer.Exit(EXIT_NO)


def _row(report: JoinReport) -> tuple[str, ...]:
    key, facts = report.state.key, report.to_dict()
    since = facts["triggered_at"] if report.status is JoinStatus.TRIGGERED else facts["missing_since"]
    return (
        key.join,
        key.site,
        key.date or "-",
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


def _lines(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """A table; on a terminal that is too narrow for it, two lines a group."""
    if not rows:
        return
    rows = [headings, *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(headings))]
    if sys.stdout.isatty() and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        for join, site, date, group, status, count, missing, since, due in rows[1:]:
            yield f"{_coloured(status, status)}  {join} {site} {date} {group}"
            yield f"  {count} in, missing {missing}"
            yield f"  since {since}, due {due}"
        return
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[4] = _coloured(cells[4], row[4]) if number else cells[4]
        yield "  ".join(cells).rstrip()


def _coloured(text: str, status: str) -> str:
    return typer.style(text, fg=COLOURS[JoinStatus(status)]) if is_styled() else text
