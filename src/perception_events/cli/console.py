"""What commands print: text that is safe on any terminal and in any encoding, notes, and output files."""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import shutil
import sys
import textwrap
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import typer

from perception_events.cli.errors import CommandError

__all__ = [
    "COMMAND",
    "hint_at_terminal",
    "is_styled",
    "note",
    "prepare_streams",
    "print_json_line",
    "print_line",
    "print_wrapped",
    "printable",
    "write_output",
    "write_report",
]

COMMAND: ContextVar[str] = ContextVar("COMMAND", default="perception-events")
"""The command that runs, as it begins its notes: `perception-events route`."""

_ENCODING_ERRORS = "perception_events.escape"


def printable(text: str) -> str:
    """`text` without what a terminal obeys: control and format characters as JSON escapes them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1] if text != "\x7f" else "\\u007f"


def _escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    """What the output's encoding lacks, as JSON writes it: JSON stays JSON, and nothing fails."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _escaped(error.object[error.start : error.end]), error.end


def prepare_streams() -> None:
    """Read standard input as UTF-8, and let no character of the output fail, whatever the locale says."""
    codecs.register_error(_ENCODING_ERRORS, _escape_unencodable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ENCODING_ERRORS)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict")


def note(message: object) -> None:
    """One line on standard error, begun with the command's name."""
    print(f"{COMMAND.get()}: {printable(str(message))}", file=sys.stderr)


def print_line(text: str = "", *, colour: str | None = None, dim: bool = False, bold: bool = False) -> None:
    """One line on standard output; the style reaches terminals only."""
    line = printable(text)
    if is_styled() and (colour or dim or bold):
        line = typer.style(line, fg=colour, dim=dim or None, bold=bold or None)
    print(line)


def print_wrapped(text: str, *, indent: int = 2, colour: str | None = None, dim: bool = False) -> None:
    """An indented paragraph: wrapped to the width of a terminal, one line in a pipe, where `grep` reads it."""
    lines = [printable(text)]
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns - indent, 20)
        wrap = textwrap.TextWrapper(width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
        lines = wrap.wrap(lines[0])
    for line in lines:
        print_line(f"{' ' * indent}{line}", colour=colour, dim=dim)


def is_styled() -> bool:
    """Whether standard output takes colours: a terminal, without `NO_COLOR`."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def print_json_line(value: Any) -> None:
    """One JSON value on one line, for machines."""
    print(printable(json.dumps(value, ensure_ascii=False)))


def write_report(text: str, output: Path | None) -> None:
    """Write a report, text or JSON, as `write_output` does, and nothing in it that a terminal obeys.

    Raises:
        CommandError: the file cannot be written.
    """
    # Each line has a line feed at its end; other separators are parts of values, and JSON stays JSON.
    lines = text.removesuffix("\n").split("\n")
    write_output("".join(f"{printable(line)}\n" for line in lines), output)


def write_output(text: str, output: Path | None) -> None:
    """Write to the file `output`, or to standard output.

    Raises:
        CommandError: the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fix = "make its folder first, or name another file" if error.errno == errno.ENOENT else "name another file"
        raise CommandError(f"{output} cannot be written: {error.strerror or error}", f"{fix} with --output") from error


def hint_at_terminal(what: str) -> None:
    """Say that standard input is waited for, where somebody sits before it."""
    if sys.stdin.isatty():
        note(f"reading {what} from the terminal; end with Ctrl-D, or name files")
