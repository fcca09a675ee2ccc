"""The topology that a command line names: templates by path, or a `Pipeline` by `--pipeline`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.errors import CommandError
from perception_events.cli.load import load_pipeline
from perception_events.cli.options import LOCATION
from perception_events.readers import Problem, ReadError, read_topology
from perception_events.topology import Topology

__all__ = [
    "AccountOption",
    "LoadedTopology",
    "ParameterOption",
    "PipelineOption",
    "RegionOption",
    "TemplateOption",
    "load_topology",
    "template_parameters",
]

ParameterOption = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="A template's parameter, variable or option."),
]
TemplateOption = Annotated[
    list[str] | None, typer.Option("--template", metavar="PATH", help="A template, or a folder that holds templates.")
]
PipelineOption = Annotated[
    str | None,
    typer.Option("--pipeline", metavar=LOCATION, help="A Pipeline: package.module:NAME or path/to/file.py:NAME."),
]
AccountOption = Annotated[str | None, typer.Option("--account", help="The account in ARNs.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="The AWS Region in ARNs, and of calls to AWS.")]


@dataclass(frozen=True, slots=True)
class LoadedTopology:
    """A topology, and what of its templates could not be read."""

    topology: Topology
    problems: tuple[Problem, ...] = ()


def load_topology(
    paths: Iterable[str | Path],
    *,
    pipeline: str | None,
    env: str,
    parameters: Iterable[str] | None = None,
    account: str | None = None,
    region: str | None = None,
) -> LoadedTopology:
    """Read the templates of `paths` as one system, or make the topology of the `Pipeline`.

    Raises:
        CommandError: both are named, or a parameter has no value.
        ObjectNotFoundError: `pipeline` names nothing that can be used.
        UserCodeError: the module of `pipeline` raised.
        MissingExtraError: a template needs a library that is not installed.
        ReadError: nothing of the templates could be read.
        InvalidTopologyError: the declaration contradicts itself.
    """
    paths = list(paths)
    if pipeline is not None:
        if paths:
            raise CommandError("templates and --pipeline name two systems", "give one of them")
        declared = load_pipeline(pipeline)
        return LoadedTopology(declared.topology(env, account=account, region=region, declared_in=pipeline))
    result = read_topology(paths, parameters=template_parameters(parameters or ()), account=account, region=region)
    if result.problems and not len(result.topology):
        raise ReadError(result.problems)  # a report on nothing would read as if all were well
    return LoadedTopology(result.topology, result.problems)


def template_parameters(texts: Iterable[str]) -> dict[str, str]:
    """The values of `--parameter NAME=VALUE`.

    Raises:
        CommandError: a text has no `=`.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise CommandError(f"--parameter {text!r} has no value", "write NAME=VALUE")
        found[name] = value
    return found
