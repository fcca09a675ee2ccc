"""`perception-events route`: what becomes of each record, for a reader or for a machine."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.table import Table

from perception_events.cli.json_files import UnreadableInput
from perception_events.cli.load import PipelineNotFoundError, load_pipeline
from perception_events.cli.record_files import FoundRecord, read_records
from perception_events.pipeline import TableSettings
from perception_events.pipeline.simulation import PipelineSimulation, Route

__all__ = ["route_command"]

EXIT_OK = 0
EXIT_UNREADABLE = 1
EXIT_USAGE = 2
PROGRESS_EVERY = 10_000


def route_command(paths: Iterable[str], *, pipeline: str, env: str, as_json: bool, strict: bool) -> int:
    """Route every record of `paths` and print each one's way and a summary; returns the exit status.

    0: all was read and routed. 1: something could not be read (named on standard error). 2: the call itself is off.
    """
    try:
        declaration = load_pipeline(pipeline)
    except PipelineNotFoundError as error:
        print(f"perception-events: {error}", file=sys.stderr)
        return EXIT_USAGE
    simulation = PipelineSimulation(declaration, env=env)
    unreadable = 0
    summary = Counter[str]()
    writer = _JSONLines(sys.stdout) if as_json else _Table(sys.stdout, declaration.table)
    for found in read_records(paths):
        if isinstance(found, UnreadableInput):
            unreadable += 1
            print(f"perception-events: {found}", file=sys.stderr)
            if strict:
                break
            continue
        route = simulation.route_record(found.record)
        writer.write(found, route)
        _count(summary, route)
        if summary["records"] % PROGRESS_EVERY == 0 and sys.stderr.isatty():
            print(f"\r{summary['records']:,} records", end="", file=sys.stderr)
    writer.close(summary, unreadable)
    return EXIT_UNREADABLE if unreadable else EXIT_OK


def _count(summary: Counter[str], route: Route) -> None:
    summary["records"] += 1
    summary[route.outcome] += 1
    for module in route.triggers:
        summary[f"-> {module}"] += 1


class _JSONLines:
    """One JSON object a record; nothing else on standard output."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, found: FoundRecord, route: Route) -> None:
        line = {"file": found.file, "line": found.line, **route.to_dict()}
        print(json.dumps(line, ensure_ascii=False), file=self._out)

    def close(self, summary: Counter[str], unreadable: int) -> None:
        """The summary is for readers; machines count lines."""


class _Table:
    """A table for a reader, printed in pages so that a long input is seen as it goes, and a summary."""

    PAGE = 500

    def __init__(self, out: TextIO, keys: TableSettings) -> None:
        width = None if out.isatty() else 200
        self._keys = (keys.partition_key, keys.sort_key)
        # Without markup: keys and messages are text, whatever is in brackets in them.
        self._console = Console(file=out, width=width, highlight=False, markup=False)
        self._table = self._new_table()

    def _new_table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in (*self._keys, "record", "pipe filter", "event type", "rule", "target", "triggers"):
            table.add_column(heading, overflow="fold")
        return table

    def write(self, found: FoundRecord, route: Route) -> None:
        style = {"filtered out": "dim", "failed": "bold red", "no rule": "yellow"}.get(route.outcome)
        self._table.add_row(
            route.partition_key,
            route.sort_key,
            " ".join(filter(None, (route.event_name, route.status))),
            route.filter_verdict if route.outcome != "failed" else "\n".join(route.failures),
            route.event_type or "",
            "\n".join(route.rules) or ("(none)" if route.outcome == "no rule" else ""),
            "\n".join(route.targets),
            "\n".join(route.triggers),
            style=style,
        )
        if self._table.row_count >= self.PAGE:
            self._flush()

    def _flush(self) -> None:
        if self._table.row_count:
            self._console.print(self._table)
        self._table = self._new_table()

    def close(self, summary: Counter[str], unreadable: int) -> None:
        self._flush()
        outcomes = [f"{summary[name]} {name}" for name in ("delivered", "no rule", "filtered out", "failed")]
        records = "record" if summary["records"] == 1 else "records"
        self._console.print(f"\n{summary['records']} {records}: {', '.join(outcomes)}")
        triggers = [f"{name.removeprefix('-> ')} {n}" for name, n in summary.items() if name.startswith("-> ")]
        if triggers:
            self._console.print(f"triggers: {', '.join(triggers)}")
        if unreadable:
            places = "place" if unreadable == 1 else "places"
            self._console.print(f"{unreadable} {places} could not be read; see the messages")
