"""Values at the boundaries of a limit, for tests that try both sides."""

from __future__ import annotations

from collections.abc import Iterator

from perception_events.aws_limits import Limit

__all__ = ["boundaries"]


def boundaries(limit: Limit) -> Iterator[tuple[int, bool]]:
    """Values at each boundary and beyond, with whether they are allowed."""
    if limit.low is not None:
        yield limit.low, True
        if limit.low - 1 not in limit.also and limit.low > 0:
            yield limit.low - 1, False
    if limit.high is not None:
        yield limit.high, True
        yield limit.high + 1, False
    for value in limit.also:
        yield value, True
        yield value - 1, False
