"""The numbers of a source, checked as AWS checks them when a pipe or an event source mapping is created."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from perception_events.aws_limits import LIMITS
from perception_events.errors import DeclarationError
from perception_events.sources._source import Source
from perception_events.topology import Resource, SourceParameters, Unresolved

__all__ = ["InvalidSourceError", "SourceSettings", "setting_errors"]


class InvalidSourceError(DeclarationError, ValueError):
    """Source parameters that AWS rejects; the message names the parameter, what is allowed, and the fix."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How a source is read, with AWS's defaults filled in.

    Window and age are in seconds; -1 is without limit. AWS: service model `pipes`, `PipeSourceParameters`.
    """

    batch_size: int
    maximum_batching_window: float
    parallelization_factor: int
    maximum_record_age: int
    maximum_retry_attempts: int
    bisects: bool
    starting_position: str | None
    starting_position_timestamp: str | float | None

    @classmethod
    def of(cls, source: Source, parameters: SourceParameters, resource: Resource | None = None) -> SourceSettings:
        """The settings that `parameters` give; `resource` is the source in the topology, where there is one.

        Raises:
            InvalidSourceError: AWS rejects one of them, or one is not known.
        """
        for _, reason in setting_errors(source, parameters, resource):
            raise InvalidSourceError(reason)
        for field in fields(parameters):
            value = getattr(parameters, field.name)
            if isinstance(value, Unresolved) and field.name != "dead_letter_queue":
                raise InvalidSourceError(f"{field.name} is not known: it depends on {value}")
        values = {setting.field: setting.default for setting in source.settings}
        values |= {name: value for name in values if (value := getattr(parameters, name)) is not None}

        def number(name: str, otherwise: int) -> int:
            value = values.get(name)
            return value if isinstance(value, int) else otherwise

        timestamp = values.get("starting_position_timestamp")
        position = values.get("starting_position")
        return cls(
            batch_size=number("batch_size", 1),
            maximum_batching_window=number("maximum_batching_window", 0),
            parallelization_factor=number("parallelization_factor", 1),
            maximum_record_age=number("maximum_record_age", -1),
            maximum_retry_attempts=number("maximum_retry_attempts", -1),
            bisects=values.get("on_partial_batch_item_failure") is not None,
            starting_position=None if position is None else str(position),
            starting_position_timestamp=timestamp if isinstance(timestamp, str | int | float) else None,
        )


def setting_errors(
    source: Source, parameters: SourceParameters, resource: Resource | None = None
) -> Iterator[tuple[str, str]]:
    """The field and the reason of each parameter that AWS rejects. Those that are not known are passed over."""
    settings = {setting.field: setting for setting in source.settings}
    for field in fields(parameters):
        value = getattr(parameters, field.name)
        if value is None or isinstance(value, Unresolved):
            continue
        setting = settings.get(field.name)
        if setting is None:
            yield field.name, f"{field.name}: {source.kind}s have no such parameter; they take {', '.join(settings)}"
        elif setting.limit is not None:
            limit = LIMITS[setting.limit]
            if not limit.allows(value):
                kind = "" if isinstance(value, int) and not isinstance(value, bool) else ", a whole number"
                yield field.name, f"{field.name}={value!r}: {source.kind}s take {limit.words}{kind}"
        elif setting.values and value not in setting.values:
            yield field.name, f"{field.name}={value!r}: {source.kind}s take {' or '.join(setting.values)}"
    yield from source.relation_errors(parameters, resource)
