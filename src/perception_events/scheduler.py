"""Everything of a simulation in one order: callbacks on a manual clock, with chances drawn from one seed."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Generator

from perception_events.clock import ManualClock

__all__ = ["Scheduler"]


class Scheduler:
    """Runs callbacks at their time, and those of one time in the order of asking; the clock stands while one runs.

    `random` is the simulation's only source of chance: the same `seed` gives the same run. `latency` is the longest
    delay, in seconds, that `deliver` puts before each step.
    """

    def __init__(self, seed: int, clock: ManualClock, *, latency: float = 0.0) -> None:
        self.seed = seed
        self.clock = clock
        self.random = random.Random(seed)
        self.latency = latency
        self._order = itertools.count()
        self._calls: list[tuple[float, int, Callable[[], object]]] = []

    def call_at(self, time: float, callback: Callable[[], object], /) -> None:
        """Call `callback` at `time` (seconds since the epoch), or at once where that is past."""
        heapq.heappush(self._calls, (time, next(self._order), callback))

    def call_later(self, delay: float, callback: Callable[[], object], /) -> None:
        """Call `callback` when `delay` seconds have passed."""
        self.call_at(self.clock.now() + delay, callback)

    def deliver(self, steps: Generator[float, None, object], /) -> None:
        """Run `steps`, which yields the seconds to wait before each; for `EventBus(deliver=...)`.

        With `latency` deliveries overtake each other, as a bus promises no order.
        """

        def step() -> None:
            seconds = next(steps, None)
            if seconds is not None:
                delay = self.random.uniform(0, self.latency) if self.latency else 0.0
                self.call_later(seconds + delay, step)

        step()

    def run_until_idle(self) -> None:
        """Run until nothing is left to call. What a callback raises carries the seed as a note."""
        while self._calls:
            time, _, callback = heapq.heappop(self._calls)
            self.clock.advance(max(0.0, time - self.clock.now()))
            try:
                callback()
            except Exception as error:
                error.add_note(f"simulated with seed {self.seed}; the same seed gives the same run")
                raise
