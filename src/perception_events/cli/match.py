"""`perception-events match`: whether a pattern, or a rule of a template, matches events, and if not, why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.event_files import FoundEvent, read_events
from perception_events.cli.json_files import STANDARD_INPUT, UnreadableInput
from perception_events.cli.load import PipelineNotFoundError
from perception_events.cli.topologies import (
    AccountOption,
    LoadedTopology,
    ParameterOption,
    PipelineOption,
    RegionOption,
    TemplateOption,
    load_topology,
)
from perception_events.errors import PerceptionEventsError
from perception_events.patterns import Dialect, EngineQuirk, InvalidEventError, Mismatch, PartialPattern
from perception_events.topology import Archive, EventSourceMapping, Pipe, Resource, Rule, Topology

__all__ = ["register"]

EXIT_NO_MATCH = 1
EXIT_UNREADABLE = 2


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
    env: Annotated[str, typer.Option(help="The environment in a Pipeline's names: dev, prod, ...")] = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line for each event.")] = False,
) -> None:
    """Exit with 0 if the pattern matches every event, 1 if not, 2 if something is invalid or cannot be read."""
    status = 0
    try:
        if template or pipeline:
            loaded = load_topology(
                template or (), pipeline=pipeline, env=env, parameters=parameter, account=account, region=region
            )
            status = _report_problems(loaded)
            patterns = _patterns_of(loaded.topology, pattern)
        else:
            patterns = [_read_pattern(pattern, dialect)]
    except (PerceptionEventsError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"perception-events match: {error}", err=True)
        raise typer.Exit(EXIT_UNREADABLE) from None
    quirks = [quirk for one in patterns if one.possible is not None for quirk in one.possible.quirks]
    if not as_json:
        for quirk in quirks:
            typer.echo(f"perception-events match: the engine contradicts itself: {quirk}", err=True)
    for found in read_events(events or [STANDARD_INPUT]):
        if isinstance(found, UnreadableInput):
            typer.echo(f"perception-events match: {found}", err=True)
            status = EXIT_UNREADABLE
            continue
        try:
            verdict = _verdict(patterns, found)
        except InvalidEventError as error:
            typer.echo(f"perception-events match: {UnreadableInput(found.file, found.line, str(error))}", err=True)
            status = EXIT_UNREADABLE
            continue
        _print(verdict, found, quirks, as_json=as_json)
        if verdict.matches is not True:
            status = status or EXIT_NO_MATCH
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
        text = sys.stdin.read()
    elif argument.lstrip().startswith("{"):
        text = argument
    else:
        text = Path(argument).read_text(encoding="utf-8-sig")
    return PartialPattern.parse(text, dialect=dialect)


def _patterns_of(topology: Topology, name: str) -> list[PartialPattern]:
    """The pattern of a rule or an archive; the filters of a pipe or a mapping, of which one must match."""
    kinds = (Rule, Archive, Pipe, EventSourceMapping)
    found: Resource | None = next((one for kind in kinds if (one := topology.find(name, kind)) is not None), None)
    if isinstance(found, Rule | Archive):
        if found.event_pattern is None:
            raise PipelineNotFoundError(f"{found.kind} {name} has no event pattern, so no event is taken by it")
        return [PartialPattern.parse(found.event_pattern)]
    if isinstance(found, Pipe | EventSourceMapping):
        dialect = Dialect.PIPE if isinstance(found, Pipe) else Dialect.EVENT_SOURCE_MAPPING
        return [PartialPattern.parse(filter.pattern, dialect=dialect) for filter in found.filters]
    known = ", ".join(one.id for one in topology if isinstance(one, kinds)) or "none"
    raise PipelineNotFoundError(f"there is no rule, pipe or event source mapping {name!r}; known: {known}")


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
        print(json.dumps(line, ensure_ascii=False))
        return
    words = {True: "matches", False: "does not match", None: f"depends on {', '.join(verdict.depends_on)}"}
    print(f"{found.file}:{found.line}: {words[verdict.matches]}")
    for one in verdict.mismatches:
        print(f"  {one}")


def _report_problems(loaded: LoadedTopology) -> int:
    for problem in loaded.problems:
        typer.echo(f"perception-events match: {problem}", err=True)
    return EXIT_UNREADABLE if loaded.problems else 0
