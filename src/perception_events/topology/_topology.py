"""The topology: resources by id, and who refers to whom; between what describes a system and what asks about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeVar

from perception_events.topology._errors import InvalidTopologyError, UnknownResourceError
from perception_events.topology._resources import Resource
from perception_events.topology._values import Origin, Unresolved

__all__ = ["Link", "Topology", "with_references"]

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Link:
    """One resource refers to another: `holder` by its field `field` (`targets[0].dead_letter_queue`) to `to`."""

    holder: Resource
    field: str
    to: str | Unresolved
    origin: Origin | None = None


class Topology:
    """Resources by id, in the order in which they were given. It does not change.

    `name`: what this describes, such as `perception-pipeline-dev`; it titles templates and diagrams.

    Raises:
        InvalidTopologyError: two resources have one id, or a resource refers to an id that is not there.
    """

    def __init__(self, resources: Iterable[Resource] = (), *, name: str = "") -> None:
        self.name = name
        self._resources: dict[str, Resource] = {}
        self._by_arn: dict[str, Resource] = {}
        for resource in resources:
            first = self._resources.setdefault(resource.id, resource)
            if first is not resource:
                where = f" (the first one: {first.origin})" if first.origin else ""
                raise InvalidTopologyError(
                    resource.id, f"two resources have this id; rename one{where}", resource.origin
                )
            if isinstance(resource.arn, str) and resource.arn:
                self._by_arn.setdefault(resource.arn, resource)
        self._links: dict[str, list[Link]] = {}
        self._unresolved_links: list[Link] = []
        for resource in self._resources.values():
            for link in _links(resource, resource):
                if isinstance(link.to, Unresolved):
                    self._unresolved_links.append(link)
                elif link.to in self._resources:
                    self._links.setdefault(link.to, []).append(link)
                else:
                    near = get_close_matches(link.to, self._resources, 1)
                    hint = f"; did you mean {near[0]!r}?" if near else ""
                    reason = f"{link.field} refers to {link.to!r}, which is not in the topology{hint}"
                    raise InvalidTopologyError(resource.id, reason, link.origin)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources, in order."""
        return tuple(self._resources.values())

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """The resources of one class, in order."""
        return tuple(resource for resource in self._resources.values() if isinstance(resource, kind))

    def find(self, reference: str, kind: type[R] | None = None) -> R | Resource | None:
        """The resource with this id, ARN or name (in this order), of `kind` where it is given; None without one."""
        wanted = kind or Resource
        for candidate in (self._resources.get(reference), self._by_arn.get(reference)):
            if isinstance(candidate, wanted):
                return candidate
        return next((r for r in self._resources.values() if r.name == reference and isinstance(r, wanted)), None)

    def get(self, reference: str, kind: type[R]) -> R:
        """The resource of `kind` with this id, ARN or name.

        Raises:
            UnknownResourceError: there is none; the message names those that there are.
        """
        found = self.find(reference, kind)
        if isinstance(found, kind):
            return found
        known = ", ".join(resource.id for resource in self.of(kind)) or "none"
        raise UnknownResourceError(f"no {kind.kind} {reference!r} in the topology; known: {known}")

    def links_to(self, id: str) -> tuple[Link, ...]:
        """Who refers to the resource `id`, and with which field."""
        return tuple(self._links.get(id, ()))

    def links_from(self, id: str) -> tuple[Link, ...]:
        """To whom the resource `id` refers."""
        return tuple(_links(self._resources[id], self._resources[id]))

    @property
    def unresolved_links(self) -> tuple[Link, ...]:
        """References of which it is not known where they lead."""
        return tuple(self._unresolved_links)

    def with_resources(self, *resources: Resource) -> Topology:
        """This topology and `resources`; one with an id that is there takes its place."""
        merged = {**self._resources, **{resource.id: resource for resource in resources}}
        return Topology(merged.values(), name=self.name)

    def __getitem__(self, id: str) -> Resource:
        return self._resources[id]

    def __contains__(self, id: object) -> bool:
        return id in self._resources

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources.values())

    def __len__(self) -> int:
        return len(self._resources)

    def __eq__(self, other: object) -> bool:
        """Equal resources under equal ids; the order, the origins and the topology's name do not count."""
        if not isinstance(other, Topology):
            return NotImplemented
        return {i: _bare(r) for i, r in self._resources.items()} == {i: _bare(r) for i, r in other._resources.items()}

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Topology({', '.join(self._resources)})"


def _links(holder: Resource, value: Any, path: str = "", origin: Origin | None = None) -> Iterator[Link]:
    """Every reference of `holder`, those of its targets and settings included."""
    origin = getattr(value, "origin", None) or origin
    for field in fields(value):
        inside = getattr(value, field.name)
        name = f"{path}{field.name}"
        # The annotation says what is a reference; with `from __future__ import annotations` it is a text.
        if str(field.type).startswith("Reference"):
            if inside is not None and inside != "":
                yield Link(holder, name, inside, origin)
        elif isinstance(inside, tuple):
            for at, one in enumerate(inside):
                if is_dataclass(one) and not isinstance(one, type):
                    yield from _links(holder, one, f"{name}[{at}].", origin)
        elif is_dataclass(inside) and not isinstance(inside, type):
            yield from _links(holder, inside, f"{name}.", origin)


def with_references(value: R, resolve: Callable[[str], str]) -> R:
    """`value` with `resolve` called on every reference in it, those of its targets and settings included."""
    changed: R = _resolved(value, resolve)
    return changed


def _resolved(value: Any, resolve: Callable[[str], str]) -> Any:
    changes = {}
    for field in fields(value):
        inside = getattr(value, field.name)
        if str(field.type).startswith("Reference"):
            new = resolve(inside) if isinstance(inside, str) and inside else inside
        elif isinstance(inside, tuple):
            new = tuple(_resolved(one, resolve) if _is_instance(one) else one for one in inside)
        else:
            new = _resolved(inside, resolve) if _is_instance(inside) else inside
        if new != inside:
            changes[field.name] = new
    return replace(value, **changes) if changes else value


def _is_instance(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _bare(value: Any) -> Any:
    """`value` as plain data without origins, for comparisons."""
    if isinstance(value, Unresolved):
        return Unresolved(value.expression)
    if is_dataclass(value) and not isinstance(value, type):
        parts = ((f.name, getattr(value, f.name)) for f in fields(value) if f.compare and f.name != "origin")
        return type(value), {name: _bare(part) for name, part in parts}
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_bare(part) for part in value]
    return value
