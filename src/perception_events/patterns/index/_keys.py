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

    IndexKey: TypeAlias = tuple[str, Any, bool, float]
    """The kind of table, the key in it, whether each leaf that finds the key passes (`key_implies_match`), and a guess
    below 1 of how often a leaf does: of keys that equally many rules name, the longer text is the rarer.

    Kinds: `exact`, `prefix`, `suffix`, `literal` (a text that the leaf contains), `number`, `range` (closed bounds),
    `any-case` and `address` (a key of the first three, for a text derived from the leaf), `except` (leaves that do not
    pass), `exists`, `present` (any leaf, and it must be tested)."""
    Alternatives: TypeAlias = tuple[IndexKey, ...]
    """Keys of which any one suffices."""

__all__ = ["MAX_LITERAL", "Alternatives", "IndexKey", "alternatives_of", "index_keys", "sure_share"]

MAX_LITERAL = 24
"""So many characters of a text inside a wildcard are looked for at most."""

_WINDOW_STEP = 12
_PRESENT: IndexKey = ("present", None, False, 0.9)
_EXISTS: IndexKey = ("exists", None, True, 0.9)
_TEXT_SHARES = tuple([0.8 * 0.25**length for length in range(7)])
_LITERAL_SHARES = tuple([0.9 * 0.25**length for length in range(7)])


def index_keys(values: Sequence[ast.ValuePattern]) -> tuple[IndexKey | Alternatives, ...] | None:
    """The keys of a field's list, or alternatives of a key; None where the field's absence passes too."""
    if any(isinstance(value, ast.Exists) and not value.present for value in values):
        return None
    if len(values) == 1:
        return (_key(values[0]),)
    keys = tuple(dict.fromkeys(map(_key, values)))
    return keys if _PRESENT not in keys else (_PRESENT,)


def _key(value: ast.ValuePattern) -> IndexKey | Alternatives:
    leaf = exact_leaf(value)
    if leaf is not None:
        return _text_key("exact", leaf)
    match value:
        case ast.String():
            digits = address_digits(value.value) or ""
            return "address", ("prefix", digits), True, _share(digits)
        case ast.Number():
            number = comparable(value.text)
            return _text_key("exact", value.text) if number is None else _number_key(number)
        case ast.Prefix() | ast.Suffix() if not value.ignore_case:
            return _text_key(value.operator, as_octets(_with_quote(value)))
        case ast.Prefix() | ast.Suffix() if value.value.isascii():
            lowered = _with_quote(value).lower()
            return "any-case", (value.operator, lowered), True, _share(lowered)
        case ast.EqualsIgnoreCase() if value.value.isascii():
            lowered = f'"{value.value}"'.lower()
            return "any-case", ("exact", lowered), True, _share(lowered)
        case ast.Wildcard():
            alternatives = tuple(dict.fromkeys(_wildcard_keys(value.value)))
            return alternatives if len(alternatives) > 1 else alternatives[0] if alternatives else _PRESENT
        case ast.Numeric():
            return _numeric_key(value)
        case ast.Cidr():
            block = cidr_range(value.value)
            both = zip(block.bottom, block.top, strict=True)
            same = next((index for index, (low, high) in enumerate(both) if low != high), len(block.top))
            digits = block.bottom[:same]
            return ("address", ("prefix", digits), False, _share(digits)) if same else _PRESENT
        case ast.AnythingBut() if not value.numeric and "?" not in as_octets("".join(value.values)):
            return "except", frozenset(f'"{text}"' for text in value.values), True, 0.9
        case ast.Exists():
            return _EXISTS
    return _PRESENT


def _text_key(kind: str, text: str) -> IndexKey:
    return kind, text, True, _share(text)


def _number_key(number: float) -> IndexKey:
    return "number", number, True, 0.01


def _share(text: str) -> float:
    return _TEXT_SHARES[min(len(text) - text.count('"', 0, 1) - text.endswith('"'), 6)] if text else 0.9


def _numeric_key(value: ast.Numeric) -> IndexKey:
    bounds = {operator: comparable(number) for operator, number in value.comparisons}
    equal = bounds.get("=")
    if equal is not None:
        return _number_key(equal)
    # Numbers are doubles here, so that beside an open bound there is a next one, which is closed.
    low, high = bounds.get(">="), bounds.get("<=")
    if (above := bounds.get(">")) is not None:
        low = nextafter(above, inf)
    if (below := bounds.get("<")) is not None:
        high = nextafter(below, -inf)
    return "range", (-inf if low is None else low, inf if high is None else high), True, 0.5


def _wildcard_keys(value: str) -> Iterator[IndexKey]:
    first, *rest = wildcard_pieces(value)
    if not rest:
        # Without a wildcard it is the whole text, as octets.
        yield "prefix", first, False, _share(first)
        return
    *middle, last = rest
    # The quotes are never looked for alone; beside one end only they decide.
    decides = not middle and '"' not in first[1:] and '"' not in last[:-1]
    if len(first) > 1:
        yield "prefix", first, decides and len(last) == 1, _share(first)
    if len(last) > 1:
        yield "suffix", last, decides and len(first) == 1, _share(last)
    for piece in middle:
        starts = range(1)
        if len(piece) > MAX_LITERAL:
            starts = range(0, len(piece) - MAX_LITERAL, _WINDOW_STEP)
            yield _literal_key(piece[-MAX_LITERAL:])
        for start in starts:
            yield _literal_key(piece[start : start + MAX_LITERAL])


def _literal_key(text: str) -> IndexKey:
    return "literal", text, False, _LITERAL_SHARES[min(len(text), 6)]


def _with_quote(value: ast.Prefix | ast.Suffix) -> str:
    return f'"{value.value}' if value.operator == "prefix" else f'{value.value}"'


def sure_share(values: Sequence[ast.ValuePattern]) -> float:
    """A guess of how often a field passes, from its values alone; more than 1 where nothing is known."""
    keys = index_keys(values)
    if keys is None:
        return 2.0
    return sum(min(key[3] for key in alternatives_of(key)) for key in keys)


def alternatives_of(key: IndexKey | Alternatives) -> Alternatives:
    """The keys of which any one suffices."""
    return key if isinstance(key[0], tuple) else (key,)
