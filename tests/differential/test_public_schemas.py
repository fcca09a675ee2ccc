"""Public schema documents: each is read, its models import, and they accept its examples.

`PERCEPTION_EVENTS_SCHEMA_DOCUMENTS`: a folder of documents and templates (JSON, YAML). Counts and each exception are
printed (`pytest -s`).
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from perception_events.models import EventBridgeEvent, InvalidRecordError
from perception_events.schemas import (
    EventSchema,
    ExternalReferenceError,
    InvalidSchemaError,
    example,
    models_source,
    read_schemas,
)


def documents() -> list[Path]:
    if "PERCEPTION_EVENTS_SCHEMA_DOCUMENTS" not in os.environ:
        pytest.skip("PERCEPTION_EVENTS_SCHEMA_DOCUMENTS is not set")
    folder = Path(os.environ["PERCEPTION_EVENTS_SCHEMA_DOCUMENTS"])
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".yaml", ".yml"))
    assert found
    return found


def read(path: Path, folder: Path) -> list[EventSchema]:
    """The schemas of a document; one that does not say which events it describes is given some by its file's name."""
    return read_schemas(Path(shutil.copy(path, folder / f"some.source@Some Type{path.suffix}")))


def reason_against(schemas: list[EventSchema]) -> str | None:
    """Models of `schemas` import; what they do not take of ten examples of each, or do not give back."""
    module = ModuleType("models_of_a_document")
    sys.modules[module.__name__] = module
    exec(compile(models_source(schemas), "models.py", "exec"), module.__dict__)
    models = [
        model
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, EventBridgeEvent) and model.__module__ == module.__name__
    ]
    for schema in schemas:
        for seed in range(10):
            event = example(schema, seed=seed)
            reasons = [reason for model in models if (reason := rejection(model, event)) is not None]
            if len(reasons) == len(models):
                return f"{schema.name}: {reasons[0]}"
    return None


def rejection(model: type[EventBridgeEvent], event: object) -> str | None:
    """Why a model does not take an event, or does not give it back; None where it does both."""
    try:
        return None if model.parse(event).to_dict() == event else "it is not given back as it was"
    except InvalidRecordError as error:
        return str(error)


def test_public_documents_are_read_and_their_models_accept_their_examples(tmp_path: Path) -> None:
    pytest.importorskip("datamodel_code_generator", reason="models need the [schemas] extra")
    whole = 0
    exceptions = []
    for path in documents():
        try:
            schemas = read(path, tmp_path)
        except (ExternalReferenceError, InvalidSchemaError) as error:
            exceptions.append(f"{path.name}: {error}")
            continue
        reason = reason_against(schemas)
        whole += reason is None
        exceptions += [] if reason is None else [f"{path.name}: {reason}"]
    print(f"\n{whole + len(exceptions)} documents: {whole} are read and have models that accept their examples")
    print("\n".join(exceptions))
    assert whole > len(exceptions)
