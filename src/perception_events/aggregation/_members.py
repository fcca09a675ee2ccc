"""The members of a group as an immutable mapping that is cheap to extend: for stores that keep states in memory.

    one   = Members()                           {}
    two   = one.with_member("cam1", completed)  {"cam1": completed}; `one` is still empty
    three = two.with_member("cam2", completed)  and so on: no step copies what was there

All versions share one dict, which is the newest one's; an older version knows the step that leads away from it, and
reads through it. So a group of 100,000 members takes its next one as quickly as its first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perception_events.aggregation._state import COMPLETED, Member

__all__ = ["Members"]


class Members(Mapping[str, Member]):
    """Members by name. Reading is safe in any thread; `with_member` is called by one thread at a time."""

    __slots__ = ("_length", "_newer", "_step", "_values", "completed_count")

    def __init__(self, members: Mapping[str, Member] | None = None) -> None:
        self._values: dict[str, Member] = dict(members or {})
        self._newer: Members | None = None
        """The version that was made of this one."""
        self._step: tuple[str, Member | None] | None = None
        """What that changed: the name, and what it stands for here."""
        self._length = len(self._values)
        self.completed_count = sum(member.status == COMPLETED for member in self._values.values())
        """How many are in."""

    def with_member(self, name: str, member: Member) -> Members:
        """These members, and `member` as `name`."""
        if self._newer is not None:
            return Members({**self, name: member})  # a second version of an old one: it gets a dict of its own
        known = self._values.get(name)
        newer = Members.__new__(Members)
        newer._values = self._values
        newer._newer = newer._step = None
        newer._length = self._length + (known is None)
        was_in = known is not None and known.status == COMPLETED
        newer.completed_count = self.completed_count + (member.status == COMPLETED) - was_in
        # In this order: who reads this version meanwhile sees that it is old before the dict changes.
        self._step = name, known
        self._newer = newer
        self._values[name] = member
        return newer

    def __getitem__(self, name: str) -> Member:
        version = self
        while True:
            if version._newer is None:
                found = version._values.get(name)
                if version._newer is None:  # it was the newest all the time
                    break
            assert version._step is not None
            changed, found = version._step
            if changed == name:
                break
            version = version._newer
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._copy())

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"Members({self._copy()!r})"

    def __reduce__(self) -> tuple[type[Members], tuple[dict[str, Member]]]:
        return Members, (self._copy(),)

    def _copy(self) -> dict[str, Member]:
        """This version as a dict, in order of the first news of each member."""
        while True:
            steps: list[tuple[str, Member | None]] = []
            version = self
            while version._newer is not None:
                assert version._step is not None
                steps.append(version._step)
                version = version._newer
            values = version._values.copy()
            if version._newer is None:  # nothing has changed the dict since it was reached
                break
        for name, known in reversed(steps):
            if known is None:
                del values[name]
            else:
                values[name] = known
        return values
