"""`perception-events replay`: what recorded events and records would have triggered, and when."""

from __future__ import annotations

from typing import Annotated

import typer

from perception_events.cli.console import hint_at_terminal, note, print_json_line, write_report
from perception_events.cli.coverage import InputArgument, Progress
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_USAGE
from perception_events.cli.load import load_pipeline
from perception_events.cli.options import EnrichmentOption, EnvOption, LinesFormatOption, OutputFormat, StrictOption
from perception_events.cli.route_templates import enrichment_functions
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    TemplateOption,
    load_topology,
)
from perception_events.pipeline import Pipeline
from perception_events.readers import Problem
from perception_events.topology import Topology
from perception_events.traffic import STANDARD_INPUT, InputCounts, Replay, ReplaySummary, UnreadableInput, read_traffic

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command `replay` to `app`."""
    app.command("replay")(replay_command)


def replay_command(
    inputs: InputArgument = None,
    template: TemplateOption = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    bus: Annotated[
        str | None, typer.Option(help="The bus that events are put on; all that have rules without.")
    ] = None,
    enrichment: EnrichmentOption = None,
    faults: Annotated[
        int | None, typer.Option(metavar="SEED", help="Let one in twenty invocations of a function fail, by this seed.")
    ] = None,
    format: LinesFormatOption = OutputFormat.TEXT,
    strict: StrictOption = False,
) -> None:
    """Put recorded events and records through a system in order of their time, and show what they trigger and when.

    Exit with 0 if everything was put in, 2 if something was not or the call is not valid.
    """
    as_json = format is OutputFormat.JSON
    paths = inputs or [STANDARD_INPUT]
    progress = Progress(paths)
    counts, summary = InputCounts(), ReplaySummary()
    if bool(template) == (pipeline is not None):
        raise CommandError("no system is named, or two are", "give --template or --pipeline")
    system: Topology | Pipeline
    problems: tuple[Problem, ...] = ()
    functions = {}
    if pipeline is not None:
        system = load_pipeline(pipeline)
    else:
        loaded = load_topology(
            template or (), pipeline=None, env=env, parameters=parameter, account=account, region=region
        )
        system, problems = loaded.topology, loaded.problems
        functions = enrichment_functions(system, enrichment or ())
    replay = Replay(system, env=env, functions=functions, bus=bus, faults=faults)
    if STANDARD_INPUT in paths:
        hint_at_terminal("events")

    def reject(problem: UnreadableInput) -> None:
        counts.reject(problem, strict=strict)

    try:
        for one in replay.run(read_traffic(paths, on_bytes=progress.add), reject):
            summary.add(one)
            if as_json:
                print_json_line(one.to_dict())
    finally:
        progress.close()
    counts.lines += replay.put_in
    for id, reason in replay.simulation.not_simulated.items():
        note(f"{id} does not run here: {reason}")
    for problem in (*problems, *counts.problems):
        note(problem)
    if as_json:
        print_json_line({"summary": summary.to_dict(counts, replay)})
    else:
        write_report(summary.text(counts, replay), None)
    if problems or counts.unreadable or counts.files:
        raise typer.Exit(EXIT_USAGE)
