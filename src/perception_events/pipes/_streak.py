"""Attempts that fail again and again in the same way, told as one step of the trace."""

from __future__ import annotations

from perception_events.json_values import JSONObject
from perception_events.pipes._tracing import PipeTracing

__all__ = ["Streak"]


class Streak:
    """Counts equal failures in a row, and tells them once another one or an end comes.

    `tracing`: where it is told; None tells nobody, and only the count is kept.
    """

    def __init__(self, tracing: PipeTracing | None) -> None:
        self.length = 0
        self._tracing = tracing
        self._records: tuple[JSONObject, ...] = ()
        self._reason = self._kind = ""
        self._since = self._last = 0.0
        self._retry = self._assumed = 0

    def add(
        self, records: tuple[JSONObject, ...], reason: str, kind: str, *, retry: int, now: float, assumed: bool
    ) -> None:
        """One more attempt has failed, and the retry with this number follows."""
        same = reason == self._reason and kind == self._kind and _same(records, self._records)
        if not same:
            self.end()
            self._records, self._reason, self._kind, self._since = records, reason, kind, now
        self.length += 1
        self._assumed += assumed
        self._last, self._retry = now, retry

    def end(self) -> None:
        """Tell what has been counted, if anything."""
        if self.length and self._tracing is not None:
            self._tracing.retried(
                self._records,
                self._retry,
                self._reason,
                self._kind,
                count=self.length,
                since=self._since,
                last=self._last,
                assumed=self._assumed,
            )
        self.length = self._assumed = 0
        self._records = ()


def _same(left: tuple[JSONObject, ...], right: tuple[JSONObject, ...]) -> bool:
    return len(left) == len(right) and all(a is b for a, b in zip(left, right, strict=True))
