"""The enrichment contract: a list goes in, and what comes back decides what, if anything, is sent on."""

from __future__ import annotations

import json

from perception_events.json_values import JSONValue
from perception_events.pipes._errors import EnrichmentResponseError

__all__ = ["MAXIMUM_PAYLOAD_BYTES", "copy_json", "items_of_response"]

MAXIMUM_PAYLOAD_BYTES = 6 * 1024 * 1024
"""The most that a batch or an enrichment's response may hold. AWS: EventBridge User Guide, "Pipes enrichment"."""


def items_of_response(response: object) -> list[JSONValue]:
    """The items that an enrichment's `response` stands for; none means that the target is not invoked.

    `[]`, `{}` and `""` give none; a list gives one for each element (`[{}]` gives one, empty); an object or a text
    gives one.

    AWS: EventBridge User Guide, "Pipes enrichment".
    Unknown on AWS: null, numbers and booleans. Rejected here: they are a handler that forgot to return.

    Raises:
        EnrichmentResponseError: the response is null or another scalar, is not JSON, or exceeds 6 MB.
    """
    if response is None or isinstance(response, bool | int | float):
        shown = "null" if response is None else json.dumps(response)
        raise EnrichmentResponseError(
            f"the enrichment returned {shown}; return a list of items, or [] to send nothing (does the handler return?)"
        )
    copied, size = _through_json(response)
    if size > MAXIMUM_PAYLOAD_BYTES:
        raise EnrichmentResponseError(
            f"the enrichment returned {size:,} bytes; the limit is {MAXIMUM_PAYLOAD_BYTES:,} (return less)"
        )
    if isinstance(copied, list):
        return copied
    return [copied] if copied else []


def copy_json(value: JSONValue) -> JSONValue:
    """`value` as a receiver on AWS has it: its own copy, which it may change without harm to a retry."""
    copied: JSONValue = json.loads(json.dumps(value))
    return copied


def _through_json(response: object) -> tuple[JSONValue, int]:
    try:
        text = json.dumps(response, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise EnrichmentResponseError(f"the enrichment returned what JSON cannot hold: {error}") from error
    copied: JSONValue = json.loads(text)
    # A character takes at most four bytes, so most responses need not be encoded to be measured.
    size = len(text) if len(text) * 4 <= MAXIMUM_PAYLOAD_BYTES else len(text.encode("utf-8", "surrogatepass"))
    return copied, size
