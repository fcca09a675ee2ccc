"""Functions that a rule invokes: the event is queued, and Lambda's own attempts and destinations follow."""

from __future__ import annotations

import json

from perception_events.buses import TargetError
from perception_events.errors import UnretriableError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.simulation._known import arn_of, number
from perception_events.simulation._network import Network, Steps
from perception_events.targets import UndecidedError
from perception_events.times import to_iso
from perception_events.topology import Function
from perception_events.trace import DeadLettered, Discarded, Retried

__all__ = ["AsynchronousFunction"]

_RETRY_DELAYS = (60.0, 120.0)


class AsynchronousFunction:
    """One function of the topology, invoked asynchronously.

    A handler that raises is Lambda's to retry: after one and two minutes, then the on-failure destination gets a report
    and the dead-letter queue the event. The rule has let go of the event by then. A `TargetError` says that the
    invocation itself failed: that is the rule's.

    AWS: Lambda Developer Guide, "Asynchronous invocation".
    """

    def __init__(self, network: Network, function: Function) -> None:
        self._network = network
        self._function = function

    def invoke(self, event: JSONValue) -> None:
        """Queue `event` and run the function.

        Raises:
            TargetError: the function could not be invoked.
            UndecidedError: what it would do is not known.
            UnretriableError: it has found a flaw in the design.
        """
        try:
            self._network.hand_over(self._function, event)
        except (TargetError, UndecidedError, UnretriableError):
            raise
        except Exception as error:
            self._network.start(self._retries(event, error))

    def _retries(self, event: JSONValue, error: Exception) -> Steps:
        network, function = self._network, self._function
        ids = (str(event.get("id", "")) if isinstance(event, dict) else "",)
        retries = number(function.retry_attempts, 2)
        age, waited, retry = number(function.event_age, 21_600), 0.0, 0
        condition = "RetriesExhausted"
        while retry < retries:
            delay = _RETRY_DELAYS[min(retry, 1)]
            if waited + delay > age:
                condition = "EventAgeExceeded"
                break
            retry += 1
            reason = f"{type(error).__name__}: {error}"
            network.record(Retried(network.now(), function.id, ids, retry, reason, "function", 1, network.now()))
            yield delay
            waited += delay
            try:
                network.hand_over(function, event)
            except Exception as failure:
                error = failure  # whatever a handler raises is Lambda's to retry
            else:
                return
        self._give_up(event, ids, condition, error, retry + 1, waited)

    def _give_up(
        self, event: JSONValue, ids: tuple[str, ...], condition: str, error: Exception, attempts: int, waited: float
    ) -> None:
        network, function = self._network, self._function
        reason = f"{type(error).__name__}: {error}"
        queue = network.dead_letter_target(function.dead_letter_queue)
        if queue is not None:
            letter = self._letter(event, error)
            queue(letter)
            network.record(DeadLettered(network.now(), function.id, ids, condition, reason, letter, waited))
        take = network.dead_letter_target(function.on_failure)
        if take is None:
            if queue is None:
                network.record(Discarded(network.now(), function.id, ids, condition, reason, waited))
            return
        message: JSONObject = {
            "version": "1.0",
            "timestamp": to_iso(network.now()),
            "requestContext": {
                "requestId": network.new_id(),
                "functionArn": arn_of(function),
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": reason},
        }
        take(message)
        network.record(DeadLettered(network.now(), function.id, ids, condition, reason, message, waited))

    def _letter(self, event: JSONValue, error: Exception) -> JSONObject:
        """The event as the message, and three attributes that say why.

        AWS: Lambda Developer Guide, "Adding a dead-letter queue": 1,024 characters of the message.
        """
        attributes = {
            "RequestID": ("String", self._network.new_id()),
            "ErrorCode": ("Number", "200"),
            "ErrorMessage": ("String", str(error)[:1024]),
        }
        return {
            "Body": json.dumps(event, ensure_ascii=False),
            "MessageAttributes": {
                name: {"DataType": type, "StringValue": value} for name, (type, value) in attributes.items()
            },
        }
