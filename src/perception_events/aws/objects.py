"""Objects of S3 as streams: what bulk jobs on an executor read recorded traffic from."""

from __future__ import annotations

from functools import cache
from typing import Any, BinaryIO, cast

__all__ = ["open_object"]


def open_object(address: str, client: Any = None) -> BinaryIO:
    """The octets of the object at `s3://bucket/key`, as a stream that is read as it comes.

    Args:
        address: its address; `s3a:` and `s3n:`, as Hadoop writes them, are the same.
        client: the S3 client; the process's own by default.

    AWS: Amazon S3 API Reference, GetObject.
    """
    bucket, _, key = address.partition("://")[2].partition("/")
    client = _client() if client is None else client
    return cast("BinaryIO", client.get_object(Bucket=bucket, Key=key)["Body"])


@cache
def _client() -> Any:
    import boto3  # here, for it costs a cold start

    return boto3.client("s3")
