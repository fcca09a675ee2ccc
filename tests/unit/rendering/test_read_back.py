"""What is deployed is what was asked about: a rendered template, read again, is the topology that it was made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perception_events.readers import read_topology
from perception_events.rendering import TemplateFormat, render
from perception_events.topology import (
    Discoverer,
    EventSourceMapping,
    Function,
    LogGroup,
    Opaque,
    Permission,
    Pipe,
    Resource,
    Rule,
    StateMachine,
    Table,
    TableStream,
    Topology,
    with_references,
)
from support.declarations import DECLARATIONS
from support.topologies import every_kind

pytest.importorskip("yaml", reason="the readers need the [templates] extra")
pytest.importorskip("hcl2", reason="the readers need the [templates] extra")

TOPOLOGIES = {**{name: p.topology(env) for name, (p, env) in DECLARATIONS.items()}, "every-kind": every_kind()}
FILES = {"cloudformation": "template.json", "sam": "template.json", "terraform-json": "main.tf.json"}


def read_again(topology: Topology, format: str, folder: Path, change: Callable[[str], str] = str) -> Topology:
    (folder / FILES[format]).write_text(change(render(topology, format)), encoding="utf-8")
    account = {"account": "210987654321", "region": "eu-west-1"} if topology is TOPOLOGIES["every-kind"] else {}
    result = read_topology(folder, **account)  # type: ignore[arg-type]  # the two are texts
    assert result.problems == ()
    return result.topology


def comparable(topology: Topology) -> dict[str, Resource]:
    """The resources by kind and name; without what a template says elsewhere, or what rendering adds.

    Left out are roles with the grants in them, permissions, alarms, the functions' log groups with their retention, the
    zip, which is a parameter, and the table of a stream that exists already, which nothing refers to.
    """
    ids = {resource.id: f"{resource.kind} {resource.name}" for resource in topology}
    found = {}
    for resource in topology:
        if isinstance(resource, Opaque | Permission) or _is_a_functions_log_group(resource):
            continue
        if isinstance(resource, Table) and resource.existing:
            continue
        plain = _without_origins(with_references(_elsewhere(resource), lambda id: ids.get(id, id)))
        id = ids[resource.id]
        if isinstance(plain, EventSourceMapping | Discoverer):  # AWS gives them their names
            plain, id = replace(plain, name="", arn=""), f"{plain.kind} {resource.condition}"
            if isinstance(plain, EventSourceMapping):
                id = f"{plain.kind} {plain.source} {plain.function}"
        found[id] = replace(plain, id=id)
    return found


def _is_a_functions_log_group(resource: Resource) -> bool:
    return isinstance(resource, LogGroup) and str(resource.name).startswith("/aws/lambda/")


def _elsewhere(resource: Resource) -> Resource:
    match resource:
        case Function():
            return replace(
                resource,
                code_bucket=None,
                code_key=None,
                log_retention_days=None,
                grants=(),
                statements=(),
            )
        case StateMachine(definition=str(text)):
            return replace(resource, definition=json.loads(text), grants=())
        case StateMachine():
            return replace(resource, grants=())
        case Pipe():
            return replace(resource, role=None)
        case Rule():
            return replace(resource, targets=tuple(replace(target, role=None) for target in resource.targets))
        case TableStream(existing=True):
            return replace(resource, table=None)
    return resource


def _without_origins(resource: Resource) -> Resource:
    parts: dict[str, Any] = {"origin": None}
    for name in ("targets", "filters"):
        if hasattr(resource, name):
            parts[name] = tuple(replace(one, origin=None) for one in getattr(resource, name))
    return replace(resource, **parts)


@pytest.mark.parametrize("format", list(TemplateFormat))
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_a_template_read_again_is_the_topology_that_it_was_made_of(
    name: str, format: TemplateFormat, tmp_path: Path
) -> None:
    expected = comparable(TOPOLOGIES[name])
    found = comparable(read_again(TOPOLOGIES[name], format, tmp_path))
    assert sorted(found) == sorted(expected)
    for id, resource in expected.items():
        assert found[id] == resource
    assert len(expected) > 8


@pytest.mark.parametrize("format", list(TemplateFormat))
def test_the_functions_log_groups_keep_as_long_as_declared(format: TemplateFormat, tmp_path: Path) -> None:
    topology = TOPOLOGIES["joined-dev"]
    groups = read_again(topology, format, tmp_path).of(LogGroup)
    kept = {str(group.name).removeprefix("/aws/lambda/"): group.retention_days for group in groups}
    for function in topology.of(Function):
        assert kept[str(function.name)] == function.log_retention_days


@pytest.mark.parametrize("format", list(TemplateFormat))
def test_a_changed_file_is_another_topology(format: TemplateFormat, tmp_path: Path) -> None:
    topology = TOPOLOGIES["original-dev"]
    found = read_again(topology, format, tmp_path, lambda text: text.replace("COMPLETED", "PROCESSING"))
    differing = {id for id, resource in comparable(found).items() if resource != comparable(topology)[id]}
    assert differing == {"pipe perception-pipeline-pipe-dev"}
