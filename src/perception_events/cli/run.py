"""`perception-events run`: a real DynamoDB stream, live through the in-memory pipe and bus, until a signal ends it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perception_events.cli.load import PipelineNotFoundError, load_pipeline
from perception_events.errors import PerceptionEventsError
from perception_events.pipeline import Pipeline
from perception_events.pipeline.simulation import PipelineSimulation, Route

if TYPE_CHECKING:
    from perception_events.aws.stream_poller import StreamSource

__all__ = ["register"]

EXIT_FAILED = 1
EXIT_USAGE = 2
STOP_SECONDS = 1.5
"""How long a signal waits for a call to AWS or a batch under way."""


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
    stop = threading.Event()
    # The poller has a thread of its own: a call that AWS does not answer must not keep Ctrl-C waiting.
    work = _Work(lambda: _read(declaration, env, name, endpoint_url, checkpoint, latest, idle_seconds, as_json, stop))
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


def _read(
    declaration: Pipeline,
    env: str,
    name: str,
    endpoint_url: str | None,
    checkpoint: Path | None,
    latest: bool,
    idle_seconds: float | None,
    as_json: bool,
    stop: threading.Event,
) -> None:
    """Find the stream and poll it to the end; every failure is one line."""
    try:
        source = _stream(name, endpoint_url)
    except ModuleNotFoundError:
        raise _ended("run needs boto3: python -m pip install 'perception-events[aws]'", EXIT_USAGE) from None
    except Exception as error:
        raise _ended(f"the table {name!r} cannot be read: {error}", EXIT_FAILED) from None
    if source.arn is None:
        raise _ended(f"the table {name!r} has no stream; enable one with new images", EXIT_FAILED)
    if source.view_type is not None and not source.view_type.has_new_image:
        raise _ended(
            f"the stream of {name!r} has no new images (its view type is {source.view_type}): nothing could be routed; "
            "enable one with NEW_IMAGE or NEW_AND_OLD_IMAGES",
            EXIT_FAILED,
        )
    simulation = PipelineSimulation(declaration, env=env)
    print(f"reading {name}; end with Ctrl-C", file=sys.stderr)
    show = _print_json if as_json else _print_line
    try:
        count, left_out = _poll(
            source, simulation, stop, checkpoint=checkpoint, latest=latest, idle=idle_seconds, show=show
        )
    except BrokenPipeError:
        return  # whoever read our output has had enough
    except PerceptionEventsError as error:
        raise _ended(str(error), EXIT_FAILED) from None
    except Exception as error:
        if not type(error).__module__.startswith("botocore"):
            raise
        raise _ended(f"the stream of {name!r} cannot be read: {error}", EXIT_FAILED) from None
    print(f"ended after {count} records", file=sys.stderr)
    if left_out:
        raise _ended(f"{left_out} of them were not readable; see the messages", EXIT_FAILED)


def _ended(message: str, status: int) -> typer.Exit:
    print(f"perception-events: {message}", file=sys.stderr)
    return typer.Exit(status)


def _stream(table: str, endpoint_url: str | None) -> StreamSource:
    """The table's stream, and a client for it."""
    from perception_events.aws.stream_poller import stream_of

    return stream_of(table, endpoint_url=endpoint_url)


class _Outage:
    """Says once that AWS cannot be reached, and once that it can again."""

    def __init__(self) -> None:
        self._since: float | None = None

    def begins(self, reason: str) -> None:
        if self._since is None:
            self._since = time.monotonic()
            print(f"perception-events: waiting, and trying again: {reason}", file=sys.stderr)

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
