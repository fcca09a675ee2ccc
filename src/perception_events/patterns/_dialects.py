"""Where patterns are used, and what each place takes: a table, with the authority of each row."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from perception_events.patterns import _ast as ast
from perception_events.patterns._json_text import run

__all__ = ["DIALECTS", "Dialect", "DialectRules", "Support", "first_unsupported", "operator_name"]


class Dialect(StrEnum):
    """A place that takes patterns."""

    EVENT_BUS = "event-bus"
    """Rules and archives of an event bus, and `TestEventPattern`."""
    PIPE = "pipe"
    """`FilterCriteria` of an EventBridge pipe."""
    EVENT_SOURCE_MAPPING = "event-source-mapping"
    """`FilterCriteria` of a Lambda event source mapping."""


class Support(StrEnum):
    """Whether a place takes an operator."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    """No authority says so either way; accepted here."""


@dataclass(frozen=True, slots=True)
class DialectRules:
    """The limits of one place and the operators it takes (those not named: yes)."""

    max_length: int
    """Characters of one pattern."""
    default_length: int
    """Characters of one pattern until AWS raises the quota."""
    max_patterns: int | None
    """Patterns in one place (filters of a pipe), None where there is none."""
    max_wildcard_patterns: int | None
    """Patterns with wildcards in one place."""
    operators: dict[str, Support]
    authority: str


MAX_OR_COMBINATIONS = 1000
"""AWS: User Guide, "Creating event patterns", `$or`: more than 1000 combinations are refused."""

_NOT_IN_PIPES = (
    "anything-but prefix",
    "anything-but suffix",
    "anything-but equals-ignore-case",
    "anything-but wildcard",
    "wildcard",
)

DIALECTS: dict[Dialect, DialectRules] = {
    Dialect.EVENT_BUS: DialectRules(
        max_length=4096,
        default_length=2048,
        max_patterns=300,
        max_wildcard_patterns=30,
        operators={},
        authority="EventBridge User Guide, comparison operators and quotas; service model events:EventPattern",
    ),
    Dialect.PIPE: DialectRules(
        max_length=4096,
        default_length=4096,
        max_patterns=5,
        max_wildcard_patterns=None,
        operators=dict.fromkeys(_NOT_IN_PIPES, Support.NO) | {"cidr": Support.UNSURE},
        authority="EventBridge User Guide, comparison operators (column Pipes); service model pipes:FilterList",
    ),
    Dialect.EVENT_SOURCE_MAPPING: DialectRules(
        max_length=4096,
        default_length=4096,
        max_patterns=5,
        max_wildcard_patterns=None,
        operators=dict.fromkeys(
            (
                *_NOT_IN_PIPES,
                "$or",
                "prefix equals-ignore-case",
                "suffix",
                "suffix equals-ignore-case",
                "equals-ignore-case",
                "cidr",
            ),
            Support.UNSURE,
        ),
        authority="Lambda Developer Guide, event filtering; service model lambda:Pattern",
    ),
}


def operator_name(value: ast.ValuePattern) -> str:
    """The name under which the table lists an operator: `prefix`, `anything-but wildcard`, ..."""
    match value:
        case ast.AnythingButOperator():
            return f"anything-but {value.inner}"
        case ast.Prefix() | ast.Suffix() if value.ignore_case:
            return f"{value.operator} equals-ignore-case"
    return value.operator


def first_unsupported(pattern: ast.ObjectPattern, dialect: Dialect) -> tuple[str, str] | None:
    """The JSON Pointer and name of the first operator in `pattern` that `dialect` does not take."""
    refused = {name for name, support in DIALECTS[dialect].operators.items() if support is Support.NO}
    if not refused:
        return None

    def walk(node: ast.ObjectPattern, pointer: str) -> Generator[Any, Any, tuple[str, str] | None]:
        for member in node.members:
            if isinstance(member, ast.Or):
                for index, branch in enumerate(member.branches):
                    found = yield walk(branch, f"{pointer}/$or/{index}")
                    if found:
                        return found  # type: ignore[no-any-return]
                continue
            here = f"{pointer}/{member.name.replace('~', '~0').replace('/', '~1')}"
            if isinstance(member.content, ast.ObjectPattern):
                found = yield walk(member.content, here)
                if found:
                    return found  # type: ignore[no-any-return]
                continue
            for index, value in enumerate(member.content):
                if operator_name(value) in refused:
                    return f"{here}/{index}", operator_name(value)
        return None

    found: tuple[str, str] | None = run(walk(pattern, ""))
    return found
