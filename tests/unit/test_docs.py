"""Every example in README and docs runs: python blocks as they stand, console blocks with the output they show."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = ("perception-events ", "python -m perception_events ")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the words after it, its text and the line it starts on."""

    language: str
    words: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2].strip(), m[3], text[: m.start()].count("\n") + 2) for m in FENCE.finditer(text)]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if page.exists() and any(b.language == language for b in blocks(page))]


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages_with("python"), ids=page_name)
def test_python_blocks_run_in_order(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page share one namespace. `needs=NAME` after the language skips where NAME is not installed."""
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {"__name__": "docs"}
    for block in blocks(page):
        if block.language != "python":
            continue
        for needed in re.findall(r"needs=(\w+)", block.words):
            pytest.importorskip(needed, reason=f"{page_name(page)}:{block.line} needs {needed}")
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        exec(code, namespace)


@pytest.mark.parametrize("page", pages_with("console"), ids=page_name)
def test_console_blocks_print_what_they_show(page: Path) -> None:
    """`$ perception-events ...` is run from the project's folder; a line `...` stands for any lines."""
    for block in blocks(page):
        if block.language != "console":
            continue
        for call in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, shown = call.partition("\n")
            if not command.startswith(COMMANDS):
                continue
            arguments = shlex.split(command.split("perception-events ", 1)[-1].split("perception_events ", 1)[-1])
            done = subprocess.run(
                [sys.executable, "-m", "perception_events", *arguments],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            pattern = ".*".join(
                re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)
            )
            printed = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines())
            assert re.search(pattern, printed, re.DOTALL), (
                f"{page_name(page)}:{block.line}: {command}\nprinted\n{printed}"
            )
