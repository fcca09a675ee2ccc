"""From the entries of `put_events` to events, entry by entry rejected as AWS rejects them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perception_events.aws_limits import LIMITS
from perception_events.buses._errors import EventBusError
from perception_events.buses._times import InvalidEntryTimeError, entry_time
from perception_events.json_values import JSONObject, JSONText

__all__ = ["EntryError", "check_request", "entry_size", "envelope", "response"]

TIME_SIZE = 14
_TEXT: tuple[type, ...] = (str,)
_PARAMETERS: dict[str, tuple[type, ...]] = {
    "Time": (datetime, str, int, float),
    "Source": _TEXT,
    "Resources": (list, tuple),
    "DetailType": _TEXT,
    "Detail": _TEXT,
    "EventBusName": _TEXT,
    "TraceHeader": _TEXT,
}
_TEXTS = frozenset(name for name, types in _PARAMETERS.items() if types is _TEXT)
"""What an entry may hold. AWS: service model `events`, `PutEventsRequestEntry`."""


@dataclass(frozen=True, slots=True)
class EntryError(Exception):
    """One entry is rejected; the others are not."""

    code: str
    message: str


def check_request(entries: Sequence[Mapping[str, Any]]) -> None:
    """Reject what AWS, or boto3 before it, rejects as a whole.

    Raises:
        EventBusError: no entry, more than 10, or more than 1 MB in all (`ValidationException`); a parameter that there
            is none of, or of a wrong type (`ParamValidation`, the code of boto3's `ParamValidationError`).
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
        raise EventBusError("ParamValidation", f"Entries is {type(entries).__name__}, not a list of entries")
    limit = LIMITS["PutEvents entries"]
    if not limit.allows(len(entries)):
        raise EventBusError(
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length "
            f"{'less' if entries else 'greater'} than or equal to {limit.high if entries else limit.low} "
            f"({len(entries)} entries were given)",
        )
    for position, entry in enumerate(entries):
        _check_parameters(f"Entries[{position}]", entry)
    if not LIMITS["PutEvents size"].allows(sum(map(entry_size, entries)) + 1):  # it must stay below the limit
        raise EventBusError("ValidationException", "Total size of the entries in the request is over the limit.")


def _check_parameters(where: str, entry: object) -> None:
    if not isinstance(entry, Mapping):
        raise EventBusError("ParamValidation", f"{where} is {type(entry).__name__}, not a mapping of parameters")
    for name, value in entry.items():
        if type(value) is str and name in _TEXTS:
            continue
        types = _PARAMETERS.get(name)
        if types is None:
            known = ", ".join(_PARAMETERS)
            raise EventBusError("ParamValidation", f"{where} has a parameter {name!r}; known: {known}")
        if value is not None and not isinstance(value, types):
            fix = "; json.dumps makes the text of it" if name == "Detail" else ""
            wanted = " or ".join(each.__name__ for each in types)
            raise EventBusError("ParamValidation", f"{where}.{name} is {type(value).__name__}, not {wanted}{fix}")


def entry_size(entry: Mapping[str, Any]) -> int:
    """What an entry counts toward the request's limit, in octets.

    AWS: EventBridge User Guide, "Calculating PutEvents event entry size".
    """
    size = 0
    for text in (entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or ())):
        if isinstance(text, str):
            size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return size + (TIME_SIZE if entry.get("Time") is not None else 0)


def response(results: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The response of `PutEvents` with the result of each entry."""
    return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def envelope(
    entry: Mapping[str, Any], *, event_id: str, account: str, region: str, now: float
) -> tuple[JSONObject, str | None]:
    """The event of one entry, and its JSON text with the detail as it was spelled; None where it has no own spelling.

    Raises:
        EntryError: AWS would return an error code for this entry.
    """
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            raise EntryError("InvalidArgument", message)
    detail_type, limit = entry["DetailType"], LIMITS["entry detail type"]
    if not limit.allows(len(detail_type)):
        # Unknown on AWS: the API's text says 128, and one report that such events are lost. The words are ours.
        message = f"Parameter DetailType is not valid. Reason: it has {len(detail_type)} characters, not {limit.words}."
        raise EntryError("InvalidArgument", message)
    if str(entry["Source"]).startswith("aws."):
        message = f"Not authorized for the source. The source {entry['Source']} begins with 'aws.'."
        raise EntryError("NotAuthorizedForSourceException", message)
    text = entry["Detail"]
    if isinstance(text, JSONText):
        detail = text.value  # a pipe has written it and read it already
    else:
        try:
            detail = json.loads(text, parse_constant=_reject)
        except (TypeError, ValueError, RecursionError):
            detail = None
    if not isinstance(detail, dict):
        raise EntryError("MalformedDetail", "Detail is malformed.")
    event: JSONObject = {
        "version": "0",
        "id": event_id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": account,
        "time": _time(entry.get("Time"), now),
        "region": region,
        "resources": list(entry.get("Resources") or ()),
    }
    whole = None
    if not isinstance(text, JSONText):
        whole = f'{json.dumps(event, ensure_ascii=False)[:-1]}, "detail": {text}}}'
    event["detail"] = detail
    return event, whole


def _reject(name: str) -> None:
    raise ValueError(f"{name} is not JSON, though Python writes it")


def _time(given: object, now: float) -> str:
    try:
        return entry_time(given, now)
    except InvalidEntryTimeError as error:
        raise EntryError("InvalidArgument", f"Parameter Time is not valid. Reason: {error}") from None
