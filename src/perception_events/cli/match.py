"""`perception-events match`: whether a pattern, or a rule of a template, matches events, and if not, why."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.console import hint_at_terminal, note, print_json_line, print_line
from perception_events.cli.errors import CommandError
from perception_events.cli.event_files import FoundEvent, read_events
from perception_events.cli.guard import EXIT_NO, EXIT_OK, EXIT_USAGE
from perception_events.cli.json_files import STANDARD_INPUT, UnreadableInput, read_text
from perception_events.cli.options import EnvOption, LinesFormatOption, OutputFormat
from perception_events.cli.topologies import (
    AccountOption,
    LoadedTopology,
    ParameterOption,
    PipelineOption,
    RegionOption,
    TemplateOption,
    load_topology,
)
from perception_events.patterns import Dialect, EngineQuirk, InvalidEventError, Mismatch, PartialPattern
from perception_events.topology import Archive, EventSourceMapping, Pipe, Resource, Rule, Topology

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command `match` to `app`."""
    app.command("match")(match)


def match(
    pattern: Annotated[
        str,
        typer.Argument(
            metavar="PATTERN",
            help="An event pattern: JSON, or the file that has it. With --template or --pipeline: the id or name of a "
            "rule, pipe or event source mapping.",
        ),
    ],
    events: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EVENT]...", help="JSON, or files of events; - is standard input, the default."),
    ] = None,
    dialect: Annotated[Dialect, typer.Option(help="Where the pattern stands; operators differ.")] = Dialect.EVENT_BUS,
    template: TemplateOption = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    format: LinesFormatOption = OutputFormat.TEXT,
) -> None:
    """Exit with 0 if the pattern matches every event, 1 if not, 2 if something is invalid or cannot be read."""
    as_json = format is OutputFormat.JSON
    status = EXIT_OK
    if template or pipeline:
        loaded = load_topology(
            template or (), pipeline=pipeline, env=env, parameters=parameter, account=account, region=region
        )
        status = _report_problems(loaded)
        patterns = _patterns_of(loaded.topology, pattern)
    else:
        patterns = [_read_pattern(pattern, dialect)]
    quirks = [quirk for one in patterns if one.possible is not None for quirk in one.possible.quirks]
    if not as_json:
        for quirk in quirks:
            note(f"the engine contradicts itself: {quirk}")
    for found in read_events(events or [STANDARD_INPUT]):
        if isinstance(found, UnreadableInput):
            note(found)
            status = EXIT_USAGE
            continue
        try:
            verdict = _verdict(patterns, found)
        except InvalidEventError as error:
            note(UnreadableInput(found.file, found.line, str(error)))
            status = EXIT_USAGE
            continue
        _print(verdict, found, quirks, as_json=as_json)
        if verdict.matches is not True:
            status = status or EXIT_NO
    raise typer.Exit(status)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """`matches`: None where it depends on the expressions `depends_on`. `mismatches`: why it does not match."""

    matches: bool | None
    mismatches: list[Mismatch]
    depends_on: tuple[str, ...] = ()


def _read_pattern(argument: str, dialect: Dialect) -> PartialPattern:
    """The pattern itself, or that of the file which holds it."""
    if argument == STANDARD_INPUT:
        hint_at_terminal("a pattern")
        text = sys.stdin.read()
    elif argument.lstrip().startswith("{"):
        text = argument
    else:
        text = read_text(Path(argument))
    return PartialPattern.parse(text, dialect=dialect)


def _patterns_of(topology: Topology, name: str) -> list[PartialPattern]:
    """The pattern of a rule or an archive; the filters of a pipe or a mapping, of which one must match."""
    kinds = (Rule, Archive, Pipe, EventSourceMapping)
    found: Resource | None = next((one for kind in kinds if (one := topology.find(name, kind)) is not None), None)
    if isinstance(found, Rule | Archive):
        if found.event_pattern is None:
            raise CommandError(
                f"{found.kind} {name} has no event pattern, so it takes no event", "name a rule with one"
            )
        return [PartialPattern.parse(found.event_pattern)]
    if isinstance(found, Pipe | EventSourceMapping):
        dialect = Dialect.PIPE if isinstance(found, Pipe) else Dialect.EVENT_SOURCE_MAPPING
        return [PartialPattern.parse(filter.pattern, dialect=dialect) for filter in found.filters]
    known = ", ".join(one.id for one in topology if isinstance(one, kinds)) or "none"
    raise CommandError(f"there is no rule, pipe or event source mapping {name!r}", f"name one of these: {known}")


def _verdict(patterns: Iterable[PartialPattern], found: FoundEvent) -> _Verdict:
    """Of several patterns the best verdict; without any, everything passes."""
    patterns = list(patterns)
    verdicts = [pattern.verdict(found.event) for pattern in patterns]
    if not patterns or True in verdicts:
        return _Verdict(True, [])
    depends_on = dict.fromkeys(
        expression
        for pattern, verdict in zip(patterns, verdicts, strict=True)
        if verdict is None
        for expression in pattern.depends_on
    )
    if depends_on:
        return _Verdict(None, [], tuple(depends_on))
    return _Verdict(False, [one for pattern in patterns for one in pattern.explain(found.event)])


def _print(verdict: _Verdict, found: FoundEvent, quirks: list[EngineQuirk], *, as_json: bool) -> None:
    if as_json:
        line = {
            "file": found.file,
            "line": found.line,
            "matches": verdict.matches,
            "mismatches": [one.to_dict() for one in verdict.mismatches],
            "depends_on": list(verdict.depends_on),
            "quirks": [one.to_dict() for one in quirks],
        }
        print_json_line(line)
        return
    words = {True: "matches", False: "does not match", None: f"depends on {', '.join(verdict.depends_on)}"}
    print_line(f"{found.file}:{found.line}: {words[verdict.matches]}")
    for one in verdict.mismatches:
        print_line(f"  {one}")


def _report_problems(loaded: LoadedTopology) -> int:
    for problem in loaded.problems:
        note(problem)
    return EXIT_USAGE if loaded.problems else EXIT_OK
