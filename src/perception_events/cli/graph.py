"""`perception-events graph`: a diagram of templates, or of a declaration."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.load import BUILT_IN_PIPELINE, load_pipeline
from perception_events.cli.topologies import AccountOption, ParameterOption, RegionOption, load_topology
from perception_events.diagrams import Graph, graph_html, graph_mermaid, graph_svg, topology_graph
from perception_events.errors import PerceptionEventsError
from perception_events.readers import Problem

__all__ = ["register"]


class DiagramFormat(StrEnum):
    """What is drawn."""

    MERMAID = "mermaid"
    SVG = "svg"
    HTML = "html"


_DRAW: dict[DiagramFormat, Callable[[Graph], str]] = {
    DiagramFormat.MERMAID: graph_mermaid,
    DiagramFormat.SVG: graph_svg,
    DiagramFormat.HTML: graph_html,
}


def register(app: typer.Typer) -> None:
    """Add the command `graph` to `app`."""
    app.command("graph")(graph)


def graph(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Templates, or folders that hold them.")
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(metavar="PACKAGE.MODULE:NAME", help="The Pipeline to draw, in place of paths.")
    ] = None,
    env: Annotated[str, typer.Option(help="The environment in a Pipeline's names: dev, prod, ...")] = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    format: Annotated[DiagramFormat, typer.Option(help="What to draw.")] = DiagramFormat.MERMAID,
    queues: Annotated[bool, typer.Option("--queues", help="Draw dead-letter queues too.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write to.")] = None,
) -> None:
    """Draw what events come from, pass through and end at, each bus around its rules, with their patterns.

    As Mermaid text, as an SVG, or as one HTML page with search and zoom that needs nothing else.

    Of a Pipeline (the built-in one without paths) the joins and the modules they start are drawn, too.
    """
    problems: tuple[Problem, ...] = ()
    try:
        if paths:
            loaded = load_topology(
                paths, pipeline=pipeline, env=env, parameters=parameter, account=account, region=region
            )
            problems = loaded.problems
            drawn = topology_graph(loaded.topology, queues=queues)
        else:
            drawn = load_pipeline(pipeline or BUILT_IN_PIPELINE).graph(env, queues=queues)
    except PerceptionEventsError as error:
        typer.echo(f"perception-events graph: {error}", err=True)
        raise typer.Exit(2) from None
    for problem in problems:
        typer.echo(f"perception-events graph: {problem}", err=True)
    text = _DRAW[format](drawn)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
    if problems:
        raise typer.Exit(2)
