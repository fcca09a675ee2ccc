"""Where patterns are used, and what each place takes: a table, with the reference of each row."""

from __future__ import annotations

from enum import StrEnum

from perception_events.aws_limits import at_most
from perception_events.patterns import _ast as ast
from perception_events.patterns._json_text import run
from perception_events.value_objects import ValueObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

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
    """No reference says so either way; accepted here."""


class DialectRules(ValueObject):
    """The limits of one place and the operators it takes (those not named: yes)."""

    __slots__ = ("default_length", "max_length", "max_patterns", "max_wildcard_patterns", "operators", "reference")

    def __init__(
        self,
        *,
        max_length: int,
        default_length: int,
        max_patterns: int | None,
        max_wildcard_patterns: int | None,
        operators: dict[str, Support],
        reference: str,
    ) -> None:
        self.max_length = max_length
        """Characters of one pattern."""
        self.default_length = default_length
        """Characters of one pattern until AWS raises the quota."""
        self.max_patterns = max_patterns
        """Patterns in one place (filters of a pipe), None where there is none."""
        self.max_wildcard_patterns = max_wildcard_patterns
        """Patterns with wildcards in one place."""
        self.operators = operators
        self.reference = reference


MAX_OR_COMBINATIONS = 1000
"""AWS: User Guide, "Creating event patterns", `$or`: more than 1000 combinations are rejected."""

_NOT_IN_PIPES = (
    "anything-but prefix",
    "anything-but suffix",
    "anything-but equals-ignore-case",
    "anything-but wildcard",
    "wildcard",
)

DIALECTS: dict[Dialect, DialectRules] = {
    Dialect.EVENT_BUS: DialectRules(
        max_length=at_most("event pattern"),
        default_length=at_most("event pattern quota"),
        max_patterns=at_most("rules"),
        max_wildcard_patterns=at_most("wildcard rules"),
        operators={},
        reference="EventBridge User Guide, comparison operators and quotas; service model events:EventPattern",
    ),
    Dialect.PIPE: DialectRules(
        max_length=at_most("pipe filter pattern"),
        default_length=at_most("pipe filter pattern"),
        max_patterns=at_most("pipe filters"),
        max_wildcard_patterns=None,
        operators=dict.fromkeys(_NOT_IN_PIPES, Support.NO) | {"cidr": Support.UNSURE},
        reference="EventBridge User Guide, comparison operators (column Pipes); service model pipes:FilterList",
    ),
    Dialect.EVENT_SOURCE_MAPPING: DialectRules(
        max_length=at_most("pipe filter pattern"),
        default_length=at_most("pipe filter pattern"),
        max_patterns=at_most("pipe filters"),
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
        reference="Lambda Developer Guide, event filtering; service model lambda:Pattern",
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
    rejected = {name for name, support in DIALECTS[dialect].operators.items() if support is Support.NO}
    if not rejected:
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
                if operator_name(value) in rejected:
                    return f"{here}/{index}", operator_name(value)
        return None

    found: tuple[str, str] | None = run(walk(pattern, ""))
    return found
