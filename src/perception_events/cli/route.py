"""`perception-events route`: what becomes of each record, for a reader or for a machine."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from perception_events.cli.console import note, print_json_line, print_line, print_wrapped
from perception_events.cli.errors import CommandError
from perception_events.cli.input_files import FoundInput, read_inputs
from perception_events.cli.json_files import STANDARD_INPUT, UnreadableInput
from perception_events.cli.load import BUILT_IN_PIPELINE, load_pipeline
from perception_events.cli.options import EnrichmentOption, EnvOption, LinesFormatOption, OutputFormat, StrictOption
from perception_events.cli.route_status import FailOn, route_status
from perception_events.cli.route_templates import InputRoutes, route_through_templates
from perception_events.cli.schema_names import SchemasOption, load_schemas
from perception_events.cli.schema_notes import note_schema_findings
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    TemplateOption,
)
from perception_events.errors import PerceptionEventsError
from perception_events.pipeline import Pipeline
from perception_events.pipeline.checks import check_pipeline
from perception_events.pipeline.simulation import PipelineSimulation, Route
from perception_events.simulation import InputForm

__all__ = ["RouteText", "register"]

PROGRESS_EVERY = 10_000
COLOURS = {"delivered": "green", "no rule": "yellow", "failed": "red", "depends": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command `route` to `app`."""
    app.command("route")(route)


def route(
    records: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT]...",
            help="Stream records, queue messages, events or put-events files: JSON, JSON lines, a Lambda event or a "
            "get_records response; - is standard input.",
        ),
    ] = None,
    template: TemplateOption = None,
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    to: Annotated[
        str | None, typer.Option(metavar="RESOURCE", help="With --template: the source or bus it is put into.")
    ] = None,
    enrichment: EnrichmentOption = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    schemas: SchemasOption = None,
    format: LinesFormatOption = OutputFormat.TEXT,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 where something failed, or also where it reached no target.")
    ] = FailOn.FAILED,
    strict: StrictOption = False,
) -> None:
    """Show what becomes of each record, message or event: filters, rules and why not, what every target receives.

    Through the templates of --template, or through a Pipeline (the built-in one by default). Exit with 0 if all was
    read and routed, 1 as --fail-on says, 2 if something could not be read.
    """
    as_json = format is OutputFormat.JSON
    inputs = records or [STANDARD_INPUT]
    known = load_schemas(schemas or ())
    if template:
        if pipeline is not None:
            raise CommandError("--template and --pipeline name two systems", "give one of them")
        status = route_through_templates(
            inputs,
            template,
            parameters=parameter,
            account=account,
            region=region,
            to=to,
            enrichments=enrichment or (),
            schemas=known,
            as_json=as_json,
            fail_on=fail_on,
            strict=strict,
        )
    else:
        declared = load_pipeline(pipeline or BUILT_IN_PIPELINE)
        if known or declared.detail is not None:
            note_schema_findings(check_pipeline(declared, env, schemas=known))
        status = _route_through(declared, inputs, env=env, as_json=as_json, fail_on=fail_on, strict=strict)
    raise typer.Exit(status)


def _route_through(
    declared: Pipeline, inputs: Iterable[str], *, env: str, as_json: bool, fail_on: FailOn, strict: bool
) -> int:
    """Route every input and print its way, and a summary for readers; returns the exit status."""
    simulation = PipelineSimulation(declared, env=env)
    unreadable = 0
    summary = Counter[str]()
    text = RouteText()
    others = InputRoutes(simulation.simulation, as_json=as_json)  # what is not a record does not begin at the table
    for found in read_inputs(inputs):
        if isinstance(found, FoundInput) and found.form is not InputForm.STREAM_RECORD:
            unreadable += others.put(found)
            if unreadable and strict:
                break
            continue
        route = found if isinstance(found, UnreadableInput) else _routed(simulation, found)
        if isinstance(found, UnreadableInput) or isinstance(route, UnreadableInput):
            unreadable += 1
            note(route)
            if strict:
                break
            continue
        if as_json:
            print_json_line({"file": found.file, "line": found.line, **route.to_dict()})
        else:
            text.write(route)
        _count(summary, route)
        if summary["records"] % PROGRESS_EVERY == 0 and sys.stderr.isatty():
            print(f"\r{summary['records']:,} records", end="", file=sys.stderr)
    others.close()
    if not as_json and (summary["records"] or unreadable or not others.count):
        _print_summary(summary, unreadable)
    return route_status(
        fail_on,
        unreadable=unreadable,
        failed=summary["failed"] + others.failed,
        undelivered=summary["records"] - summary["failed"] - summary["delivered"] + others.undelivered,
    )


def _routed(simulation: PipelineSimulation, found: FoundInput) -> Route | UnreadableInput:
    try:
        return simulation.route_record(found.value)
    except PerceptionEventsError as error:
        return UnreadableInput(found.file, found.line, str(error))


def _count(summary: Counter[str], route: Route) -> None:
    summary["records"] += 1
    summary[route.outcome] += 1
    for module in route.triggers:
        summary[f"-> {module}"] += 1


class RouteText:
    """One short block a record: its keys, and below them how far it came and why no further."""

    def write(self, route: Route) -> None:
        """Print the block of one record."""
        keys = " ".join(filter(None, (route.partition_key, route.sort_key)))
        print_line(f"{keys}  {' '.join(filter(None, (route.event_name, route.status)))}")
        print_wrapped(
            f"{route.outcome}{_reason(route)}", colour=COLOURS.get(route.outcome), dim=route.outcome == "filtered out"
        )


def _reason(route: Route) -> str:
    """What stands behind the outcome: the way a record took, or why it ended."""
    if route.outcome == "filtered out":
        return f": {route.filter_verdict}"
    if route.outcome == "failed":
        return f": {'; '.join(route.failures)}"
    if route.outcome == "depends":
        return f" on {', '.join(route.depends_on)}"
    ways = [route.event_type or "", ", ".join(route.rules), ", ".join(route.targets)]
    started = f", triggers {', '.join(route.triggers)}" if route.triggers else ""
    return f": {' -> '.join(filter(None, ways))}{started}"


def _print_summary(summary: Counter[str], unreadable: int) -> None:
    names = ["delivered", "no rule", "filtered out", "failed", *(["depends"] if summary["depends"] else [])]
    records = "record" if summary["records"] == 1 else "records"
    print_line()
    print_line(f"{summary['records']} {records}: {', '.join(f'{summary[name]} {name}' for name in names)}")
    triggers = [f"{name.removeprefix('-> ')} {n}" for name, n in summary.items() if name.startswith("-> ")]
    if triggers:
        print_line(f"triggers: {', '.join(triggers)}")
    if unreadable:
        inputs = "input" if unreadable == 1 else "inputs"
        print_line(f"{unreadable} {inputs} could not be read; see the messages")
