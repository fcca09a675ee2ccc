"""Around every command: its errors become lines on standard error and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from perception_events.cli.console import note, prepare_streams
from perception_events.cli.errors import error_lines

__all__ = ["EXIT_BUG", "EXIT_NO", "EXIT_OK", "EXIT_USAGE", "TRACEBACK", "GuardedGroup", "guard"]

EXIT_OK = 0
EXIT_NO = 1
"""The answer is no: something was found, failed, or does not match."""
EXIT_USAGE = 2
"""The call is not valid, or something cannot be read."""
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""What a shell reports for a program that SIGPIPE ended: whoever read the output has had enough."""

TRACEBACK = "--traceback"


class GuardedGroup(TyperGroup):
    """The commands, run by `guard`; `--traceback` may stand anywhere before `--`."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command that `args` name and end with its status."""
        arguments = list(sys.argv[1:] if args is None else args)
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        show_traceback = TRACEBACK in options
        rest = [argument for argument in options if argument != TRACEBACK] + arguments[len(options) :]
        run = super().main
        prepare_streams()
        status = guard(
            lambda: run(rest, prog_name, complete_var, False, windows_expand_args, **extra),
            show_traceback=show_traceback,
        )
        if standalone_mode:
            sys.exit(status)
        return status

    def invoke(self, ctx: Any) -> Any:
        """Run the command, its output written out; the toolkit would answer for a signal in its own way."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            _drop_standard_output()
            raise typer.Exit(EXIT_BROKEN_PIPE) from None
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None


def guard(command: Callable[[], object], *, show_traceback: bool = False) -> int:
    """Run `command` and return the exit status; what it raises is printed on standard error.

    `show_traceback`: print the whole traceback of an expected error, too.
    """
    try:
        result = command()
    except Exception as error:
        return _failed(error, show_traceback)
    return result if isinstance(result, int) else EXIT_OK


def _failed(error: Exception, show_traceback: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]
        return EXIT_USAGE
    lines = error_lines(error)
    if show_traceback or not lines:
        traceback.print_exception(error)
    for line in lines or ["this is a mistake of perception-events; fix: report it with the lines above"]:
        note(line)
    if isinstance(error, OSError) and error.filename is None:
        _drop_standard_output()
    return EXIT_USAGE if lines else EXIT_BUG


def _drop_standard_output() -> None:
    """What is still buffered has nowhere to go; without this Python reports it once more when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a stream without a file, as in tests
        return
