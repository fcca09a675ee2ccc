"""`perception-events init`: a small project that passes its own tests and `check`, to begin with."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from perception_events.cli.console import print_line
from perception_events.cli.errors import CommandError

__all__ = ["register", "write_project"]

_FILES = {
    "README.md": "README.md.txt",
    "pyproject.toml": "pyproject.toml.txt",
    ".gitignore": "gitignore.txt",
    "pipeline.py": "pipeline.py.txt",
    "handlers.py": "handlers.py.txt",
    "records.jsonl": "records.jsonl.txt",
    "tests/test_pipeline.py": "test_pipeline.py.txt",
    ".github/workflows/ci.yml": "ci.yml.txt",
}
"""The project's files, and what they are written from."""


def register(app: typer.Typer) -> None:
    """Add the command `init` to `app`."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder; made where it is missing.")],
    name: Annotated[str | None, typer.Option(help="The project's name; the folder's without.")] = None,
) -> None:
    """Write a small project: a declaration, its functions, tests, sample records, a CI file and a README."""
    written = write_project(folder, name or folder.resolve().name)
    for path in written:
        print_line(str(path))
    print_line(f"next: cd {folder}, then what README.md says")


def write_project(folder: Path, name: str) -> list[Path]:
    """Write the project's files and return their paths; nothing is written where one of them exists.

    Raises:
        CommandError: a file exists, or the name has no letter to begin with.
    """
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not name or not name[0].isalpha():
        raise CommandError(f"{name or 'the name'} cannot name AWS's resources", "begin with a letter: --name orders")
    existing = [path for path in _FILES if (folder / path).exists()]
    if existing:
        raise CommandError(f"{folder / existing[0]} exists", "name an empty folder, or one that does not exist")
    templates = files("perception_events.cli") / "new_project"
    written = []
    for path, template in _FILES.items():
        target = folder / path
        text = (templates / template).read_text(encoding="utf-8").replace("{{name}}", name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(
                f"{target} cannot be written: {error.strerror or error}", "name another folder"
            ) from error
        written.append(target)
    return written
