"""The command line; needs the `[cli]` extra, and says so where it is missing."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run `perception-events`."""
    try:
        import typer  # noqa: F401  (is it there?)
    except ModuleNotFoundError:
        sys.exit("perception-events: the command line needs an extra: python -m pip install 'perception-events[cli]'")
    from perception_events.cli.app import app

    app(prog_name="perception-events")
