"""Check an enrichment handler by calling it as a pipe does: with a list."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

from perception_events.aws_limits import at_most
from perception_events.checks._context import Context, EnrichmentEffect, known_number
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.checks._samples import sample_records
from perception_events.json_values import JSONObject, JSONValue
from perception_events.topology import Pipe

__all__ = ["EnrichmentHandler", "check_enrichment", "effect_of"]

EnrichmentHandler = Callable[[JSONValue, object], JSONValue]
"""A Lambda handler: what the pipe sends and a context in, what the pipe reads out."""

_BUS_BATCH = at_most("bus target batch size")


def check_enrichment(
    handler: EnrichmentHandler, context: Context, pipe: Pipe, samples: Sequence[JSONObject] = ()
) -> Iterator[Found]:
    """Call `handler` with one record and with a full batch, each as a list; say what the pipe would make of it.

    `samples`: records to call it with; without them they are made from the table's keys and the filters.
    """
    location = Location(pipe).of("enrichment")
    size = known_number(pipe.source_parameters.batch_size) or 2
    for count in (1, int(min(max(size, 2), _BUS_BATCH))):
        sent = _records(context, pipe, count, samples)
        try:
            result = handler(copy.deepcopy(sent), None)
        except Exception as error:
            yield _failure(handler, error, sent, location)
            return
        if result in ([], {}, "", None):
            yield Found("PE211", location, f"a list of {count} gives {result!r}: the target is not called")
            return
        items = result if isinstance(result, list) else [result]
        if len(items) > _BUS_BATCH and context.bus_of(pipe) is not None:
            yield Found("PE214", location, f"a list of {count} gives {len(items)} items, and a bus takes {_BUS_BATCH}")
        elif len(items) != count:
            yield Found("PE211", location, f"a list of {count} gives {len(items)} items")
        for item in items:
            first = sent[0]
            before = {"eventID", "eventName", "dynamodb"} & set(first if isinstance(first, dict) else ())
            lost = sorted(before - (set(item) if isinstance(item, dict) else set()))
            if lost:
                yield Found("PE211", location, f"its items have no {', '.join(lost)}")
                return


def _records(context: Context, pipe: Pipe, count: int, samples: Sequence[JSONObject]) -> list[JSONValue]:
    if not samples:
        return [*sample_records(context, pipe, count)]
    return [samples[at % len(samples)] for at in range(count)]


def _failure(handler: EnrichmentHandler, error: Exception, sent: list[JSONValue], location: Location) -> Found:
    """Say whether the list or the record is what the handler fails on."""
    said = f"{type(error).__name__}: {error}"
    on_the_list = isinstance(error, TypeError | AttributeError) and "list" in str(error)
    try:
        handler(copy.deepcopy(sent[0]), None)
    except Exception:
        if not on_the_list:
            fix = "correct the handler, or give records that it is made for (`--sample FILE`)"
            return Found("PE215", location, f"a list of {len(sent)} gives {said}, and a record alone fails too", fix)
        return Found("PE210", location, f"a list of {len(sent)} gives {said}")
    return Found("PE210", location, f"a list of {len(sent)} gives {said}; one record alone is taken")


def effect_of(
    handler: EnrichmentHandler, context: Context, pipe: Pipe, samples: Sequence[JSONObject] = ()
) -> EnrichmentEffect | None:
    """What `handler` adds to records that it keeps as they are; None where it fails or changes them."""
    sent = _records(context, pipe, 1, samples)
    try:
        result = handler(copy.deepcopy(sent), None)
    except Exception:
        return None
    if not isinstance(result, list) or len(result) != 1:
        return None
    before, after = sent[0], result[0]
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    if any(after.get(name) != value for name, value in before.items()):
        return None
    return EnrichmentEffect({name: None for name in after if name not in before})
