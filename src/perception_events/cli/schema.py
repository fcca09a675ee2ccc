"""`perception-events schema`: infer schemas from events, compare them, write models and examples of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from perception_events.cli.console import COMMAND, note, print_line, write_output, write_report
from perception_events.cli.event_files import FoundEvent, read_events
from perception_events.cli.guard import EXIT_OK, EXIT_USAGE
from perception_events.cli.json_files import read_text
from perception_events.cli.options import FormatOption, OutputFormat, OutputOption
from perception_events.cli.schema_names import schemas_named
from perception_events.patterns import EventPattern
from perception_events.schemas import (
    Inference,
    InvalidSchemaError,
    NotAnEventError,
    SchemaChange,
    SchemaFormat,
    SchemaRegistry,
    compare_all,
    event_type,
    example,
    models_source,
    relaxed,
)

__all__ = ["register"]

schema_app = typer.Typer(no_args_is_help=True, help="Schemas of events: infer, diff, models, example.")


class Breaks(StrEnum):
    """Whose breakage counts."""

    OLD_CONSUMERS = "old-consumers"
    NEW_CONSUMERS = "new-consumers"
    RULES = "rules"
    ANY = "any"
    NEVER = "never"


class InferredFormat(StrEnum):
    """How inferred schemas are written."""

    OPENAPI = "openapi"
    DRAFT_4 = "draft4"
    DRAFT_2020_12 = "2020-12"


_FORMATS = {
    InferredFormat.OPENAPI: SchemaFormat.OPENAPI,
    InferredFormat.DRAFT_4: SchemaFormat.DRAFT_4,
    InferredFormat.DRAFT_2020_12: SchemaFormat.DRAFT_2020_12,
}


def register(app: typer.Typer) -> None:
    """Add the commands `schema ...` to `app`."""
    app.add_typer(schema_app, name="schema")


@schema_app.callback()
def _commands(context: typer.Context) -> None:
    COMMAND.set(f"perception-events schema {context.invoked_subcommand}")


@schema_app.command("infer")
def infer(
    events: Annotated[
        list[str],
        typer.Argument(
            metavar="EVENTS...",
            help="JSON or JSON lines: events, stream records, put-events entries; a folder; - is standard input.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The registry: a folder of schemas.")],
    format: Annotated[InferredFormat, typer.Option(help="How to write.")] = InferredFormat.OPENAPI,
    enums: Annotated[bool, typer.Option(help="Whether to propose closed sets of strings.")] = True,
) -> None:
    """Learn the schemas of events and add them to a registry.

    An event that fits the newest version of its schema adds none. Exits with 2 if an input could not be read.
    """
    unreadable: list[str] = []
    registry = SchemaRegistry.load(output) if output.is_dir() else SchemaRegistry()
    learnt, updates = registry.learn(_events(events, unreadable), Inference(enums=enums))
    written = learnt.save(output, _FORMATS[format])
    for update in updates:
        name, version, samples = update.schema.name, update.schema.version, update.schema.samples
        print_line(f"{name}: {update.kind}, version {version}, {samples or 0} events")
    print_line(f"{len(written)} files written to {output}")
    for line in unreadable:
        note(line)
    raise typer.Exit(EXIT_USAGE if unreadable else EXIT_OK)


def _events(paths: list[str], unreadable: list[str]) -> Iterator[dict[str, Any]]:
    for found in read_events(paths):
        if not isinstance(found, FoundEvent):
            unreadable.append(str(found))
            continue
        try:
            event_type(found.event)
        except NotAnEventError as error:
            unreadable.append(f"{found.file}:{found.line}: {error}")
            continue
        yield found.event


@schema_app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="A schema or a folder of them, package.module:Model, or aws.")],
    new: Annotated[str, typer.Argument(help="The same, as it is to be.")],
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rules that take the events: JSON, names to patterns.")
    ] = None,
    fail_on: Annotated[Breaks, typer.Option(help="Exit with 1 if a change breaks these, or never.")] = Breaks.ANY,
    format: FormatOption = OutputFormat.TEXT,
    output: OutputOption = None,
) -> None:
    """Show what changed between two sets of schemas and whom it breaks, with events that prove it.

    A typed handler is compared with what producers put by naming its model: diff handlers:OrderPlaced registry/.
    Exits with 0 if nothing breaks, 1 if something does, 2 if the schemas could not be read.
    """
    before, after = schemas_named(old), schemas_named(new)
    changes = compare_all(before, after, _rules(rules))
    if format is OutputFormat.JSON:
        text = json.dumps([_as_json(change) for change in changes], indent=2, ensure_ascii=False)
    else:
        breaking = sum(change.is_breaking for change in changes)
        lines = [line for change in changes for line in _change_lines(change)]
        text = "\n".join([*lines, f"{len(changes)} changes, {breaking} of them breaking"])
    write_report(text, output)
    raise typer.Exit(1 if any(_counts(change, fail_on) for change in changes) else 0)


def _counts(change: SchemaChange, fail_on: Breaks) -> bool:
    return {
        Breaks.OLD_CONSUMERS: change.breaks_old_consumers,
        Breaks.NEW_CONSUMERS: change.breaks_new_consumers,
        Breaks.RULES: bool(change.broken_rules),
        Breaks.ANY: change.is_breaking,
        Breaks.NEVER: False,
    }[fail_on]


def _change_lines(change: SchemaChange) -> Iterator[str]:
    yield f"{change.schema}: {change.message} [{change.kind}]"
    if change.new_event is not None:
        yield f"  handlers of the old schema reject this new event: {_text(change.new_event)}"
    if change.old_event is not None:
        yield f"  handlers of the new schema reject this old event: {_text(change.old_event)}"
    for broken in change.broken_rules:
        yield f"  rule {broken.rule}: {broken.reason}"
        if broken.event is not None:
            yield f"    it misses this new event: {_text(broken.event)}"


def _as_json(change: SchemaChange) -> dict[str, Any]:
    return {
        "schema": change.schema,
        "kind": change.kind.value,
        "path": change.path,
        "message": change.message,
        "newEventThatOldConsumersReject": change.new_event,
        "oldEventThatNewConsumersReject": change.old_event,
        "brokenRules": [
            {"rule": each.rule, "reason": each.reason, "event": each.event} for each in change.broken_rules
        ],
    }


@schema_app.command("models")
def models(
    schemas: Annotated[list[str], typer.Argument(metavar="SCHEMAS...", help="Schemas, folders of them, or aws.")],
    output: OutputOption = None,
    relax: Annotated[
        bool, typer.Option("--relaxed", help="Nothing in a detail is required, anything may be null.")
    ] = False,
    source: Annotated[list[str] | None, typer.Option(help="Only the events of this source.")] = None,
) -> None:
    """Write a module of pydantic models: a class for each event and each object in it."""
    found = [schema for each in schemas for schema in schemas_named(each) if not source or schema.source in source]
    if not found:
        of = f" of {' or '.join(source)}" if source else ""
        raise InvalidSchemaError(f"there is no schema{of} here", ", ".join(schemas))
    text = models_source([relaxed(schema) for schema in found] if relax else found)
    write_output(text, output)


@schema_app.command("example")
def make_example(
    schema: Annotated[str, typer.Argument(help="A schema or a folder of them, package.module:Model, or aws.")],
    seed: Annotated[int, typer.Option(help="Another number makes another event.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many events of each schema.")] = 1,
    name: Annotated[str | None, typer.Option(metavar="SOURCE@DETAILTYPE", help="Only the schema of this name.")] = None,
) -> None:
    """Print events that are valid under a schema, one JSON line each; the same seed prints the same events."""
    found = [each for each in schemas_named(schema) if name in (None, each.name)]
    if not found:
        raise InvalidSchemaError(
            "there is no schema here" if name is None else f"no schema here is called {name}", schema
        )
    for each in found:
        for number in range(count):
            print(_text(example(each, seed=seed + number)))


def _rules(path: Path | None) -> dict[str, EventPattern]:
    if path is None:
        return {}
    try:
        patterns = json.loads(read_text(path))
    except ValueError as error:
        raise InvalidSchemaError(f"rules are a JSON object of names and patterns: {error}", str(path)) from None
    if not isinstance(patterns, dict):
        raise InvalidSchemaError("rules are a JSON object of names and patterns", str(path))
    return {name: EventPattern.parse(pattern) for name, pattern in patterns.items()}


def _text(event: object) -> str:
    return json.dumps(event, ensure_ascii=False)
