"""`read_topology`: paths -> formats -> readers -> one topology, with what could not be read as values beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from perception_events.readers._build import build_topology
from perception_events.readers._declared import Declared
from perception_events.readers._discovery import Unit, units_of
from perception_events.readers._problems import Problem, ReadError
from perception_events.readers._reading import ReadFile, Reading
from perception_events.topology import Opaque, Topology, Unresolved, unresolved_in

__all__ = ["ReadResult", "read_topologies", "read_topology"]


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What was read.

    `topology`: the resources. `problems`: what could not be read, with file, line and fix; everything else was read.
    `files`: the files and folders with their formats.
    """

    topology: Topology
    problems: tuple[Problem, ...] = ()
    files: tuple[ReadFile, ...] = ()

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Every value on an event's way that is not known, once for each expression."""
        found: dict[str, Unresolved] = {}
        for resource in self.topology:
            if not isinstance(resource, Opaque):
                for value in _unknown(resource):
                    found.setdefault(value.expression, value)
        return tuple(found.values())


def read_topology(
    paths: str | Path | Iterable[str | Path],
    *,
    parameters: Mapping[str, Any] | None = None,
    account: str | None = None,
    region: str | None = None,
    strict: bool = False,
) -> ReadResult:
    """Read templates as one system.

    `paths`: a template, a folder, or several of them. A folder is a Terraform module, a `cdk.out` or a Serverless
    service where its files say so; any other folder is walked for templates. The format is recognised.
    `parameters`: values of parameters, Terraform variables and Serverless options by name.
    `account`, `region`: where it is deployed; by default as the files say, else 123456789012 and us-east-1.
    `strict`: raise where anything could not be read.

    Names and ARNs that AWS makes are made up, the same in each call. What is referred to and not declared becomes a
    resource with `existing=True`. Nothing is run, and nothing is fetched.

    Raises:
        ReadError: with `strict`, for everything that could not be read together.
        MissingExtraError: a file needs a library that is not installed.
    """
    reading = Reading(dict(parameters or {}), account, region)
    units = list(units_of([paths] if isinstance(paths, str | Path) else list(paths), reading))
    result = _read(reading, units)
    if strict and result.problems:
        raise ReadError(result.problems)
    return result


def read_topologies(
    paths: str | Path | Iterable[str | Path],
    *,
    parameters: Mapping[str, Any] | None = None,
    account: str | None = None,
    region: str | None = None,
) -> Iterator[ReadResult]:
    """Read each template, module, `cdk.out` or service that `paths` lead to as a system of its own.

    For folders with templates that have nothing to do with each other. The parameters are those of `read_topology`.

    Raises:
        MissingExtraError: a file needs a library that is not installed.
    """
    finding = Reading({}, account, region)
    units = list(units_of([paths] if isinstance(paths, str | Path) else list(paths), finding))
    if finding.problems:
        yield ReadResult(Topology(), tuple(finding.problems))
    for unit in units:
        yield _read(Reading(dict(parameters or {}), account, region), [unit])


def _read(reading: Reading, units: list[Unit]) -> ReadResult:
    names = Counter(unit.name for unit in units)
    for number, unit in enumerate(units):
        if len(units) > 1:
            reading.stack_name = unit.name if names[unit.name] == 1 else f"{unit.name}-{number + 1}"
        unit.read(reading)
    declared = [(name, list(source())) for name, source in reading.sources]
    ids = Counter(one.id for _, found in declared for one in found)
    unique = [_with_unique_id(one, name, ids) for name, found in declared for one in found]
    topology = build_topology(unique, reading.problems)
    return ReadResult(topology, tuple(reading.problems), tuple(reading.files))


def _with_unique_id(declared: Declared, stack: str, ids: Counter[str]) -> Declared:
    """An id that several templates use has its stack's name before it."""
    return declared if ids[declared.id] == 1 else replace(declared, id=f"{stack}/{declared.id}")


def _unknown(value: Any) -> Iterator[Unresolved]:
    if isinstance(value, Unresolved):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name not in ("origin", "statement", "environment", "definition", "statements"):
                yield from _unknown(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _unknown(one)
    else:
        yield from unresolved_in(value)
