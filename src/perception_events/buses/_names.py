"""Names, refused as EventBridge refuses them."""

from __future__ import annotations

from perception_events.buses._errors import EventBusError
from perception_events.resource_names import what_it_must_be

__all__ = ["check_name"]


def check_name(kind: str, name: str) -> None:
    """Refuse a name that AWS refuses; `kind` is one of `resource_names`.

    Raises:
        EventBusError: it is empty, too long or has other characters.
    """
    words = what_it_must_be(kind, name)
    if words is not None:
        raise EventBusError("ValidationException", f"the {kind} {name!r} must be {words}")
