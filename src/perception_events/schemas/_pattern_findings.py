"""What is found of a pattern against schemas, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["FindingKind", "PatternFinding"]


class FindingKind(StrEnum):
    """What is wrong."""

    UNKNOWN_EVENT = "unknown-event"
    """No schema has this source or detail type."""
    UNKNOWN_FIELD = "unknown-field"
    """No schema of the events that the rule takes has the field."""
    WRONG_TYPE = "wrong-type"
    """The field is there, and never of the value's type."""
    VALUE_NOT_ALLOWED = "value-not-allowed"
    """The field is of the value's type, and never this value: it is outside an enum or a range."""
    OPERATOR_NEVER_MATCHES = "operator-never-matches"
    """The operator never matches what the field is."""
    CANNOT_MATCH = "cannot-match"
    """No event of the schemas can match the rule."""
    NOT_TAKEN = "not-taken"
    """No rule can take the events of this schema."""


@dataclass(frozen=True, slots=True)
class PatternFinding:
    """One finding.

    Parameters:
        kind: what is wrong.
        path: the dotted path of the field to blame; empty for `not-taken`.
        value: the pattern's value as JSON; empty where the whole field is meant.
        message: what is wrong, in a sentence.
        suggestion: a field or value that was probably meant.
        schemas: the names of the schemas that it holds for.
        fields: of `cannot-match`, the paths of all fields to blame; several if they never match together.
        rule: the rule's name, where rules were checked.
    """

    kind: FindingKind
    path: str
    value: str
    message: str
    suggestion: str | None = None
    schemas: tuple[str, ...] = ()
    rule: str = ""
    fields: tuple[str, ...] = ()
