"""The environment that a deployed function belongs to, as rendered templates tell it."""

from __future__ import annotations

import os

from perception_events.errors import DeclarationError

__all__ = ["MissingEnvironmentError", "environment_name"]

VARIABLE = "PERCEPTION_EVENTS_ENV"
"""The variable that every rendered function has."""


class MissingEnvironmentError(DeclarationError, LookupError):
    """A handler that was not told its environment, and finds no variable that says it."""


def environment_name(env: str | None) -> str:
    """`env`, or what the variable says.

    Raises:
        MissingEnvironmentError: there is neither.
    """
    name = env or os.environ.get(VARIABLE)
    if not name:
        raise MissingEnvironmentError(
            f"which environment is this? set the function's variable {VARIABLE} (rendered templates do), or give env="
        )
    return name
