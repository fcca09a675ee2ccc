"""`perception-events render`: the declaration as the template that is deployed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perception_events.checks import Severity
from perception_events.cli.load import load_pipeline
from perception_events.cli.topologies import AccountOption, RegionOption
from perception_events.errors import PerceptionEventsError
from perception_events.pipeline.checks import check_pipeline
from perception_events.rendering import TemplateFormat
from perception_events.rendering import render as render_template

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command `render` to `app`."""
    app.command("render")(render)


def render(
    pipeline: Annotated[
        str, typer.Option(metavar="PACKAGE.MODULE:NAME", help="The Pipeline to render.")
    ] = "perception_events.pipeline:perception_pipeline",
    env: Annotated[str, typer.Option(help="The environment in the names: dev, prod, ...")] = "dev",
    format: Annotated[TemplateFormat, typer.Option(help="What to write.")] = TemplateFormat.CLOUDFORMATION,
    account: AccountOption = None,
    region: RegionOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write to.")] = None,
) -> None:
    """Write one complete template: table, stream, pipe, bus, rules, functions, roles, queues and alarms.

    The account and the region only say which ARNs of existing resources are of the account that is deployed to. Errors
    that `perception-events check` would find are named on standard error; the template is written all the same.
    """
    try:
        declared = load_pipeline(pipeline)
        topology = declared.topology(env, account=account, region=region, declared_in=pipeline)
        text = render_template(topology, format)
    except PerceptionEventsError as error:
        typer.echo(f"perception-events render: {error}", err=True)
        raise typer.Exit(2) from None
    errors = [finding.identifier for finding in check_pipeline(declared, env) if finding.severity is Severity.ERROR]
    if errors:
        found = ", ".join(dict.fromkeys(errors))
        typer.echo(f"perception-events render: this will not work ({found}); see `perception-events check`", err=True)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
