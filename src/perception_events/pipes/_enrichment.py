"""The enrichment contract: a list goes in, and what comes back decides what, if anything, is sent on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perception_events.json_values import JSONObject, JSONText, JSONValue, copy_json
from perception_events.pipes._errors import EnrichmentResponseError, InvalidPipeError
from perception_events.pipes._templates import parsed_template
from perception_events.targets import Invocable, Target, as_target, target_error

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

__all__ = ["MAXIMUM_PAYLOAD_BYTES", "EnrichmentStep", "PipeEnrichment", "items_of_response"]

MAXIMUM_PAYLOAD_BYTES = 6 * 1024 * 1024
"""The most that a batch or an enrichment's response may hold. AWS: EventBridge User Guide, "Pipes enrichment"."""


@dataclass(frozen=True, slots=True)
class PipeEnrichment:
    """What a pipe asks between filter and target, always synchronously.

    `target`: a function of one argument, or an object with `invoke(event)`. `input_template`: makes its input of each
    record. `takes_list`: functions and state machines get a list, even of one record; API destinations and API Gateway
    get one object, and need a batch size of 1.
    """

    target: Invocable
    input_template: str | None = None
    takes_list: bool = True


class EnrichmentStep:
    """A `PipeEnrichment` ready to run.

    Raises:
        InvalidPipeError: the target cannot be invoked, or the template is too long.
        InvalidTemplateError: the template is malformed.
    """

    def __init__(self, enrichment: PipeEnrichment) -> None:
        reason = target_error(enrichment.target)
        if reason is not None:
            raise InvalidPipeError(f"enrichment: {reason}")
        self.takes_list = enrichment.takes_list
        self._target: Target = as_target(enrichment.target)
        self._template = parsed_template("enrichment input template", enrichment.input_template)

    def items(
        self,
        records: Sequence[JSONObject],
        decoded: Callable[[JSONObject], JSONObject],
        variables: Callable[[], dict[str, str]],
    ) -> list[JSONText]:
        """Ask for `records`; the items that are to be sent on."""
        batch: JSONValue
        if self._template is None:
            batch = copy_json(list(records))
        else:
            given = variables()
            batch = [self._template.render_json(decoded(record), given) for record in records]
        if not self.takes_list and isinstance(batch, list):
            [batch] = batch
        return items_of_response(self._target.invoke(batch))


def items_of_response(response: object) -> list[JSONText]:
    """The items that an enrichment's `response` stands for, as texts with their values.

    None means that the target is not invoked.

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
    values = response if isinstance(response, list | tuple) else [response] if response else []
    texts = [_text_of(value) for value in values]
    size = sum(map(_octets, texts)) + len(texts) + 1
    if size > MAXIMUM_PAYLOAD_BYTES:
        raise EnrichmentResponseError(
            f"the enrichment returned {size:,} bytes; the limit is {MAXIMUM_PAYLOAD_BYTES:,} (return less)"
        )
    return [JSONText.of(text, json.loads(text)) for text in texts]


def _text_of(value: object) -> str:
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise EnrichmentResponseError(f"the enrichment returned what JSON cannot hold: {error}") from error


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
