"""`perception-events compare`: what a change of templates does to recorded events."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from perception_events.cli.coverage import InputArgument, JobsOption, Progress, job_count
from perception_events.cli.options import StrictOption
from perception_events.cli.topologies import (
    AccountOption,
    LoadedTopology,
    ParameterOption,
    RegionOption,
    load_topology,
)
from perception_events.errors import PerceptionEventsError
from perception_events.traffic import STANDARD_INPUT, compare, read_blocks

__all__ = ["register"]

EXIT_CHANGED = 1
EXIT_UNREADABLE = 2


def register(app: typer.Typer) -> None:
    """Add the command `compare` to `app`."""
    app.command("compare")(compare_command)


def compare_command(
    old: Annotated[str, typer.Option(metavar="SYSTEM", help="Before: a template, a folder, or package.module:name.")],
    new: Annotated[str, typer.Option(metavar="SYSTEM", help="After: a template, a folder, or package.module:name.")],
    inputs: InputArgument = None,
    env: Annotated[str, typer.Option(help="The environment in a Pipeline's names: dev, prod, ...")] = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    bus: Annotated[str | None, typer.Option(help="Only the rules of this bus.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    jobs: JobsOption = 0,
    strict: StrictOption = False,
) -> None:
    """Show the events whose targets or received inputs differ between two versions of a system.

    Exit with 0 if nothing differs, 1 if something does, 2 if something could not be read or the call is not valid.
    """
    paths = inputs or [STANDARD_INPUT]
    progress = Progress(paths)

    def load(system: str) -> LoadedTopology:
        is_pipeline = ":" in system and "/" not in system and "\\" not in system
        return load_topology(
            () if is_pipeline else (system,),
            pipeline=system if is_pipeline else None,
            env=env,
            parameters=parameter,
            account=account,
            region=region,
        )

    try:
        before, after = load(old), load(new)
        blocks = read_blocks(paths, on_bytes=progress.add)
        report = compare(before.topology, after.topology, blocks, bus=bus, jobs=job_count(jobs), strict=strict)
    except (PerceptionEventsError, OSError) as error:
        progress.close()
        typer.echo(f"perception-events compare: {error}", err=True)
        raise typer.Exit(EXIT_UNREADABLE) from None
    progress.close()
    sys.stdout.write(report.to_json() if as_json else str(report))
    problems = (*before.problems, *after.problems, *report.inputs.problems)
    for problem in problems:
        typer.echo(f"perception-events compare: {problem}", err=True)
    if problems:
        raise typer.Exit(EXIT_UNREADABLE)
    raise typer.Exit(EXIT_CHANGED if report.changed else 0)
