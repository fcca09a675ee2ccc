"""What an input of a simulation is: told by its fields, before it is put in where its kind belongs."""

from __future__ import annotations

from enum import StrEnum

from perception_events.json_values import JSONObject

__all__ = ["InputForm", "input_form"]


class InputForm(StrEnum):
    """What an input is, as its fields tell."""

    STREAM_RECORD = "DynamoDB stream record"
    KINESIS_RECORD = "Kinesis record"
    QUEUE_MESSAGE = "queue message"
    EVENT = "event"
    ENTRY = "PutEvents entry"


def input_form(value: JSONObject) -> InputForm | None:
    """The form of one JSON object; None where it is none of those that are known."""
    if isinstance(value.get("dynamodb"), dict):
        return InputForm.STREAM_RECORD
    if isinstance(value.get("kinesis"), dict) or ("partitionKey" in value and "data" in value):
        return InputForm.KINESIS_RECORD
    if "body" in value and ("messageId" in value or "receiptHandle" in value):
        return InputForm.QUEUE_MESSAGE
    if "detail-type" in value and "source" in value:
        return InputForm.EVENT
    if value.keys() & {"Source", "DetailType", "Detail", "EventBusName"}:
        return InputForm.ENTRY
    return None
