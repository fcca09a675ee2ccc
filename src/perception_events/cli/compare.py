"""`perception-events compare`: what a change of templates does to recorded events."""

from __future__ import annotations

from typing import Annotated

import typer

from perception_events.cli.console import hint_at_terminal, note, write_report
from perception_events.cli.coverage import InputArgument, JobsOption, Progress, job_count
from perception_events.cli.guard import EXIT_NO, EXIT_OK, EXIT_USAGE
from perception_events.cli.options import (
    EnvOption,
    ExitCodeOption,
    FormatOption,
    OutputFormat,
    OutputOption,
    StrictOption,
)
from perception_events.cli.systems import load_system
from perception_events.cli.topologies import AccountOption, ParameterOption, RegionOption
from perception_events.traffic import STANDARD_INPUT, compare, read_blocks

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command `compare` to `app`."""
    app.command("compare")(compare_command)


def compare_command(
    old: Annotated[str, typer.Option(metavar="SYSTEM", help="Before: a path, REVISION:PATH, or module:NAME.")],
    new: Annotated[str, typer.Option(metavar="SYSTEM", help="After: the same.")],
    inputs: InputArgument = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    bus: Annotated[str | None, typer.Option(help="Only the rules of this bus.")] = None,
    format: FormatOption = OutputFormat.TEXT,
    output: OutputOption = None,
    exit_code: ExitCodeOption = False,
    jobs: JobsOption = 0,
    strict: StrictOption = False,
) -> None:
    """Show the events whose targets or received inputs differ between two versions of a system.

    Exit with 0, with --exit-code with 1 if anything differs, 2 if something could not be read or the call is not valid.
    """
    paths = inputs or [STANDARD_INPUT]
    progress = Progress(paths)

    before, after = (
        load_system(one, env=env, parameters=parameter, account=account, region=region) for one in (old, new)
    )
    if STANDARD_INPUT in paths:
        hint_at_terminal("events")
    try:
        blocks = read_blocks(paths, on_bytes=progress.add)
        report = compare(before.topology, after.topology, blocks, bus=bus, jobs=job_count(jobs), strict=strict)
    finally:
        progress.close()
    problems = (*before.problems, *after.problems, *report.inputs.problems)
    for problem in problems:
        note(problem)
    write_report(report.to_json() if format is OutputFormat.JSON else str(report), output)
    if problems:
        raise typer.Exit(EXIT_USAGE)
    raise typer.Exit(EXIT_NO if exit_code and report.changed else EXIT_OK)
