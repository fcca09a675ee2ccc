"""What a template declares, in CloudFormation's words: between every reader and the one builder of the topology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from perception_events.topology import Account, LocatedDict, Origin, Text, Unresolved

__all__ = ["Declared", "number_of", "truth_of"]


@dataclass(slots=True)
class Declared:
    """One resource of a template, its values resolved as far as they are known.

    `id`: the logical id or address, unique in the topology. `type`: CloudFormation's type. `properties`: by
    CloudFormation's names. `name`, `arn`: as deployed, or made up. `other_names`: further texts that refer to it, such
    as a queue's URL. `existing`: the template refers to it and does not make it.
    """

    id: str
    type: str
    properties: dict[str, Any]
    origin: Origin
    account: Account
    name: Text = ""
    arn: Text = ""
    condition: str | None = None
    other_names: tuple[Text, ...] = ()
    existing: bool = False
    stream_arn: Text = ""

    def get(self, *path: str) -> Any:
        """The property at `path`; None where it is not set. An unknown value on the way is returned."""
        value: Any = self.properties
        for step in path:
            if isinstance(value, Unresolved):
                return value
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def at(self, *path: str | int) -> Origin:
        """The origin of the property at `path`."""
        value: Any = self.properties
        origin = self.origin
        for step in path:
            line = None
            if isinstance(value, LocatedDict):
                line = value.lines.get(str(step))
            elif isinstance(value, list) and isinstance(step, int):
                lines = getattr(value, "lines", [])
                line = lines[step] if step < len(lines) else None
            origin = origin.at(step, line=line)
            try:
                value = value[step]
            except (LookupError, TypeError):
                value = None
        return origin


def number_of(value: Any) -> int | float | Unresolved | None:
    """A number, also where it is written as text; None where there is none."""
    if isinstance(value, Unresolved):
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def truth_of(value: Any, default: bool) -> bool | Unresolved:
    """A boolean, also where it is written as text."""
    if isinstance(value, bool | Unresolved):
        return value
    if isinstance(value, str):
        return value.lower() == "true"
    return default
