"""`perception-events graph`: a picture of the declaration."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.load import PipelineNotFoundError, load_pipeline
from perception_events.diagrams import graph_mermaid, graph_svg

__all__ = ["register"]


class PictureFormat(StrEnum):
    """What is drawn."""

    MERMAID = "mermaid"
    SVG = "svg"


def register(app: typer.Typer) -> None:
    """Add the command `graph` to `app`."""
    app.command("graph")(graph)


def graph(
    pipeline: Annotated[
        str, typer.Option(metavar="PACKAGE.MODULE:NAME", help="The Pipeline to draw.")
    ] = "perception_events.pipeline:perception_pipeline",
    env: Annotated[str, typer.Option(help="The environment in the names: dev, prod, ...")] = "dev",
    format: Annotated[PictureFormat, typer.Option(help="What to draw.")] = PictureFormat.MERMAID,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write to.")] = None,
) -> None:
    """Draw table, pipe, bus, rules, functions, joins and modules, with the patterns on the arrows."""
    try:
        declaration = load_pipeline(pipeline)
    except PipelineNotFoundError as error:
        typer.echo(f"perception-events graph: {error}", err=True)
        raise typer.Exit(2) from None
    text = graph_svg(declaration, env) if format is PictureFormat.SVG else graph_mermaid(declaration, env)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
