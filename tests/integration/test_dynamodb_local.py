"""DynamoDB Local itself, as the other tests rely on it."""

from __future__ import annotations

import pytest

from support.dynamodb_local import DynamoDBLocal


@pytest.mark.java
def test_a_write_is_in_the_stream(dynamodb_local: DynamoDBLocal) -> None:
    table = dynamodb_local.create_event_table()
    item = {"site": "test_site", "date#event_type": "2025-07-15#pose#sync001#cam6", "status": "COMPLETED"}
    dynamodb_local.resource().Table(table).put_item(Item=item)
    streams = dynamodb_local.client("dynamodbstreams")
    arn = dynamodb_local.stream_arn(table)
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    [record] = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"]["site"] == {"S": "test_site"}
