"""`perception-events graph`: a diagram of the declaration."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.load import PipelineNotFoundError, load_pipeline
from perception_events.diagrams import graph_mermaid, graph_svg
from perception_events.topology import InvalidTopologyError

__all__ = ["register"]


class DiagramFormat(StrEnum):
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
    format: Annotated[DiagramFormat, typer.Option(help="What to draw.")] = DiagramFormat.MERMAID,
    queues: Annotated[bool, typer.Option("--queues", help="Draw dead-letter queues too.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write to.")] = None,
) -> None:
    """Draw table, pipe, bus, rules, functions, joins and modules, with the patterns on the arrows."""
    try:
        drawn = load_pipeline(pipeline).graph(env, queues=queues)
    except (PipelineNotFoundError, InvalidTopologyError) as error:
        typer.echo(f"perception-events graph: {error}", err=True)
        raise typer.Exit(2) from None
    text = graph_svg(drawn) if format is DiagramFormat.SVG else graph_mermaid(drawn)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
