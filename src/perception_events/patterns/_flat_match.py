"""One pattern's own function for flat events: straight through the fields, no loops and no calls that can be spared.

The function is written as Python source, as `dataclasses` does, for a call costs as much as three steps to a field. The
source holds no text of the pattern: names and tests are passed in. Whatever is not flat (a named field in an array, or
one that a dotted name may hold twice) it leaves to the general way.
"""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._fields import MAX_FLAT_PIECES, leaf_text
from perception_events.patterns._values import any_of, as_octets, exact_leaf
from perception_events.patterns.index import sure_share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from perception_events.patterns._compiler import SubRule

__all__ = ["flat_matcher"]

_MAX_FIELDS = 30
_SCALARS = frozenset((int, float, bool, type(None)))


def flat_matcher(rule: SubRule, general: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A function that decides `rule` on flat events and asks `general` about others."""
    tree: dict[str, Any] = {}
    for path, values in sorted(rule.fields, key=_likeliest_miss):
        *parents, name = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                return general
        if name in node or len(parents) >= MAX_FLAT_PIECES or "" in (*parents, name):
            return general
        node[name] = values
    if len(rule.fields) > _MAX_FIELDS:
        return general
    source = _Source(general)
    source.write_object(tree, "event", 1)
    return source.function()


def _likeliest_miss(field: tuple[str, Sequence[ast.ValuePattern]]) -> float:
    return sure_share(field[1])


class _Source:
    def __init__(self, general: Callable[[Any], bool]) -> None:
        self._names: dict[str, Any] = {
            "general": general,
            "missing": object(),
            "scalars": _SCALARS,
            "leaf_text": leaf_text,
        }
        self._lines = ["def matches(event):", "    if type(event) is not dict: return general(event)"]

    def function(self) -> Callable[[Any], bool]:
        exec("\n".join([*self._lines, "    return True"]), self._names)
        found: Callable[[Any], bool] = self._names["matches"]
        return found

    def write_object(self, node: Mapping[str, Any], variable: str, depth: int) -> None:
        """Check the fields below `node`, whose object is in `variable`."""
        dotted = [self._constant(name) for name in _dotted_names(node)]
        if dotted:
            self._line(depth, f"if {' or '.join(f'{name} in {variable}' for name in dotted)}: return general(event)")
        for name, content in node.items():
            value = f"v{depth}"
            self._line(depth, f"{value} = {variable}.get({self._constant(name)}, missing)")
            absence = self._constant(_absence_passes(content))
            if isinstance(content, dict):
                self._line(depth, f"if type({value}) is dict:")
                self.write_object(content, value, depth + 1)
                self._line(depth, f"elif {value} is missing or type({value}) is str or type({value}) in scalars:")
                self._line(depth + 1, f"if not {absence}: return False")
            else:
                self._line(depth, f"if type({value}) is str:")
                self._line(depth + 1, f"if not {self._string_test(content, value)}: return False")
                self._line(depth, f"elif {value} is missing or type({value}) is dict:")
                self._line(depth + 1, f"if not {absence}: return False")
                self._line(depth, f"elif type({value}) in scalars:")
                test = self._constant(any_of(content))
                self._line(depth + 1, f"if not {test}(leaf_text({value})): return False")
            self._line(depth, "else: return general(event)")

    def _string_test(self, values: Sequence[ast.ValuePattern], variable: str) -> str:
        """An expression; tests of leaves are spared where a string's text alone decides."""
        if all(isinstance(value, ast.String) and exact_leaf(value) for value in values):
            texts = frozenset(value.value for value in values if isinstance(value, ast.String))
            return f"{variable} in {self._constant(texts)}"
        match values:
            case (ast.Prefix(text, False),) if _is_safe(text):
                return f"{variable}.startswith({self._constant(text)})"
            case (ast.Suffix(text, False),) if _is_safe(text):
                return f"{variable}.endswith({self._constant(text)})"
        quoted = f"f'\"{{{variable}}}\"'"
        return f"{self._constant(any_of(values))}({quoted})"

    def _constant(self, value: object) -> str:
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)


def _is_safe(text: str) -> bool:
    """Whether `text` can meet neither the quote around a leaf nor a lone surrogate."""
    return '"' not in text and "?" not in as_octets(text)


def _dotted_names(node: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Names with a dot by which an event may spell what lies below `node`."""
    found = []
    for name, content in node.items():
        if prefix:
            found.append(prefix + name)
        if isinstance(content, dict):
            found += _dotted_names(content, f"{prefix}{name}.")
    return found


def _absence_passes(content: Any) -> bool:
    if isinstance(content, dict):
        return all(map(_absence_passes, content.values()))
    return any(isinstance(value, ast.Exists) and not value.present for value in content)
