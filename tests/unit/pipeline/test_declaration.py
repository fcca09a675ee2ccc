"""The declaration: the original system's names and rules, one line for a new module, and clear rejections."""

from __future__ import annotations

import pytest

from perception_events.classifiers import PredicateClassifier
from perception_events.pipeline import (
    InvalidPipelineError,
    Module,
    Pipeline,
    RuleSettings,
    TableSettings,
    perception_pipeline,
)


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_names_are_the_original_ones(env: str) -> None:
    names = perception_pipeline.names(env)
    assert names.table == f"PerceptionPipelineEvents-{env}"
    assert names.pipe == f"perception-pipeline-pipe-{env}"
    assert names.bus == f"perception-pipeline-event-bus-{env}"
    assert names.rule("aggregate_pose") == f"aggregate-pose-rule-{env}"
    assert names.function("aggregate_pose") == f"aggregate_pose-{env}"


def test_rules_are_the_original_ones() -> None:
    assert perception_pipeline.rules("dev") == {
        "aggregate-pose-rule-dev": {"detail": {"PerceptionPipelineEventType": ["pose"]}},
        "aggregate-recon-rule-dev": {"detail": {"PerceptionPipelineEventType": ["recon"]}},
    }


def test_a_new_module_is_one_line() -> None:
    grown = perception_pipeline.with_module(Module("thermal", targets=("aggregate_thermal",), triggers=("recon",)))
    assert grown.registry.classify("2025-07-15#thermal#sync001#cam6") == "thermal"
    assert grown.rules("dev")["aggregate-thermal-rule-dev"] == {"detail": {"PerceptionPipelineEventType": ["thermal"]}}
    assert perception_pipeline.registry.classify("2025-07-15#thermal#sync001#cam6") == "unknown"


def test_a_module_brings_its_own_classifier() -> None:
    night = PredicateClassifier("night", lambda key, item: key.endswith("#night"))
    grown = perception_pipeline.with_module(Module("night", classifier=night))
    assert grown.registry.classify("2025-07-15#survey#night") == "night"


def test_a_rule_beside_the_modules() -> None:
    pipeline = Pipeline(modules=(Module("pose"),), extra_rules=(RuleSettings("everything", {"source": ["x"]}),))
    assert pipeline.rules("dev") == {"everything-dev": {"source": ["x"]}}


def test_two_modules_may_share_a_target() -> None:
    pipeline = Pipeline(modules=(Module("pose", targets=("aggregate",)), Module("recon", targets=("aggregate",))))
    assert pipeline.rules("dev") == {
        "aggregate-rule-dev": {"detail": {"PerceptionPipelineEventType": ["pose", "recon"]}}
    }


def test_two_rules_of_one_name_are_rejected() -> None:
    with pytest.raises(InvalidPipelineError, match="two rules are called 'aggregate-pose-rule'"):
        Pipeline(
            modules=(Module("pose", targets=("aggregate_pose",)),),
            extra_rules=(RuleSettings("aggregate-pose-rule", {"source": ["x"]}),),
        )


def test_a_module_twice_is_rejected() -> None:
    with pytest.raises(InvalidPipelineError, match="module 'pose' is declared twice"):
        perception_pipeline.with_module(Module("pose"))


def test_a_trigger_that_is_not_declared_is_rejected_with_what_is() -> None:
    with pytest.raises(InvalidPipelineError, match=r"'pose' triggers 'recom', which is not declared.*recon"):
        Pipeline(modules=(Module("pose", triggers=("recom",)), Module("recon")))


def test_a_module_is_found_by_name() -> None:
    assert perception_pipeline.module("recon").triggers == ("preprocessing", "reid")
    with pytest.raises(InvalidPipelineError, match="no module 'x'; declared: pose, recon"):
        perception_pipeline.module("x")


def test_declarations_are_values() -> None:
    assert Pipeline(modules=(Module("pose"),)) == Pipeline(modules=(Module("pose"),))
    assert Pipeline(modules=(), table=TableSettings(name="Other")).names("dev").table == "Other-dev"
