"""The DynamoDB that a command calls, as `--endpoint-url` and `--region` say."""

from __future__ import annotations

from perception_events.aws.endpoints import use_endpoint as set_endpoint
from perception_events.cli.errors import CommandError

__all__ = ["use_endpoint"]


def use_endpoint(endpoint_url: str | None, region: str | None) -> None:
    """As `aws.endpoints.use_endpoint`.

    Raises:
        CommandError: boto3 is not installed.
    """
    try:
        set_endpoint(endpoint_url, region)
    except ImportError as error:
        raise CommandError("boto3 is not installed", "python -m pip install 'perception-events[aws]'") from error
