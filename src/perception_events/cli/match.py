"""`perception-events match`: whether a pattern matches events, and if not, why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError
from perception_events.traffic import STANDARD_INPUT, FoundEvent, UnreadableInput, read_events

__all__ = ["register"]

EXIT_NO_MATCH = 1
EXIT_UNREADABLE = 2


def register(app: typer.Typer) -> None:
    """Add the command `match` to `app`."""
    app.command("match")(match)


def match(
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="An event pattern: JSON, or the file that has it.")],
    events: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EVENT]...", help="JSON, or files of events; - is standard input, the default."),
    ] = None,
    dialect: Annotated[Dialect, typer.Option(help="Where the pattern stands; operators differ.")] = Dialect.EVENT_BUS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line for each event.")] = False,
) -> None:
    """Exit with 0 if the pattern matches every event, 1 if not, 2 if something is invalid or cannot be read."""
    try:
        compiled = EventPattern.parse(_pattern_text(pattern), dialect=dialect)
    except (InvalidEventPatternError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"perception-events match: the pattern is invalid: {error}", err=True)
        raise typer.Exit(EXIT_UNREADABLE) from None
    status = 0
    for found in read_events(events or [STANDARD_INPUT]):
        if isinstance(found, UnreadableInput):
            typer.echo(f"perception-events match: {found}", err=True)
            status = EXIT_UNREADABLE
            continue
        matched = _report(compiled, found, as_json=as_json)
        status = status or (0 if matched else EXIT_NO_MATCH)
    raise typer.Exit(status)


def _pattern_text(argument: str) -> str:
    """The pattern itself, or the text of the file that holds it."""
    if argument.lstrip().startswith("{"):
        return argument
    if argument == STANDARD_INPUT:
        return sys.stdin.read()
    return Path(argument).read_text(encoding="utf-8-sig")


def _report(pattern: EventPattern, found: FoundEvent, *, as_json: bool) -> bool:
    mismatches = pattern.explain(found.event)
    if as_json:
        line = {
            "file": found.file,
            "line": found.line,
            "matches": not mismatches,
            "mismatches": [one.to_dict() for one in mismatches],
        }
        print(json.dumps(line, ensure_ascii=False))
        return not mismatches
    print(f"{found.file}:{found.line}: {'does not match' if mismatches else 'matches'}")
    for one in mismatches:
        print(f"  {one}")
    return not mismatches
