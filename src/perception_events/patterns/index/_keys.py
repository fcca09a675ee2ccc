"""Under which index keys a field's values are indexed, so that every leaf that passes finds one of them.

`{"path": [{"prefix": "/a/"}, "x"]}` is indexed under two keys: what starts with `"/a/`, and what is `"x"`. A wildcard
such as `"logs/*/42.gz"` has alternatives: each of them finds every leaf that passes, and the rarest one is used.
"""

from __future__ import annotations

from math import inf, nextafter

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import address_digits, cidr_range
from perception_events.patterns._numbers import comparable
from perception_events.patterns._values import as_octets, exact_leaf, wildcard_pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeAlias

    IndexKey: TypeAlias = tuple[str, Any, bool]
    """The kind of table, the key in it, and whether each leaf that finds the key passes (`key_implies_match`).

    Kinds: `exact`, `prefix`, `suffix`, `literal` (a text that the leaf contains), `number`, `range` (closed bounds),
    `any-case` and `address` (a key of the first three, for a text derived from the leaf), `except` (leaves that do not
    pass), `exists`, `present` (any leaf, and it must be tested)."""
    Alternatives: TypeAlias = tuple[IndexKey, ...]
    """Keys of which any one suffices."""

__all__ = ["MAX_LITERAL", "Alternatives", "IndexKey", "index_keys", "likely_share", "sure_share"]

MAX_LITERAL = 24
"""So many characters of a text inside a wildcard are looked for at most."""

_WINDOW_STEP = 12
_PRESENT: IndexKey = ("present", None, False)
_EXISTS: IndexKey = ("exists", None, True)


def index_keys(values: Sequence[ast.ValuePattern]) -> tuple[Alternatives, ...] | None:
    """The keys of a field's list, alternatives of each; None where the field's absence passes too."""
    if any(isinstance(value, ast.Exists) and not value.present for value in values):
        return None
    if len(values) == 1:
        return (_alternatives(values[0]),)
    keys = tuple(dict.fromkeys(map(_alternatives, values)))
    return keys if (_PRESENT,) not in keys else ((_PRESENT,),)


def _alternatives(value: ast.ValuePattern) -> Alternatives:
    leaf = exact_leaf(value)
    if leaf is not None:
        return (("exact", leaf, True),)
    match value:
        case ast.String():
            return (("address", ("prefix", address_digits(value.value)), True),)
        case ast.Number():
            return (_number_key(value.text),)
        case ast.Prefix() | ast.Suffix() if not value.ignore_case:
            return ((value.operator, as_octets(_with_quote(value)), True),)
        case ast.Prefix() | ast.Suffix() if value.value.isascii():
            return (("any-case", (value.operator, _with_quote(value).lower()), True),)
        case ast.EqualsIgnoreCase() if value.value.isascii():
            return (("any-case", ("exact", f'"{value.value}"'.lower()), True),)
        case ast.Wildcard():
            return tuple(dict.fromkeys(_wildcard_keys(value.value))) or (_PRESENT,)
        case ast.Numeric():
            return (_numeric_key(value),)
        case ast.Cidr():
            block = cidr_range(value.value)
            both = zip(block.bottom, block.top, strict=True)
            same = next((index for index, (low, high) in enumerate(both) if low != high), len(block.top))
            return (("address", ("prefix", block.bottom[:same]), False),) if same else (_PRESENT,)
        case ast.AnythingBut() if not value.numeric and "?" not in as_octets("".join(value.values)):
            return (("except", frozenset(f'"{text}"' for text in value.values), True),)
        case ast.Exists():
            return (_EXISTS,)
    return (_PRESENT,)


def _number_key(text: str) -> IndexKey:
    number = comparable(text)
    return ("exact", text, True) if number is None else ("number", number, True)


def _numeric_key(value: ast.Numeric) -> IndexKey:
    bounds = {operator: comparable(number) for operator, number in value.comparisons}
    equal = bounds.get("=")
    if equal is not None:
        return "number", equal, True
    # Numbers are doubles here, so that beside an open bound there is a next one, which is closed.
    low, high = bounds.get(">="), bounds.get("<=")
    if (above := bounds.get(">")) is not None:
        low = nextafter(above, inf)
    if (below := bounds.get("<")) is not None:
        high = nextafter(below, -inf)
    return "range", (-inf if low is None else low, inf if high is None else high), True


def _wildcard_keys(value: str) -> Iterator[IndexKey]:
    first, *rest = wildcard_pieces(value)
    if not rest:
        # Without a wildcard it is the whole text, as octets.
        yield "prefix", first, False
        return
    *middle, last = rest
    # The quotes are never looked for alone; beside one end only they decide.
    decides = not middle and '"' not in first[1:] and '"' not in last[:-1]
    if len(first) > 1:
        yield "prefix", first, decides and len(last) == 1
    if len(last) > 1:
        yield "suffix", last, decides and len(first) == 1
    for piece in middle:
        if len(piece) <= MAX_LITERAL:
            yield "literal", piece, False
        else:
            starts = (*range(0, len(piece) - MAX_LITERAL, _WINDOW_STEP), len(piece) - MAX_LITERAL)
            for start in starts:
                yield "literal", piece[start : start + MAX_LITERAL], False


def _with_quote(value: ast.Prefix | ast.Suffix) -> str:
    return f'"{value.value}' if value.operator == "prefix" else f'{value.value}"'


def likely_share(key: IndexKey) -> float:
    """A guess below 1 of how often a leaf finds `key`: what is longer is rarer. Decides between keys as often named."""
    kind, what, _ = key
    if kind in ("any-case", "address"):
        what = what[1]
    if isinstance(what, str):
        return float(0.25 ** min(len(what.strip('"')), 6)) * (0.9 if kind == "literal" else 0.8)
    return 0.01 if kind == "number" else 0.5 if kind == "range" else 0.9


def sure_share(values: Sequence[ast.ValuePattern]) -> float:
    """A guess of how often a field passes, from its values alone; more than 1 where nothing is known."""
    keys = index_keys(values)
    return 2.0 if keys is None else sum(min(map(likely_share, alternatives)) for alternatives in keys)
