"""`perception-events review`: what the rules of templates or a declaration do to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perception_events.analysis import review_exit_code, review_json, review_pipeline, review_text, review_topology
from perception_events.checks import Severity
from perception_events.cli.console import note, write_report
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_OK, EXIT_USAGE
from perception_events.cli.load import BUILT_IN_PIPELINE, load_pipeline
from perception_events.cli.options import EnvOption, FailOnSeverity, FormatOption, OutputFormat, OutputOption
from perception_events.cli.schema_names import SchemasOption, load_schemas
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    load_topology,
)
from perception_events.readers import Problem

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command `review` to `app`."""
    app.command("review")(review_command)


def review_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Templates, or folders that hold them: one system.")
    ] = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    bus: Annotated[str | None, typer.Option(help="Only the rules of this bus.")] = None,
    overlaps: Annotated[
        bool, typer.Option("--overlaps", help="Report every pair of rules that shares events.")
    ] = False,
    schemas: SchemasOption = None,
    format: FormatOption = OutputFormat.TEXT,
    output: OutputOption = None,
    fail_on: Annotated[
        FailOnSeverity, typer.Option(help="Exit with 1 from this severity on, or never.")
    ] = FailOnSeverity.WARNING,
) -> None:
    """Compare rules: which are equal, included or overlap, never match, feed themselves, and what no rule takes.

    Of templates, or of a Pipeline (the built-in one without paths). Each finding has an event that shows it. Exit with
    0 if nothing is found from --fail-on on, 1 if something is, 2 if something could not be read.
    """
    problems: tuple[Problem, ...] = ()
    known = load_schemas(schemas or ())
    if paths:
        if pipeline is not None:
            raise CommandError("paths and --pipeline name two systems", "give one of them")
        loaded = load_topology(paths, pipeline=None, env=env, parameters=parameter, account=account, region=region)
        problems = loaded.problems
        review = review_topology(loaded.topology, bus=bus, overlaps=overlaps, schemas=known)
    else:
        place = pipeline or BUILT_IN_PIPELINE
        declared = load_pipeline(place)
        review = review_pipeline(declared, env, bus=bus, overlaps=overlaps, schemas=known, declared_in=place)
    for problem in problems:
        note(problem)
    write_report(review_json(review) if format is OutputFormat.JSON else review_text(review), output)
    if problems:
        raise typer.Exit(EXIT_USAGE)
    never = fail_on is FailOnSeverity.NEVER
    raise typer.Exit(EXIT_OK if never else review_exit_code(review, Severity(fail_on.value)))
