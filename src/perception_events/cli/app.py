"""The commands by name; each lives in a module of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from perception_events.cli import check, compare, coverage, graph, joins, match, render, run, schema
from perception_events.cli.route import route_command

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Route DynamoDB stream records through a pipe, a bus and its rules, as AWS would.",
)


@app.callback()
def _commands() -> None:
    """Route DynamoDB stream records through a pipe, a bus and its rules, as AWS would."""


@app.command()
def route(
    records: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECORDS]...",
            help="JSON, JSON lines, a Lambda event or a get_records response; - is standard input.",
        ),
    ] = None,
    pipeline: Annotated[
        str, typer.Option(metavar="PACKAGE.MODULE:NAME", help="The Pipeline to route through.")
    ] = "perception_events.pipeline:perception_pipeline",
    env: Annotated[str, typer.Option(help="The environment in the names: dev, prod, ...")] = "dev",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line for each record.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first input that cannot be read.")] = False,
) -> None:
    """Show what becomes of each stream record: filter, event type, bus event, rules, targets, next module."""
    raise typer.Exit(route_command(records or ["-"], pipeline=pipeline, env=env, as_json=json, strict=strict))


for command in (coverage, compare, match, run, joins, render, check, graph, schema):
    command.register(app)
