"""`perception-events studio`: a page on this machine that shows a system, and what becomes of an event in it."""

from __future__ import annotations

import secrets
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from perception_events.cli.console import note
from perception_events.cli.declared_systems import PipelineSource
from perception_events.cli.errors import CommandError
from perception_events.cli.input_files import FoundInput, read_inputs
from perception_events.cli.load import BUILT_IN_PIPELINE
from perception_events.cli.options import EndpointOption, EnrichmentOption, EnvOption, PathsArgument, TableOption
from perception_events.cli.route_templates import enrichment_functions
from perception_events.cli.studio_joins import page_joins
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    template_parameters,
)
from perception_events.json_values import JSONObject
from perception_events.pipeline.simulation import Route
from perception_events.readers import read_topology
from perception_events.simulation import InputForm
from perception_events.studio import Sample, SystemSource, TemplateSource, Workbench

__all__ = ["follow_in_page", "register"]

MOST_SAMPLES = 1_000
LARGEST_SAMPLE_FILE = 5_000_000
_BESIDE = ("*.jsonl", "event*.json", "*event.json", "record*.json", "sample*.json", "events/*.json", "samples/*.json")
"""Files beside a template that are taken for samples, where they hold inputs."""


def register(app: typer.Typer) -> None:
    """Add the command `studio` to `app`."""
    app.command("studio")(studio)


def studio(
    paths: PathsArgument = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    enrichment: EnrichmentOption = None,
    samples: Annotated[
        list[str] | None,
        typer.Option("--samples", metavar="FILE", help="Recorded events or records, beside those found by templates."),
    ] = None,
    table: TableOption = None,
    endpoint_url: EndpointOption = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 0,
    watch: Annotated[bool, typer.Option("--watch", help="Read again when a file changes.")] = False,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Show a system in a page: its picture, events on their way, why rules are silent, and what an edit changes.

    Templates by path, or a Pipeline (the built-in one without paths). The page is served to this machine only, at an
    address that holds a secret. Joins are those of --table, or as the recorded records of a Pipeline leave them.
    """
    serve = _server()
    if paths and (pipeline or table):
        raise CommandError("--pipeline and --table do not go with templates", "give one of them")
    source: SystemSource
    joins: Callable[[], list[JSONObject]] | None = None
    given = _samples(samples or (), paths or ())
    found = list(islice(given, MOST_SAMPLES))
    if next(given, None) is not None:
        note(f"there are more samples than the page takes: it has the first {MOST_SAMPLES}")
    if paths:
        parameters = template_parameters(parameter or ())
        first = read_topology(paths, parameters=parameters, account=account, region=region)
        for problem in first.problems:
            note(problem)
        functions = enrichment_functions(first.topology, enrichment or ())
        source = TemplateSource(paths, parameters=parameters, account=account, region=region, functions=functions)
    else:
        source = PipelineSource(pipeline or BUILT_IN_PIPELINE, env)
        joins = page_joins(source.declared, env, found, table, endpoint_url, region)
    workbench = Workbench(source, samples=(sample for sample, _ in found), joins=joins)

    def announce(address: str) -> None:
        _announce(address, sys.stdout)
        if browser:
            webbrowser.open(address)

    token = secrets.token_urlsafe(24)
    try:
        serve(workbench, port=port, token=token, watch=source.watched if watch else None, announce=announce)
    except OSError as error:
        raise CommandError(f"port {port} cannot be used: {error.strerror}", "name another one with --port") from error


def follow_in_page(pipeline: str, env: str) -> Callable[[Route], None]:
    """What shows a route in the page, which is served from a thread of its own until the process ends.

    Raises:
        CommandError: the page needs what is not installed.
    """
    workbench = Workbench(PipelineSource(pipeline, env), live=True)
    options: dict[str, Any] = {
        "port": 0,
        "token": secrets.token_urlsafe(24),
        "announce": lambda address: _announce(address, sys.stderr),
    }
    threading.Thread(target=_server(), args=(workbench,), kwargs=options, daemon=True).start()

    def follow(route: Route) -> None:
        title = " ".join(filter(None, (route.partition_key, route.sort_key, route.event_name)))
        workbench.follow(title, route.trace)

    return follow


def _server() -> Callable[..., None]:
    """`serve`, which needs the extra.

    Raises:
        CommandError: it is not installed.
    """
    try:
        from perception_events.studio.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        fix = "python -m pip install 'perception-events[studio]'"
        raise CommandError("the page needs starlette and uvicorn", fix) from error
    return serve


def _announce(address: str, stream: TextIO) -> None:
    """Say where the page is."""
    print(f"The page is at {address}", file=stream)
    print("Whoever has this address can read what it shows. Ctrl-C ends it.", file=stream, flush=True)


def _samples(files: Iterable[str], templates: Iterable[Path]) -> Iterator[tuple[Sample, InputForm]]:
    """The inputs of `files`, each of which must be one; then those that lie beside the templates."""
    for found in read_inputs(files):
        if not isinstance(found, FoundInput):
            raise CommandError(str(found), "correct the file, or name another one with --samples")
        yield Sample(found.location, found.value), found.form
    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in templates)
    for folder in folders:
        for file in dict.fromkeys(file for form in _BESIDE for file in sorted(folder.glob(form))):
            if file.stat().st_size <= LARGEST_SAMPLE_FILE:
                for found in read_inputs([str(file)]):
                    if isinstance(found, FoundInput):
                        yield Sample(found.location, found.value), found.form
