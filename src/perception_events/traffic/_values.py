"""Text without lines -> its JSON values: a document spread over lines, objects without separators, one large array.

Only brackets and quotes are looked at; whether a value is JSON is decided by who parses it. The elements of an array,
and of the list of an object that begins with one of `WRAPPERS`, are values of their own: no document has to fit into
memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["WRAPPERS", "ValueTooLongError", "values_of"]

WRAPPERS = ("Records", "Entries", "events", "Events")
"""The names under which documents hold lists of events."""
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}\n"]', re.DOTALL)
_WRAPPED = re.compile(rb'\{\s*"(?:' + "|".join(WRAPPERS).encode() + rb')"\s*:\s*\[')
_SEPARATORS = b" \t\r\n,"


class ValueTooLongError(ValueError):
    """A value is longer than what is kept; it begins in the line `line`."""

    def __init__(self, line: int) -> None:
        super().__init__(f"the value in line {line} is too long")
        self.line = line


def values_of(chunks: Iterable[bytes], max_length: int) -> Iterator[tuple[int, bytes] | ValueTooLongError]:
    """Each value with the line where it begins; last the error of one that is longer than `max_length` bytes.

    What stands between values and is neither white space nor a comma is a value too, for its reader to reject.
    """
    cutter = _Cutter()
    for chunk in chunks:
        yield from cutter.add(chunk)
        if len(cutter.text) > max_length:
            yield ValueTooLongError(cutter.value_line)
            return
    yield from cutter.add(b"", last=True)


class _Cutter:
    """Holds the text from the beginning of the value that is not complete yet.

    `level`: the depth at which values stand: 0, 1 inside an array, 2 inside a wrapper's list. `skipping`: inside what
    else a wrapper holds.
    """

    def __init__(self) -> None:
        self.text = b""
        self.line = 1
        self.value_line = 1
        self._begin = 0
        self._at = 0
        self._depth = 0
        self._level = 0
        self._skipping = False

    def add(self, chunk: bytes, *, last: bool = False) -> Iterator[tuple[int, bytes]]:
        self.text = self.text[self._begin :] + chunk
        self._at -= self._begin
        self._begin = 0
        while True:
            match = _TOKEN.search(self.text, self._at)
            if match is None:
                self._at = len(self.text)
                break
            if match[0] == b'"' and not last:
                self._at = match.start()  # a string that goes on in the next chunk
                break
            self._at = match.end()
            yield from self._token(match[0], match.start(), match.end())
        if self._skipping:
            self._begin = self._at
        elif last:
            yield from self._value(len(self.text))

    def _token(self, token: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        if token == b"\n":
            self.line += 1
            if self._depth == self._level == 0:
                yield from self._value(end)
        elif token in (b"[", b"{"):
            yield from self._opened(token, start, end)
            self._depth += 1
        elif token in (b"]", b"}"):
            if self._depth:
                self._depth -= 1
                yield from self._closed(start, end)
        else:
            self.line += token.count(b"\n")

    def _opened(self, token: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        if self._skipping:
            return
        if self._depth == self._level:
            yield from self._value(start)
            self.value_line = self.line
            if self._level == 0 and token == b"[":
                self._level, self._begin = 1, end
        elif (
            self._level == 0 and self._depth == 1 and token == b"[" and _WRAPPED.fullmatch(self.text, self._begin, end)
        ):
            self._level, self._begin = 2, end

    def _closed(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        if self._skipping:
            if self._depth == 0:
                self._skipping, self._level, self._begin = False, 0, end
        elif self._depth == self._level:
            yield from self._value(end)
        elif self._depth < self._level:
            yield from self._value(start)
            self._begin = end
            self._skipping = self._level == 2
            self._level = 0

    def _value(self, end: int) -> Iterator[tuple[int, bytes]]:
        """What is between the last value and `end`, if anything."""
        value = self.text[self._begin : end].strip(_SEPARATORS)
        self._begin = end
        if value:
            yield self.value_line, value
        self.value_line = self.line
