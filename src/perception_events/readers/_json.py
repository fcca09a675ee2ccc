"""JSON text -> values with lines, which `json.loads` does not keep: JSON templates, and patterns inside other files."""

from __future__ import annotations

import json
import re
from typing import Any

from perception_events.readers._problems import DocumentError
from perception_events.topology import LocatedDict, LocatedList

__all__ = ["read_json"]

_TOKEN = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|([^\s{}\[\],:"]+)|(\n)|[{}\[\]]', re.DOTALL)
"""A string, a word, a line's end, or a bracket: what lies between, a checked text has in its right place."""
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
    return _located(text, first_line, [] if repeated is None else repeated)


def _located(text: str, line: int, repeated: list[tuple[str, int]]) -> Any:
    """The value of a valid text. A loop, since a call for each value of many megabytes takes several times as long."""
    top = LocatedList(line=line)
    container: LocatedDict | LocatedList = top
    outer: list[LocatedDict | LocatedList] = []
    key: str | None = None
    for token in _TOKEN.finditer(text):
        found = token.group()
        value: Any
        match token.lastindex:
            case 1:
                value = found[1:-1] if "\\" not in found else json.loads(found, strict=False)
                if key is None and isinstance(container, LocatedDict):
                    key = value
                    if key in container:
                        repeated.append((value, line))
                    container.lines[value] = line
                    line += found.count("\n")
                    continue
            case 2:
                value = int(found) if found.isdigit() and len(found) < 19 else _word(found)
            case 3:
                line += 1
                continue
            case _:
                if found in "}]":
                    container = outer.pop()
                    continue
                if len(outer) > _DEEPEST:
                    raise _too_deep(line)
                value = LocatedDict(line=line) if found == "{" else LocatedList(line=line)
        if isinstance(container, LocatedDict):
            assert key is not None, "a name stands before each value"
            container[key] = value
            key = None
        else:
            container.append(value)
            container.lines.append(line)
        if token.lastindex is None:
            outer.append(container)
            container = value
        elif token.lastindex == 1:
            line += found.count("\n")
    return top[0]


def _word(text: str) -> Any:
    return _WORDS[text] if text in _WORDS else json.loads(text)


def _too_deep(line: int) -> DocumentError:
    return DocumentError(f"JSON nested more than {_DEEPEST} levels deep", "flatten it", line)
