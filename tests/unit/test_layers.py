"""The layers of `docs/architecture.md`, held by reading every import: they point one way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import perception_events

LAYERS: list[set[str]] = [
    {
        "errors",
        "clock",
        "value_objects",
        "json_values",
        "attribute_values",
        "event_status",
        "resource_names",
        "times",
        "records",
    },
    {"aws_limits", "topology"},
    {"models", "sort_keys", "item_names", "patterns", "input_transforms", "trace", "targets", "scheduler"},
    {"sources", "classifiers", "aggregation", "schemas"},
    {"streams", "pipes", "buses"},
    {"simulation"},
    {"checks", "rendering", "diagrams", "readers"},
    {"pipeline"},
    {"traffic"},
    {"analysis"},
    {"aws"},
    {"bulk"},
    {"lambdas"},
    {"testing", "studio"},
    {"cli", "pytest_plugin", "__main__"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
STRANGERS = [("pipes", "buses"), ("buses", "pipes"), ("streams", "pipes"), ("streams", "buses")]
PACKAGE = Path(perception_events.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
ARCHITECTURE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every dotted name that `path` imports, function-level imports included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            yield from ([f"{module}.{a.name}" for a in node.names] if module == "perception_events" else [module])


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_to_lower_layers(path: Path) -> None:
    here = part(path)
    if here == "__init__":
        return  # the facade names everything and loads nothing
    assert here in RANK, f"{here} has no place in the layers: give it one"
    for name in imports(path):
        if name.startswith("perception_events."):
            there = name.split(".")[1]
            assert there in RANK, f"{path} imports {name}, which has no place in the layers"
            assert RANK[there] <= RANK[here], f"{path} imports upward: {name}"
            assert (here, there) not in STRANGERS, f"{here} must not know {there}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_third_parties_stay_in_their_place(path: Path) -> None:
    allowed = {
        "pydantic": {"models", "lambdas", "aws"},
        "pydantic_core": {"models"},
        "boto3": {"aws"},
        "botocore": {"aws"},
    }
    allowed |= {"yaml": {"readers", "schemas"}, "zstandard": {"traffic"}, "isal": {"traffic"}}
    allowed |= {
        "typer": {"cli"},
        "starlette": {"studio"},
        "uvicorn": {"studio"},
        "rich": {"cli"},
        "hypothesis": {"testing"},
        "pytest": {"pytest_plugin"},
        "msgspec": {"patterns", "traffic"},
        "pyspark": {"bulk"},
    }
    for name in imports(path):
        top = name.split(".")[0]
        if top in allowed:
            assert part(path) in allowed[top], f"{path} must not import {top}"


def test_the_architecture_page_names_files_that_are_there() -> None:
    page = ARCHITECTURE.read_text(encoding="utf-8")
    table = page.partition("## Where things are")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+(?:\.py|/))`", table)
    assert len(named) > 10
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_the_architecture_page_names_every_part() -> None:
    page = ARCHITECTURE.read_text(encoding="utf-8")
    layers = page.partition("## Layers")[2].partition("\n## ")[0]
    assert [name for name in RANK if f"`{name}`" not in layers and name != "__main__"] == []


LIGHT = [
    "perception_events",
    "perception_events.patterns",
    "perception_events.classifiers",
    "perception_events.input_transforms",
    "perception_events.pipes",
    "perception_events.buses",
    "perception_events.streams",
    "perception_events.pipeline",
    "perception_events.lambdas",
]


@pytest.mark.parametrize("module", LIGHT)
def test_imports_light(module: str) -> None:
    heavy = ("pydantic", "boto3", "typer", "rich", "msgspec")
    code = f"import {module}, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
