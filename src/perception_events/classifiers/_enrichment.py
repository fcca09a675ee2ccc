"""The enrichment step: add each item's event type; what the Lambda shim and the in-memory pipe both run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from perception_events.classifiers._registry import ClassifierRegistry
from perception_events.errors import InputError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.value_objects import ValueObject

__all__ = ["EVENT_TYPE_FIELD", "SORT_KEY_ATTRIBUTE", "Enrichment", "EnrichmentError", "OnError"]

EVENT_TYPE_FIELD = "PerceptionPipelineEventType"
SORT_KEY_ATTRIBUTE = "date#event_type"


class OnError(StrEnum):
    """What becomes of an item whose sort key cannot be found, or whose classifier raises."""

    RAISE = "raise"
    UNKNOWN = "unknown"


class EnrichmentError(InputError, ValueError):
    """An item that cannot be classified; the message names its place in the batch and what is missing."""


class Enrichment(ValueObject):
    """Adds the field `field` to each item: the event type that `registry` gives its sort key.

    Takes what a pipe sends (a list, even for one record) and also a single object; answers in the shape it was
    given. An item is a whole stream record or what a template left of it, as long as
    `dynamodb.NewImage` (or `Keys`, or `OldImage`) still holds the sort key. Nothing in an item is changed, only added.

    With `OnError.UNKNOWN` a bad item gets the registry's default type and `<field>Reason`; with `OnError.RAISE`
    (the default) the whole batch fails and the pipe retries it.

    AWS: EventBridge User Guide, "Batching and concurrency" (enrichments receive a list).
    """

    __slots__ = __match_args__ = ("registry", "field", "sort_key_attribute", "on_error")

    def __init__(
        self,
        registry: ClassifierRegistry,
        field: str = EVENT_TYPE_FIELD,
        sort_key_attribute: str = SORT_KEY_ATTRIBUTE,
        on_error: OnError = OnError.RAISE,
    ) -> None:
        self.registry = registry
        self.field = field
        self.sort_key_attribute = sort_key_attribute
        self.on_error = on_error

    def invoke(self, event: JSONValue) -> JSONValue:
        """Enrich a list of items, or one item.

        Raises:
            EnrichmentError: an item is bad and `on_error` is `OnError.RAISE`.
        """
        if isinstance(event, list):
            return [self._enrich(item, f"item {index}") for index, item in enumerate(event)]
        return self._enrich(event, "the event")

    def _enrich(self, item: JSONValue, place: str) -> JSONValue:
        if not isinstance(item, dict):
            # There is no object to add a field to, so there is nothing that `unknown` could be written on.
            raise EnrichmentError(f"{place} is a {type(item).__name__}; a stream record is a JSON object")
        try:
            image, sort_key = self._sort_key(item, place)
            event_type = self.registry.classify(sort_key, image)
        except Exception as error:
            if self.on_error is OnError.RAISE:
                if isinstance(error, EnrichmentError):
                    raise
                raise EnrichmentError(f"{place}: a classifier raised {type(error).__name__}: {error}") from error
            return {**item, self.field: self.registry.default, f"{self.field}Reason": str(error)}
        return {**item, self.field: event_type}

    def _sort_key(self, item: JSONObject, place: str) -> tuple[Mapping[str, JSONValue], str]:
        # `records` reads images too, and loads datetime and decimal: a handler's cold start has no use for them.
        change = item.get("dynamodb")
        if not isinstance(change, dict):
            raise EnrichmentError(f'{place} has no "dynamodb" object; does the input template keep it?')
        for name in ("NewImage", "Keys", "OldImage"):
            image = change.get(name)
            if isinstance(image, dict) and self.sort_key_attribute in image:
                value = image[self.sort_key_attribute]
                text = value.get("S") if isinstance(value, dict) else None
                if isinstance(text, str):
                    return image, text
                raise EnrichmentError(
                    f'{place}: dynamodb.{name}["{self.sort_key_attribute}"] is {value!r}; expected {{"S": "..."}}'
                )
        raise EnrichmentError(
            f'{place}: no "{self.sort_key_attribute}" in dynamodb.NewImage, Keys or OldImage; '
            "is this the event table, and does the input template keep the image?"
        )
