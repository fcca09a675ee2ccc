"""The in-memory table's records against those of DynamoDB Local, for the same writes."""

from __future__ import annotations

import base64
import os
import random
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.streams import InMemoryTable, InvalidItemError, StreamViewType
from support.dynamodb_local import DynamoDBLocal

pytestmark = pytest.mark.java

ATTRIBUTES: list[JSONObject] = [
    {"S": "COMPLETED"},
    {"S": "\u00e9\U0001f600"},
    {"N": "1752624667"},
    {"N": "1.50"},
    {"N": "-0.001"},
    {"N": "1E+20"},
    {"N": "12345678901234567890123456789012345678"},
    {"N": "100"},
    {"B": "Zm9vYmFy"},
    {"BOOL": True},
    {"NULL": True},
    {"SS": ["b", "a"]},
    {"NS": ["2", "1"]},  # DynamoDB Local keeps 1.0 in a set as it is written
    {"BS": ["Zm9v", "YmFy"]},
    {"L": [{"S": "x"}, {"N": "1"}, {"L": []}]},
    {"M": {"k": {"S": "x"}, "n": {"M": {"o": {"N": "2.25"}}}}},  # an empty map in a map comes out of it as {}
]


class MirroredTables:
    """The same writes to both tables."""

    def __init__(self, server: DynamoDBLocal, view: StreamViewType, now: float = 1_752_538_268.0) -> None:
        self.server = server
        self.name = server.create_event_table(view_type=view.value)
        self.client = server.client()
        self.clock = ManualClock(now)
        self.ours = InMemoryTable(self.name, stream_view_type=view, clock=self.clock)

    def put(self, item: JSONObject) -> None:
        self.client.put_item(TableName=self.name, Item=wire(item))
        self.ours.put_item(item)

    def update(self, key: JSONObject, name: str, value: JSONObject | None) -> None:
        names = {"#n": name}
        if value is None:
            expression: dict[str, Any] = {"UpdateExpression": "REMOVE #n"}
        else:
            expression = {"UpdateExpression": "SET #n = :v", "ExpressionAttributeValues": {":v": wire(value)}}
        self.client.update_item(TableName=self.name, Key=key, ExpressionAttributeNames=names, **expression)
        self.ours.update_item(key, {name: value})

    def delete(self, key: JSONObject) -> None:
        self.client.delete_item(TableName=self.name, Key=key)
        self.ours.delete_item(key)

    def records(self) -> tuple[list[Any], list[Any]]:
        """DynamoDB Local's records and ours, without what is each one's own."""
        streams = self.server.client("dynamodbstreams")
        arn = self.server.stream_arn(self.name)
        theirs: list[Any] = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            given = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(**given)["ShardIterator"]
            while iterator:
                page = streams.get_records(ShardIterator=iterator)
                theirs += page["Records"]
                iterator = page.get("NextShardIterator") if page["Records"] else None
        return [comparable(record) for record in theirs], [comparable(r) for r in self.ours.stream.records()]


def each_binary(value: Any, change: Callable[[Any], Any]) -> Any:
    """`value` with every binary in it changed."""
    if isinstance(value, list):
        return [each_binary(element, change) for element in value]
    if not isinstance(value, dict):
        return value
    kinds: dict[str, Callable[[Any], Any]] = {"B": change, "BS": lambda held: [change(each) for each in held]}
    return {name: kinds[name](held) if name in kinds else each_binary(held, change) for name, held in value.items()}


def wire(value: Any) -> Any:
    """DynamoDB JSON as boto3 takes it: binaries as bytes."""
    return each_binary(value, base64.b64decode)


