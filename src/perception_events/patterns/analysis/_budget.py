"""How much work one question may cost, counted in steps, so that an answer that would cost too much is "unknown".

Steps are counted and no clock is read: the same question has the same answer on every machine.
"""

from __future__ import annotations

from perception_events.errors import PerceptionEventsError

__all__ = ["DEFAULT_STEPS", "Budget", "UndecidedError"]

DEFAULT_STEPS = 300_000
"""Well under a second in all; an ordinary question takes fewer than a hundred."""


class UndecidedError(PerceptionEventsError, RuntimeError):
    """A part of a question could not be decided; the message says why. It never leaves the package."""


class Budget:
    """Steps that are left."""

    __slots__ = ("left",)

    def __init__(self, steps: int = DEFAULT_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Use `steps`.

        Raises:
            UndecidedError: there are none left.
        """
        self.left -= steps
        if self.left < 0:
            raise UndecidedError("the answer would cost too much")

    @property
    def is_spent(self) -> bool:
        """Whether the whole question, not only a part of it, has used up its steps."""
        return self.left < 0

    def part(self) -> Budget:
        """Half of what is left, taken from here: one hard field shall not use up what others need."""
        half = self.left // 2
        self.left -= half
        return Budget(half)
