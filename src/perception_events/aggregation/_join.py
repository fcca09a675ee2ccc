"""The declaration of a join: which events make a group, who is expected in it, and what starts when all are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from perception_events.aggregation._errors import InvalidExpectationError, InvalidJoinError
from perception_events.aggregation._expectations import Expectation, Manifest, expectation_of
from perception_events.aggregation._keys import UNGROUPED, JoinKey
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.sort_keys import SEPARATOR, KeyFormat, SortKey

__all__ = ["FallbackPolicy", "Join"]

SHORTEST_RETENTION = timedelta(days=3)
"""A redelivery can be this old: 24 h in the stream, 24 h in the bus, 6 h in Lambda's queue.

AWS: DynamoDB Streams retention; EventBridge retry policy; Lambda asynchronous event age.
"""


_NOT_IN_NAMES = frozenset("#'{}\\")
"""The sort key's separator, and what has a meaning in `States.Format`."""


class FallbackPolicy(StrEnum):
    """What the sweep does with a join whose deadline has passed."""

    TRIGGER = "TRIGGER"
    """Trigger with the members that are there (at least one)."""
    QUORUM = "QUORUM"
    """Trigger once `quorum` members are there; alert while they are not."""
    ALERT = "ALERT"
    """Alert, once for each run, and wait on."""
    WAIT = "WAIT"
    """Wait on; the join is listed as overdue."""


