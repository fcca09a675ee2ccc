"""JSON text -> values with lines, which `json.loads` does not keep: JSON templates, and patterns inside other files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from perception_events.readers._problems import DocumentError
from perception_events.topology import LocatedDict, LocatedList

__all__ = ["read_json"]

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")|([{}\[\],:])|([^\s{}\[\],:"]+)|(\n)', re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_DEEPEST = 200


def read_json(text: str, *, first_line: int = 1, repeated: list[tuple[str, int]] | None = None) -> Any:
    """The value of `text`; objects and lists are `LocatedDict` and `LocatedList`. Of equal keys the last one counts.

    `first_line`: the line of the file on which `text` begins. `repeated`: gets the keys that are written twice.

    Raises:
        DocumentError: it is not JSON, or is nested more than 200 levels deep.
    """
    try:
        json.loads(text, strict=False)  # the C parser decides what is JSON; the walk below only adds lines
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg}", "correct the JSON", first_line + error.lineno - 1) from None
    except RecursionError:
        raise _too_deep(first_line) from None
    except ValueError as error:  # a number of more digits than Python reads
        raise DocumentError(f"not JSON: {error}", "correct the number", first_line) from None
    tokens = _tokens(text, first_line)
    return _value(next(tokens), tokens, 0, [] if repeated is None else repeated)


_Token = tuple[str, str, int]


def _tokens(text: str, line: int) -> Iterator[_Token]:
    """Strings, punctuation and words (as `"`, the sign itself, and `w`), each with its text and line."""
    for match in _TOKEN.finditer(text):
        string, sign, word, _ = match.groups()
        if string is not None:
            yield '"', string, line
            line += string.count("\n")
        elif sign is not None:
            yield sign, sign, line
        elif word is not None:
            yield "w", word, line
        else:
            line += 1


def _value(token: _Token, tokens: Iterator[_Token], depth: int, repeated: list[tuple[str, int]]) -> Any:
    kind, text, line = token
    if depth > _DEEPEST:
        raise _too_deep(line)
    if kind == '"':
        return _string(text)
    if kind == "{":
        entries = LocatedDict(line=line)
        for key_kind, key_text, key_line in tokens:
            if key_kind == "}":
                break
            if key_kind == '"':
                key = _string(key_text)
                next(tokens)  # the colon
                if key in entries:
                    repeated.append((key, key_line))
                entries[key] = _value(next(tokens), tokens, depth + 1, repeated)
                entries.lines[key] = key_line
        return entries
    if kind == "[":
        elements = LocatedList(line=line)
        for element in tokens:
            if element[0] == "]":
                break
            if element[0] != ",":
                elements.append(_value(element, tokens, depth + 1, repeated))
                elements.lines.append(element[2])
        return elements
    return _WORDS[text] if text in _WORDS else json.loads(text)


def _string(text: str) -> str:
    return text[1:-1] if "\\" not in text else str(json.loads(text, strict=False))


def _too_deep(line: int) -> DocumentError:
    return DocumentError(f"JSON nested more than {_DEEPEST} levels deep", "flatten it", line)
