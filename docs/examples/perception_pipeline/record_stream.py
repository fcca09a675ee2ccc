"""Record what a DynamoDB stream says when the perception pipeline writes: the source of records.jsonl.

    python record_stream.py --endpoint-url http://127.0.0.1:8000 > records.jsonl

Needs boto3 and a DynamoDB (DynamoDB Local will do). The table is made anew and left behind.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

TABLE = "PerceptionPipelineEvents-dev"
PARTITION_KEY, SORT_KEY = "site", "date#event_type"
EXPIRES_AT = 1752624667

SAMPLE_RECORD: dict[str, Any] = {
    "eventID": "a9b64ee3d998207db27d21c60505b64d",
    "eventName": "INSERT",
    "eventVersion": "1.1",
    "eventSource": "aws:dynamodb",
    "awsRegion": "ap-northeast-2",
    "dynamodb": {
        "ApproximateCreationDateTime": 1752538268,
        "Keys": {"date#event_type": {"S": "2025-07-15#pose#sync001#cam3"}, "site": {"S": "haemoro_1x2"}},
        "NewImage": {
            "date#event_type": {"S": "2025-07-15#pose#sync001#cam3"},
            "site": {"S": "haemoro_1x2"},
            "expires_at": {"N": "1752624667"},
            "status": {"S": "COMPLETED"},
        },
        "SequenceNumber": "2198821900002985607563155842",
        "SizeBytes": 147,
        "StreamViewType": "NEW_IMAGE",
    },
    "eventSourceARN": "arn:aws:dynamodb:ap-northeast-2:123456789012:table/PerceptionPipelineEvents-prod/stream/2025",
}
"""The record of the original article, as a production stream gave it (its region and ARN were left out there)."""


def write_everything(client: Any) -> None:
    """The writes of the pipeline: inserts, transitions, a write that changes nothing, deletes."""

    def put(site: str, key: str, status: str) -> None:
        item = {PARTITION_KEY: {"S": site}, SORT_KEY: {"S": key}, "status": {"S": status}}
        client.put_item(TableName=TABLE, Item=item | {"expires_at": {"N": str(EXPIRES_AT)}})

    def complete(site: str, key: str) -> None:
        client.update_item(
            TableName=TABLE,
            Key={PARTITION_KEY: {"S": site}, SORT_KEY: {"S": key}},
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":s": {"S": "COMPLETED"}},
        )

    def delete(site: str, key: str) -> None:
        client.delete_item(TableName=TABLE, Key={PARTITION_KEY: {"S": site}, SORT_KEY: {"S": key}})

    put("test_site", "2025-07-15#pose#sync001#cam6", "COMPLETED")
    put("test_site", "2025-07-15#recon#sync001", "COMPLETED")
    for sync in ("sync001", "sync002"):
        for camera in ("cam1", "cam2", "cam3"):
            put("haemoro_1x2", f"2025-07-15#pose#{sync}#{camera}", "COMPLETED")
    put("haemoro_1x2", "2025-07-15#recon#sync001", "PROCESSING")
    complete("haemoro_1x2", "2025-07-15#recon#sync001")
    put("haemoro_1x2", "2025-07-15#recon#sync002", "COMPLETED")
    put("haemoro_1x2", "2025-07-15#recon#sync002", "COMPLETED")  # changes nothing: the stream is silent
    for module in ("preprocessing", "reid", "postprocessing"):
        put("haemoro_1x2", f"2025-07-15#{module}", "PROCESSING")
        complete("haemoro_1x2", f"2025-07-15#{module}")
    put("haemoro_1x2", "2025-07-16#pose#sync001#cam1", "PROCESSING")
    put("haemoro_1x2", "2025-07-16#preprocessing", "COMPLETED")
    put("haemoro_1x2", "2025-07-16#reid", "COMPLETED")
    put("haemoro_1x2", "2025-07-16#postprocessing", "COMPLETED")
    put("haemoro_1x2", "2025-07-16#calibration#cam1", "COMPLETED")
    delete("test_site", "2025-07-15#pose#sync001#cam6")
    delete("haemoro_1x2", "2025-07-16#pose#sync001#cam1")


def make_table(client: Any) -> str:
    """The event table with its stream; returns the stream's ARN."""
    made = client.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in (PARTITION_KEY, SORT_KEY)],
        KeySchema=[
            {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
            {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def read_stream(streams: Any, arn: str) -> Iterator[dict[str, Any]]:
    """Every record of the stream so far, shard by shard, in the form that Lambda and pipes get."""
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            if not page["Records"]:
                break
            for record in page["Records"]:
                yield {**as_json(record), "eventSourceARN": arn}
            iterator = page.get("NextShardIterator")


def as_json(value: Any) -> Any:
    """What boto3 parsed, as the wire has it: times as epoch seconds, binary as base64."""
    if isinstance(value, dict):
        return {key: as_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_json(member) for member in value]
    if isinstance(value, datetime):
        return int(value.timestamp())
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def record(client: Any, streams: Any) -> list[dict[str, Any]]:
    """Make the table, write, and return the sample record and what the stream says."""
    arn = make_table(client)
    write_everything(client)
    return [SAMPLE_RECORD, *read_stream(streams, arn)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--region", default="ap-northeast-2")
    options = parser.parse_args()
    import boto3  # type: ignore[import-untyped, unused-ignore]

    made = [
        boto3.client(s, endpoint_url=options.endpoint_url, region_name=options.region)
        for s in ("dynamodb", "dynamodbstreams")
    ]
    for found in record(*made):
        json.dump(found, sys.stdout, ensure_ascii=False)
        print()


if __name__ == "__main__":
    main()