@dataclass(frozen=True, slots=True)
class Join:
    """ "When all of a group are in, start the next": one edge of the pipeline that needs several events.

    `site` and `date` stand for the partition key and the prefix in every table; a table of other keys may use its own
    names for them.

    `on`: the event type, or types, whose items are members once they are done.
    `group_by`: the partition key (`site`), what stands before the event type in sort keys (`date`) unless it may differ
    within a group, and any named parts of the keys (`sync`). What a key holds beyond these names the member: `cam3` of
    `2025-07-15#pose#sync001#cam3` by sync, `sync001#cam3` by day, the event type itself when nothing is left. With
    several event types the member starts with its event type (`pose#cam3`).
    `expects`: a fixed set of members, a number of them, a `Manifest`, or a callable that gets the `JoinKey` and returns
    either; one event of each type in `on` by default.
    `trigger`: the modules that start when all are in.
    `deadline`: how long after the first member `policy` acts; None is never.
    `policy`: what the sweep does then; it waits on by default.
    `quorum`: the number of members that `FallbackPolicy.QUORUM` wants.
    `name`: a part of the keys of its state and of messages; the event types by default.
    `retention`: how long state and triggers are kept (their TTL), 14 days by default. It must be longer than any
    redelivery of an event, or a late duplicate could start a group anew.

    Raises:
        InvalidJoinError: the declaration contradicts itself, or no group could ever complete.
    """

    on: str | tuple[str, ...]
    group_by: tuple[str, ...] = ("site", "date")
    expects: Iterable[str] | int | Manifest | Callable[[JoinKey], Iterable[str] | int] | None = None
    trigger: tuple[str, ...] = ()
    deadline: timedelta | None = None
    policy: FallbackPolicy = FallbackPolicy.WAIT
    quorum: int | None = None
    name: str = ""
    retention: timedelta = field(default=timedelta(days=14))
    expectation: Expectation = field(init=False, repr=False, compare=False)
    """What `expects` means."""

    def __post_init__(self) -> None:
        self._check_types()
        on = (self.on,) if isinstance(self.on, str) else tuple(self.on)
        name = self.name or "_".join(on)
        object.__setattr__(self, "on", on)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "policy", FallbackPolicy(self.policy))
        self._check_grouping(on)
        self._check_members(on)
        if not self.trigger:
            raise InvalidJoinError(f"join {name!r} triggers nothing; give trigger=('module',)")
        self._check_fallback()

    def _check_types(self) -> None:
        """Name a parameter of a wrong type here, before it surfaces as an error from inside."""
        texts = (("on", (self.on,) if isinstance(self.on, str) else self.on), ("group_by", self.group_by))
        for name, value in (*texts, ("trigger", self.trigger)):
            if not isinstance(value, (tuple, list)) or not all(isinstance(text, str) for text in value):
                raise InvalidJoinError(f"a join's {name} is a tuple of texts, not {describe(value)}")
        if not isinstance(self.name, str):
            raise InvalidJoinError(f"a join's name is a text, not {describe(self.name)}")
        times = (("deadline", self.deadline), ("retention", self.retention))
        for name, time in times:
            if not (isinstance(time, timedelta) or (time is None and name == "deadline")):
                raise InvalidJoinError(f"a join's {name} is a timedelta, not {describe(time)}")
        if self.quorum is not None and (isinstance(self.quorum, bool) or not isinstance(self.quorum, int)):
            raise InvalidJoinError(f"a join's quorum is a whole number, not {describe(self.quorum)}")
        if not isinstance(self.policy, str) or self.policy not in list(FallbackPolicy):
            raise InvalidJoinError(
                f"a join's policy is one of {', '.join(FallbackPolicy)}, not {describe(self.policy)}"
            )
        object.__setattr__(self, "group_by", tuple(self.group_by))
        object.__setattr__(self, "trigger", tuple(self.trigger))

    def _check_grouping(self, on: tuple[str, ...]) -> None:
        if not on or not all(on) or len(set(on)) != len(on):
            raise InvalidJoinError(f"join {self.name!r}: on={on!r} must name at least one event type, each once")
        for name in (self.name, *on, *self.trigger):
            if wrong := _NOT_IN_NAMES.intersection(name):
                raise InvalidJoinError(
                    f"join {self.name!r}: {name!r} cannot hold {' '.join(sorted(wrong))}, "
                    "it becomes part of sort keys and of a workflow's texts"
                )
        if not self.group_by or len(set(self.group_by)) != len(self.group_by):
            raise InvalidJoinError(
                f"join {self.name!r}: group_by={self.group_by!r} must name the partition key, then parts of the sort "
                "key, each once"
            )

    def _check_members(self, on: tuple[str, ...]) -> None:
        declared = frozenset(on) if self.expects is None else self.expects
        try:
            expectation = expectation_of(declared, f"join {self.name!r}: expects is")
        except InvalidExpectationError as error:
            raise InvalidJoinError(str(error)) from None
        object.__setattr__(self, "expectation", expectation)
        object.__setattr__(self, "expects", declared if expectation.fixed is None else expectation.fixed)
        if reason := expectation.error(self):
            raise InvalidJoinError(f"join {self.name!r}: {reason}")

    def _check_fallback(self) -> None:
        if self.policy is not FallbackPolicy.WAIT and self.deadline is None:
            raise InvalidJoinError(f"join {self.name!r}: policy {self.policy} needs a deadline to act at")
        if self.deadline is not None and self.deadline <= timedelta(0):
            raise InvalidJoinError(f"join {self.name!r}: the deadline {self.deadline} is not after the first member")
        if (self.policy is FallbackPolicy.QUORUM) != (self.quorum is not None):
            raise InvalidJoinError(f"join {self.name!r}: quorum belongs to policy QUORUM, and QUORUM needs one")
        if self.quorum is not None:
            fixed = self.expectation.fixed
            most = len(fixed) if isinstance(fixed, frozenset) else fixed
            if self.quorum < 1 or (most is not None and self.quorum > most):
                raise InvalidJoinError(
                    f"join {self.name!r}: a quorum of {self.quorum} can never be decided on, {most} are expected"
                )
        shortest = max(SHORTEST_RETENTION, (self.deadline or timedelta(0)) + SHORTEST_RETENTION)
        if self.retention < shortest:
            raise InvalidJoinError(
                f"join {self.name!r}: retention {self.retention} is shorter than {shortest}; a duplicate that arrives "
                "later would open the group anew and trigger again"
            )

    @property
    def event_types(self) -> tuple[str, ...]:
        """The event types whose items are members."""
        return (self.on,) if isinstance(self.on, str) else self.on

    @property
    def manifest(self) -> Manifest | None:
        """The manifest, when that is what the join expects."""
        return self.expectation if isinstance(self.expectation, Manifest) else None

    def group_parts(self, key_format: KeyFormat) -> tuple[str, ...]:
        """The parts of `group_by` that follow the event type in a key: without the partition key and the prefix."""
        rest = self.group_by[1:]
        return rest[1:] if key_format.prefix is not None and rest[:1] in ((key_format.prefix,), ("date",)) else rest

    def check_names(self, names: ItemNames) -> None:
        """Reject a grouping that the table's keys do not allow.

        Raises:
            InvalidJoinError: `group_by`, or a manifest's, does not begin with the partition key or names the prefix
            late.
        """
        prefix = names.key_format.prefix
        groupings = [self.group_by, *([self.manifest.group_by] if self.manifest else [])]
        for group_by in groupings:
            late = set(group_by[1 if prefix is None else 2 :]) & {prefix, "date"}
            if group_by[0] not in (names.partition_key, "site") or late:
                first = repr(names.partition_key) + (f", and may name {prefix!r} next" if prefix else "")
                raise InvalidJoinError(
                    f"join {self.name!r}: group_by={group_by!r} must start with {first}: a group lives under one "
                    "partition key, and its sort keys start with what stands before the event type"
                )
        if len({self._groups_by_prefix(group_by, prefix) for group_by in groupings}) > 1:
            raise InvalidJoinError(
                f"join {self.name!r}: its group_by={self.group_by!r} and the manifest's must both name {prefix!r}, "
                "or neither"
            )

    @staticmethod
    def _groups_by_prefix(group_by: tuple[str, ...], prefix: str | None) -> bool:
        return prefix is not None and group_by[1:2] in ((prefix,), ("date",))

    def locate(self, site: str, sort_key: SortKey) -> tuple[JoinKey, str]:
        """The group that an item belongs to, and the member it is.

        Raises:
            LookupError: the sort key lacks a part that `group_by` names.
        """
        positions: list[int] = []
        for part in self.group_parts(sort_key.key_format):
            position = sort_key.names.index(part) + 1 if part in sort_key.names else len(sort_key.segments)
            if position >= len(sort_key.segments):
                raise LookupError(f"join {self.name!r} groups by {part!r}, which sort key {sort_key.text!r} lacks")
            positions.append(position)
        parts = tuple(sort_key.segments[position] for position in positions)
        rest = [s for i, s in enumerate(sort_key.segments) if i and i not in positions]
        if len(self.event_types) > 1 or not rest:
            rest.insert(0, sort_key.event_type)
        prefix = sort_key.key_format.prefix
        date = sort_key.prefix
        if prefix is not None and not self._groups_by_prefix(self.group_by, prefix):
            date = UNGROUPED
        return JoinKey(self.name, site, date, parts), SEPARATOR.join(rest)
