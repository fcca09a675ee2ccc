"""The declaration of a join: which events make a group, who is expected in it, and what starts when all are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from perception_events.aggregation._errors import InvalidExpectationError, InvalidJoinError
from perception_events.aggregation._expectations import Expectation, Manifest, expectation_of
from perception_events.aggregation._grouping import Grouping, GroupPart, ItemAttribute, grouping_of
from perception_events.aggregation._keys import UNGROUPED, JoinKey, escaped
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.sort_keys import SEPARATOR, SortKey

__all__ = ["FallbackPolicy", "Join"]

SHORTEST_RETENTION = timedelta(days=3)
"""A redelivery can be this old: 24 h in the stream, 24 h in the bus, 6 h in Lambda's queue.

AWS: DynamoDB Streams retention; EventBridge retry policy; Lambda asynchronous event age.
"""


_NOT_IN_NAMES = frozenset("#'{}\\")
"""The sort key's separator, and what has a meaning in `States.Format`."""
_NO_ITEM: Mapping[str, Any] = MappingProxyType({})


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
    `group_by`: what the items of a group have in common, in any order: the partition key (`site`), what stands before
    the event type in sort keys (`date`), named parts of the keys (`sync`), attributes of the items
    (`ItemAttribute("customer")`). What a key holds beyond these names the member: `cam3` of
    `2025-07-15#pose#sync001#cam3` by sync, `sync001#cam3` by day, the event type itself when nothing is left. With
    several event types the member starts with its event type (`pose#cam3`). In groups that the partition key is no part
    of, its value comes next (`haemoro#cam3`): items of two partitions are two members.
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
    group_by: tuple[GroupPart, ...] = ("site", "date")
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
        on = (self.on,) if isinstance(self.on, str) else self.on
        for name, value in (("on", on), ("trigger", self.trigger)):
            if not isinstance(value, (tuple, list)) or not all(isinstance(text, str) for text in value):
                raise InvalidJoinError(f"a join's {name} is a tuple of texts, not {describe(value)}")
        parts = self.group_by
        if not isinstance(parts, (tuple, list)) or not all(isinstance(part, (str, ItemAttribute)) for part in parts):
            raise InvalidJoinError(
                f"a join's group_by is a tuple of texts and ItemAttributes, not {describe(self.group_by)}"
            )
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
        if not self.group_by or len(set(map(str, self.group_by))) != len(self.group_by):
            raise InvalidJoinError(
                f"join {self.name!r}: group_by={self.group_by!r} must name at least one part of the items' keys, or an "
                "ItemAttribute, each once"
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

    def grouping(self, names: ItemNames) -> Grouping:
        """What `group_by` means in a table of these names."""
        return grouping_of(self.group_by, names)

    def check_names(self, names: ItemNames) -> None:
        """Reject a grouping that the table's keys do not allow.

        Raises:
            InvalidJoinError: `group_by`, or a manifest's, names the partition key or the prefix late or twice; or one
                of the two names it, and the other does not.
        """
        key = [(names.partition_key, "site")]
        if names.key_format.prefix is not None:
            key.append((names.key_format.prefix, "date"))
        groupings = [self.group_by, *([self.manifest.group_by] if self.manifest else [])]
        for group_by in groupings:
            grouping = grouping_of(group_by, names)
            if group_by[len(group_by) - len(grouping.parts) :] != grouping.parts or len(group_by) > len(
                grouping.parts
            ) + sum(any(name in group_by for name in alike) for alike in key):
                first = " and ".join(repr(name) for name, _ in key)
                raise InvalidJoinError(
                    f"join {self.name!r}: group_by={group_by!r} must begin with {first}, as far as it names them, each "
                    "once: a group's key begins with them"
                )
            if names.key_format.prefix is None and "date" in grouping.parts:
                raise InvalidJoinError(
                    f"join {self.name!r}: group_by={group_by!r} names 'date', and nothing stands before the event type "
                    "in the table's sort keys; leave it out"
                )
        for name, alike in zip(("partition key", "prefix"), key, strict=False):
            if len({any(one in group_by for one in alike) for group_by in groupings}) > 1:
                raise InvalidJoinError(
                    f"join {self.name!r}: its group_by={self.group_by!r} and the manifest's must both name the {name} "
                    f"{alike[0]!r}, or neither"
                )

    def locate(
        self, site: str, sort_key: SortKey, item: Mapping[str, Any] = _NO_ITEM, *, names: ItemNames | None = None
    ) -> tuple[JoinKey, str]:
        """The group that an item belongs to, and the member it is.

        `item`: its attributes in DynamoDB JSON, which joins by `ItemAttribute` need. `names`: the table's.

        Raises:
            LookupError: the sort key, or the item, lacks a part that `group_by` names.
        """
        grouping = self.grouping(names or ItemNames(key_format=sort_key.key_format))
        positions: list[int] = []
        parts: list[str] = []
        for part in grouping.parts:
            if isinstance(part, ItemAttribute):
                try:
                    parts.append(part.value_in(item))
                except LookupError as error:
                    where = f"item {site} {sort_key.text}"
                    raise LookupError(f"join {self.name!r} groups by {str(part)!r}; {where}: {error}") from error
                continue
            position = sort_key.names.index(part) + 1 if part in sort_key.names else len(sort_key.segments)
            if position >= len(sort_key.segments):
                raise LookupError(f"join {self.name!r} groups by {part!r}, which sort key {sort_key.text!r} lacks")
            positions.append(position)
            parts.append(sort_key.segments[position])
        rest = [s for i, s in enumerate(sort_key.segments) if i and i not in positions]
        if not grouping.by_partition_key:
            rest.insert(0, escaped(site))
        if len(self.event_types) > 1 or not rest:
            rest.insert(0, sort_key.event_type)
        group_site = site if grouping.by_partition_key else UNGROUPED
        prefix = sort_key.prefix if grouping.by_prefix or sort_key.key_format.prefix is None else UNGROUPED
        return JoinKey(self.name, group_site, prefix, tuple(parts)), SEPARATOR.join(rest)

    def values(self, key: JoinKey) -> dict[GroupPart, str]:
        """The values of a group's parts by what `group_by` calls them, without the partition key and the prefix."""
        return dict(zip(self.group_by[len(self.group_by) - len(key.parts) :], key.parts, strict=True))
