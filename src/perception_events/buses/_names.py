"""The names that EventBridge takes."""

from __future__ import annotations

import re

from perception_events.buses._errors import EventBusError

__all__ = ["check_bus_name", "check_name"]

_CHARACTERS = re.compile(r"[.\-_A-Za-z0-9]+")
_BUS_NAME = re.compile(r"[/.\-_A-Za-z0-9]{1,256}")


def check_name(what: str, name: str, maximum_length: int) -> None:
    """Refuse a name that AWS refuses.

    AWS: service model `events`, `RuleName`, `TargetId`, `ArchiveName`, `ReplayName`.

    Raises:
        EventBusError: it is empty, too long or has other characters.
    """
    if len(name) > maximum_length or not _CHARACTERS.fullmatch(name):
        raise EventBusError(
            "ValidationException",
            f"the {what} {name!r} must be 1 to {maximum_length} letters, digits, dots, hyphens or underscores",
        )


def check_bus_name(name: str) -> None:
    """Refuse a bus name that AWS refuses.

    AWS: service model `events`, `EventBusName`.

    Raises:
        EventBusError: it is empty, too long or has other characters.
    """
    if not _BUS_NAME.fullmatch(name):
        reason = f"the bus name {name!r} must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes"
        raise EventBusError("ValidationException", reason)
