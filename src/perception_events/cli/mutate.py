"""`perception-events mutate`: which mistakes in rules and filters sample events and tests would not notice."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from perception_events.analysis import mutate_topology, mutation_json, mutation_text
from perception_events.cli.console import note, write_report
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_NO, EXIT_OK, EXIT_USAGE
from perception_events.cli.load import BUILT_IN_PIPELINE
from perception_events.cli.mutant_tests import PytestRuns
from perception_events.cli.options import EnvOption, ExitCodeOption, FormatOption, OutputFormat, OutputOption
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


def register(app: typer.Typer) -> None:
    """Add the command `mutate` to `app`."""
    app.command("mutate")(mutate_command)


def mutate_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Templates, or folders that hold them: one system.")
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Sample events and stream records; a file, a folder, or - for standard input."
        ),
    ] = None,
    tests: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="A pytest command; its tests get the mutants that no sample notices, one a run."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="What one run of the tests may take; 30, or five times as long as without a mutant if that is more.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Runs of the tests that go on at a time.")] = 1,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    bus: Annotated[str | None, typer.Option(help="Only the rules of this bus, and no filters.")] = None,
    show: Annotated[int, typer.Option(min=0, help="Mutants shown for each rule.")] = 5,
    format: FormatOption = OutputFormat.TEXT,
    output: OutputOption = None,
    exit_code: ExitCodeOption = False,
) -> None:
    """Put small mistakes into each rule and filter, and show those that no sample event and no test would notice.

    Of templates, or of a Pipeline (the built-in one without paths). Each mutant that is not noticed comes with the
    event that is missing among the samples. Tests see a mutant where they load the template or the Pipeline with this
    library, as simulate_template and simulate_pipeline do. Exit with 0, with --exit-code with 1 if a mutant is not
    noticed, 2 if something could not be read or the tests had no result.
    """
    if not events and tests is None:
        raise CommandError("there is nothing to try the mutants with", "give --events, --tests or both")
    samples: list[JSONObject] = []
    records: list[JSONObject] = []
    unread: list[UnreadableInput] = []
    if paths and pipeline is not None:
        raise CommandError("paths and --pipeline name two systems", "give one of them")
    place = None if paths else pipeline or BUILT_IN_PIPELINE
    loaded = load_topology(paths or (), pipeline=place, env=env, parameters=parameter, account=account, region=region)
    for found in read_traffic(events or ()):
        if isinstance(found, UnreadableInput):
            unread.append(found)
        elif isinstance(found, FoundRecord):
            records.append(found.record)
        else:
            (samples if found.is_event else records).append(found.event)
    with TemporaryDirectory(prefix="perception-events-") as folder:
        runs = PytestRuns(tests, Path(folder), timeout=timeout, jobs=jobs) if tests is not None else None
        mutation = mutate_topology(loaded.topology, samples, records, bus=bus, tests=runs)
    for problem in (*loaded.problems, *unread):
        note(problem)
    write_report(mutation_json(mutation) if format is OutputFormat.JSON else mutation_text(mutation, show=show), output)
    if loaded.problems or unread or mutation.errors:
        raise typer.Exit(EXIT_USAGE)
    raise typer.Exit(EXIT_NO if exit_code and mutation.survived else EXIT_OK)
