"""The JSON that was probably meant by a text that is nearly JSON: only for hints, where a wrong guess does no harm."""

from __future__ import annotations

import json
import re

__all__ = ["repaired"]

_MOST = 4096
"""Longer texts are no patterns."""
_SHOWN = 200
_TOKEN = re.compile(
    r"""(?P<space>\s+ | //[^\n]* | /\*.*?\*/ | \#[^\n]*)
      | (?P<double>"(?:\\.|[^"\\\n])*")
      | '(?P<single>(?:\\.|[^'\\\n])*)'
      | [\u201c\u201d\u201e](?P<curly>[^\u201c\u201d\u201e\n]*)[\u201c\u201d]
      | (?P<sign>[{}\[\],:=])
      | (?P<word>[^\s{}\[\],:="'\u201c\u201d\u201e]+)""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"true": "true", "false": "false", "null": "null", "none": "null", "undefined": "null", "nil": "null"}
_CLOSES = {"{": "}", "[": "]"}


def repaired(text: str) -> str | None:
    """`text` with its quotes, commas, colons and brackets set right; None where that gives no object that is short."""
    if len(text) > _MOST:
        return None
    parts: list[str] = []
    open_ones: list[str] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return None
        position = token.end()
        if token["space"] is None:
            _add(token, parts, open_ones)
    if parts[-1:] == [","]:
        parts.pop()
    try:
        value = json.loads("".join(parts) + "".join(_CLOSES[each] for each in reversed(open_ones)))
    except (ValueError, RecursionError):
        return None
    written = json.dumps(value, ensure_ascii=False)
    return written if isinstance(value, dict) and value and len(written) <= _SHOWN else None


def _add(token: re.Match[str], parts: list[str], open_ones: list[str]) -> None:
    """Append one token, with the comma or the bracket that is missing before it."""
    sign = token["sign"]
    last = parts[-1] if parts else ""
    if sign in ("}", "]"):
        if last == ",":
            parts.pop()
        while open_ones and _CLOSES[open_ones[-1]] != sign and any(_CLOSES[each] == sign for each in open_ones):
            parts.append(_CLOSES[open_ones.pop()])
        if open_ones and _CLOSES[open_ones[-1]] == sign:
            open_ones.pop()
            parts.append(sign)
    elif sign == ",":
        if last not in (",", "{", "[", ":", ""):
            parts.append(",")
    elif sign in (":", "="):
        if last != ":":
            parts.append(":")
    else:
        if last and last not in "{[,:":
            parts.append(",")
        if sign is not None:
            open_ones.append(sign)
        parts.append(sign if sign is not None else _value(token))


def _value(token: re.Match[str]) -> str:
    if token["double"] is not None:
        return token["double"]
    for name in ("single", "curly"):
        if token[name] is not None:
            return json.dumps(token[name].replace("\\'", "'"), ensure_ascii=False)
    word = token["word"]
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    number = word.replace("_", "")
    if re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", number):
        value = float(number)
        return str(int(value)) if value.is_integer() and "e" not in number.lower() else repr(value)
    return json.dumps(word, ensure_ascii=False)
