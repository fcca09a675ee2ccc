"""What the registry looks at, answers and rejects."""

from __future__ import annotations

from collections.abc import Mapping

from perception_events.errors import DeclarationError
from perception_events.json_values import JSONValue
from perception_events.value_objects import ValueObject

__all__ = ["Ambiguity", "Classification", "ClassifierError", "DuplicateClassifierError", "Item"]

Item = Mapping[str, JSONValue]
"""A row of the event table in DynamoDB JSON: a stream record's `NewImage`."""


class ClassifierError(DeclarationError, ValueError):
    """A classifier or registry that cannot be used as it is; the message names the culprit."""


class DuplicateClassifierError(ClassifierError):
    """Two classifiers of one registry share a name."""


class Classification(ValueObject):
    """An event type, the name of the classifier that gave it (None for the default), and why."""

    __slots__ = __match_args__ = ("event_type", "classifier", "reason")

    def __init__(self, event_type: str, classifier: str | None, reason: str) -> None:
        self.event_type = event_type
        self.classifier = classifier
        self.reason = reason


class Ambiguity(ValueObject):
    """A sort key which classifiers of different event types both claim; the first in precedence wins.

    `claims` are pairs of classifier name and event type, in order of precedence.
    """

    __slots__ = __match_args__ = ("sort_key", "claims")

    def __init__(self, sort_key: str, claims: tuple[tuple[str, str], ...]) -> None:
        self.sort_key = sort_key
        self.claims = claims

    def __str__(self) -> str:
        claims = ", ".join(f"{name} says {event_type!r}" for name, event_type in self.claims)
        return f"{self.sort_key!r}: {claims}; {self.claims[0][0]} wins"
