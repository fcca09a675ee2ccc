"""From the AST to sub-rules: each a conjunction of fields; a pattern matches where one of its sub-rules does."""

from __future__ import annotations

from sys import intern

from perception_events.patterns import _ast as ast
from perception_events.patterns._errors import InvalidEventPatternError
from perception_events.patterns._json_text import run
from perception_events.patterns._numbers import MAX_DOUBLE, comparable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeAlias

    Fields: TypeAlias = dict[str, tuple[ast.ValuePattern, ...]]

__all__ = ["SubRule", "or_combinations", "sub_rules"]


class SubRule:
    """Fields that must all hold, by their dotted path, in the engine's order: sorted by UTF-16 units."""

    __slots__ = ("fields",)

    def __init__(self, fields: tuple[tuple[str, tuple[ast.ValuePattern, ...]], ...]) -> None:
        self.fields = fields

    @property
    def text(self) -> str:
        """The fields as JSON, values in order of their text."""
        return ",".join(f"{ast.String(path)}:{values_text(values)}" for path, values in self.fields)


def values_text(values: tuple[ast.ValuePattern, ...]) -> str:
    """A list of values as canonical JSON: sorted, each once."""
    texts = {str(value) for value in values if not _never(value)}
    return f"[{','.join(sorted(texts))}]"


def _never(value: ast.ValuePattern) -> bool:
    """An anything-but of nothing, which matches nothing; it is never alone."""
    return isinstance(value, ast.AnythingButOperator) and not value.values


def or_combinations(pattern: ast.ObjectPattern) -> int:
    """How many sub-rules `pattern` has: the lengths of its `$or`s multiplied, nested ones added."""

    def count(node: ast.ObjectPattern, so_far: int) -> Generator[Any, Any, int]:
        for member in node.members:
            if isinstance(member, ast.Or):
                total = 0
                for branch in member.branches:
                    total += yield count(branch, so_far)
                so_far = total
            elif isinstance(member.content, ast.ObjectPattern):
                so_far = yield count(member.content, so_far)
        return so_far

    found: int = run(count(pattern, 1))
    return found


def sub_rules(pattern: ast.ObjectPattern) -> tuple[SubRule, ...]:
    """Multiply out the `$or`s of `pattern`.

    A field named twice is overwritten by the later one in the text, in every sub-rule that is there by then: a
    branch of `$or` overwrites what came before it, a field after `$or` overwrites its branches.

    AWS: event-ruler `JsonRuleCompiler` does the same; the dependence on order is its accident.
    """

    def walk(node: ast.ObjectPattern, path: tuple[str, ...], rules: list[Fields]) -> Generator[Any, Any, list[Fields]]:
        base = ".".join(path)
        for member in node.members:
            if isinstance(member, ast.Or):
                multiplied: list[Fields] = []
                for branch in member.branches:
                    multiplied += yield walk(branch, path, [dict(rule) for rule in rules])
                rules = multiplied
            elif isinstance(member.content, ast.ObjectPattern):
                rules = yield walk(member.content, (*path, member.name), rules)
            else:
                # An empty name at the top vanishes here, and only here. (Accident of the engine, kept.)
                full = intern(f"{base}.{member.name}" if base else member.name)  # one text for all rules
                for rule in rules:
                    rule[full] = member.content
        return rules

    found: list[Fields] = run(walk(pattern, (), [{}]))
    for rule in found:
        for path, values in rule.items():
            _check_addable(path, values)
    # The branches of a `$or` share what is around it: each pair of a path and its values is there once.
    pairs: dict[tuple[str, int], tuple[str, tuple[ast.ValuePattern, ...]]] = {}
    return tuple(
        SubRule(
            tuple([pairs.setdefault((pair[0], id(pair[1])), pair) for pair in sorted(rule.items(), key=_engine_order)])
        )
        for rule in found
    )


def _check_addable(path: str, values: tuple[ast.ValuePattern, ...]) -> None:
    """Reject what passes the engine's check and then cannot be added, unless something has overwritten it.

    An anything-but of nothing can be added behind another value. (Accident of the engine, kept.)
    """
    if isinstance(values[0], ast.AnythingButOperator) and not values[0].values:
        raise InvalidEventPatternError(
            "Empty arrays are not allowed", code="EmptyList", path=path, hint="list what is to be excluded"
        )
    for value in values:
        if not isinstance(value, ast.Numeric) or len(value.comparisons) > 1:
            continue
        ((operator, number),) = value.comparisons
        limit = {">": MAX_DOUBLE, ">=": MAX_DOUBLE, "<": -MAX_DOUBLE, "<=": -MAX_DOUBLE}.get(operator)
        if comparable(number) == limit:
            raise InvalidEventPatternError(
                "Bottom must be less than top",
                code="EmptyRange",
                path=path,
                hint="no number lies beyond the largest double",
            )


def _engine_order(item: tuple[str, tuple[ast.ValuePattern, ...]]) -> bytes:
    return item[0].encode("utf-16-be", "surrogatepass")
