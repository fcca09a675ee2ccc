"""The command in real shells and on real terminals: completion, widths, colours, locales."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line needs the [cli] extra")

ROOT = Path(__file__).resolve().parents[3]
RECORDS = "docs/examples/perception_pipeline/records.jsonl"

SCRIPTS = {
    "bash": [
        "--norc",
        "-c",
        'eval "$(env _PERCEPTION_EVENTS_COMPLETE=source_bash perception-events)"; '
        "complete -p perception-events >/dev/null || exit 3; "
        'COMP_WORDS=($1 "$2"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        '_perception_events_completion perception-events; printf "%s\\n" "${COMPREPLY[@]}"',
        "bash",
    ],
    "zsh": [
        "-f",
        "-c",
        "autoload -Uz compinit; compinit -u -D; "
        'eval "$(env _PERCEPTION_EVENTS_COMPLETE=source_zsh perception-events)"; '
        "(( ${+_comps[perception-events]} )) || exit 3; "
        '_arguments() { print -r -- "$@" }; words=(${=1} "$2"); CURRENT=${#words}; _perception_events_completion',
        "zsh",
    ],
    "fish": [
        "--no-config",
        "-c",
        "env _PERCEPTION_EVENTS_COMPLETE=source_fish perception-events | source; "
        'complete -C "$argv[1] $argv[2]" | string split -f 1 \\t',
    ],
}
"""By shell: source what the command prints, then complete `$2` behind the words `$1`."""


@pytest.fixture
def path(tmp_path: Path) -> str:
    command = tmp_path / "perception-events"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m perception_events "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("shell", SCRIPTS)
@pytest.mark.parametrize(
    ("words", "begun", "expected"),
    [("perception-events", "co", {"coverage", "compare"}), ("perception-events tables", "", {"create"})],
)
def test_completion_is_sourced_and_completes(
    shell: str, words: str, begun: str, expected: set[str], path: str, tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environment = os.environ | {"PATH": path, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [shell, *SCRIPTS[shell], words, begun],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tmp_path,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert expected <= set(re.findall(r"[\w-]+", done.stdout)), done.stdout + done.stderr


def on_a_terminal(columns: int, *arguments: str, **environment: str) -> str:
    """What the command prints where standard output is a terminal of this width."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "perception_events", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=clean | {"TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)} | environment,
    ) as process:
        os.close(terminal)
        found = bytearray()
        while select.select([main], [], [], 120)[0]:
            try:
                read = os.read(main, 65536)
            except OSError:  # the other end was closed
                break
            if not read:
                break
            found += read
        assert process.wait() in (0, 1)
    os.close(main)
    return found.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 200])
def test_records_are_readable_at_this_width_and_coloured(columns: int) -> None:
    out = on_a_terminal(columns, "route", RECORDS)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert plain != out
    lines = plain.splitlines()
    assert max(map(len, lines)) <= columns
    assert len(lines) <= (80 if columns == 80 else 60)
    assert lines[-1] == "triggers: recon 8, preprocessing 3, reid 3"


def test_no_color_turns_colours_off() -> None:
    assert "\x1b" not in on_a_terminal(80, "route", RECORDS, NO_COLOR="1")


def test_an_ascii_locale_loses_no_character(tmp_path: Path) -> None:
    pattern = tmp_path / "pattern.json"
    pattern.write_text('{"site": ["K\u00f6ln"]}', encoding="utf-8")
    for locale in ({"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        out = on_a_terminal(80, "match", str(pattern), '{"site": "K\u00f8ln"}', **locale)
        assert "does not match" in out
        assert "K\u00f6ln" in out or "K\\u00f6ln" in out
