"""The ARNs that the declaration's parts have in one account and Region."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Account"]

_STREAM_LABEL = "2025-01-01T00:00:00.000"
"""A stream's label is the time when it was switched on; a declaration cannot know it, so it is always this one."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account and a Region, and how ARNs read in them."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """`aws`, or the partition of China or of GovCloud."""
        for start, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(start):
                return partition
        return "aws"

    def arn(self, service: str, rest: str) -> str:
        """`sqs`, `orders` gives `arn:aws:sqs:us-east-1:123456789012:orders`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    def stream_arn(self, table_arn: str) -> str:
        """The ARN of a table's stream, with a made-up label."""
        return f"{table_arn}/stream/{_STREAM_LABEL}"
