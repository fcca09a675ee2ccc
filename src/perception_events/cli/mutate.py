"""`perception-events mutate`: which mistakes in rules and filters the sample events would not notice."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from perception_events.analysis import mutate_topology, mutation_json, mutation_text
from perception_events.cli.console import note, write_report
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_NO, EXIT_OK, EXIT_USAGE
from perception_events.cli.load import BUILT_IN_PIPELINE
from perception_events.cli.options import EnvOption, FormatOption, OutputFormat, OutputOption
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    load_topology,
)
from perception_events.json_values import JSONObject
from perception_events.traffic import FoundRecord, UnreadableInput, read_traffic

__all__ = ["register"]


class FailOn(StrEnum):
    """Whether `mutate` ends with 1 if a mutant is not noticed."""

    UNNOTICED = "unnoticed"
    NEVER = "never"


def register(app: typer.Typer) -> None:
    """Add the command `mutate` to `app`."""
    app.command("mutate")(mutate_command)


def mutate_command(
    events: Annotated[
        list[str],
        typer.Option(
            metavar="FILE", help="Sample events and stream records; a file, a folder, or - for standard input."
        ),
    ],
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Templates, or folders that hold them: one system.")
    ] = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    bus: Annotated[str | None, typer.Option(help="Only the rules of this bus, and no filters.")] = None,
    show: Annotated[int, typer.Option(min=0, help="Mutants shown for each rule.")] = 5,
    format: FormatOption = OutputFormat.TEXT,
    output: OutputOption = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 if a mutant is not noticed, or never.")
    ] = FailOn.UNNOTICED,
) -> None:
    """Put small mistakes into each rule and filter, and show those that no sample event would notice.

    Of templates, or of a Pipeline (the built-in one without paths). Each mutant that is not noticed comes with the
    event that is missing among the samples. Exit with 0 if all are noticed, 1 as --fail-on says, 2 if something could
    not be read.
    """
    samples: list[JSONObject] = []
    records: list[JSONObject] = []
    unread: list[UnreadableInput] = []
    if paths and pipeline is not None:
        raise CommandError("paths and --pipeline name two systems", "give one of them")
    place = None if paths else pipeline or BUILT_IN_PIPELINE
    loaded = load_topology(paths or (), pipeline=place, env=env, parameters=parameter, account=account, region=region)
    for found in read_traffic(events):
        if isinstance(found, UnreadableInput):
            unread.append(found)
        elif isinstance(found, FoundRecord):
            records.append(found.record)
        else:
            (samples if found.is_event else records).append(found.event)
    mutation = mutate_topology(loaded.topology, samples, records, bus=bus)
    for problem in (*loaded.problems, *unread):
        note(problem)
    write_report(mutation_json(mutation) if format is OutputFormat.JSON else mutation_text(mutation, show=show), output)
    if loaded.problems or unread:
        raise typer.Exit(EXIT_USAGE)
    raise typer.Exit(EXIT_NO if mutation.survived and fail_on is FailOn.UNNOTICED else EXIT_OK)
