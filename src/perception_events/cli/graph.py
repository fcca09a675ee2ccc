"""`perception-events graph`: a diagram of templates, or of a declaration."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from perception_events.cli.console import note, write_output
from perception_events.cli.guard import EXIT_USAGE
from perception_events.cli.load import BUILT_IN_PIPELINE, load_pipeline
from perception_events.cli.options import EnvOption, OutputOption, PathsArgument
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    load_topology,
)
from perception_events.diagrams import Graph, graph_html, graph_mermaid, graph_svg, topology_graph
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
    paths: PathsArgument = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    format: Annotated[DiagramFormat, typer.Option(help="What to draw.")] = DiagramFormat.MERMAID,
    queues: Annotated[bool, typer.Option("--queues", help="Draw dead-letter queues too.")] = False,
    output: OutputOption = None,
) -> None:
    """Draw what events come from, pass through and end at, each bus around its rules, with their patterns.

    As Mermaid text, as an SVG, or as one HTML page with search and zoom that needs nothing else.

    Of a Pipeline (the built-in one without paths) the joins and the modules they start are drawn, too.
    """
    problems: tuple[Problem, ...] = ()
    if paths:
        loaded = load_topology(paths, pipeline=pipeline, env=env, parameters=parameter, account=account, region=region)
        problems = loaded.problems
        drawn = topology_graph(loaded.topology, queues=queues)
    else:
        drawn = load_pipeline(pipeline or BUILT_IN_PIPELINE).graph(env, queues=queues)
    for problem in problems:
        note(problem)
    write_output(_DRAW[format](drawn), output)
    if problems:
        raise typer.Exit(EXIT_USAGE)
