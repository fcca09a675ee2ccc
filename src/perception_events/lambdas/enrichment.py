"""The pipe's enrichment function: `handler = enrichment_handler(pipeline)`, or of a registry alone."""

from __future__ import annotations

from collections.abc import Callable

from perception_events.classifiers import (
    EVENT_TYPE_FIELD,
    SORT_KEY_ATTRIBUTE,
    ClassifierRegistry,
    Enrichment,
    EnrichmentError,
    OnError,
)
from perception_events.json_values import JSONValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger
    from typing import TypeAlias

    from perception_events.pipeline import Pipeline
    from perception_events.targets import Target

__all__ = ["Handler", "enrichment_handler"]

Handler: TypeAlias = Callable[[JSONValue, object], JSONValue]


def enrichment_handler(
    declared: Pipeline | ClassifierRegistry,
    *,
    field: str = EVENT_TYPE_FIELD,
    sort_key_attribute: str = SORT_KEY_ATTRIBUTE,
    on_error: OnError | str = OnError.RAISE,
) -> Handler:
    """A Lambda handler that does what the declaration's enrichment does, its own function included.

    With a registry alone it adds each item's event type as `field` and keeps every other field; the other arguments
    belong to this form. It starts without loading the declaration.

    It takes what a pipe sends (a list, also of one), and a single record. A record that cannot be classified fails
    the batch (`OnError.RAISE`: the pipe retries it, then dead-letters it), or gets the registry's default type and
    `<field>Reason` (`OnError.UNKNOWN`). Both are logged. Needs neither pydantic nor boto3.

    Raises (the handler):
        EnrichmentError: a record is bad and `on_error` is `raise`.
    """
    enrichment: Target
    if isinstance(declared, ClassifierRegistry):
        enrichment = Enrichment(declared, field, sort_key_attribute, OnError(on_error))
    else:
        enrichment, field = declared.enrichment_target(), declared.event_type_field

    def handler(event: JSONValue, context: object = None) -> JSONValue:
        request = {"aws_request_id": getattr(context, "aws_request_id", None)}
        try:
            enriched = enrichment.invoke(event)
        except EnrichmentError:
            _log().exception("the batch cannot be enriched", extra=request)
            raise
        for item in enriched if isinstance(enriched, list) else [enriched]:
            if isinstance(item, dict) and f"{field}Reason" in item:
                extra = {**request, "event_id": item.get("eventID"), "reason": item[f"{field}Reason"]}
                _log().warning("a record has no event type: %s", item[f"{field}Reason"], extra=extra)
        return enriched

    return handler


def _log() -> Logger:
    """The logger; `logging` is not loaded for batches that have nothing to say."""
    import logging

    return logging.getLogger("perception_events.enrichment")
