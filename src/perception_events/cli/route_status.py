"""How `perception-events route` ends: what became of the inputs, as an exit status."""

from __future__ import annotations

from enum import StrEnum

from perception_events.cli.guard import EXIT_NO, EXIT_OK, EXIT_USAGE

__all__ = ["FailOn", "route_status"]


class FailOn(StrEnum):
    """From what on `route` ends with 1."""

    FAILED = "failed"
    UNDELIVERED = "undelivered"
    NEVER = "never"


def route_status(fail_on: FailOn, *, unreadable: int, failed: int, undelivered: int) -> int:
    """The exit status for these counts; `undelivered` counts what ended before a target without a failure."""
    if unreadable:
        return EXIT_USAGE
    counted = {FailOn.FAILED: failed, FailOn.UNDELIVERED: failed + undelivered, FailOn.NEVER: 0}[fail_on]
    return EXIT_NO if counted else EXIT_OK
