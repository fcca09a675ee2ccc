"""What is going on in this thread: the rules that led to the event in hand, and how far ahead of the clock it is.

A target that puts events does so inside its rule's delivery; the new events then know the rules that led to them, on
every bus. Each thread, and each asyncio task, has its own, so that buses may be used from many.
"""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["AHEAD", "LEADING_RULES"]

LEADING_RULES: ContextVar[tuple[str, ...]] = ContextVar("rules that led here", default=())
"""The ARNs of the rules whose targets led to what is going on now, in order; one that comes up too often is a loop."""
AHEAD: ContextVar[float] = ContextVar("seconds ahead", default=0.0)
"""Seconds that the delivery in hand has waited between its attempts, which the clock does not know of."""
