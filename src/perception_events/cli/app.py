"""The commands by name; each lives in a module of its own."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from perception_events.cli import check, coverage, graph, joins, match, render, run, schema
from perception_events.cli.load import BUILT_IN_PIPELINE
from perception_events.cli.route import route_command
from perception_events.cli.topologies import AccountOption, ParameterOption, RegionOption, TemplateOption

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # text that cannot be encoded, as a lone surrogate, is shown escaped
            stream.reconfigure(errors="backslashreplace")


@app.command()
def route(
    records: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECORDS]...",
            help="JSON, JSON lines, a Lambda event or a get_records response; - is standard input. With --template "
            "also queue messages, events and put-events files.",
        ),
    ] = None,
    template: TemplateOption = None,
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    to: Annotated[
        str | None, typer.Option(metavar="RESOURCE", help="With --template: the source or bus it is put into.")
    ] = None,
    enrichment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[RESOURCE=]FUNCTION",
            help="With --template: package.module:function or a sample.json of its output, for enrichments.",
        ),
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(metavar="PACKAGE.MODULE:NAME", help="The Pipeline to route through.")
    ] = None,
    env: Annotated[str, typer.Option(help="The environment in the names: dev, prod, ...")] = "dev",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line for each record.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first input that cannot be read.")] = False,
) -> None:
    """Show what becomes of each record, message or event: filters, rules and why not, what every target receives.

    Through the templates of --template, or through a Pipeline (the built-in one by default).
    """
    if template:
        from perception_events.cli.route_templates import route_through_templates

        if pipeline is not None:
            typer.echo("perception-events route: give --template or --pipeline, not both", err=True)
            raise typer.Exit(2)
        status = route_through_templates(
            records or ["-"],
            template,
            parameters=parameter,
            account=account,
            region=region,
            to=to,
            enrichments=enrichment or (),
            as_json=json,
            strict=strict,
        )
        raise typer.Exit(status)
    place = pipeline or BUILT_IN_PIPELINE
    raise typer.Exit(route_command(records or ["-"], pipeline=place, env=env, as_json=json, strict=strict))


for command in (coverage, match, run, joins, render, check, graph, schema):
    command.register(app)
