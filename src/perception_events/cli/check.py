"""`perception-events check`: what AWS rejects in templates or a declaration, and what silently goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from perception_events.checks import (
    EnrichmentHandler,
    Finding,
    Severity,
    Waiver,
    comment_waivers,
    exit_code,
    findings_github,
    findings_json,
    findings_sarif,
    findings_text,
    sample_events,
    select_checks,
    select_findings,
)
from perception_events.checks import check as check_topology
from perception_events.cli.console import note, print_line, print_wrapped, write_report
from perception_events.cli.errors import CommandError
from perception_events.cli.guard import EXIT_OK, EXIT_USAGE
from perception_events.cli.json_files import read_text
from perception_events.cli.load import BUILT_IN_PIPELINE, ObjectNotFoundError, load_object, load_pipeline
from perception_events.cli.options import LOCATION, EnvOption, FailOnSeverity, OutputOption, PathsArgument
from perception_events.cli.schema_names import SchemasOption, load_schemas
from perception_events.cli.topologies import (
    AccountOption,
    ParameterOption,
    PipelineOption,
    RegionOption,
    template_parameters,
)
from perception_events.json_values import JSONObject
from perception_events.pipeline.checks import check_pipeline
from perception_events.readers import Problem, ReadError, ReadResult, read_topologies, read_topology
from perception_events.topology import Origin, Topology

__all__ = ["register"]


class ReportFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


_PRINTERS = {
    ReportFormat.TEXT: findings_text,
    ReportFormat.JSON: findings_json,
    ReportFormat.SARIF: findings_sarif,
    ReportFormat.GITHUB: findings_github,
}


def register(app: typer.Typer) -> None:
    """Add the command `check` to `app`."""
    app.command("check")(check)


def check(
    paths: PathsArgument = None,
    pipeline: PipelineOption = None,
    env: EnvOption = "dev",
    parameter: ParameterOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    format: Annotated[ReportFormat, typer.Option(help="How to print; json is one document.")] = ReportFormat.TEXT,
    output: OutputOption = None,
    fail_on: Annotated[
        FailOnSeverity, typer.Option(help="Exit with 1 from this severity on, or never.")
    ] = FailOnSeverity.ERROR,
    select: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only these checks: PE105, PE3, or a name.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="ID", help="Not these checks.")] = None,
    waive: Annotated[
        list[str] | None, typer.Option(metavar="ID[@LOCATION]=REASON", help="Let a finding be, for a reason.")
    ] = None,
    waivers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Waivers, one a line; # starts a comment.")
    ] = None,
    enrichment: Annotated[
        str | None,
        typer.Option(metavar=LOCATION, help="Call this Lambda handler as a pipe calls it."),
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Records to call the handler with: JSON, or one a line.")
    ] = None,
    events: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Events or PutEvents entries that a rule must take.")
    ] = None,
    schemas: SchemasOption = None,
    listed: Annotated[bool, typer.Option("--list", help="Print what is looked for, and end.")] = False,
    overlaps: Annotated[bool, typer.Option("--overlaps", help="Report rules that take the same events, too.")] = False,
) -> None:
    """Look over templates, or a Pipeline (the built-in one without paths).

    Exit with 0 if nothing is found, 1 as --fail-on says, 2 if something could not be read.
    """
    if listed:
        _print_checks(select or (), ignore or ())
        return
    problems: list[Problem] = []
    readable = not paths
    given = [Waiver.parse(text) for text in (*(waive or ()), *_lines(waivers))]
    handler = _handler(enrichment) if enrichment else None
    samples = _samples(sample) if sample else []
    beside = [one for file in events or () for one in sample_events(read_text(file), str(file))]
    known = load_schemas(schemas or ())
    findings: list[Finding] = []
    if paths:
        if pipeline is not None:
            raise CommandError("paths and --pipeline name two systems", "give one of them")
        for result in _read(
            paths, template_parameters(parameter or ()), account, region, together=bool(beside or known)
        ):
            problems += result.problems
            readable = readable or not result.problems or bool(len(result.topology))
            given += _in_comments(result.topology)
            findings += check_topology(
                result.topology,
                waivers=given,
                enrichment=handler,
                samples=samples,
                overlaps=overlaps,
                events=beside,
                schemas=known,
            )
    else:
        place = pipeline or BUILT_IN_PIPELINE
        findings = check_pipeline(
            load_pipeline(place),
            env,
            waivers=given,
            enrichment=handler,
            samples=samples,
            overlaps=overlaps,
            schemas=known,
            declared_in=place,
        )
    findings = select_findings(findings, select or (), ignore or ())
    for problem in problems:
        note(problem)
    if findings or readable or format is not ReportFormat.TEXT:
        write_report(_PRINTERS[format](findings), output)
    for waiver in given:
        if not any(waiver.covers(finding) for finding in findings):
            note(f"{waiver} silences nothing; fix: drop it")
    if problems:
        raise typer.Exit(EXIT_USAGE)
    never = fail_on is FailOnSeverity.NEVER
    raise typer.Exit(EXIT_OK if never else exit_code(findings, Severity(fail_on.value)))


def _print_checks(select: Iterable[str], ignore: Iterable[str]) -> None:
    for each in select_checks(select, ignore):
        print_line(f"{each.identifier} {each.severity:<7} {each.name}")
        print_wrapped(each.summary, indent=4)
        print_wrapped(f"fix: {each.fix}", indent=4)
        print_wrapped(f"reference: {each.reference}", indent=4)


def _read(
    paths: Iterable[Path], parameters: Mapping[str, str], account: str | None, region: str | None, *, together: bool
) -> Iterator[ReadResult]:
    """Each template as a system of its own, or all of them as one: an event needs a rule in any of them."""
    if together:
        yield read_topology(paths, parameters=parameters, account=account, region=region)
    else:
        yield from read_topologies(paths, parameters=parameters, account=account, region=region)


def _lines(path: Path | None) -> Iterator[str]:
    for line in read_text(path).splitlines() if path else ():
        text = line.strip()
        if text and not text.startswith("#"):
            yield text


def _in_comments(topology: Topology) -> Iterator[Waiver]:
    """The waivers in the comments of the files that `topology` was read from."""
    files = dict.fromkeys(resource.origin.file for resource in topology if resource.origin is not None)
    for file in files:
        path = Path(file)
        if path.is_file():
            yield from comment_waivers(path.read_text(encoding="utf-8", errors="replace"), file)


def _samples(path: Path) -> list[JSONObject]:
    """The records of a file: a JSON array, one object, what a function gets (`Records`), or one object a line."""
    text = read_text(path)
    try:
        read = json.loads(text)
    except ValueError:
        try:
            read = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ReadError([Problem(f"not JSON: {error}", "give records as JSON", Origin(str(path)))]) from None
    if isinstance(read, dict):
        read = read.get("Records", [read])
    if not isinstance(read, list) or not read or not all(isinstance(one, dict) for one in read):
        raise ReadError([Problem("no records", "give JSON objects", Origin(str(path)))])
    return cast("list[JSONObject]", read)


def _handler(location: str) -> EnrichmentHandler:
    found = load_object(location, "--enrichment")
    if not callable(found):
        raise ObjectNotFoundError(
            f"--enrichment {location}: it is a {type(found).__name__}, not a handler",
            "name a function of (event, context)",
        )
    return cast(EnrichmentHandler, found)
