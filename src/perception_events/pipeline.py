"""The declaration a user writes once: table, pipe, bus and modules; everything else is built from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from perception_events.classifiers import Classifier, ClassifierRegistry, SegmentClassifier
from perception_events.classifiers import default_registry as seed_registry
from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject

__all__ = [
    "BusSettings",
    "InvalidPipelineError",
    "Module",
    "Names",
    "PipeSettings",
    "Pipeline",
    "TableSettings",
    "perception_pipeline",
]

EVENT_TYPE_FIELD = "PerceptionPipelineEventType"
"""The field that the enrichment adds to each item and that the rules match on."""

COMPLETED_INSERTS: JSONObject = {
    "eventName": ["INSERT"],
    "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}},
}
NEW_IMAGE_TEMPLATE = '{"dynamodb": {"NewImage": <$.dynamodb.NewImage>}}'


class InvalidPipelineError(PerceptionEventsError, ValueError):
    """A declaration that contradicts itself; the message names the place and the mend."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the pipeline: its event type, how a key is recognised as its, and what its events set off.

    `classifier` defaults to the exact segment after the date. `targets` are the functions, without `-{env}`, that
    the module's rule invokes; a module without targets gets no rule. `triggers` are the modules started next.
    """

    name: str
    classifier: Classifier | None = None
    targets: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSettings:
    """The event table: key names, TTL attribute and what its stream carries."""

    name: str = "PerceptionPipelineEvents"
    partition_key: str = "site"
    sort_key: str = "date#event_type"
    ttl_attribute: str = "expires_at"
    stream_view_type: str = "NEW_AND_OLD_IMAGES"


@dataclass(frozen=True, slots=True)
class PipeSettings:
    """The pipe between the table's stream and the bus.

    `batch_size` and `maximum_batching_window` (seconds) are the source's; -1 means without limit, as on AWS.
    """

    filter_criteria: tuple[JSONObject, ...] = (COMPLETED_INSERTS,)
    batch_size: int | None = 10
    maximum_batching_window: int = 0
    maximum_retry_attempts: int = -1
    maximum_record_age: int = -1
    enrichment_input_template: str | None = NEW_IMAGE_TEMPLATE
    target_input_template: str | None = None
    source: str | None = None
    detail_type: str | None = None


@dataclass(frozen=True, slots=True)
class BusSettings:
    """The event bus; `archive_retention_days` of 0 keeps events for ever, None makes no archive."""

    archive_retention_days: int | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """What each part is called in one environment."""

    env: str
    table: str
    pipe: str
    bus: str
    enrichment: str

    def rule(self, target: str) -> str:
        """The rule that invokes `target`: `aggregate_pose` gives `aggregate-pose-rule-dev`."""
        return f"{target.replace('_', '-')}-rule-{self.env}"

    def function(self, target: str) -> str:
        """The function behind `target`: `aggregate_pose` gives `aggregate_pose-dev`."""
        return f"{target}-{self.env}"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A whole pipeline, declared once and built for each environment.

    Raises:
        InvalidPipelineError: two modules share a name, or a module triggers one that is not declared.
    """

    modules: tuple[Module, ...]
    name: str = "perception-pipeline"
    table: TableSettings = field(default_factory=TableSettings)
    pipe: PipeSettings = field(default_factory=PipeSettings)
    bus: BusSettings = field(default_factory=BusSettings)
    base_registry: ClassifierRegistry = field(default_factory=ClassifierRegistry)
    event_type_field: str = EVENT_TYPE_FIELD

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for module in self.modules:
            if module.name in seen:
                raise InvalidPipelineError(f"module {module.name!r} is declared twice; give each event type one module")
            seen.add(module.name)
        for module in self.modules:
            for triggered in module.triggers:
                if triggered not in seen:
                    raise InvalidPipelineError(
                        f"module {module.name!r} triggers {triggered!r}, which is not declared; "
                        f"add Module({triggered!r}) or correct the name (declared: {', '.join(sorted(seen))})"
                    )

    @property
    def registry(self) -> ClassifierRegistry:
        """The classifiers of all modules: `base_registry`, then each module's own."""
        registry = self.base_registry
        for module in self.modules:
            if module.classifier is not None:
                registry = registry.with_classifier(module.classifier)
            elif module.name not in registry.event_types:
                registry = registry.with_classifier(SegmentClassifier(module.name))
        return registry

    def names(self, env: str) -> Names:
        """What the parts are called in `env`."""
        return Names(
            env=env,
            table=f"{self.table.name}-{env}",
            pipe=f"{self.name}-pipe-{env}",
            bus=f"{self.name}-event-bus-{env}",
            enrichment=f"{self.name}-enrichment-{env}",
        )

    def module(self, name: str) -> Module:
        """The module called `name`.

        Raises:
            InvalidPipelineError: there is none.
        """
        for module in self.modules:
            if module.name == name:
                return module
        raise InvalidPipelineError(f"no module {name!r}; declared: {', '.join(m.name for m in self.modules)}")

    def with_module(self, module: Module) -> Pipeline:
        """This pipeline with one more module."""
        return replace(self, modules=(*self.modules, module))

    def event_pattern(self, module: Module) -> JSONObject:
        """The pattern of `module`'s rule."""
        return {"detail": {self.event_type_field: [module.name]}}

    def rules(self, env: str) -> Mapping[str, JSONObject]:
        """Rule name to event pattern, one rule for each target of each module."""
        names = self.names(env)
        return {names.rule(target): self.event_pattern(m) for m in self.modules for target in m.targets}


perception_pipeline = Pipeline(
    modules=(
        Module("pose", targets=("aggregate_pose",), triggers=("recon",)),
        Module("recon", targets=("aggregate_recon",), triggers=("preprocessing", "reid")),
        Module("preprocessing"),
        Module("reid"),
        Module("postprocessing"),
    ),
    base_registry=seed_registry,
)
"""The pipeline of the original system: five named modules, the filter, template and names it runs with."""
