"""The smallest scheduler there is: calls in order of time, then of asking, on a manual clock."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from perception_events.clock import ManualClock

__all__ = ["HeapScheduler"]


class HeapScheduler:
    """Runs callbacks at their time; the clock stands still while one runs."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self._order = itertools.count()
        self._calls: list[tuple[float, int, Callable[[], object]]] = []

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object:
        heapq.heappush(self._calls, (self.clock.now() + delay, next(self._order), callback))
        return None

    def run_until_idle(self) -> None:
        while self._calls:
            at, _, callback = heapq.heappop(self._calls)
            self.clock.advance(max(0.0, at - self.clock.now()))
            callback()
