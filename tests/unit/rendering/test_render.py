"""Templates are complete, the same for the same declaration, and every change of them shows in a golden file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from perception_events.pipeline import Module, Pipeline, perception_pipeline
from perception_events.rendering import TemplateFormat, render, template
from perception_events.topology import InvalidTopologyError
from support.declarations import DECLARATIONS, EXISTING, JOINED

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


@pytest.mark.parametrize("format", list(TemplateFormat))
@pytest.mark.parametrize("name", DECLARATIONS)
def test_the_text_is_the_golden_files(name: str, format: TemplateFormat) -> None:
    """Run with PERCEPTION_EVENTS_UPDATE_GOLDEN=1 to write the files anew, and read the difference."""
    pipeline, env = DECLARATIONS[name]
    path = GOLDEN / f"{name}.{format}.json"
    text = render(pipeline.topology(env), format)
    if os.environ.get("PERCEPTION_EVENTS_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_text_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from perception_events.rendering import render;"
        "from perception_events.pipeline import perception_pipeline as p;"
        "import hashlib; print(hashlib.sha256(render(p.topology('dev')).encode()).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_environments_differ_in_their_names_only() -> None:
    dev, prod = (render(perception_pipeline.topology(env)) for env in ("dev", "prod"))
    assert re.sub(r'(?<=[-"])dev(?=["-]|, rendered)', "prod", dev) == prod


def types(pipeline: Pipeline, env: str = "dev") -> list[str]:
    rendered = json.loads(render(pipeline.topology(env)))
    return [resource["Type"] for resource in rendered["Resources"].values()]


def test_names_are_the_originals() -> None:
    text = render(perception_pipeline.topology("prod"))
    for name in (
        "PerceptionPipelineEvents-prod",
        "perception-pipeline-pipe-prod",
        "perception-pipeline-event-bus-prod",
        "aggregate-pose-rule-prod",
        "aggregate-recon-rule-prod",
        "aggregate_pose-prod",
    ):
        assert f'"{name}"' in text


def test_what_is_there_already_is_referred_to() -> None:
    found = types(EXISTING)
    assert "AWS::DynamoDB::Table" not in found
    assert "AWS::Events::EventBus" not in found
    assert "AWS::EventSchemas::Discoverer" not in found
    assert found.count("AWS::Lambda::Function") == 2  # aggregate_recon, log_event
    assert "AWS::Events::Archive" in found
    assert "AWS::Lambda::EventInvokeConfig" in found


def test_joins_bring_the_fallback() -> None:
    assert "AWS::StepFunctions::StateMachine" not in types(perception_pipeline)
    assert {"AWS::StepFunctions::StateMachine", "AWS::Scheduler::Schedule"} <= set(types(JOINED))


def test_names_that_collide_are_rejected() -> None:
    pipeline = replace(perception_pipeline, modules=(Module("a", targets=("x_y",)), Module("b", targets=("x__y",))))
    with pytest.raises(InvalidTopologyError, match="XYFunction: two resources have this id"):
        pipeline.topology("dev")


def test_an_unknown_format_is_rejected() -> None:
    with pytest.raises(ValueError, match="yaml"):
        template(perception_pipeline.topology("dev"), "yaml")
