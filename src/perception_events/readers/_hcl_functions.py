"""Terraform's functions, as far as event resources use them; a function that is not here makes its call unknown.

Reference: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from perception_events.readers._intrinsics import json_text
from perception_events.readers._json import read_json
from perception_events.readers._problems import DocumentError
from perception_events.readers._texts import as_text, join_texts
from perception_events.topology import Unresolved

__all__ = ["FUNCTIONS", "MissingValueError"]


class MissingValueError(Exception):
    """An expression asks for what is not there; Terraform would end with an error, unless `try` catches it."""


@dataclass(frozen=True, slots=True)
class _Function:
    """`call` takes the arguments; `takes_unknown`: also where an argument is `Unresolved` as a whole."""

    call: Callable[..., Any]
    takes_unknown: bool = False


_MOST_ELEMENTS = 10_000


def _known(value: Any) -> Any:
    """`value` where no part of it is unknown."""
    if isinstance(value, Unresolved):
        raise MissingValueError(value.reason)
    return value


def _flatten(value: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for one in value:
        flat += _flatten(one) if isinstance(one, list) else [one]
        if len(flat) > _MOST_ELEMENTS:
            raise MissingValueError(f"a list of more than {_MOST_ELEMENTS:,} elements")
    return flat


def _distinct(value: list[Any]) -> list[Any]:
    found: list[Any] = []
    for one in value:
        if one not in found:
            found.append(one)
    return found


def _merge(*maps: Any) -> Any:
    merged: dict[str, Any] = {}
    for one in maps:
        merged.update(one or {})
    return merged


def _concat(*lists: list[Any]) -> list[Any]:
    if sum(map(len, lists)) > _MOST_ELEMENTS:
        raise MissingValueError(f"a list of more than {_MOST_ELEMENTS:,} elements")
    return [one for elements in lists for one in elements]


def _coalesce(*values: Any) -> Any:
    for one in values:
        if isinstance(one, Unresolved):
            return NotImplemented
        if one is not None and one != "":
            return one
    raise MissingValueError("coalesce: no value is set")


def _coalescelist(*values: list[Any]) -> list[Any]:
    return next((one for one in values if one), [])


def _replace(text: str, what: str, by: str) -> Any:
    if len(what) > 1 and what.startswith("/") and what.endswith("/"):
        return NotImplemented  # a regular expression of the template could run for ever
    return text.replace(what, by)


_VERB = re.compile(r"%(%|[-+# 0]*\d{0,3}(?:\.\d{1,3})?[a-zA-Z])")


def _format(template: Any, *values: Any) -> Any:
    parts: list[Any] = []
    position = 0
    rest = list(values)
    for match in _VERB.finditer(_known(template)):
        parts.append(template[position : match.start()])
        position = match.end()
        verb = match[1]
        if verb == "%":
            parts.append("%")
            continue
        value = rest.pop(0)
        if isinstance(value, Unresolved):
            parts.append(value)
        elif verb == "q":
            parts.append(json.dumps(as_text(value)))
        elif verb[-1] == "d":
            parts.append(f"%{verb}" % int(value))
        elif verb[-1] in "feg":
            parts.append(f"%{verb}" % float(value))
        elif verb[-1] == "s" and verb != "s":
            parts.append(f"%{verb}" % as_text(value))
        else:
            parts.append(as_text(value))
    parts.append(template[position:])
    return join_texts(parts)


def _join(separator: Any, *lists: Any) -> Any:
    return join_texts(_concat(*(_known(one) for one in lists)), _known(separator))


def _substr(text: str, start: int, length: int) -> str:
    return text[start:] if length < 0 else text[start : start + length]


def _element(elements: list[Any], index: int) -> Any:
    return elements[int(index) % len(elements)]


def _one(elements: Any) -> Any:
    if isinstance(elements, list) and len(elements) <= 1:
        return elements[0] if elements else None
    raise MissingValueError("one: more than one element")


def _setproduct(*sets: list[Any]) -> list[Any]:
    product: list[Any] = [[]]
    for elements in sets:
        product = [[*before, one] for before in product for one in elements]
        if len(product) > _MOST_ELEMENTS:
            raise MissingValueError("setproduct: more elements than are read")
    return product


def _jsondecode(text: str) -> Any:
    try:
        return read_json(text)
    except DocumentError as error:
        raise MissingValueError(f"jsondecode: {error.reason}") from None


def _yamldecode(text: str) -> Any:
    from perception_events.readers._yaml import read_yaml

    try:
        return read_yaml(text)
    except DocumentError as error:
        raise MissingValueError(f"yamldecode: {error.reason}") from None


def _tobool(value: Any) -> Any:
    return {"true": True, "false": False}[value] if isinstance(value, str) else value


def _tonumber(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if value.lstrip("-").isdecimal() else float(value)
    return value


def _range(*limits: int) -> list[int]:
    numbers = range(*(int(one) for one in limits))
    if len(numbers) > _MOST_ELEMENTS:
        raise MissingValueError("range: more elements than are read")
    return list(numbers)


def _length(value: Any) -> int:
    return len(value)


def _contains(elements: list[Any], value: Any) -> Any:
    if value in elements:
        return True
    return NotImplemented if any(isinstance(one, Unresolved) for one in elements) else False


def _plain_functions() -> dict[str, Callable[..., Any]]:
    return {
        "abs": abs,
        "alltrue": lambda values: all(_tobool(one) for one in values),
        "anytrue": lambda values: any(_tobool(one) for one in values),
        "base64decode": lambda text: base64.b64decode(text).decode(),
        "base64encode": lambda text: base64.b64encode(text.encode()).decode(),
        "basename": lambda path: path.rstrip("/").rpartition("/")[2],
        "ceil": lambda number: -int(-number // 1),
        "chomp": lambda text: text.rstrip("\r\n"),
        "chunklist": lambda values, size: [values[at : at + size] for at in range(0, len(values), size)],
        "coalescelist": _coalescelist,
        "compact": lambda values: [one for one in values if one not in (None, "")],
        "concat": _concat,
        "contains": _contains,
        "dirname": lambda path: path.rstrip("/").rpartition("/")[0] or ".",
        "distinct": _distinct,
        "element": _element,
        "endswith": lambda text, end: text.endswith(end),
        "flatten": _flatten,
        "floor": lambda number: int(number // 1),
        "formatlist": lambda template, values: [_format(template, one) for one in values],
        "index": lambda values, value: values.index(value),
        "indent": lambda count, text: text.replace("\n", "\n" + " " * min(count, 1_000)),
        "jsondecode": _jsondecode,
        "keys": lambda value: sorted(value),
        "length": _length,
        "lower": lambda text: text.lower(),
        "max": max,
        "md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "merge": _merge,
        "min": min,
        "nonsensitive": lambda value: value,
        "one": _one,
        "parseint": lambda text, base: int(text, base),
        "range": _range,
        "replace": _replace,
        "reverse": lambda values: values[::-1],
        "sensitive": lambda value: value,
        "setintersection": lambda first, *rest: [one for one in first if all(one in other for other in rest)],
        "setproduct": _setproduct,
        "setsubtract": lambda first, second: [one for one in first if one not in second],
        "setunion": lambda *sets: _distinct(_concat(*sets)),
        "sha1": lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
        "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
        "slice": lambda values, start, end: values[start:end],
        "sort": lambda values: sorted(_known(one) for one in values),
        "split": lambda separator, text: text.split(separator) if text else [""],
        "startswith": lambda text, start: text.startswith(start),
        "strcontains": lambda text, part: part in text,
        "strrev": lambda text: text[::-1],
        "substr": _substr,
        "sum": sum,
        "title": lambda text: re.sub(r"(^|[^\w'])(\w)", lambda found: found[1] + found[2].upper(), text),
        "tobool": _tobool,
        "tolist": lambda value: list(value),
        "tomap": lambda value: value,
        "tonumber": _tonumber,
        "toset": lambda value: sorted(_distinct(list(value)), key=as_text),
        "tostring": lambda value: None if value is None else as_text(value),
        "trim": lambda text, characters: text.strip(characters),
        "trimprefix": lambda text, prefix: text.removeprefix(prefix),
        "trimspace": lambda text: text.strip(),
        "trimsuffix": lambda text, suffix: text.removesuffix(suffix),
        "upper": lambda text: text.upper(),
        "urlencode": lambda text: re.sub(r"[^\w.~-]", lambda found: f"%{ord(found[0]):02X}", text),
        "values": lambda value: [value[key] for key in sorted(value)],
        "yamldecode": _yamldecode,
        "zipmap": lambda keys, values: dict(zip(map(as_text, keys), values, strict=False)),
    }


FUNCTIONS: dict[str, _Function] = {name: _Function(call) for name, call in _plain_functions().items()} | {
    "coalesce": _Function(_coalesce, takes_unknown=True),
    "format": _Function(_format, takes_unknown=True),
    "join": _Function(_join, takes_unknown=True),
    "jsonencode": _Function(json_text, takes_unknown=True),
}
