"""Patterns on which the engine contradicts itself: what it answers depends on other values, branches or rules.

A list is the OR of its values and `$or` the OR of its branches; that is what is answered here. The engine that
EventBridge runs loses or adds matches in a few combinations. Whoever deploys such a pattern should know.
"""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import address_digits
from perception_events.value_objects import ValueObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perception_events.patterns._compiler import SubRule

__all__ = ["EngineQuirk", "engine_quirks"]

_MAX_COMPARED = 100
"""With how many earlier branches one is compared: a pattern can have 1,000."""


class EngineQuirk(ValueObject):
    """A combination that the engine may decide differently from each of its parts.

    `code`: its kind, stable across releases. `path`: the field. `here`: what is answered here. `engine`: what the
    engine may answer. `rewrite`: what to write so that both agree.
    """

    __slots__ = ("code", "engine", "here", "path", "rewrite")

    def __init__(self, code: str, path: str, here: str, engine: str, rewrite: str) -> None:
        self.code = code
        self.path = path
        self.here = here
        self.engine = engine
        self.rewrite = rewrite

    def to_dict(self) -> dict[str, str]:
        """A JSON object of the fields."""
        return {
            "code": self.code,
            "path": self.path,
            "here": self.here,
            "engine": self.engine,
            "rewrite": self.rewrite,
        }

    def __str__(self) -> str:
        return f"{self.path}: {self.here}, but the engine {self.engine} ({self.code}); {self.rewrite}"


def engine_quirks(rules: Sequence[SubRule]) -> tuple[EngineQuirk, ...]:
    """Every combination in `rules` of which it is known, each once.

    AWS: event-ruler 2.1.0, measured; the differential tests count and classify what differs.
    """
    return tuple(dict.fromkeys((*_lost_branches(rules), *_fields(rules))))


def _lost_branches(rules: Sequence[SubRule]) -> Iterator[EngineQuirk]:
    """Branches with the same fields that share a value in each of them, and are not equal.

    The engine takes the shared combination for a rule that is there already, and can lose what the later one adds.
    """
    by_paths: dict[tuple[str, ...], list[list[frozenset[str]]]] = {}
    for rule in rules:
        paths = tuple(path for path, _ in rule.fields)
        lists = [frozenset(map(str, values)) for _, values in rule.fields]
        for earlier in by_paths.setdefault(paths, [])[:_MAX_COMPARED]:
            if lists != earlier and all(a & b for a, b in zip(lists, earlier, strict=True)):
                yield EngineQuirk(
                    "overlapping-or-branches",
                    ", ".join(path for path, a, b in zip(paths, lists, earlier, strict=True) if a != b),
                    "each branch of $or matches by itself",
                    "can lose a branch that has values in common with an earlier one",
                    "let no value stand in two branches, or write one rule for each branch",
                )
                break
        by_paths[paths].append(lists)


def _fields(rules: Sequence[SubRule]) -> Iterator[EngineQuirk]:
    together: dict[str, list[ast.ValuePattern]] = {}
    for rule in rules:
        for path, values in rule.fields:
            together.setdefault(path, []).extend(values)
    for path, listed in together.items():
        kinds = {kind for value in listed for kind in _kinds(value)}
        if {"ignore-case", "leading-star"} <= kinds:
            yield EngineQuirk(
                "ignore-case-beside-wildcard",
                path,
                "each value of the list matches by itself",
                "matches more where a value ignores case beside a wildcard that begins with *",
                "write two rules, one with the wildcard and one with the value that ignores case",
            )
        if {"suffix", "leading-star"} <= kinds:
            yield EngineQuirk(
                "suffix-beside-wildcard",
                path,
                "each value of the list matches by itself",
                "takes another last character for that of the suffix beside a wildcard that begins with *",
                "write two rules, one with the wildcard and one with the suffix",
            )
        if "address" in kinds and {"numeric", "number"} & kinds:
            yield EngineQuirk(
                "address-beside-number",
                path,
                "each value of the list matches by itself",
                "compares addresses and numbers by the same digits, and can lose or add a match",
                "write two rules, one with the addresses and one with the numbers",
            )
        if "numeric" in kinds and "string" in kinds:
            yield EngineQuirk(
                "string-beside-number",
                path,
                "each value of the list matches by itself",
                "can lose a string beside a numeric comparison, in some of the machines it builds",
                "write two rules, one with the strings and one with the numbers",
            )


def _kinds(value: ast.ValuePattern) -> Iterator[str]:
    match value:
        case ast.EqualsIgnoreCase():
            yield "ignore-case"
        case ast.Prefix() | ast.Suffix() if value.ignore_case:
            yield "ignore-case"
        case ast.Suffix() if _ends_in_several_octets(value.value):
            yield "suffix"
        case ast.AnythingButOperator("suffix", texts) if any(map(_ends_in_several_octets, texts)):
            yield "suffix"
        case ast.AnythingButOperator("equals-ignore-case", _):
            yield "ignore-case"
        case ast.AnythingButOperator("wildcard", texts) if any(text.startswith("*") for text in texts):
            yield "leading-star"
        case ast.Wildcard(text) if text.startswith("*"):
            yield "leading-star"
        case ast.Numeric():
            yield "numeric"
        case ast.Number():
            yield "number"
        case ast.AnythingBut() if value.numeric:
            yield "number"
        case ast.Cidr():
            yield "address"
        case ast.String(text) if address_digits(text) is not None:
            yield "address"
    if isinstance(value, ast.String | ast.Exactly):
        yield "string"


def _ends_in_several_octets(text: str) -> bool:
    """Whether the last character is written in more than one: the engine reads suffixes backwards, octet by octet."""
    return text[-1:] > "\x7f"
