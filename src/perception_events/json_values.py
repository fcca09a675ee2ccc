"""The types of parsed JSON, shared by every layer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["JSONObject", "JSONValue"]

JSONValue: TypeAlias = dict[str, "JSONValue"] | list["JSONValue"] | str | int | float | bool | None
"""What `json.loads` returns."""

JSONObject: TypeAlias = dict[str, JSONValue]
"""A JSON object."""
