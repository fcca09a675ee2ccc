"""The leaves of a flat event by path, for what was found: read when first asked for, or known from the start."""

from __future__ import annotations

from perception_events.patterns._fields import FlatFields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Set
    from typing import TypeAlias

    from perception_events.patterns._fields import Event

    Reader: TypeAlias = Callable[[Event], list[tuple[str, str]] | None]
    """The leaves of one path in a flat event; None for another event."""

__all__ = ["FlatLeaves", "KnownLeaves", "NotFlatError"]


class NotFlatError(Exception):
    """A field lies in an array of objects, or its leaves are not known."""


class FlatLeaves(dict[str, list[str]]):
    """The leaves of a flat event; what is not there yet is read when it is asked for."""

    __slots__ = ("_event", "_is_complete", "_read_all", "_readers")

    def __init__(self, event: Event, readers: dict[str, Reader], read_all: Reader) -> None:
        self._event = event
        self._readers = readers
        self._read_all = read_all
        self._is_complete = False

    def complete(self) -> bool:
        """Read all paths in one step, for those who ask for many: what is not here then is not in the event.

        Raises:
            NotFlatError: the event is not flat.
        """
        if self._is_complete:
            return True
        found = self._read_all(self._event)
        if found is None:
            raise NotFlatError
        self.clear()
        for path, leaf in found:
            if path in self:
                self[path].append(leaf)
            else:
                self[path] = [leaf]
        self._is_complete = True
        return True

    def __missing__(self, path: str) -> list[str]:
        if self._is_complete:
            return []
        read = self._readers.get(path) or self._readers.setdefault(path, FlatFields((path,)).leaves)
        found = read(self._event)
        if found is None:
            raise NotFlatError
        leaves = self[path] = [leaf for _, leaf in found]
        return leaves


class KnownLeaves(dict[str, list[str]]):
    """The leaves of an event that was read for `paths`: another of these has none."""

    __slots__ = ("_paths", "flat")

    def __init__(self, flat: list[tuple[str, str]], paths: Set[str]) -> None:
        self.flat = flat
        self._paths = paths

    def complete(self) -> bool:
        """False: whether a path is known at all has to be asked for each."""
        return False

    def __missing__(self, path: str) -> list[str]:
        if path not in self._paths:
            raise NotFlatError
        leaves = self[path] = []
        return leaves
