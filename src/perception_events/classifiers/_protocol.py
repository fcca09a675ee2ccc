"""What a classifier is: the protocol in a module of its own, for only checking and typing need `typing`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from perception_events.classifiers._answers import Item

__all__ = ["Classifier"]


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
