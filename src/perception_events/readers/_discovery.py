"""Which files belong together, and in which format they are: paths -> units that a reader takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception_events.errors import cut
from perception_events.readers._files import MAX_TEMPLATE_BYTES, read_document, read_text
from perception_events.readers._problems import DocumentError
from perception_events.readers._read_stacks import read_cdk, read_template, template_format
from perception_events.readers._reading import Format, Reading
from perception_events.readers._serverless import is_service, read_serverless
from perception_events.readers._terraform import (
    called_folders,
    is_module,
    is_terraform_json,
    read_terraform,
    read_terraform_json,
)
from perception_events.readers._terraform_plan import plan_format, read_plan
from perception_events.topology import Origin

__all__ = ["Unit", "units_of"]

_SUFFIXES = {".yaml", ".yml", ".json", ".template"}
_CODE = dict.fromkeys(
    (".ts", ".js", ".mjs", ".cjs", ".py", ".go", ".java", ".cs"),
    "give its output: cdk.out after `cdk synth`, .serverless after `serverless package`",
)
_MOST_REPEATED = 20
"""Keys written twice that are named; a generated file may have any number."""
_SKIPPED = {"node_modules", "venv", "__pycache__", "site-packages"}
_SNIFFED = re.compile(r"Resources|planned_values|resource_changes|terraform_version|\bprovider\b|\"resource\"")


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that are read as one: `name` for a stack, what reads them, and the folder of a Terraform module."""

    name: str
    read: Callable[[Reading], None]
    module: Path | None = None


def units_of(paths: Sequence[str | Path], reading: Reading) -> Iterator[Unit]:
    """The units that `paths` lead to. What is wrong is reported to `reading`.

    A module that another one calls is read with that one, and is not a unit of its own.
    """
    found: list[Unit] = []
    named = {Path(path).resolve() for path in paths}
    for path in map(Path, paths):
        found += _folder(path, reading) if path.is_dir() else _file(path, reading, walked=False)
    called = {folder for unit in found if unit.module is not None for folder in called_folders(unit.module)}
    for unit in found:
        if unit.module is None or unit.module.resolve() not in called or unit.module.resolve() in named:
            yield unit


def _folder(folder: Path, reading: Reading) -> Iterator[Unit]:
    """A folder that is one unit, or the units inside."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        reading.problem(f"cannot be read: {error.strerror}", "make it readable", Origin(str(folder)))
        return
    manifest = folder / "manifest.json"
    if manifest in entries:
        document = _read(manifest, reading)
        if isinstance(document, dict) and "artifacts" in document and "version" in document:
            yield Unit(_name(folder), lambda reading: read_cdk(reading, folder, document))
            return
    packaged = folder / ".serverless" / "cloudformation-template-update-stack.json"
    if packaged.is_file():  # what the framework itself made of serverless.yml
        document = _read(packaged, reading)
        if isinstance(document, dict):
            yield Unit(_name(folder), lambda reading: read_template(reading, packaged, document, Format.SERVERLESS))
            return
    if is_module(folder):
        yield Unit(_name(folder), lambda reading: read_terraform(reading, folder), folder)
        entries = [entry for entry in entries if entry.suffix != ".json"]
    for entry in entries:
        if entry.is_dir():
            if entry.name not in _SKIPPED and not entry.name.startswith(".") and not entry.is_symlink():
                yield from _folder(entry, reading)
        elif entry.suffix in _SUFFIXES:
            yield from _file(entry, reading, walked=True)


def _file(path: Path, reading: Reading, *, walked: bool) -> Iterator[Unit]:
    """The unit of one file. A file of another kind is passed over in a folder, and a problem where it is named."""
    origin = Origin(str(path))
    if not walked and path.suffix in (".tf", ".tfvars") and path.is_file():
        yield Unit(_name(path.parent), lambda reading: read_terraform(reading, path.parent), path.parent)
        return
    if path.suffix in _CODE:
        reading.problem(f"{path.suffix} files are code, which is not run", _CODE[path.suffix], origin)
        return
    try:
        if walked and not _SNIFFED.search(read_text(path, 64 * MAX_TEMPLATE_BYTES)):
            return
        repeated: list[tuple[str, int]] = []
        document = read_document(path, repeated)
    except DocumentError as error:
        reading.problems.append(error.problem(str(path)))
        return
    if isinstance(document, dict):
        if not walked or template_format(document) is not None:
            for key, line in repeated[:_MOST_REPEATED]:
                reading.problem(f"the key {cut(key)} is written twice", "remove one", Origin(str(path), line))
            if len(repeated) > _MOST_REPEATED:
                more = len(repeated) - _MOST_REPEATED
                reading.problem(f"{more:,} more keys are written twice", "remove one of each", origin)
        format = template_format(document)
        if format is not None:
            yield Unit(_name(path), lambda reading: read_template(reading, path, document, format))
            return
        plan = plan_format(document)
        if plan is not None:
            yield Unit(_name(path), lambda reading: read_plan(reading, path, document, plan))
            return
        if is_service(document):
            yield Unit(_name(path), lambda reading: read_serverless(reading, path, document))
            return
        if is_terraform_json(document):
            yield Unit(_name(path), lambda reading: read_terraform_json(reading, path, document))
            return
    if not walked:
        reading.problem(
            "not a template of a known format", "give a CloudFormation, SAM, CDK, Terraform or Serverless file", origin
        )


def _read(path: Path, reading: Reading) -> Any:
    try:
        return read_document(path)
    except DocumentError as error:
        reading.problems.append(error.problem(str(path)))
        return None


def _name(path: Path) -> str:
    """A stack's name for a file or folder: what tells it from its neighbours, of characters that AWS takes."""
    stem = path.name.split(".")[0]
    parts = [path.resolve().parent.name, stem] if stem in ("template", "serverless", "main", "cdk") else [stem]
    return re.sub(r"[^A-Za-z0-9-]+", "-", "-".join(filter(None, parts))).strip("-") or "stack"