def comparable(record: Any) -> Any:
    """What both must agree on: sets in one order, binaries as text, no identifiers and times.

    Numbers by value: DynamoDB Local's UpdateItem keeps a number's spelling (`1.50`) where its PutItem does not.
    """

    def text(held: Any) -> Any:
        return base64.b64encode(held).decode() if isinstance(held, bytes) else held

    def in_order(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(value.get("N"), str):
                return {"N": Decimal(value["N"])}
            return {n: sorted(v) if n in ("SS", "NS", "BS") else in_order(v) for n, v in value.items()}
        return [in_order(element) for element in value] if isinstance(value, list) else value

    change = in_order(each_binary(dict(record["dynamodb"]), text))
    assert change.pop("ApproximateCreationDateTime")
    assert 21 <= len(change.pop("SequenceNumber")) <= 40
    assert record["eventID"]
    return {"eventName": record["eventName"], "eventSource": record["eventSource"], "dynamodb": change}


@pytest.mark.parametrize("view", list(StreamViewType))
def test_the_same_writes_leave_the_same_records(dynamodb_local: DynamoDBLocal, view: StreamViewType) -> None:
    both, chance = MirroredTables(dynamodb_local, view), random.Random(view)
    for _ in range(120):
        key: JSONObject = {
            "site": {"S": chance.choice(["haemoro_1x2", "test_site"])},
            "date#event_type": {"S": f"2025-07-15#pose#sync001#cam{chance.randint(1, 3)}"},
        }
        match chance.choice(["put", "put", "update", "remove", "delete", "again"]):
            case "put":
                both.put({**key, "status": {"S": "COMPLETED"}, "value": chance.choice(ATTRIBUTES)})
            case "update":
                both.update(key, "value", chance.choice(ATTRIBUTES))
            case "remove":
                both.update(key, "value", None)
            case "delete":
                both.delete(key)
            case "again":
                found = both.ours.get_item(key)
                if found is not None:
                    both.put(found)
    theirs, ours = both.records()
    assert len(theirs) == len(ours) > 30
    for their, our in zip(theirs, ours, strict=True):
        assert our == their


SWEEP_SECONDS = 60.0
YEAR = 365 * 86_400


def test_the_same_items_expire_and_leave_the_same_images(dynamodb_local: DynamoDBLocal) -> None:
    """DynamoDB Local sweeps every ten seconds; it leaves `userIdentity` out and names the event as no SDK does."""
    now = int(time.time())
    both = MirroredTables(dynamodb_local, StreamViewType.NEW_AND_OLD_IMAGES, now)
    both.client.update_time_to_live(
        TableName=both.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )
    expiries: dict[str, JSONObject] = {
        "past": {"N": str(now - 10)},
        "tomorrow": {"N": str(now + 86_400)},
        "in milliseconds": {"N": str((now - 10) * 1000)},
        "text": {"S": str(now - 10)},
        "more than five years ago": {"N": str(now - 6 * YEAR)},
        "four years ago": {"N": str(now - 4 * YEAR)},
    }
    for name, expires_at in expiries.items():
        both.put({"site": {"S": "a"}, "date#event_type": {"S": name}, "expires_at": expires_at})
    assert both.ours.expire() == 2

    give_up_at = time.monotonic() + SWEEP_SECONDS
    while both.client.scan(TableName=both.name)["Count"] > 4 and time.monotonic() < give_up_at:
        time.sleep(0.5)
    left = {item["date#event_type"]["S"] for item in both.client.scan(TableName=both.name)["Items"]}
    assert left == {name for name in expiries if name not in ("past", "four years ago")}

    theirs, ours = ([record for record in records if record["eventName"] != "INSERT"] for records in both.records())
    assert {record["eventName"] for record in theirs} == {"UNKNOWN_TO_SDK_VERSION"}
    assert {record["eventName"] for record in ours} == {"REMOVE"}
    images = [sorted((record["dynamodb"] for record in records), key=str) for records in (theirs, ours)]
    assert images[0] == images[1]
    swept = [record for record in both.ours.stream.records() if record["eventName"] == "REMOVE"]
    assert [record["userIdentity"] for record in swept] == [
        {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    ] * 2


# What DynamoDB rejects

WRITES = int(os.environ.get("PERCEPTION_EVENTS_WRITES", "300"))
NUMBERS = ["1E126", "1E+200", "-1E126", "1E-131", "1E125", "1E-130", "1" * 38, "1" * 39, "abc", "", " 1", "1 ", "+1"]
NUMBERS += ["1.", ".5", ".", "0x10", "1_0", "0001.500", "1" + "0" * 60, "-0", "0E+200", "0." + "0" * 50 + "1", "1d"]
NUMBERS += ["Infinity", "NaN", "1e5", "9." + "9" * 37 + "E+125", "--1", "1E", "1E+", "-.5", "-1.50E-3", "12.340"]
TEXTS = ["", "a", "b", "\u00e9", "\U0001f600", "x" * 1000]
NAMES = ["a", "b", "", "n" * 65_535, "n" * 65_536, "\u00e9", "a.b", "a#b"]
KEYS: list[JSONValue] = [{"S": "k"}, {"S": ""}, {"S": "x" * 1024}, {"S": "x" * 1025}, {"S": "\u00e9" * 512}]
KEYS += [{"S": "\u00e9" * 513}, {"N": "1"}, {"BOOL": True}, {"L": []}, {"NULL": True}, None]


def any_value(chance: random.Random, levels: int) -> Any:
    """An attribute value that DynamoDB takes, or not."""
    kind = chance.choice(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "deep", "odd"])
    if kind == "deep":
        value: Any = {"S": "x"}
        for _ in range(chance.randint(29, 34)):
            value = {"L": [value]} if chance.random() < 0.5 else {"M": {"m": value}}
        return value
    if kind == "odd":
        return chance.choice([{}, {"S": "a", "N": "1"}, {"NULL": False}])
    if kind in ("L", "M") and levels == 0:
        kind = "S"
    binary = base64.b64encode(chance.choice(TEXTS).encode()).decode()
    makers: dict[str, Callable[[], Any]] = {
        "S": lambda: chance.choice(TEXTS),
        "N": lambda: chance.choice(NUMBERS),
        "B": lambda: binary,
        "BOOL": lambda: chance.random() < 0.5,
        "NULL": lambda: True,
        "SS": lambda: [chance.choice(TEXTS) for _ in range(chance.randint(0, 3))],
        "NS": lambda: [chance.choice(NUMBERS) for _ in range(chance.randint(0, 2))],
        "BS": lambda: [binary] * chance.randint(0, 2),
        "L": lambda: [any_value(chance, levels - 1) for _ in range(chance.randint(0, 2))],
        "M": lambda: {chance.choice(NAMES): any_value(chance, levels - 1) for _ in range(chance.randint(0, 2))},
    }
    return {kind: makers[kind]()}


def any_item(chance: random.Random) -> dict[str, Any]:
    item: dict[str, Any] = {"site": {"S": "s"}, "date#event_type": {"S": f"k{chance.randint(0, 20)}"}}
    odd = chance.random()
    if odd < 0.15:
        item[chance.choice(list(item))] = chance.choice(KEYS)
        item = {name: value for name, value in item.items() if value is not None}
    elif odd < 0.2:
        item["large"] = {"S": "x" * (400 * 1024 - chance.randint(0, 80))}
    return item | {chance.choice(NAMES[:2] + NAMES): any_value(chance, 2) for _ in range(chance.randint(0, 2))}


WORDS = (
    "Number overflow", "Number underflow", "precision up to 38 digits", "cannot be converted into a number",
    "contains duplicates", "may not be empty", "should not be empty", "Nesting Levels have exceeded",
    "Empty attribute name",
    "must have the value of true", "more than one datatypes", "AttributeValue is empty", "Item size has exceeded",
    "Attribute name is too large", "Type mismatch for key", "cannot contain an empty string value",
    "Hash primary key values must be under", "required keys was not given a value",
)  # fmt: skip


def test_it_rejects_what_dynamodb_rejects_in_the_same_words(dynamodb_local: DynamoDBLocal) -> None:
    """Thousands of writes with `PERCEPTION_EVENTS_WRITES=10000`; where several things are wrong, any is named."""
    both = MirroredTables(dynamodb_local, StreamViewType.NEW_AND_OLD_IMAGES)
    chance = random.Random(os.environ.get("PERCEPTION_EVENTS_SEED", "7"))
    rejected = 0
    for _ in range(WRITES):
        item = any_item(chance)
        theirs = ours = ""
        try:
            both.client.put_item(TableName=both.name, Item=wire(item))
        except Exception as error:
            theirs = str(error)
        try:
            both.ours.put_item(item)
        except InvalidItemError as error:
            ours = str(error)
        assert bool(theirs) == bool(ours), f"{str(item)[:500]}\nDynamoDB: {theirs}\nhere: {ours}"
        if ours:
            rejected += 1
            says_theirs = [words for words in WORDS if words in theirs]
            assert says_theirs or "Invalid attribute value type" in theirs, theirs
            assert any(words in ours for words in WORDS), ours
    assert WRITES / 5 < rejected < WRITES
    # Their images of odd values are each other test's matter: here, that neither wrote what the other did not.
    written = [[(record["eventName"], record["dynamodb"]["Keys"]) for record in side] for side in both.records()]
    assert written[0] == written[1]
