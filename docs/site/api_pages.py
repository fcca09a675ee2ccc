"""Hooks of the documentation site: a page for each public module, and pages as MkDocs reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "perception_events"
NOT_PUBLIC = {"cli", "__main__"}
REPOSITORY = "https://github.com/perception-events/perception-events/blob/main/"


def public_modules() -> Iterator[str]:
    """Every module that has public names, packages before their modules."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = [*path.relative_to(PACKAGE).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        if parts and (any(part.startswith("_") for part in parts) or parts[0] in NOT_PUBLIC):
            continue
        if re.search(r"^__all__ = \[\s*\S", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield ".".join(["perception_events", *parts])


def on_config(config: Any) -> Any:
    """Put the pages of the API into the navigation."""
    config.nav.append({"Python API": [{name.partition(".")[2] or name: f"api/{name}.md"} for name in public_modules()]})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Make the pages of the API."""
    for name in public_modules():
        text = f"# {name}\n\n::: {name}\n"
        files.append(File.generated(config, f"api/{name}.md", content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave out what only the tests read, what a block needs; links out of docs go to the repository."""
    markdown = re.sub(r"^```(\w+) needs=.*$", r"```\1", markdown, flags=re.MULTILINE)
    return re.sub(r"\]\((?:\.\./)+((?:CONTRIBUTING|CHANGELOG|README)\.md)", rf"]({REPOSITORY}\1", markdown)
