"""`perception-events review`: what the rules of templates or a declaration do to each other."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from perception_events.analysis import review_exit_code, review_json, review_pipeline, review_text, review_topology
from perception_events.checks import Severity
from perception_events.cli.console import note, print_text
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_USAGE
from perception_events.cli.load import BUILT_IN_PIPELINE, load_pipeline
from perception_events.cli.options import EnvOption
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


class ReviewFormat(StrEnum):
    """How the review is printed."""

    TEXT = "text"
    JSON = "json"


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
    format: Annotated[ReviewFormat, typer.Option(help="How to print.")] = ReviewFormat.TEXT,
    fail_on: Annotated[Severity, typer.Option(help="Exit with 1 from this severity on.")] = Severity.WARNING,
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
    if format is ReviewFormat.JSON:
        sys.stdout.write(review_json(review))
    else:
        print_text(review_text(review))
    for problem in problems:
        note(problem)
    raise typer.Exit(EXIT_USAGE if problems else review_exit_code(review, fail_on))
