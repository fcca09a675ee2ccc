"""How large a box is and where its texts stand: names are wrapped, so that one long name does not widen a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from unicodedata import east_asian_width

from perception_events.diagrams._graph import Box

__all__ = ["CHARACTER", "LINE", "PADDING", "PlacedBox", "cells", "measured", "wrapped"]

CHARACTER = 6.9
"""Pixels: a little more than a character of the monospaced font takes at its size, for every viewer's font."""
LINE = 15.0
PADDING = 8.0
NAME_WIDTH = 34
"""Characters of a line of a name; one that is longer goes on in the next line."""
DETAIL_WIDTH = 42
DETAIL_LINES = 3
"""Lines of a pattern; the rest shows when one points at the box, and in a page's panel."""
_BREAKS = re.compile(r"(?<=[-_./: ,])")


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box with its texts and its rectangle, in pixels from the top left corner of the picture."""

    box: Box
    lines: tuple[str, ...]
    details: tuple[str, ...]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    names: int = 1
    """How many of `lines` are the name."""

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def at(self, x: float, y: float) -> PlacedBox:
        """The same box with its corner there."""
        return replace(self, x=x, y=y)


def measured(box: Box) -> PlacedBox:
    """`box` with its texts in lines and its size, at no place yet."""
    names = tuple(wrapped(box.lines[0], NAME_WIDTH))
    lines = (*names, *(line for text in box.lines[1:] for line in wrapped(text, NAME_WIDTH)))
    details = tuple(_details(box.details))
    widest = max(cells(line) for line in (*lines, *details))
    height = (len(lines) + len(details)) * LINE + 2 * PADDING
    width = float(ceil(widest * CHARACTER + 2 * PADDING))
    return PlacedBox(box, lines, details, width, height, names=len(names))


def cells(text: str) -> int:
    """How many characters' widths `text` takes: ideographs and emoji take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def wrapped(text: str, width: int) -> Iterator[str]:
    """`text` in lines of at most `width`, broken behind a hyphen, a dot, a slash or a blank where there is one."""
    line = ""
    for part in _BREAKS.split(text):
        if line and cells(line + part) > width:
            yield line
            line = ""
        while cells(part) > width:
            end = width
            while cells(part[:end]) > width:
                end -= 1
            yield part[:end]
            part = part[end:]
        line += part
    if line or not text:
        yield line


def _details(texts: tuple[str, ...]) -> list[str]:
    """The first lines of a pattern; a field that is longer than a line goes on in the next one, indented."""
    lines = [
        line if index == 0 else f"  {line}"
        for text in texts
        for index, line in enumerate(wrapped(text, DETAIL_WIDTH - 2))
    ]
    return lines if len(lines) <= DETAIL_LINES else [*lines[: DETAIL_LINES - 1], "..."]
