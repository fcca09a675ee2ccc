"""A regular expression of Python's as a tree of characters, alternatives and repetitions, for `_regex_guard`.

    (?:ab|c)+   Repeated(Alternatives(Sequence(a, b), c), 1, None)

Only what decides which texts match in how many ways is kept: anchors are empty, and what looks around or refers back
stands beside the tree or for any character. Whether the text is valid has been asked of `re` before.
"""

from __future__ import annotations

import re

__all__ = ["Alternatives", "Character", "Node", "Repeated", "Sequence", "parse_regex"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

_QUANTIFIER = re.compile(r"\*|\+|\?|\{(\d*)(,?)(\d*)\}")
_ESCAPE = re.compile(r"\\(x..|u.{4}|U.{8}|N\{[^}]*\}|0[0-7]{0,2}|[1-3][0-7]{2}|[1-9]\d?|.)", re.DOTALL)
_GROUP = re.compile(r"\(\?(P<[^>]*>|P=[^)]*\)|#[^)]*\)|\([^)]*\)|<=|<!|[:=!>]|[a-zA-Z]*(?:-[a-zA-Z]+)?[:)])")
_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "x": re.VERBOSE, "a": re.ASCII}


class Character:
    """One character: `text` is the regular expression of it, read with `flags`; None for any character."""

    __slots__ = ("flags", "text")

    def __init__(self, text: str | None, flags: int) -> None:
        self.text = text
        self.flags = flags


class Sequence:
    """One part after the other; without parts, the empty text."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts


class Alternatives:
    """One of the parts."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts


class Repeated:
    """`low` to `high` times `part`, any number where `high` is None; `text` is how it is written."""

    __slots__ = ("high", "low", "part", "text")

    def __init__(self, part: Node, low: int, high: int | None, text: str) -> None:
        self.part = part
        self.low = low
        self.high = high
        self.text = text


if TYPE_CHECKING:
    Node: TypeAlias = Character | Sequence | Alternatives | Repeated
else:
    Node = object


def parse_regex(pattern: str) -> list[Node]:
    """The tree of a valid pattern, and one more for each part that looks ahead or behind."""
    parser = _Parser(pattern)
    whole = parser.alternatives(re.compile(pattern).flags)
    return [whole, *parser.around]


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self.around: list[Node] = []

    def alternatives(self, flags: int) -> Node:
        """Up to the end, or a closing parenthesis."""
        parts: list[Node] = [self._sequence(flags)]
        while self._text[self._at : self._at + 1] == "|":
            self._at += 1
            parts.append(self._sequence(flags))
        return parts[0] if len(parts) == 1 else Alternatives(parts)

    def _sequence(self, flags: int) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            if self._skip_space(flags):
                continue
            start = self._at
            part = self._part(flags)
            while self._skip_space(flags):
                continue
            while (quantifier := _QUANTIFIER.match(self._text, self._at)) and quantifier.group() != "{}":
                self._at = quantifier.end()
                if self._text[self._at : self._at + 1] in ("?", "+"):
                    self._at += 1  # lazy or possessive: which texts are tried first
                low, high = _bounds(quantifier)
                part = Repeated(part, low, high, self._text[start : self._at])
            parts.append(part)
        return parts[0] if len(parts) == 1 else Sequence(parts)

    def _skip_space(self, flags: int) -> bool:
        """Skip what a verbose pattern does not mean; returns whether there was any."""
        character = self._text[self._at : self._at + 1]
        if not flags & re.VERBOSE or not character:
            return False
        if character.isspace():
            self._at += 1
            return True
        if character == "#":
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end + 1
            return True
        return False

    def _part(self, flags: int) -> Node:
        character = self._text[self._at]
        if character == "(":
            return self._group(flags)
        if character in "^$":
            self._at += 1
            return Sequence([])
        start = self._at
        if character == "[":
            self._at = self._end_of_class()
        elif character == "\\":
            escape = _ESCAPE.match(self._text, self._at)
            assert escape is not None, "re has taken the pattern"
            self._at = escape.end()
            name = escape.group(1)
            if name in ("A", "Z", "b", "B"):
                return Sequence([])
            if re.fullmatch(r"[1-9]\d?", name):
                return Character(None, flags)
        else:
            self._at += 1
        text = self._text[start : self._at]
        return Character(re.escape(text) if text in ("{", "}", "]") else text, flags)

    def _end_of_class(self) -> int:
        at = self._at + 1
        at += self._text.startswith("^", at)
        at += self._text.startswith("]", at)
        while self._text[at] != "]":
            at += 2 if self._text[at] == "\\" else 1
        return at + 1

    def _group(self, flags: int) -> Node:
        extension = _GROUP.match(self._text, self._at)
        kind = "" if extension is None else extension.group(1)
        self._at += 1 if extension is None else len(extension.group())
        if kind.startswith("#"):
            return Sequence([])
        if kind.startswith("P="):
            return Character(None, flags)
        if kind[-1:] == ")" and kind[:1] != "(":
            return Sequence([])  # flags of the whole, which `re` has applied
        if kind[-1:] == ":":
            flags = _changed(flags, kind[:-1])
        inside = self.alternatives(flags)
        self._at += 1
        if kind in ("=", "!", "<=", "<!"):
            self.around.append(inside)
            return Sequence([])
        return inside


def _bounds(quantifier: re.Match[str]) -> tuple[int, int | None]:
    text = quantifier.group()
    if text in ("*", "+", "?"):
        return int(text == "+"), 1 if text == "?" else None
    low, comma, high = quantifier.groups()
    if not comma:
        return int(low), int(low)
    return int(low or 0), int(high) if high else None


def _changed(flags: int, letters: str) -> int:
    """`flags` with those of a group such as `(?i-s:...)`."""
    on, _, off = letters.partition("-")
    for letter in on:
        flags |= _FLAGS.get(letter, 0)
    for letter in off:
        flags &= ~_FLAGS.get(letter, 0)
    return flags
