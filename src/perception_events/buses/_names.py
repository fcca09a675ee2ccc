"""Names, rejected as EventBridge rejects them."""

from __future__ import annotations

from perception_events.buses._errors import EventBusError
from perception_events.resource_names import name_requirement

__all__ = ["check_name"]


def check_name(kind: str, name: str) -> None:
    """Reject a name that AWS rejects; `kind` is one of `resource_names`.

    Raises:
        EventBusError: it is empty, too long or has other characters.
    """
    words = name_requirement(kind, name)
    if words is not None:
        raise EventBusError("ValidationException", f"the {kind} {name!r} must be {words}")
