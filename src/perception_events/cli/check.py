"""`perception-events check`: what AWS rejects in a declaration, and what silently goes wrong."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from perception_events.checks import (
    EnrichmentHandler,
    Severity,
    Waiver,
    exit_code,
    findings_json,
    findings_sarif,
    findings_text,
)
from perception_events.checks import check as check_pipeline
from perception_events.cli.load import PipelineNotFoundError, load_pipeline
from perception_events.errors import PerceptionEventsError

__all__ = ["register"]


class ReportFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def register(app: typer.Typer) -> None:
    """Add the command `check` to `app`."""
    app.command("check")(check)


def check(
    pipeline: Annotated[
        str, typer.Option(metavar="PACKAGE.MODULE:NAME", help="The Pipeline to look over.")
    ] = "perception_events.pipeline:perception_pipeline",
    env: Annotated[str, typer.Option(help="The environment in the names: dev, prod, ...")] = "dev",
    format: Annotated[ReportFormat, typer.Option(help="How to print.")] = ReportFormat.TEXT,
    fail_on: Annotated[Severity, typer.Option(help="Exit with 1 from this severity on.")] = Severity.ERROR,
    waive: Annotated[
        list[str] | None, typer.Option(metavar="ID[@PLACE]=REASON", help="Let a finding be, for a reason.")
    ] = None,
    waivers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Waivers, one a line; # starts a comment.")
    ] = None,
    enrichment: Annotated[
        str | None,
        typer.Option(metavar="PACKAGE.MODULE:HANDLER", help="Call this Lambda handler as a pipe calls it."),
    ] = None,
) -> None:
    """Exit with 0 if nothing is found, 1 if something is, 2 if it could not be looked for."""
    try:
        given = [Waiver.parse(text) for text in (*(waive or ()), *_lines(waivers))]
        handler = _handler(enrichment) if enrichment else None
        findings = check_pipeline(load_pipeline(pipeline), env, waivers=given, enrichment=handler)
    except (PerceptionEventsError, OSError) as error:
        typer.echo(f"perception-events check: {error}", err=True)
        raise typer.Exit(2) from None
    match format:
        case ReportFormat.TEXT:
            sys.stdout.write(findings_text(findings))
        case ReportFormat.JSON:
            sys.stdout.write(findings_json(findings))
        case ReportFormat.SARIF:
            sys.stdout.write(findings_sarif(findings, declaration=pipeline))
    for waiver in given:
        if not any(waiver.covers(finding) for finding in findings):
            typer.echo(f"the waiver of {waiver.identifier} at {waiver.location} silences nothing; drop it", err=True)
    raise typer.Exit(exit_code(findings, fail_on))


def _lines(path: Path | None) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines() if path else ():
        text = line.strip()
        if text and not text.startswith("#"):
            yield text


def _handler(location: str) -> EnrichmentHandler:
    module_name, _, name = location.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PipelineNotFoundError(f"--enrichment {location!r} must read package.module:handler: {error}") from None
    if not callable(found):
        raise PipelineNotFoundError(f"--enrichment {location!r} is a {type(found).__name__}, not a handler")
    return cast(EnrichmentHandler, found)
