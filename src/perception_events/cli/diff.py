"""`perception-events diff`: what a change of templates or of a declaration does to who receives what."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from perception_events.analysis import TopologyDiff, diff_markdown, diff_object, diff_text, diff_topologies
from perception_events.cli.console import note, write_report
from perception_events.cli.guard import EXIT_NO, EXIT_OK, EXIT_USAGE
from perception_events.cli.options import EnvOption, ExitCodeOption, OutputOption
from perception_events.cli.systems import load_system
from perception_events.cli.topologies import AccountOption, ParameterOption, RegionOption
from perception_events.traffic import CompareReport, compare, read_blocks

__all__ = ["register"]


class DiffFormat(StrEnum):
    """How the difference is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


_SYSTEM = "A template, a folder, REVISION:PATH of a git repository, or MODULE:NAME of a Pipeline."


def register(app: typer.Typer) -> None:
    """Add the command `diff` to `app`."""
    app.command("diff")(diff_command)


def diff_command(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_SYSTEM)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, after the change.")],
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    events: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Recorded events: count those that are received otherwise, too."),
    ] = None,
    format: Annotated[DiffFormat, typer.Option(help="How to print; json is one document.")] = DiffFormat.TEXT,
    output: OutputOption = None,
    exit_code: ExitCodeOption = False,
) -> None:
    """Show what each target newly receives, no longer receives and receives in another form, with events that prove it.

    Rules with other names, in other files or cut in another way are no difference. Exit with 0, with
    --exit-code with 1 if anything differs or could not be decided, 2 if something could not be read.
    """
    before, after = (
        load_system(text, env=env, parameters=parameter, account=account, region=region) for text in (old, new)
    )
    diff = diff_topologies(before.topology, after.topology)
    recorded = compare(before.topology, after.topology, read_blocks(events)) if events else None
    problems = [*before.problems, *after.problems, *(recorded.inputs.problems if recorded is not None else ())]
    for problem in problems:
        note(problem)
    write_report(_report(diff, recorded, format), output)
    if problems:
        raise typer.Exit(EXIT_USAGE)
    differs = diff.changes or bool(diff.undecided) or (recorded is not None and bool(recorded.changed))
    raise typer.Exit(EXIT_NO if exit_code and differs else EXIT_OK)


def _report(diff: TopologyDiff, recorded: CompareReport | None, format: DiffFormat) -> str:
    if format is DiffFormat.JSON:
        whole = diff_object(diff) | ({"recorded": recorded.to_dict()} if recorded is not None else {})
        return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    if format is DiffFormat.MARKDOWN:
        text = diff_markdown(diff)
        if recorded is not None:
            text += f"\n#### Recorded events\n\n```text\n{recorded}```\n"
    else:
        text = diff_text(diff)
        if recorded is not None:
            text += f"\nrecorded events\n{recorded}"
    return text
