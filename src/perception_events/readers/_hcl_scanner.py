"""The characters of an HCL text: white space, comments, names and signs; what the parser stands on."""

from __future__ import annotations

import re
from bisect import bisect_right

from perception_events.errors import cut
from perception_events.readers._problems import DocumentError

__all__ = ["NAME", "Scanner"]

_SPACE = re.compile(r"(?:[ \t\r\f\ufeff]++|#[^\n]*|//[^\n]*|/\*.*?\*/)*+", re.DOTALL)
_SPACE_AND_LINES = re.compile(r"(?:[\s\ufeff]++|#[^\n]*|//[^\n]*|/\*.*?\*/)*+", re.DOTALL)
NAME = re.compile(r"[^\W\d][\w-]*")


class Scanner:
    """A position in a text. `lines_end`: whether the end of a line ends an expression, as it does outside brackets."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self.text = text
        self.position = 0
        self._first_line = first_line
        self._line_starts = [match.end() for match in re.finditer("\n", text)]
        self.lines_end = True
        self.depth = 0
        self.values = 0

    def line(self, position: int | None = None) -> int:
        """The line of a position; of the present one by default."""
        return bisect_right(self._line_starts, self.position if position is None else position) + self._first_line

    def skip(self, *, lines: bool = False) -> None:
        pattern = _SPACE_AND_LINES if lines else _SPACE
        match = pattern.match(self.text, self.position)
        assert match is not None
        self.position = match.end()

    def skip_inside(self) -> None:
        self.skip(lines=not self.lines_end)

    def take(self, sign: str) -> bool:
        if self.text.startswith(sign, self.position) and not (
            sign == "=" and self.text.startswith(("==", "=>"), self.position)
        ):
            self.position += len(sign)
            return True
        return False

    def word(self, word: str) -> bool:
        match = NAME.match(self.text, self.position)
        if match is not None and match[0] == word:
            self.position = match.end()
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise self.error(f"`{sign}` is missing", f"add `{sign}`")

    def name(self) -> str:
        match = NAME.match(self.text, self.position)
        if match is None:
            raise self.error("a name is missing", "write one")
        self.position = match.end()
        return match[0]

    def error(self, what: str, fix: str, *, back: int = 0) -> DocumentError:
        return DocumentError(f"not HCL: {cut(what)}", fix, self.line(self.position - back))
