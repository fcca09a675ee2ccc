"""Before calls to DynamoDB Local: it takes any credentials and Region, so none need be set."""

from __future__ import annotations

import os

__all__ = ["use_endpoint"]

LOCAL_REGION = "us-east-1"


def use_endpoint(endpoint_url: str | None, region: str | None) -> None:
    """Let this process, and handlers that run in it, call the DynamoDB at `endpoint_url` in `region`.

    `endpoint_url`: None for AWS's own. `region`: None for the one that boto3 finds.
    """
    import boto3

    if region is not None:
        os.environ["AWS_DEFAULT_REGION"] = region
    if endpoint_url is None:
        return
    os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint_url
    session = boto3.session.Session()
    if session.region_name is None:
        os.environ["AWS_DEFAULT_REGION"] = LOCAL_REGION
    if session.get_credentials() is None:
        # DynamoDB Local keeps the tables of each access key apart: every command must use the same.
        os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
