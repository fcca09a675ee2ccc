"""Small classes that are equal by what they hold, without the code that `dataclasses` writes at every import."""

from __future__ import annotations

__all__ = ["ValueObject"]


class ValueObject:
    """Equal to another of its class with equal parts; the parts are named by `__slots__`."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((type(self), self._parts()))

    def __repr__(self) -> str:
        parts = zip(self.__slots__, self._parts(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={part!r}' for name, part in parts)})"

    def _parts(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])
