"""The options that several commands have: one name, one meaning and one help text everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "LOCATION",
    "DeclaredOption",
    "EndpointOption",
    "EnrichmentOption",
    "EnvOption",
    "ExitCodeOption",
    "FailOnSeverity",
    "FormatOption",
    "LinesFormatOption",
    "OutputFormat",
    "OutputOption",
    "PathsArgument",
    "StrictOption",
    "TableOption",
]

LOCATION = "MODULE:NAME"
"""How an object in Python code is named: `package.module:NAME` or `path/to/file.py:NAME`."""


class OutputFormat(StrEnum):
    """How a result is printed, where it has no form of its own."""

    TEXT = "text"
    JSON = "json"


class FailOnSeverity(StrEnum):
    """From which severity on a command ends with 1; the values of `checks.Severity`, and `never`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


ExitCodeOption = Annotated[
    bool, typer.Option("--exit-code", help="Exit with 1 if there is anything to show, as `git diff --exit-code` does.")
]
DeclaredOption = Annotated[
    str,
    typer.Option("--pipeline", metavar=LOCATION, help="The Pipeline: package.module:NAME or path/to/file.py:NAME."),
]
EnrichmentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--enrichment",
        metavar=f"[RESOURCE=]{LOCATION}",
        help="Of templates: a function, or a sample.json of its output, that stands in for enrichments.",
    ),
]
EnvOption = Annotated[str, typer.Option("--env", help="The environment in a Pipeline's names: dev, prod, ...")]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint-url", metavar="URL", help="Where DynamoDB is, for DynamoDB Local.")
]
TableOption = Annotated[
    str | None, typer.Option("--table", metavar="NAME", help="The table, where it is not the declared one.")
]
FormatOption = Annotated[OutputFormat, typer.Option("--format", help="How to print; json is one document.")]
LinesFormatOption = Annotated[OutputFormat, typer.Option("--format", help="How to print; json is one line for each.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write to; standard output without.")
]
PathsArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="[PATH]...", help="Templates, or folders that hold them.")
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Stop at the first input that cannot be read.")]
