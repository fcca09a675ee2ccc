"""A registry: a folder of schema documents, each version a file of its own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from perception_events.schemas._discovery import Discoverer, event_type
from perception_events.schemas._documents import read_document
from perception_events.schemas._event_schema import EventSchema
from perception_events.schemas._inference import DEFAULT_INFERENCE, Inference
from perception_events.schemas._join import join
from perception_events.schemas._writing import SchemaFormat, document_of
from perception_events.schemas._yaml import json_of_yaml
from perception_events.schemas.errors import InvalidSchemaError

__all__ = ["SchemaRegistry", "Update", "UpdateKind", "read_schemas"]

_VERSION = re.compile(r"(?P<stem>.+)[.-]v(?P<version>[1-9]\d*)\.(?:json|ya?ml)\Z")
_SUFFIXES = (".json", ".yaml", ".yml")


class UpdateKind(StrEnum):
    """What became of a schema when events were learnt."""

    ADDED = "added"
    NEW_VERSION = "new version"
    UNCHANGED = "unchanged"
    """Every event fits."""


@dataclass(frozen=True, slots=True)
class Update:
    """What became of one schema, and the schema as it is now."""

    kind: UpdateKind
    schema: EventSchema


class SchemaRegistry:
    """Event schemas by source and detail type, all versions in order.

    Parameters:
        schemas: what it holds; several of one source and detail type are versions.

    AWS: service model `schemas`: versions are numbered, and discovery adds one when an event does not fit the last.
    """

    def __init__(self, schemas: Iterable[EventSchema] = ()) -> None:
        self._versions: dict[tuple[str, str], list[EventSchema]] = {}
        for schema in sorted(schemas, key=lambda schema: schema.version):
            self._versions.setdefault((schema.source, schema.detail_type), []).append(schema)

    @classmethod
    def load(cls, folder: Path) -> SchemaRegistry:
        """The registry in `folder` and the folders in it: every `*.json`, `*.yaml` and `*.yml` file.

        Raises:
            InvalidSchemaError: a file is not a schema document.
            YAMLMissingError: a file is YAML, and PyYAML is not installed.
            OSError: the folder or a file cannot be read.
        """
        if not folder.is_dir():
            raise InvalidSchemaError("a registry is a folder of schema files; this is not a folder", str(folder))
        files = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
        return cls(schema for path in files for schema in _read_file(path))

    @property
    def schemas(self) -> list[EventSchema]:
        """The newest version of each schema, in order of source and detail type."""
        return [versions[-1] for _, versions in sorted(self._versions.items())]

    def versions(self, source: str, detail_type: str) -> list[EventSchema]:
        """All versions of one schema, oldest first."""
        return list(self._versions.get((source, detail_type), ()))

    def learn(
        self, events: Iterable[Mapping[str, Any]], inference: Inference = DEFAULT_INFERENCE
    ) -> tuple[SchemaRegistry, list[Update]]:
        """The registry after `events`: an event that fits the newest version of its schema adds none.

        What does not fit makes one new version that takes in the last version and all the events.

        Raises:
            NotAnEventError: a value is neither an EventBridge event nor a stream record.
            TooManyFieldsError: the events have more fields than can be observed.
        """
        discoverer = Discoverer(inference)
        unfit: set[tuple[str, str]] = set()
        for event in events:
            key = event_type(event)
            known = self._versions.get(key)
            if key not in unfit and (known is None or not known[-1].accepts(event)):
                unfit.add(key)
            discoverer.observe(event)
        registry = SchemaRegistry(schema for versions in self._versions.values() for schema in versions)
        updates = [registry._update(schema, unfit) for schema in discoverer.schemas()]
        return registry, updates

    def _update(self, inferred: EventSchema, unfit: set[tuple[str, str]]) -> Update:
        key = inferred.source, inferred.detail_type
        versions = self._versions.setdefault(key, [])
        if not versions:
            versions.append(inferred)
            return Update(UpdateKind.ADDED, inferred)
        last = versions[-1]
        if key not in unfit:
            return Update(UpdateKind.UNCHANGED, last)
        samples = None if last.samples is None else last.samples + (inferred.samples or 0)
        schema = replace(last, root=join(last.root, inferred.root), version=last.version + 1, samples=samples)
        versions.append(schema)
        return Update(UpdateKind.NEW_VERSION, schema)

    def save(self, folder: Path, format: SchemaFormat = SchemaFormat.OPENAPI) -> list[Path]:
        """Write every version that `folder` does not have yet; the paths written.

        A file is named `SOURCE@DETAILTYPE.vN.json`. What is there is never changed.

        Raises:
            OSError: a file cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for stem, versions in self._stems():
            for schema in versions:
                path = folder / f"{stem}.v{schema.version}.json"
                if not path.exists():
                    text = json.dumps(document_of(schema, format), indent=2, ensure_ascii=False)
                    path.write_text(f"{text}\n", encoding="utf-8")
                    written.append(path)
        return written

    def _stems(self) -> Iterator[tuple[str, list[EventSchema]]]:
        names: dict[str, int] = {}
        for versions in self._versions.values():
            name = _file_name(versions[0]).casefold()  # file systems may not tell the cases apart
            names[name] = names.get(name, 0) + 1
        for (source, detail_type), versions in sorted(self._versions.items()):
            stem = _file_name(versions[0])
            if names[stem.casefold()] > 1:
                stem += "-" + hashlib.sha256(f"{source}\0{detail_type}".encode()).hexdigest()[:8]
            yield stem, versions


def _file_name(schema: EventSchema) -> str:
    return re.sub(r"[^0-9A-Za-z_.@-]", "_", schema.name).lstrip(".") or "schema"


def read_schemas(path: Path) -> list[EventSchema]:
    """The event schemas in a file, or the newest versions in a folder.

    Raises:
        InvalidSchemaError: a file is not a schema document.
        YAMLMissingError: a file is YAML, and PyYAML is not installed.
        OSError: it cannot be read.
    """
    return SchemaRegistry.load(path).schemas if path.is_dir() else _read_file(path)


def _read_file(path: Path) -> list[EventSchema]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSchemaError(f"it is not UTF-8 text: {error}", str(path)) from None
    if path.suffix in _SUFFIXES[1:]:
        text = json_of_yaml(text, str(path))
    match = _VERSION.match(path.name)
    source, _, detail_type = (match["stem"] if match else path.stem).partition("@")
    schemas = read_document(text, file=str(path), source=source if detail_type else "", detail_type=detail_type)
    if match and len(schemas) == 1 and schemas[0].version == 1:
        return [replace(schemas[0], version=int(match["version"]))]
    return schemas
