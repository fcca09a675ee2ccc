"""What runs a simulation: callbacks in order of their time on a virtual clock, and one seed for all chances."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Generator
from random import Random

from perception_events.clock import ManualClock

__all__ = ["Scheduler"]


class Scheduler:
    """Calls callbacks when their time has come; the clock stands still while one runs.

    Two of one time run in the order in which they were asked for. `random` is the run's only source of chance: the
    same seed gives the same run, byte for byte.
    """

    def __init__(self, seed: int = 0, clock: ManualClock | None = None) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.clock = clock if clock is not None else ManualClock()
        self._order = itertools.count()
        self._calls: list[tuple[float, int, Callable[[], object]]] = []

    def call_at(self, time: float, callback: Callable[[], object], /) -> None:
        """Call `callback` at `time` (seconds since the epoch), or now where that is past."""
        heapq.heappush(self._calls, (max(time, self.clock.now()), next(self._order), callback))

    def call_later(self, delay: float, callback: Callable[[], object], /) -> None:
        """Call `callback` when `delay` seconds have passed."""
        self.call_at(self.clock.now() + delay, callback)

    def run(self, steps: Generator[float, None, object], *, delay: float = 0.0) -> None:
        """Run the steps of a generator that yields the seconds to wait before each next one."""

        def step() -> None:
            try:
                wait = next(steps)
            except StopIteration:
                return
            self.call_later(wait, step)

        self.call_later(delay, step)

    def run_until_idle(self, *, until: float = float("inf")) -> None:
        """Run until nothing is left to call, or until `until` (seconds since the epoch).

        What a callback raises comes through, with a note that names the seed.
        """
        while self._calls and self._calls[0][0] <= until:
            time, _, callback = heapq.heappop(self._calls)
            self.clock.advance(max(0.0, time - self.clock.now()))
            try:
                callback()
            except Exception as error:
                error.add_note(f"simulated with seed {self.seed}: the same seed gives the same run")
                raise

    @property
    def pending(self) -> int:
        """How many callbacks are still to be called."""
        return len(self._calls)

    def __repr__(self) -> str:
        return f"Scheduler(seed={self.seed})"
