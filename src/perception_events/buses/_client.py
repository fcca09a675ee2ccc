"""The event buses of one account behind the call that code of a user makes: boto3's `put_events`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perception_events.buses._bus import EventBus
from perception_events.buses._entries import check_request, response
from perception_events.buses._errors import EventBusError

__all__ = ["InMemoryEventsClient"]


class InMemoryEventsClient:
    """Stands in for `boto3.client("events")`: an entry reaches the bus that its `EventBusName` names, by name or ARN.

    An entry without a name is for the bus `default`. As on AWS, one for a bus that is not there is answered with an
    event id and vanishes.

    Raises:
        ValueError: no bus, or two of one ARN.
    """

    def __init__(self, *buses: EventBus) -> None:
        if not buses:
            raise ValueError("give at least one EventBus")
        self._buses = {bus.arn: bus for bus in buses}
        if len(self._buses) < len(buses):
            raise ValueError(f"two buses have one ARN: {', '.join(bus.arn for bus in buses)}")
        self._any = buses[0]
        self._buses |= {bus.name: bus for bus in reversed(buses)}

    def put_events(self, **request: Any) -> dict[str, Any]:
        """`put_events(Entries=[...])`, answered as AWS does.

        Raises:
            EventBusError: AWS rejects the request as a whole. It has `response`, as botocore's `ClientError` has, but
                is none.
        """
        entries: Sequence[Mapping[str, Any]] = request.get("Entries", ())
        unknown = sorted(set(request) - {"Entries"})
        if unknown:
            raise EventBusError("ParamValidation", f"put_events takes Entries; not known here: {', '.join(unknown)}")
        check_request(entries)
        results: list[dict[str, str]] = []
        for entry in entries:
            name = "default" if entry.get("EventBusName") is None else entry["EventBusName"]
            # A bus takes no entry for another, so any will do for one that goes nowhere.
            bus = self._buses.get(name, self._any)
            results += bus.put_checked([{**entry, "EventBusName": name}])
        return response(results)
