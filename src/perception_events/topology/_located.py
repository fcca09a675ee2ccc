"""JSON objects and lists that know the lines they were written on, so that a finding can name the exact line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perception_events.topology._values import Origin

__all__ = ["LocatedDict", "LocatedList", "origin_of"]


class LocatedDict(dict[str, Any]):
    """A JSON object read from a file. It equals a plain dict of the same content.

    `line`: where it begins, from 1; None where that is not known. `lines`: the line of each key.
    """

    __slots__ = ("line", "lines")

    def __init__(self, content: Any = (), *, line: int | None = None, lines: dict[str, int] | None = None) -> None:
        super().__init__(content)
        self.line = line
        self.lines: dict[str, int] = {} if lines is None else lines


class LocatedList(list[Any]):
    """A JSON list read from a file. It equals a plain list of the same content.

    `line`: where it begins, from 1; None where that is not known. `lines`: the line of each element.
    """

    __slots__ = ("line", "lines")

    def __init__(self, content: Any = (), *, line: int | None = None, lines: list[int] | None = None) -> None:
        super().__init__(content)
        self.line = line
        self.lines: list[int] = [] if lines is None else lines


def origin_of(value: object, steps: Iterable[str | int], origin: Origin) -> Origin:
    """Where the part of `value` that `steps` lead to was written.

    `value`: a JSON value of a topology, such as a rule's event pattern. `origin`: where `value` itself was written.
    Steps that `value` does not hold end the search: the origin of the last one found is returned.
    """
    for step in steps:
        line: int | None = None
        if isinstance(value, LocatedDict) and isinstance(step, str):
            line = value.lines.get(step)
        elif isinstance(value, LocatedList) and isinstance(step, int) and step < len(value.lines):
            line = value.lines[step]
        try:
            value = value[step]  # type: ignore[index]
        except (LookupError, TypeError):
            return origin
        origin = origin.at(step, line=line)
    return origin
