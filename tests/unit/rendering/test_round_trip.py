"""What is deployed is what was routed: templates, read back from their text, drive the simulator to the same traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perception_events.pipeline import Pipeline
from perception_events.rendering import TemplateFormat, render
from perception_events.simulation import PipelineSimulation
from support.declarations import DECLARATIONS
from support.read_template import pipeline_from

RECORDS = Path(__file__).resolve().parents[3] / "docs" / "examples" / "perception_pipeline" / "records.jsonl"


def traces(pipeline: Pipeline, env: str) -> list[list[dict[str, Any]]]:
    simulation = PipelineSimulation(pipeline, env=env)
    records = (json.loads(line) for line in RECORDS.read_text(encoding="utf-8").splitlines())
    return [[step.to_dict() for step in route.trace] for route in simulation.route(records)]


@pytest.mark.parametrize("format", list(TemplateFormat))
@pytest.mark.parametrize("name", DECLARATIONS)
def test_the_template_routes_as_the_declaration_does(name: str, format: TemplateFormat) -> None:
    pipeline, env = DECLARATIONS[name]
    read = pipeline_from(render(pipeline, env, format), format, pipeline, env)
    expected = traces(pipeline, env)
    assert traces(read, env) == expected
    steps = {step["step"] for trace in expected for step in trace}
    assert {"FilteredOut", "Enriched", "Put", "RuleMatched", "Delivered"} <= steps


@pytest.mark.parametrize("format", list(TemplateFormat))
@pytest.mark.parametrize("name", DECLARATIONS)
def test_limits_and_templates_come_back(name: str, format: TemplateFormat) -> None:
    pipeline, env = DECLARATIONS[name]
    read = pipeline_from(render(pipeline, env, format), format, pipeline, env)
    assert read.rules(env) == pipeline.rules(env)
    assert read.bus.target_retry_attempts == pipeline.bus.target_retry_attempts
    for field in pipeline.pipe.__dataclass_fields__:
        if field not in ("source", "detail_type"):  # AWS's defaults, written out
            assert getattr(read.pipe, field) == getattr(pipeline.pipe, field), field


def test_a_changed_file_routes_otherwise() -> None:
    pipeline, env = DECLARATIONS["original-dev"]
    text = render(pipeline, env).replace("COMPLETED", "PROCESSING")
    assert traces(pipeline_from(text, "cloudformation", pipeline, env), env) != traces(pipeline, env)
