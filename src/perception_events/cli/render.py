"""`perception-events render`: the declaration as the template that is deployed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.load import PipelineNotFoundError, load_pipeline
from perception_events.infrastructure import RenderError, TemplateFormat
from perception_events.infrastructure import render as render_template

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
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write to.")] = None,
) -> None:
    """Write one complete template: table, stream, pipe, bus, rules, functions, roles, queues and alarms."""
    try:
        text = render_template(load_pipeline(pipeline), env, format)
    except (PipelineNotFoundError, RenderError) as error:
        typer.echo(f"perception-events render: {error}", err=True)
        raise typer.Exit(2) from None
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
