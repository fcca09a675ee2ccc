"""What a classifier is, and what the registry answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONValue

__all__ = [
    "Ambiguity",
    "Classification",
    "Classifier",
    "ClassifierError",
    "DuplicateClassifierError",
    "Item",
]

Item = Mapping[str, JSONValue]
"""A row of the event table in DynamoDB JSON: a stream record's `NewImage`."""


class ClassifierError(PerceptionEventsError, ValueError):
    """A classifier or registry that cannot be used as it is; the message names the culprit."""


class DuplicateClassifierError(ClassifierError):
    """Two classifiers of one registry share a name."""


@runtime_checkable
class Classifier(Protocol):
    """Anything that tells an event type from a sort key, or from the whole item.

    A classifier that has no opinion returns None. It must not change the item, and must answer alike each time.
    """

    @property
    def name(self) -> str:
        """Unique within a registry; errors and explanations use it."""
        ...

    def classify(self, sort_key: str, item: Item | None) -> str | None:
        """Return the event type of `sort_key`, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Classification:
    """An event type, the name of the classifier that gave it (None for the default), and why."""

    event_type: str
    classifier: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A sort key which classifiers of different event types both claim; the first in precedence wins."""

    sort_key: str
    claims: tuple[tuple[str, str], ...]
    """(classifier name, event type), in order of precedence."""

    def __str__(self) -> str:
        claims = ", ".join(f"{name} says {event_type!r}" for name, event_type in self.claims)
        return f"{self.sort_key!r}: {claims}; {self.claims[0][0]} wins"
