"""Every public name is there for somebody: a page explains it, a signature needs it, or another package uses it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import perception_events

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(perception_events.__file__).parent
PROGRAMS = ("cli", "__main__", "schemas.build_catalogue", "studio")
"""Parts that are run and not imported; their modules are public for each other."""
NAME = re.compile(r"[A-Za-z_]\w*")


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def trees() -> dict[str, ast.Module]:
    return {dotted(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def listed(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return tuple(ast.literal_eval(node.value))
    return ()


@cache
def public_names() -> dict[str, tuple[str, ...]]:
    """By public module, the names that it offers."""
    return {
        module: listed(tree)
        for module, tree in trees().items()
        if not any(part.startswith("_") for part in module.split(".")) and not module.startswith(PROGRAMS)
    }


def words(node: ast.AST | None) -> set[str]:
    return set() if node is None else set(NAME.findall(ast.unparse(node)))


def needed_by(node: ast.AST) -> Iterator[str]:
    """The names in what a definition shows: annotations, bases, and what its docstring says that it raises."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = node.args
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            yield from words(None if each is None else each.annotation)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            yield from words(default)
        yield from words(node.returns)
        yield from NAME.findall((ast.get_docstring(node) or "").partition("Raises:")[2])
    elif isinstance(node, ast.ClassDef):
        for base in node.bases:
            yield from words(base)
        yield from NAME.findall((ast.get_docstring(node) or "").partition("Raises:")[2])
        for inside in node.body:
            name = getattr(inside, "name", "")
            if not name.startswith("_") or name in ("__init__", "__call__", "__getitem__", "__iter__"):
                yield from needed_by(inside)
    elif isinstance(node, ast.AnnAssign):
        yield from words(node.annotation)
        yield from words(node.value)


@cache
def in_signatures() -> frozenset[str]:
    offered = {name for names in public_names().values() for name in names}
    for tree in trees().values():  # what a class inherits is its own
        classes = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in offered)
        offered = offered.union(*(words(base) for node in classes for base in node.bases))
    found: set[str] = set()
    for tree in trees().values():
        for node in tree.body:
            name = getattr(node, "name", None) or (
                ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else None
            )
            if name in offered:
                found |= set(needed_by(node)) - {name}
    return frozenset(found)


@cache
def used_elsewhere() -> frozenset[tuple[str, str]]:
    """Module and name of each import by a module that is not inside the one that it imports from."""
    found: set[tuple[str, str]] = set()
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("perception_events."):
                source = (node.module or "").removeprefix("perception_events.")
                if not f"{module}.".startswith(f"{source}."):
                    found |= {(source, alias.name) for alias in node.names}
    return frozenset(found)


@cache
def in_pages() -> frozenset[str]:
    pages = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"))
    return frozenset(name for page in pages for name in NAME.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", public_names())
def test_every_public_name_is_explained_or_needed(module: str) -> None:
    accidental = [
        name
        for name in public_names()[module]
        if name not in in_pages() and name not in in_signatures() and (module, name) not in used_elsewhere()
    ]
    assert accidental == [], "explain it in a page of docs/, or take it out of __all__"


@pytest.mark.parametrize("name", ["BackOff", "ArgumentError", "UnknownInvocationError"])
def test_what_a_signature_needs_can_be_imported(name: str) -> None:
    homes = [module for module, names in public_names().items() if name in names]
    assert homes
    for module in homes:
        assert getattr(importlib.import_module(f"perception_events.{module}"), name)


def test_the_root_offers_what_the_readme_uses() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    imported = re.findall(r"^from perception_events\S* import (.+)$", readme, re.MULTILINE)
    names = {name.strip() for line in imported for name in line.split(",")}
    assert names - set(perception_events.__all__) == set()
