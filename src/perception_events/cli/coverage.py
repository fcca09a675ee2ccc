"""`perception-events coverage`: what recorded events do with the rules of templates or a declaration."""

from __future__ import annotations

import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.console import hint_at_terminal, note, write_output, write_report
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_USAGE
from perception_events.cli.options import EnvOption, OutputOption, StrictOption
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    TemplateOption,
    load_topology,
)
from perception_events.traffic import STANDARD_INPUT, coverage, coverage_page, read_blocks

__all__ = ["InputArgument", "JobsOption", "Progress", "job_count", "register"]


InputArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[INPUT]...", help="Files and folders of events; - is standard input, the default."),
]
JobsOption = Annotated[int, typer.Option(min=0, help="Processes; 0 for one a core. The result is the same.")]


class CoverageFormat(StrEnum):
    """How the report is printed."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


class Progress:
    """A line on a terminal: how much of the files was read, how fast, and how long it takes still."""

    def __init__(self, paths: list[str]) -> None:
        files = [file for path in paths if path != STANDARD_INPUT for file in _files(Path(path))]
        self._total = sum(file.stat().st_size for file in files)
        self._read = 0
        self._begun = time.monotonic()
        self._shown = self._begun
        self._on = sys.stderr.isatty()

    def add(self, size: int) -> None:
        """Count bytes of files; shown twice a second."""
        self._read += size
        now = time.monotonic()
        if self._on and now - self._shown > 0.5:
            self._shown = now
            rate = self._read / (now - self._begun)
            left = f", {(self._total - self._read) / rate:,.0f} s left" if self._total > self._read else ""
            share = f"{self._read / self._total:4.0%} " if self._total else ""
            print(f"\r{share}{self._read / 1e6:,.1f} MB, {rate / 1e6:,.1f} MB/s{left}\x1b[K", end="", file=sys.stderr)

    def close(self) -> None:
        """Take the line away."""
        if self._on:
            print("\r\x1b[K", end="", file=sys.stderr)


def _files(path: Path) -> list[Path]:
    try:
        return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path] * path.is_file()
    except OSError:
        return []


def job_count(jobs: int) -> int:
    """The number of processes: one a core for 0."""
    return jobs or os.cpu_count() or 1


def register(app: typer.Typer) -> None:
    """Add the command `coverage` to `app`."""
    app.command("coverage")(coverage_command)


def coverage_command(
    inputs: InputArgument = None,
    template: TemplateOption = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    bus: Annotated[str | None, typer.Option(help="Only the rules of this bus.")] = None,
    format: Annotated[CoverageFormat, typer.Option(help="How to print; json is one document.")] = CoverageFormat.TEXT,
    output: OutputOption = None,
    jobs: JobsOption = 0,
    strict: StrictOption = False,
) -> None:
    """Count what each rule matches, and show the events that no rule takes.

    Exit with 0 if everything was read, 2 if something was not or the call is not valid.
    """
    paths = inputs or [STANDARD_INPUT]
    progress = Progress(paths)
    if not template and pipeline is None:
        raise CommandError("no system is named", "give --template or --pipeline")
    loaded = load_topology(
        template or (), pipeline=pipeline, env=env, parameters=parameter, account=account, region=region
    )
    if STANDARD_INPUT in paths:
        hint_at_terminal("events")
    try:
        blocks = read_blocks(paths, on_bytes=progress.add)
        report = coverage(loaded.topology, blocks, bus=bus, jobs=job_count(jobs), strict=strict)
    finally:
        progress.close()
    for problem in (*loaded.problems, *report.inputs.problems):
        note(problem)
    if format is CoverageFormat.HTML:
        write_output(coverage_page(report), output)
    else:
        write_report(report.to_json() if format is CoverageFormat.JSON else str(report), output)
    if loaded.problems or report.inputs.unreadable or report.inputs.files:
        raise typer.Exit(EXIT_USAGE)
