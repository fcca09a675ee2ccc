"""The event schemas that a command line names: files and folders, samples, pydantic models, or AWS's own events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.errors import CommandError
from perception_events.cli.load import load_object
from perception_events.json_values import JSONObject
from perception_events.schemas import (
    EventSchema,
    InvalidSchemaError,
    NotAnEventError,
    aws_catalogue,
    discover,
    event_type,
    read_schemas,
    schema_of_model,
)
from perception_events.traffic import UnreadableInput, read_events

__all__ = ["SchemasOption", "load_schemas", "schemas_named"]

AWS = "aws"
"""In place of a file or folder: the catalogue of AWS's own events."""
_SAMPLES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")

SchemasOption = Annotated[
    list[str] | None,
    typer.Option(
        "--schemas",
        metavar="SCHEMAS",
        help="What the events look like: a schema or a folder of them, MODULE:MODEL, aws, or samples (.jsonl).",
    ),
]


def load_schemas(names: Iterable[str]) -> list[EventSchema]:
    """All schemas of `names`, in order.

    Raises:
        InvalidSchemaError: a file is not a schema, or a name names none.
        CommandError: a file of samples cannot be read whole.
        ObjectNotFoundError: there is no such module or model.
    """
    return [schema for name in names for schema in schemas_named(name)]


def schemas_named(name: str) -> list[EventSchema]:
    """The schemas at a path, of a model (`package.module:Model`), of samples, or of AWS's own events.

    Raises:
        InvalidSchemaError: a file is not a schema, or `name` names none.
        CommandError: a file of samples cannot be read whole.
        ObjectNotFoundError: there is no such module or model.
    """
    path = Path(name)
    if path.is_file() and path.name.lower().endswith(_SAMPLES):
        return list(discover(_samples(name)))
    if path.exists():
        return read_schemas(path)
    if name == AWS:
        return list(aws_catalogue().values())
    if ":" not in name:
        raise InvalidSchemaError("there is no such file or folder; fix: check the path, or name a model", name)
    model = load_object(name, "the model")
    if not hasattr(model, "model_json_schema"):
        raise InvalidSchemaError(f"it is a {type(model).__name__}, not a pydantic model", name)
    return [schema_of_model(model)]


def _samples(path: str) -> Iterator[JSONObject]:
    for found in read_events([path]):
        if isinstance(found, UnreadableInput):
            raise CommandError(f"{found}", "correct the line, or leave it out")
        try:
            event_type(found.event)
        except NotAnEventError as error:
            raise CommandError(f"{found.file}:{found.line}: {error}", "correct the line, or leave it out") from None
        yield found.event
