"""`perception-events run`: a real DynamoDB stream, live through the in-memory pipe and bus, until a signal ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perception_events.cli.console import note, print_json_line
from perception_events.cli.errors import CommandError
from perception_events.cli.load import BUILT_IN_PIPELINE, load_pipeline
from perception_events.cli.local_aws import use_endpoint
from perception_events.cli.options import (
    LOCATION,
    DeclaredOption,
    EndpointOption,
    EnvOption,
    LinesFormatOption,
    OutputFormat,
    TableOption,
)
from perception_events.cli.route import RouteText
from perception_events.cli.run_functions import LocalFunction, local_functions
from perception_events.cli.topologies import RegionOption
from perception_events.pipeline import Pipeline
from perception_events.pipeline.simulation import PipelineSimulation, Route

if TYPE_CHECKING:
    from perception_events.aws.stream_poller import StreamSource

__all__ = ["register"]

STOP_SECONDS = 1.5
"""How long a signal waits for a call to AWS or a batch under way."""


def register(app: typer.Typer) -> None:
    """Add the command `run` to `app`."""
    app.command("run")(run)


def run(
    table: TableOption = None,
    endpoint_url: EndpointOption = None,
    region: RegionOption = None,
    pipeline: DeclaredOption = BUILT_IN_PIPELINE,
    env: EnvOption = "dev",
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to go on after a restart; nothing is lost between.")
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="Begin at the end of the stream, not at its start.")] = False,
    idle_seconds: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="End when nothing has come for so long.")
    ] = None,
    function: Annotated[
        list[str] | None,
        typer.Option(metavar=f"NAME={LOCATION}", help="What runs for a function; may be given more than once."),
    ] = None,
    route_only: Annotated[bool, typer.Option("--route-only", help="Run the enrichment and no other function.")] = False,
    studio: Annotated[bool, typer.Option("--studio", help="Follow the records in the page of `studio`.")] = False,
    format: LinesFormatOption = OutputFormat.TEXT,
) -> None:
    """Read a DynamoDB stream, route every record as it comes and run your functions; Ctrl-C ends, a checkpoint resumes.

    For a function runs what --function names, else its declared handler, else the joins that it records members of.
    They see PERCEPTION_EVENTS_ENV as in Lambda, and the DynamoDB of --endpoint-url.
    """
    declaration = load_pipeline(pipeline)
    name = table or declaration.names(env).table
    use_endpoint(endpoint_url, region)
    os.environ["PERCEPTION_EVENTS_ENV"] = env
    functions: dict[str, LocalFunction] = {}
    if not route_only:
        functions = local_functions(declaration, function or (), lambda: _join_handler(declaration, env, name))
    stop = threading.Event()
    shows: list[Callable[[Route], None]] = [_print_json if format is OutputFormat.JSON else RouteText().write]
    if studio:
        from perception_events.cli.studio import follow_in_page

        shows.append(follow_in_page(pipeline, env))
    # The poller has a thread of its own: a call that AWS does not answer must not keep Ctrl-C waiting.
    work = _Work(
        lambda: _read(
            declaration,
            env,
            lambda: _stream(name, endpoint_url, region),
            functions,
            checkpoint=checkpoint,
            latest=latest,
            idle_seconds=idle_seconds,
            shows=shows,
            stop=stop,
            table=name,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    work.start()
    stopped_at: float | None = None
    while work.is_alive():
        work.join(0.1)
        if stop.is_set() and stopped_at is None:
            stopped_at = time.monotonic()
        if stopped_at is not None and time.monotonic() - stopped_at > STOP_SECONDS:
            # What is not checkpointed is delivered again: leaving here loses nothing.
            print("ended while a call was under way; the checkpoint is the last one written", file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
    if work.error is not None:
        raise work.error


class _Work(threading.Thread):
    """A thread that keeps what its work raised."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error


def _join_handler(declaration: Pipeline, env: str, table: str) -> Callable[..., Any]:
    from perception_events.lambdas.joins import join_handler

    return join_handler(declaration, env, table=table)


def _read(
    declaration: Pipeline,
    env: str,
    find_stream: Callable[[], StreamSource],
    functions: Mapping[str, LocalFunction],
    *,
    table: str,
    checkpoint: Path | None,
    latest: bool,
    idle_seconds: float | None,
    shows: Sequence[Callable[[Route], None]],
    stop: threading.Event,
) -> None:
    """Find the stream and poll it to the end."""
    source = find_stream()
    if source.arn is None:
        raise CommandError(f"the table {table!r} has no stream", "enable one with NEW_AND_OLD_IMAGES")
    if source.view_type is not None and not source.view_type.has_new_image:
        raise CommandError(
            f"the stream of {table!r} has no new images (its view type is {source.view_type}): nothing could be routed",
            "enable one with NEW_IMAGE or NEW_AND_OLD_IMAGES",
        )
    targets = {name: each.call for name, each in functions.items() if each.call is not None}
    simulation = PipelineSimulation(declaration, env=env, targets=targets)
    for name, each in functions.items():
        print(f"{name} runs {each.description}", file=sys.stderr)
    print(f"reading {table}; end with Ctrl-C", file=sys.stderr)

    def show(route: Route) -> None:
        for each in shows:
            each(route)

    count, left_out = _poll(
        source, simulation, stop, checkpoint=checkpoint, latest=latest, idle=idle_seconds, show=show
    )
    print(f"ended after {count} records", file=sys.stderr)
    if left_out:
        raise CommandError(f"{left_out} of them were not readable", "see the messages")


def _stream(table: str, endpoint_url: str | None, region: str | None) -> StreamSource:
    """The table's stream, and a client for it."""
    from perception_events.aws.stream_poller import stream_of

    return stream_of(table, endpoint_url=endpoint_url, region=region)


class _Outage:
    """Says once that AWS cannot be reached, and once that it can again."""

    def __init__(self) -> None:
        self._since: float | None = None

    def begins(self, reason: str) -> None:
        if self._since is None:
            self._since = time.monotonic()
            note(f"waiting, and trying again: {reason}")

    def ends(self) -> None:
        if self._since is not None:
            print(f"reading again after {time.monotonic() - self._since:.0f} s", file=sys.stderr)
            self._since = None


def _poll(
    source: StreamSource,
    simulation: PipelineSimulation,
    stop: threading.Event,
    *,
    checkpoint: Path | None,
    latest: bool,
    idle: float | None,
    show: Callable[[Route], None],
) -> tuple[int, int]:
    from perception_events.aws.checkpoints import FileCheckpoints
    from perception_events.aws.errors import BackOff
    from perception_events.aws.stream_poller import StartingPosition, StreamPoller

    outage = _Outage()
    poller = StreamPoller(
        source.client,
        str(source.arn),
        checkpoints=None if checkpoint is None else FileCheckpoints(checkpoint),
        starting_position=StartingPosition.LATEST if latest else StartingPosition.TRIM_HORIZON,
        back_off=BackOff(attempts=None, longest=5.0),
        on_retry=outage.begins,
    )

    def process(records: Any) -> None:
        outage.ends()
        for record in records:
            show(simulation.route_record(record))
        sys.stdout.flush()

    return poller.run(process, stop, idle_seconds=idle), len(poller.unreadable)


def _print_json(route: Route) -> None:
    print_json_line(route.to_dict())
