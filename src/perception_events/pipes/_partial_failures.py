"""Which records a target's partial failure means: by what names them in the items that were sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perception_events.json_values import JSONObject
from perception_events.pipes._targets import PartialFailure, PipeItem
from perception_events.sources import Source

__all__ = ["failed_records"]


def failed_records(
    source: Source,
    identifier: Callable[[JSONObject], str | None],
    records: tuple[JSONObject, ...],
    sent: Sequence[PipeItem],
    failure: PartialFailure,
    *,
    rewinds: bool,
) -> tuple[tuple[JSONObject, ...], str]:
    """The records that have to be attempted again, and the reason.

    All of them, where the failure names one that is not of the batch. A record of which no sent item carries the
    identifier (the enrichment merged or dropped it) is repeated too: whether it arrived is not known.

    AWS: EventBridge User Guide, "Batching and concurrency"; Lambda Developer Guide, "Using AWS Lambda with DynamoDB".
    """
    by_name = {identifier(record): record for record in records}
    named = set(failure.event_ids)
    strangers = [name for name in failure.event_ids if name is None or name not in by_name]
    if strangers:
        return records, failure.reason + _explained(source, records, strangers)
    if rewinds:
        first = next(at for at, record in enumerate(records) if identifier(record) in named)
        return records[first:], failure.reason
    carried = {identifier(item.value) for item in sent if isinstance(item.value, dict)}
    failed = tuple(record for record in records if (name := identifier(record)) in named or name not in carried)
    return failed, failure.reason


def _explained(source: Source, records: Sequence[JSONObject], strangers: Sequence[str | None]) -> str:
    """Why an identifier is not one of the batch; the commonest mistake is the other service's identifier."""
    stranger = next((name for name in strangers if name is not None), None)
    if stranger is None:
        return ""
    positions = {source.position(record) for record in records}
    identities = {source.identity(record) for record in records}
    if stranger in positions:
        hint = f"that is a sequence number, for event source mappings; a pipe takes the record's {source.identifier}"
    elif stranger in identities:
        hint = f"that is the {source.identifier}, for pipes; an event source mapping takes the sequence number"
    else:
        hint = f"no record of the batch has it as its {source.identifier}"
    return f"; the itemIdentifier {stranger!r} fails the whole batch: {hint}"
