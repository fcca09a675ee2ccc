"""The declaration a user writes once: table, pipe, bus and modules; everything else is built from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from perception_events.aggregation import (
    FallbackPolicy,
    InvalidJoinError,
    Join,
    alert_event_type,
    check_acyclic,
    check_joins,
    check_reachable,
    trigger_event_type,
)
from perception_events.classifiers import EVENT_TYPE_FIELD, ClassifierRegistry, Enrichment, OnError, SegmentClassifier
from perception_events.clock import Clock
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.json_values import JSONObject
from perception_events.pipeline._enrichment import OwnEnrichment
from perception_events.pipeline._errors import InvalidPipelineError
from perception_events.pipeline._names import DEFAULT_NAME_FORMAT, Names, rule_name
from perception_events.pipeline._settings import (
    ENRICHMENT,
    BusSettings,
    EnrichmentSettings,
    FunctionSettings,
    Module,
    PipeSettings,
    RuleSettings,
    TableSettings,
)
from perception_events.resource_names import logical_id
from perception_events.sort_keys import ORIGINAL_PART_NAMES
from perception_events.targets import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from perception_events.aggregation import Aggregator, JoinStore
    from perception_events.diagrams import Graph
    from perception_events.schemas import SupportsJSONSchema
    from perception_events.topology import Resource, Topology

__all__ = ["Pipeline"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A whole pipeline, declared once and built for each environment.

    `modules`: the event types, each with its rule and functions.
    `name`: what the parts' names begin with that have no name of their own.
    `table`, `pipe`, `bus`, `functions`: the settings of each.
    `enrichment`: the pipe's enrichment step: by default the classifiers'; None for a pipe without one.
    `base_registry`: classifiers that come before those of the modules.
    `event_type_field`: the field of an item in which the enrichment puts the event type.
    `extra_rules`: rules beside those of the modules.
    `resources`: what else belongs to the system, in the topology's own words: queues, topics, state machines, further
    pipes, buses and rules, event source mappings. References name ids, of `resources` or of the declaration's own parts
    (`EventTable`, `EventTable.stream`, `EventBus`, `Pipe`), or functions by their names here. A name that is left out
    is the id; ARNs are made up, but for those of `existing` resources, which keep their name and ARN as they are.
    `entries`: the modules that start from outside; by default the first. It matters once joins are declared.
    `fallback_every`: how often their workflow sweeps the joins, in whole minutes.
    `name_format`: how a declared name and the environment make a name on AWS: `{name}-{env}` by default, `{name}` to
    leave the environment out. A name with `{env}` in it is taken as it is, with the environment put in.
    `detail`: a pydantic model of the detail of the events that the pipe puts on the bus; the fields that the enrichment
    adds may be left out. `check` and `review` hold the rules against it.

    Raises:
        InvalidPipelineError: two modules or two rules share a name, a module triggers one that is not declared, or
            the joins make a cycle, leave a module unreachable or can never complete; or modules have targets, and
            nothing gives their events the type that the rules match on.
    """

    modules: tuple[Module, ...] = ()
    name: str = "perception-pipeline"
    table: TableSettings = field(default_factory=TableSettings)
    pipe: PipeSettings = field(default_factory=PipeSettings)
    bus: BusSettings = field(default_factory=BusSettings)
    base_registry: ClassifierRegistry = field(default_factory=ClassifierRegistry)
    event_type_field: str = EVENT_TYPE_FIELD
    extra_rules: tuple[RuleSettings, ...] = ()
    functions: FunctionSettings = field(default_factory=FunctionSettings)
    entries: tuple[str, ...] = ()
    fallback_every: timedelta = timedelta(minutes=5)
    enrichment: EnrichmentSettings | None = field(default_factory=EnrichmentSettings)
    resources: tuple[Resource, ...] = ()
    name_format: str = DEFAULT_NAME_FORMAT
    detail: SupportsJSONSchema | None = None

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for module in self.modules:
            if not isinstance(module.name, str) or not module.name:
                raise InvalidPipelineError(f"a module's name is a text, found {describe(module.name)}")
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
            self._check_after(module, seen)
        if "{name}" not in self.name_format:
            raise InvalidPipelineError(
                f"name_format {self.name_format!r} must hold {{name}}, or all parts share a name"
            )
        if self.joins:
            self._check_joins()
        self._check_rule_names()
        self._check_event_types()

    def _check_after(self, module: Module, declared: set[str]) -> None:
        declared_joins = [join for one in self.modules for join in one.joins]
        joins = {join.name for join in declared_joins}
        for before in module.after:
            if before in joins:
                continue
            if before not in declared or before == module.name:
                known = ", ".join(sorted({*joins, *declared} - {module.name}))
                raise InvalidPipelineError(
                    f"module {module.name!r} comes after {before!r}, which is neither a join nor another module; "
                    f"declared: {known or 'none'}"
                )
            # The function behind such a module is the joins', which starts nothing but what joins trigger.
            for join in declared_joins:
                if before in join.event_types:
                    raise InvalidPipelineError(
                        f"module {module.name!r} comes after {before!r}, whose events the join {join.name!r} gathers; "
                        f"name the join: after=({join.name!r},). Where the function of {before!r} starts it itself, "
                        f"say so there: Module({before!r}, triggers=({module.name!r},))"
                    )

    def _check_rule_names(self) -> None:
        names: set[str] = set()
        for rule in self.rule_settings():
            if rule.name in names:
                raise InvalidPipelineError(
                    f"two rules are called {rule.name!r}; give the one in extra_rules another name"
                )
            names.add(rule.name)

    def _check_event_types(self) -> None:
        """Rules of modules match on the event type, which the enrichment or a template must put there."""
        gives = self.event_type_field in self.enriched_fields
        with_targets = [module.name for module in self.modules if module.targets]
        if with_targets and not gives and not self.pipe.target_input_template:
            raise InvalidPipelineError(
                f"nothing gives events the field {self.event_type_field!r} that the rules of {', '.join(with_targets)} "
                "match on; let the enrichment classify, or name the field in EnrichmentSettings(adds=...)"
            )

    @property
    def registry(self) -> ClassifierRegistry:
        """The classifiers of all modules: `base_registry`, then each module's own."""
        registry = self.base_registry
        for module in self.modules:
            if module.classifier is not None:
                registry = registry.with_classifier(module.classifier)
            elif module.name not in registry.event_types:
                registry = registry.with_classifier(self._segment(module.name))
        for event_type in self._join_event_types():
            if event_type not in registry.event_types:
                registry = registry.with_classifier(self._segment(event_type))
        return registry

    def _segment(self, event_type: str) -> SegmentClassifier:
        return SegmentClassifier(event_type, position=0 if self.table.key_format.prefix is None else 1)

    @property
    def joins(self) -> tuple[Join, ...]:
        """The joins of all modules, each once, with the modules that come `after` them among their triggers."""
        declared = dict.fromkeys(join for module in self.modules for join in module.joins)
        return tuple(self._with_later_modules(join) for join in declared)

    def _with_later_modules(self, join: Join) -> Join:
        later = [m.name for m in self.modules if join.name in m.after and m.name not in join.trigger]
        return replace(join, trigger=(*join.trigger, *later)) if later else join

    def triggers_of(self, module: Module) -> tuple[str, ...]:
        """The modules that the functions of `module` start themselves: its triggers, and those that come `after` it."""
        joins = {join.name for one in self.modules for join in one.joins}
        later = (m.name for m in self.modules if module.name in m.after and module.name not in joins)
        return tuple(dict.fromkeys((*module.triggers, *later)))

    @property
    def key_parts(self) -> Mapping[str, tuple[str, ...]]:
        """What the segments of sort keys are called, per event type, as `SortKey.parse` takes it."""
        return {**ORIGINAL_PART_NAMES, **{m.name: m.parts for m in self.modules if m.parts is not None}}

    @property
    def next_modules(self) -> Mapping[str, tuple[str, ...]]:
        """Module name to the modules that it starts, alone or through joins."""
        edges = {module.name: list(self.triggers_of(module)) for module in self.modules}
        for join in self.joins:
            for event_type in join.event_types:
                edges.setdefault(event_type, []).extend(join.trigger)
        return {name: tuple(dict.fromkeys(triggered)) for name, triggered in edges.items()}

    def aggregator(self, store: JoinStore, *, clock: Clock) -> Aggregator:
        """What takes the modules' events and triggers the joins that are complete; it is a `Target`."""
        from perception_events.aggregation import Aggregator

        return Aggregator(self.joins, store, clock=clock, parts=self.key_parts, names=self.item_names)

    @property
    def item_names(self) -> ItemNames:
        """What the table calls its attributes, and how its keys read."""
        table = self.table
        return ItemNames(
            table.partition_key,
            table.sort_key,
            table.ttl_attribute,
            table.status_attribute,
            table.done,
            table.in_progress,
            table.failed,
            table.key_format,
        )

    def names(self, env: str) -> Names:
        """What the parts are called in `env`; what is there already keeps its own name."""
        stream, existing_bus = self.table.existing_stream_arn, self.bus.existing_name
        functions = {name: _function_of(arn) for name, arn in self.functions.existing_arns.items()}
        names = Names(env, "", "", "", "", self.name_format, functions)
        return replace(
            names,
            table=stream.split("/")[1] if stream else names.of(self.table.name),
            pipe=names.of(self.pipe.name or f"{self.name}-pipe"),
            bus=existing_bus.split("event-bus/")[-1]
            if existing_bus
            else names.of(self.bus.name or f"{self.name}-event-bus"),
            enrichment=functions.get(ENRICHMENT) or names.of(f"{self.name}-enrichment"),
        )

    def topology(
        self,
        env: str,
        *,
        account: str | None = None,
        region: str | None = None,
        declared_in: str | None = None,
    ) -> Topology:
        """Everything that is deployed in `env`, as resources that refer to each other.

        `account`, `region`: for ARNs; 123456789012 and us-east-1 where they are not given.
        `declared_in`: what origins name as their file, such as `package.module:name`; the pipeline's name without it.

        Ids are the logical ids of rendered templates (`AggregatePoseFunction`); what is there already has its ARN, or
        the name of a function, as its id.

        Raises:
            InvalidTopologyError: two parts would have one id.
        """
        # Here: a function that only classifies or joins need not load it.
        from perception_events.pipeline._topology import pipeline_topology

        return pipeline_topology(self, env, account or "123456789012", region or "us-east-1", declared_in)

    def graph(self, env: str, *, queues: bool = False) -> Graph:
        """The diagram of `topology(env)` with modules and joins; `queues` draws dead-letter queues too."""
        from perception_events.pipeline._diagram import pipeline_graph

        return pipeline_graph(self, env, queues=queues)

    def local_functions(self) -> Mapping[str, Target]:
        """What runs in memory in place of what is deployed, by the id of the resource: the enrichment.

        Raises:
            InvalidPipelineError: the enrichment's own function cannot be imported or called.
        """
        enrichment = self.enrichment
        if enrichment is None:
            return {}
        id = enrichment.resource or self.functions.existing_arns.get(ENRICHMENT) or logical_id(ENRICHMENT, "function")
        return {id: self.enrichment_target()}

    @property
    def enriched_fields(self) -> tuple[str, ...]:
        """The fields that the enrichment is known to add to each item."""
        if self.enrichment is None:
            return ()
        return (*((self.event_type_field,) if self.enrichment.classify else ()), *self.enrichment.adds)

    @property
    def computes_event_types(self) -> bool:
        """Whether a classifier works its event types out, so that they are not known beforehand."""
        return any(not isinstance(getattr(c, "event_type", None), str) for c in self.registry.classifiers)

    def enrichment_target(self) -> Target:
        """What the enrichment step runs, here and in its Lambda function.

        Raises:
            InvalidPipelineError: there is no enrichment, or its own function cannot be imported or called.
        """
        settings = self.enrichment
        if settings is None:
            raise InvalidPipelineError("the pipeline has no enrichment; declare enrichment=EnrichmentSettings(...)")
        classifying = None
        if settings.classify:
            classifying = Enrichment(
                self.registry, self.event_type_field, self.table.sort_key, OnError(settings.on_error)
            )
        if settings.function is None:
            if classifying is None:
                raise InvalidPipelineError(
                    "the enrichment neither classifies nor has a function; a pipe without one has enrichment=None"
                )
            return classifying
        return OwnEnrichment(classifying, settings.function)

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

    def event_pattern(self, *modules: Module) -> JSONObject:
        """The pattern of the rule for events of `modules`, and for the manifests that their joins wait for."""
        manifests = (join.manifest for module in modules for join in module.joins)
        return self._event_type_pattern(
            *(module.name for module in modules), *(manifest.event_type for manifest in manifests if manifest)
        )

    def _event_type_pattern(self, *event_types: str) -> JSONObject:
        return {"detail": {self.event_type_field: [*dict.fromkeys(event_types)]}}

    def modules_of(self, target: str) -> tuple[Module, ...]:
        """The modules whose events invoke `target`."""
        return tuple(module for module in self.modules if target in module.targets)

    def joins_of(self, target: str) -> tuple[Join, ...]:
        """The joins that the function `target` records members of, wherever they are declared."""
        event_types = {module.name for module in self.modules_of(target)}
        return tuple(join for join in self.joins if event_types.intersection(join.event_types))

    def started_by(self, target: str, event_type: str | None = None) -> tuple[str, ...]:
        """The modules that the function `target` starts: what its modules trigger themselves, or a join's trigger.

        `event_type`: of the event that invoked it; where several modules share the function, only that one's count.
        """
        modules = self.modules_of(target)
        modules = tuple(module for module in modules if module.name == event_type) or modules
        of_modules = (triggered for module in modules for triggered in self.triggers_of(module))
        of_joins = (m for join in self.joins for m in join.trigger if target == trigger_event_type(m))
        return tuple(dict.fromkeys((*of_modules, *of_joins)))

    def rule_settings(self) -> tuple[RuleSettings, ...]:
        """Every rule: one for each target of the modules (two modules may share one), joins, then `extra_rules`.

        A join's trigger of `recon` invokes the function `trigger_recon`; the alerts of all joins `alert_joins`.
        """
        targets = dict.fromkeys(target for module in self.modules for target in module.targets)
        return (
            *(RuleSettings(rule_name(t), self.event_pattern(*self.modules_of(t)), (t,)) for t in targets),
            *(RuleSettings(rule_name(t), self._event_type_pattern(t), (t,)) for t in self._trigger_event_types()),
            *self._alert_rules(),
            *self.extra_rules,
        )

    def _trigger_event_types(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(trigger_event_type(module) for join in self.joins for module in join.trigger))

    def _alert_event_types(self) -> tuple[str, ...]:
        alerting = (FallbackPolicy.ALERT, FallbackPolicy.QUORUM)
        return tuple(alert_event_type(join.name) for join in self.joins if join.policy in alerting)

    def _alert_rules(self) -> tuple[RuleSettings, ...]:
        types = self._alert_event_types()
        return (RuleSettings("alert-joins-rule", self._event_type_pattern(*types), ("alert_joins",)),) if types else ()

    def _join_event_types(self) -> tuple[str, ...]:
        manifests = (join.manifest.event_type for join in self.joins if join.manifest is not None)
        return tuple(dict.fromkeys((*manifests, *self._trigger_event_types(), *self._alert_event_types())))

    def _check_joins(self) -> None:
        declared = {module.name: self.key_parts.get(module.name) for module in self.modules}
        try:
            for module in self.modules:
                for join in module.joins:
                    if module.name not in join.event_types:
                        raise InvalidJoinError(
                            f"module {module.name!r} has join {join.name!r}, which is on {', '.join(join.event_types)};"
                            " declare it there"
                        )
            served = [module.name for module in self.modules if module.targets]
            check_joins(self.joins, declared, served, self.item_names)
            check_acyclic(self.next_modules)
            check_reachable(self.entries or (self.modules[0].name,), self.next_modules)
        except InvalidJoinError as error:
            raise InvalidPipelineError(str(error)) from error
        for entry in self.entries:
            if entry not in declared:
                raise InvalidPipelineError(f"entries names {entry!r}, which is not declared")
        for event_type in self._join_event_types():
            if event_type in declared:
                raise InvalidPipelineError(
                    f"module {event_type!r} has the name of an event type that a join writes or waits for; rename it"
                )

    def rules(self, env: str) -> Mapping[str, JSONObject]:
        """Rule name to event pattern."""
        names = self.names(env)
        return {names.of(rule.name): rule.event_pattern for rule in self.rule_settings()}


def _function_of(arn: str) -> str:
    """The function's name in its ARN, which may end in a version or an alias."""
    return arn.split(":function:")[-1].split(":")[0]
