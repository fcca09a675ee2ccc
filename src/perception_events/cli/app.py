"""The commands by name; each lives in a module of its own, which is loaded when the command is called."""

from __future__ import annotations

import importlib
import platform
from typing import Annotated, Any

import typer
from typer.main import get_group

from perception_events.cli.console import COMMAND
from perception_events.cli.guard import TRACEBACK, GuardedGroup

__all__ = ["COMMANDS", "app"]

COMMANDS = {
    "init": "init",
    "check": "check",
    "match": "match",
    "route": "route",
    "review": "review",
    "diff": "diff",
    "mutate": "mutate",
    "coverage": "coverage",
    "compare": "compare",
    "replay": "replay",
    "graph": "graph",
    "studio": "studio",
    "render": "render",
    "schema": "schema",
    "package": "package",
    "tables": "tables",
    "run": "run",
    "joins": "joins",
    "sweep": "joins",
}
"""The commands in the order of `--help`, and the module of this package that registers each."""


class _Commands(GuardedGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        registered = typer.Typer()
        importlib.import_module(f"perception_events.cli.{COMMANDS[cmd_name]}").register(registered)
        registered.callback()(lambda: None)  # else a single command is not a group
        return get_group(registered).commands[cmd_name]


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit status: 0 for yes, 1 for no (something was found, failed or does not match), 2 for what is not valid "
    "or cannot be read. Notes go to standard error.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("perception-events")
        except PackageNotFoundError:  # run from a checkout
            number = "(not installed)"
        print(f"perception-events {number} (Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def _commands(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
    traceback: Annotated[bool, typer.Option(TRACEBACK, help="Show where an error was raised, too.")] = False,
) -> None:
    """Route DynamoDB stream records through a pipe, a bus and its rules, as AWS would."""
    COMMAND.set(f"perception-events {context.invoked_subcommand}")
