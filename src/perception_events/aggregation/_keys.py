"""The sort keys of what aggregation writes to the event table: join state, triggers, alerts, the list of open joins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perception_events.sort_keys import NO_PREFIX, SEPARATOR

__all__ = [
    "ALERT_PREFIX",
    "JOIN_PREFIX",
    "OPEN_JOINS_PARTITION",
    "TRIGGER_PREFIX",
    "UNGROUPED",
    "JoinKey",
    "alert_event_type",
    "escaped",
    "joins_prefix",
    "trigger_event_type",
    "unescaped",
]

JOIN_PREFIX = "join_"
TRIGGER_PREFIX = "trigger_"
ALERT_PREFIX = "alert_"
OPEN_JOINS_PARTITION = "#joins"
"""The partition that lists every join which has not triggered yet, so that a sweep is one query and no index."""

MAXIMUM_SORT_KEY_BYTES = 1024
"""AWS: DynamoDB Developer Guide, "Quotas", partition and sort keys."""
_FAR_RUN = 10**6

UNGROUPED = NO_PREFIX
"""Stands for the partition key, or the prefix, in the keys of groups whose items differ in it."""


def trigger_event_type(module: str) -> str:
    """The event type of the item that starts `module`: `trigger_recon`."""
    return TRIGGER_PREFIX + module


def alert_event_type(join: str) -> str:
    """The event type of the item that reports an overdue group of `join`: `alert_pose`."""
    return ALERT_PREFIX + join


@dataclass(frozen=True, slots=True, order=True)
class JoinKey:
    """One group of one join: `JoinKey("pose", "haemoro_1x2", "2025-07-15", ("sync001",))`.

    `site` is the value of the partition key; `-` where the join does not group by it. `date` is what stands before the
    event type in the group's sort keys: the day, or another prefix by which the join groups; `-` where it does not, and
    "" where keys have no prefix. `parts` are the values of all else in the join's `group_by`.

    Values of attributes may hold `#`: in the texts of keys it is written `%23`.
    """

    join: str
    site: str
    date: str
    parts: tuple[str, ...] = ()

    @property
    def sort_key(self) -> str:
        """Where its state is: `2025-07-15#join_pose#sync001`.

        The event type is one segment of its own, so neither an exact nor a substring classifier takes it for `pose`.
        """
        return self._key(JOIN_PREFIX + self.join)

    @property
    def open_sort_key(self) -> str:
        """Where it stands in the list of open joins: `2025-07-15#open_pose#haemoro_1x2#sync001`.

        A site may be longer than a sort key: then a digest stands for what does not fit. The entry's attributes have
        the whole of it.
        """
        text = _with_prefix(self.date, f"open_{self.join}", self.site, *map(escaped, self.parts))
        encoded = text.encode("utf-8", "surrogatepass")
        if len(encoded) <= MAXIMUM_SORT_KEY_BYTES:
            return text
        import hashlib  # seldom needed, and slow to load

        return _with_prefix(self.date, f"open_{self.join}", hashlib.sha256(encoded).hexdigest())

    def trigger_sort_key(self, module: str, run: int) -> str:
        """Where the trigger of `module` is: `2025-07-15#trigger_recon#sync001`, and `...#run2` for a re-run."""
        return self._key(trigger_event_type(module), run)

    def alert_sort_key(self, run: int) -> str:
        """Where the alert is: `2025-07-15#alert_pose#sync001`."""
        return self._key(alert_event_type(self.join), run)

    def length_problem(self, modules: Iterable[str]) -> str | None:
        """Why an item of the group could never be written: a key longer than DynamoDB takes, even of a far re-run."""
        keys = [self.trigger_sort_key(module, _FAR_RUN) for module in modules]
        for text in (self.sort_key, self.alert_sort_key(_FAR_RUN), *keys):
            if (size := len(text.encode("utf-8", "surrogatepass"))) > MAXIMUM_SORT_KEY_BYTES:
                return f"the sort key {text[:60]}... has {size} bytes, and DynamoDB takes {MAXIMUM_SORT_KEY_BYTES}"
        return None

    def _key(self, event_type: str, run: int = 1) -> str:
        parts = map(escaped, self.parts)
        return _with_prefix(self.date, event_type, *parts, *(() if run == 1 else (f"run{run}",)))

    def __str__(self) -> str:
        return SEPARATOR.join((self.site, *([self.date] if self.date else []), self.join, *self.parts))


def joins_prefix(date: str, join: str | None) -> str:
    """What the sort keys of the states of `join`, or of all joins, under one prefix begin with."""
    return _with_prefix(date, JOIN_PREFIX + (join or ""))


def escaped(value: str) -> str:
    """A value as one segment of a sort key: `a%23b` for `a#b`.

    Only what holds `#`, or would be taken for an escape, is changed, so that segments of keys stay as they are.
    """
    if SEPARATOR in value or _looks_escaped(value):
        return value.replace("%", "%25").replace(SEPARATOR, "%23")
    return value


def unescaped(segment: str) -> str:
    """The value that `escaped` made the segment of."""
    return segment.replace("%23", SEPARATOR).replace("%25", "%") if _looks_escaped(segment) else segment


def _looks_escaped(text: str) -> bool:
    return "%23" in text or "%25" in text


def _with_prefix(prefix: str, *segments: str) -> str:
    return SEPARATOR.join((prefix, *segments) if prefix else segments)
