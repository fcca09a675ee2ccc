"""`perception-events run`: a real DynamoDB stream, live through the in-memory pipe and bus, until a signal ends it."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from perception_events.cli.load import PipelineNotFoundError, load_pipeline
from perception_events.simulation import PipelineSimulation, Route

__all__ = ["register"]

EXIT_FAILED = 1
EXIT_USAGE = 2


def register(app: typer.Typer) -> None:
    """Add the command `run` to `app`."""
    app.command("run")(run)


def run(
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="The table whose stream is read; the declared one by default.")
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where DynamoDB is, for DynamoDB Local.")
    ] = None,
    pipeline: Annotated[
        str, typer.Option(metavar="PACKAGE.MODULE:NAME", help="The Pipeline to run.")
    ] = "perception_events.pipeline:perception_pipeline",
    env: Annotated[str, typer.Option(help="The environment in the names: dev, prod, ...")] = "dev",
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to go on after a restart; nothing is lost between.")
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="Begin at the end of the stream, not at its start.")] = False,
    idle_seconds: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="End when nothing has come for so long.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line for each record.")] = False,
) -> None:
    """Read a DynamoDB stream and route every record as it comes; Ctrl-C ends cleanly, a checkpoint resumes."""
    try:
        declaration = load_pipeline(pipeline)
    except PipelineNotFoundError as error:
        raise _ended(str(error), EXIT_USAGE) from None
    name = table or declaration.names(env).table
    try:
        streams, arn = _stream(name, endpoint_url)
    except ModuleNotFoundError:
        raise _ended("run needs boto3: python -m pip install 'perception-events[aws]'", EXIT_USAGE) from None
    except Exception as error:
        raise _ended(f"the table {name!r} cannot be read: {error}", EXIT_FAILED) from None
    if arn is None:
        raise _ended(f"the table {name!r} has no stream; enable one with new images", EXIT_FAILED)
    simulation = PipelineSimulation(declaration, env=env)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"reading {name}; end with Ctrl-C", file=sys.stderr)
    show = _print_json if as_json else _print_line
    count = _poll(streams, arn, simulation, stop, checkpoint=checkpoint, latest=latest, idle=idle_seconds, show=show)
    print(f"ended after {count} records", file=sys.stderr)


def _ended(message: str, status: int) -> typer.Exit:
    print(f"perception-events: {message}", file=sys.stderr)
    return typer.Exit(status)


def _stream(table: str, endpoint_url: str | None) -> tuple[Any, str | None]:
    """A client of the streams API, and the ARN of the table's stream."""
    from perception_events.aws.stream_poller import stream_of

    return stream_of(table, endpoint_url=endpoint_url)


def _poll(
    streams: Any,
    arn: str,
    simulation: PipelineSimulation,
    stop: threading.Event,
    *,
    checkpoint: Path | None,
    latest: bool,
    idle: float | None,
    show: Callable[[Route], None],
) -> int:
    from perception_events.aws.checkpoints import FileCheckpoints
    from perception_events.aws.stream_poller import StartingPosition, StreamPoller

    poller = StreamPoller(
        streams,
        arn,
        checkpoints=None if checkpoint is None else FileCheckpoints(checkpoint),
        starting_position=StartingPosition.LATEST if latest else StartingPosition.TRIM_HORIZON,
    )

    def process(records: Any) -> None:
        for record in records:
            show(simulation.route_record(record))
        sys.stdout.flush()

    return poller.run(process, stop, idle_seconds=idle)


def _print_json(route: Route) -> None:
    print(json.dumps(route.to_dict(), ensure_ascii=False))


def _print_line(route: Route) -> None:
    if route.outcome == "filtered out":
        way = f"filtered out: {route.filter_verdict}"
    elif route.outcome == "failed":
        way = f"failed: {'; '.join(route.failures)}"
    else:
        steps = (route.event_type, ", ".join(route.targets) or "no rule", ", ".join(route.triggers))
        way = " -> ".join(filter(None, steps))
    print(f"{route.partition_key} {route.sort_key} {route.event_name} {route.status}: {way}")
