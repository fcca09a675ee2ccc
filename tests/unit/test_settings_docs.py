"""Each field of what a user fills in is explained: in its class's docstring by name, or by a line of its own."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re

import pytest

from perception_events import aggregation, buses, pipeline, pipes, topology
from perception_events.checks import EnrichmentEffect
from perception_events.item_names import ItemNames
from perception_events.sort_keys import KeyFormat

SETTINGS: list[type] = [
    pipeline.BusSettings,
    pipeline.EnrichmentSettings,
    pipeline.FunctionSettings,
    pipeline.Module,
    pipeline.PipeSettings,
    pipeline.Pipeline,
    pipeline.RuleSettings,
    pipeline.TableSettings,
    aggregation.Join,
    aggregation.Manifest,
    buses.RetryPolicy,
    buses.RuleTarget,
    pipes.PipeEnrichment,
    pipes.PipeARNs,
    topology.Function,
    topology.Queue,
    topology.Table,
    topology.Pipe,
    topology.RuleTarget,
    EnrichmentEffect,
    ItemNames,
    KeyFormat,
]
ALL_RESOURCES = {field.name for field in dataclasses.fields(topology.Resource)}


def own_docstrings(cls: type) -> set[str]:
    """The fields that have a text below them."""
    body = ast.parse(inspect.getsource(cls).lstrip()).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        node.target.id
        for node, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }


@pytest.mark.parametrize("cls", SETTINGS, ids=lambda cls: f"{cls.__module__.split('.')[1]}.{cls.__name__}")
def test_each_field_is_explained(cls: type) -> None:
    named = set(re.findall(r"`(\w+)`", inspect.getdoc(cls) or "")) | own_docstrings(cls)
    of_its_own = {field.name for field in dataclasses.fields(cls) if field.init and not field.name.startswith("_")}
    inherited = ALL_RESOURCES if issubclass(cls, topology.Resource) else set()
    assert of_its_own - inherited - named == set()
