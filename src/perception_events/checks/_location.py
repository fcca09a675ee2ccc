"""Where in a topology something was found: the resource, its field, the steps inside; between checks and findings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from perception_events.topology import Filter, Origin, Resource, RuleTarget, origin_of

__all__ = ["Location", "Step", "filter_location", "target_location"]

Step = str | int


@dataclass(frozen=True, slots=True)
class Location:
    """One location in a topology.

    `resource`: the resource that holds it. `field`: the path of the resource's field, such as
    `source_parameters.batch_size`; empty for the resource itself. `value`, `steps`: the JSON value of that field, and
    the way to a part of it. `part`, `part_field`: the origin of a target or a filter, where it has one of its own, and
    the field inside it.
    """

    resource: Resource
    field: str = ""
    value: object = None
    steps: tuple[Step, ...] = ()
    part: Origin | None = None
    part_field: str = ""

    def of(self, field: str, value: object = None) -> Location:
        """The location of `field` in this one."""
        whole = f"{self.field}.{field}" if self.field else field
        inside = f"{self.part_field}.{field}" if self.part_field else field
        return replace(self, field=whole, value=value, steps=(), part_field=inside)

    def at(self, *steps: Step) -> Location:
        """The location of a part of the JSON value."""
        return replace(self, steps=(*self.steps, *steps))

    @property
    def origin(self) -> Origin | None:
        """File, line and logical path, as far as they are known."""
        base, field = self._base
        if base is None:
            return None
        named = base.of(_path(field, self.steps))
        written = origin_of(self.value, self.steps, base.of(field))
        return Origin(named.file, written.line if self.steps else named.line, named.path)

    @property
    def _base(self) -> tuple[Origin | None, str]:
        """The origin that is nearest, and the field in it."""
        return (self.part, self.part_field) if self.part is not None else (self.resource.origin, self.field)

    @property
    def text(self) -> str:
        """The logical path: in the words of the file or the declaration, else from the resource's id on."""
        origin = self.origin
        if origin is not None and origin.path:
            return origin.path
        return _path(f"{self.resource.id}.{self.field}" if self.field else self.resource.id, self.steps)


def _path(start: str, steps: tuple[Step, ...]) -> str:
    return Origin("", None, start).at(*steps).path


def target_location(rule: Resource, number: int, target: RuleTarget) -> Location:
    """The location of the `number`th target of `rule`."""
    return Location(rule, f"targets[{number}]", part=target.origin)


def filter_location(reader: Resource, number: int, filter: Filter) -> Location:
    """The location of the pattern of the `number`th filter of a pipe or an event source mapping."""
    return Location(reader, f"filters[{number}]", value=filter.pattern, part=filter.origin)
