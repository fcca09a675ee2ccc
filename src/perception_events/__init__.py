"""Route DynamoDB stream records through EventBridge Pipes, buses and rules, in memory as AWS does it.

The names below are loaded when first used (PEP 562), so that `import perception_events` stays light.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perception_events.classifiers import ClassifierRegistry, default_registry
    from perception_events.errors import PerceptionEventsError
    from perception_events.patterns import EventPattern, RuleSet
    from perception_events.pipeline import Module, Pipeline, perception_pipeline
    from perception_events.pipeline.simulation import PipelineSimulation
    from perception_events.sort_keys import SortKey

__all__ = [
    "ClassifierRegistry",
    "EventPattern",
    "Module",
    "PerceptionEventsError",
    "Pipeline",
    "PipelineSimulation",
    "RuleSet",
    "SortKey",
    "default_registry",
    "perception_pipeline",
]

_HOMES = {
    "ClassifierRegistry": "perception_events.classifiers",
    "EventPattern": "perception_events.patterns",
    "Module": "perception_events.pipeline",
    "PerceptionEventsError": "perception_events.errors",
    "Pipeline": "perception_events.pipeline",
    "PipelineSimulation": "perception_events.pipeline.simulation",
    "RuleSet": "perception_events.patterns",
    "SortKey": "perception_events.sort_keys",
    "default_registry": "perception_events.classifiers",
    "perception_pipeline": "perception_events.pipeline",
}
"""Where each re-exported name lives."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
