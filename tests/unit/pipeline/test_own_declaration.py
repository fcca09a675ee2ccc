"""A declaration with own names, enrichment, targets and resources; what contradicts itself is rejected with the fix."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import Join
from perception_events.classifiers import OnError
from perception_events.lambdas import enrichment_handler
from perception_events.pipeline import (
    BusSettings,
    EnrichmentSettings,
    FunctionSettings,
    InvalidPipelineError,
    Module,
    Pipeline,
    PipeSettings,
    RuleSettings,
    TableSettings,
)
from perception_events.pipeline.checks import check_pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.testing import RecordBuilder
from perception_events.topology import (
    ApiDestination,
    EventBus,
    EventSourceMapping,
    Function,
    InvalidTopologyError,
    KinesisStream,
    Pipe,
    Queue,
    RetryPolicy,
    Rule,
    RuleTarget,
    Schedule,
    StateMachine,
    TableStream,
)

RECORD: Any = {"dynamodb": {"NewImage": {"date#event_type": {"S": "2025-07-15#order#A17"}, "total": {"N": "12.5"}}}}


def with_amount(items: list[Any]) -> list[Any]:
    return [{**item, "amount": float(item["dynamodb"]["NewImage"]["total"]["N"])} for item in items]


def lambda_handler(event: Any, context: Any) -> Any:
    return [{**item, "context": context} for item in event]


class Doubling:
    def invoke(self, event: Any) -> Any:
        return [*event, *event]


# --- enrichment


def test_a_function_of_ones_own_gets_the_classified_items() -> None:
    pipeline = Pipeline((Module("order"),), enrichment=EnrichmentSettings(with_amount, adds=("amount",)))
    assert pipeline.enrichment_target().invoke([RECORD]) == [
        {**RECORD, "PerceptionPipelineEventType": "order", "amount": 12.5}
    ]
    assert pipeline.enriched_fields == ("PerceptionPipelineEventType", "amount")


def test_the_handler_does_what_the_declaration_says() -> None:
    pipeline = Pipeline((Module("order"),), event_type_field="kind", enrichment=EnrichmentSettings(with_amount))
    assert enrichment_handler(pipeline)([RECORD], None) == [{**RECORD, "kind": "order", "amount": 12.5}]
    lenient = EnrichmentSettings(on_error=OnError.UNKNOWN)
    items: Any = enrichment_handler(Pipeline(enrichment=lenient))([{"a": 1}], None)
    assert items[0]["PerceptionPipelineEventType"] == "unknown"


def test_classification_can_be_left_out() -> None:
    pipeline = Pipeline(enrichment=EnrichmentSettings(with_amount, classify=False))
    assert pipeline.enrichment_target().invoke([RECORD]) == [{**RECORD, "amount": 12.5}]


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (lambda_handler, [{"a": 1, "context": None}]),
        (Doubling(), [{"a": 1}, {"a": 1}]),
        ("support.own_enrichment:keep", [{"a": 1, "kept": True}]),
    ],
)
def test_handlers_targets_and_names_are_functions_too(function: Any, given: Any) -> None:
    pipeline = Pipeline(enrichment=EnrichmentSettings(function, classify=False))
    assert pipeline.enrichment_target().invoke([{"a": 1}]) == given


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (EnrichmentSettings("support.own_enrichment"), "must read package.module:name"),
        (EnrichmentSettings("support.own_enrichment:missing"), "cannot be imported: .*missing"),
        (EnrichmentSettings(5), "5 is not a function and has no `invoke`"),
        (EnrichmentSettings(classify=False), "neither classifies nor has a function"),
        (None, "the pipeline has no enrichment"),
    ],
)
def test_an_enrichment_that_cannot_run_is_rejected(settings: EnrichmentSettings | None, reason: str) -> None:
    with pytest.raises(InvalidPipelineError, match=reason):
        Pipeline(enrichment=settings).enrichment_target()


def test_a_pipe_without_enrichment_has_no_function_for_it() -> None:
    pipeline = Pipeline(enrichment=None, extra_rules=(RuleSettings("all", {"source": [{"exists": True}]}, ("log",)),))
    topology = pipeline.topology("dev")
    pipe = topology.get("Pipe", Pipe)
    assert (pipe.enrichment, pipe.enrichment_input_template) == (None, None)
    assert [function.name for function in topology.of(Function)] == ["log-dev"]
    assert pipeline.local_functions() == {}


def test_another_resource_enriches() -> None:
    machine = StateMachine("Enricher", type="EXPRESS", definition={"StartAt": "A", "States": {}})
    pipeline = Pipeline(
        enrichment=EnrichmentSettings(with_amount, classify=False, resource="Enricher"), resources=(machine,)
    )
    topology = pipeline.topology("dev")
    assert topology.get("Pipe", Pipe).enrichment == "Enricher"
    assert topology.of(Function) == ()
    assert list(pipeline.local_functions()) == ["Enricher"]
    hook = ApiDestination("Hook", existing=True)
    other = Pipeline(enrichment=EnrichmentSettings(with_amount, resource="Hook"), resources=(hook,))
    assert other.topology("dev").get("Pipe", Pipe).enrichment == "Hook"


def test_modules_whose_events_get_no_type_are_rejected() -> None:
    module = Module("order", targets=("pack",))
    for enrichment in (None, EnrichmentSettings(with_amount, classify=False)):
        with pytest.raises(InvalidPipelineError, match=r"nothing gives events the field .* that the rules of order"):
            Pipeline((module,), enrichment=enrichment)
    Pipeline(
        (module,), enrichment=EnrichmentSettings(with_amount, classify=False, adds=("PerceptionPipelineEventType",))
    )


# --- rules and targets


def test_a_target_of_any_kind_gets_the_buses_retry_policy_and_queue_unless_it_has_its_own() -> None:
    rule = RuleSettings(
        "ship",
        {"source": ["x"]},
        (
            RuleTarget("queue", "Shipments", parameters={"SqsParameters": {"MessageGroupId": "a"}}),
            RuleTarget("pack", "pack", input_path="$.detail", retry_policy=RetryPolicy(1), dead_letter_queue="Letters"),
            "pack",
        ),
    )
    pipeline = Pipeline(extra_rules=(rule,), resources=(Queue("Shipments", fifo=True), Queue("Letters")))
    topology = pipeline.topology("dev")
    queue, pack, plain = topology.get("Ship", Rule).targets
    assert (queue.target, queue.retry_policy, queue.dead_letter_queue) == (
        "Shipments",
        RetryPolicy(185, 86400),
        "TargetDeadLetterQueue",
    )
    assert (pack.target, pack.retry_policy, pack.dead_letter_queue) == ("PackFunction", RetryPolicy(1), "Letters")
    assert (plain.id, plain.target) == ("pack", "PackFunction")
    assert str(pack.origin) == "perception-pipeline (rules[ship-dev].targets[1])"


def test_a_target_that_names_nothing_is_rejected_with_the_nearest_name() -> None:
    rule = RuleSettings("ship", {"source": ["x"]}, (RuleTarget("queue", "Shipment"),))
    with pytest.raises(InvalidTopologyError, match=r"refers to 'Shipment', .*; did you mean 'Shipments'"):
        Pipeline(extra_rules=(rule,), resources=(Queue("Shipments"),)).topology("dev")


# --- further resources


def test_resources_get_names_arns_and_references() -> None:
    pipeline = Pipeline(
        functions=FunctionSettings(handlers={"count": "shop.count"}),
        resources=(
            KinesisStream("Clicks"),
            EventSourceMapping("ClicksOfCount", source="Clicks", function="count"),
            EventSourceMapping("OrdersOfCount", source="EventTable.stream", function="count"),
            EventBus("Partners", name="partners"),
            Rule("Ours", name="ours", bus="Partners", targets=(RuleTarget("bus", "EventBus"),)),
            Queue("Shipments", name="shipments.fifo", fifo=True),
            Schedule("Nightly", schedule_expression="rate(1 day)", target="count"),
        ),
    )
    topology = pipeline.topology("dev", account="210987654321", region="eu-west-1")
    assert topology["Clicks"].arn == "arn:aws:kinesis:eu-west-1:210987654321:stream/Clicks-dev"
    assert topology["Shipments"].name == "shipments-dev.fifo"
    assert topology["Ours"].arn == "arn:aws:events:eu-west-1:210987654321:rule/partners-dev/ours-dev"
    assert topology.get("Ours", Rule).targets[0].target == "EventBus"
    assert topology.get("ClicksOfCount", EventSourceMapping).function == "CountFunction"
    assert topology.get("CountFunction", Function).handler == "shop.count"
    assert topology.get("CountFunction", Function).retry_attempts == 2  # the schedule invokes it asynchronously
    assert str(topology["Clicks"].origin) == "perception-pipeline (resources[Clicks])"


def test_a_function_that_only_sources_invoke_has_no_asynchronous_queue() -> None:
    pipeline = Pipeline(
        functions=FunctionSettings(handlers={"count": "shop.count"}),
        resources=(EventSourceMapping("Count", source="EventTable.stream", function="count"),),
    )
    function = pipeline.topology("dev").get("count-dev", Function)
    assert (function.retry_attempts, function.on_failure) == (None, None)


def test_what_exists_is_named_by_name_or_arn() -> None:
    far = "arn:aws:events:us-west-2:999999999999:event-bus/central"
    pipeline = Pipeline(
        bus=BusSettings(existing_name=far),
        functions=FunctionSettings(existing_arns={"pack": "pack-order"}),
        extra_rules=(RuleSettings("r", {"source": ["x"]}, ("pack",)),),
        resources=(
            Queue("Letters", name="letters", existing=True),
            Queue("Far", arn="arn:aws:sqs:us-west-2:999999999999:far", existing=True),
        ),
    )
    topology = pipeline.topology("dev")
    bus = topology.get("central", EventBus)
    assert (bus.id, bus.arn, bus.existing) == (far, far, True)
    assert topology.get("Pipe", Pipe).target == far
    assert topology.get("pack-order", Function).arn == "arn:aws:lambda:us-east-1:123456789012:function:pack-order"
    assert topology["Letters"].arn == "arn:aws:sqs:us-east-1:123456789012:letters"
    assert topology["Far"].arn == "arn:aws:sqs:us-west-2:999999999999:far"


# --- names


def test_names_with_the_environment_without_it_and_in_full() -> None:
    settings: dict[str, Any] = {
        "table": TableSettings(name="Orders"),
        "pipe": PipeSettings(name="{env}.orders"),
        "bus": BusSettings(name="shop"),
        "extra_rules": (RuleSettings("all", {"source": ["x"]}, ("log",)),),
    }
    with_env, without = Pipeline(**settings), Pipeline(**settings, name_format="{name}")
    assert [
        str(resource.name) for resource in with_env.topology("dev") if resource.kind in ("table", "pipe", "rule")
    ] == [
        "Orders-dev",
        "dev.orders",
        "all-dev",
    ]
    names = without.names("dev")
    assert (names.table, names.pipe, names.bus, names.function("log")) == ("Orders", "dev.orders", "shop", "log")
    assert {str(queue.name) for queue in without.topology("dev").of(Queue)} == {
        f"perception-pipeline-{holder}-dlq" for holder in ("function", "bus", "pipe", "target")
    }
    with pytest.raises(InvalidPipelineError, match=r"name_format '\{env\}' must hold \{name\}"):
        Pipeline(name_format="{env}")


def test_filters_on_a_status_of_ones_own() -> None:
    assert TableSettings(status_attribute="state").status_filters("PAID", "SENT") == tuple(
        {
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {
                "NewImage": {"state": {"S": [value]}},
                "OldImage": {"state": {"S": [{"anything-but": value}, {"exists": False}]}},
            },
        }
        for value in ("PAID", "SENT")
    )


def test_own_key_names_reach_the_table() -> None:
    table = TableSettings(name="Orders", partition_key="tenant_id", sort_key="created#kind#order_id")
    topology = Pipeline(table=table).topology("dev")
    stream = topology.of(TableStream)[0]
    assert topology[str(stream.table)].name == "Orders-dev"


# --- modules after a join


JOIN = Join("pose", ("site", "date", "sync"), expects=2, trigger=("recon",), deadline=timedelta(hours=1))
JOINED = Pipeline((Module("pose", targets=("aggregate",), joins=(JOIN,)), Module("recon")))


def test_a_module_after_a_join_is_one_line() -> None:
    grown = JOINED.with_module(Module("thermal", after=("pose",)))
    assert grown.joins[0].trigger == ("recon", "thermal")
    assert grown.next_modules["pose"] == ("recon", "thermal")
    assert "trigger-thermal-rule-dev" in grown.rules("dev")
    assert grown.started_by("trigger_thermal") == ("thermal",)
    assert JOINED.joins[0].trigger == ("recon",)


def test_a_function_that_modules_share_starts_what_comes_after_the_module_of_the_event() -> None:
    shared = Pipeline(
        modules=(
            Module("pose", targets=("aggregate",), triggers=("recon",)),
            Module("recon", targets=("aggregate",)),
            Module("thermal", targets=("aggregate",), after=("recon",)),
        )
    )
    assert shared.started_by("aggregate") == ("recon", "thermal")
    rows = RecordBuilder()
    started = [
        PipelineSimulation(shared)
        .route_record(rows.insert("lab", f"2025-07-15#{name}#sync001", status="COMPLETED"))
        .triggers
        for name in ("pose", "recon", "thermal")
    ]
    assert started == [("recon",), ("thermal",), ()]


def test_a_module_after_another_module_is_started_by_its_functions() -> None:
    pipeline = Pipeline((Module("pose", targets=("aggregate_pose",)), Module("recon", after=("pose",))))
    assert pipeline.started_by("aggregate_pose") == ("recon",)
    assert pipeline.next_modules == {"pose": ("recon",), "recon": ()}


def test_a_module_after_nothing_is_rejected_with_what_there_is() -> None:
    with pytest.raises(InvalidPipelineError, match=r"'thermal' comes after 'pos', which .*; declared: pose, recon"):
        JOINED.with_module(Module("thermal", after=("pos",)))
    with pytest.raises(InvalidPipelineError, match="'recon' comes after 'recon'"):
        Pipeline((Module("recon", after=("recon",)),))


def test_a_module_after_a_member_of_a_join_is_rejected_since_nothing_would_start_it() -> None:
    both = Join(("pose", "recon"), trigger=("reid",))
    names = ("pose", "recon")
    joined = Pipeline(
        modules=(*(Module(name, targets=("aggregate",), joins=(both,), parts=()) for name in names), Module("reid")),
        entries=names,
    )
    with pytest.raises(
        InvalidPipelineError, match=r"the join 'pose_recon' gathers; name the join: after=\('pose_recon'"
    ):
        joined.with_module(Module("thermal", after=("recon",)))
    grown = joined.with_module(Module("thermal", after=("pose_recon",)))
    assert grown.started_by("trigger_thermal") == ("thermal",)


def test_a_status_that_no_filter_passes_is_found() -> None:
    table = TableSettings(done=("COMPLETED", "APPROVED"))
    pipeline = replace(JOINED, table=table)
    found = [(str(one.location), one.reason) for one in check_pipeline(pipeline) if one.identifier == "PE404"]
    assert found == [("pipe.filter_criteria", "a new item with 'status' 'APPROVED' passes none of them")]
    passing = PipeSettings(filter_criteria=table.status_filters("COMPLETED", "APPROVED"))
    assert "PE404" not in [f.identifier for f in check_pipeline(replace(pipeline, pipe=passing))]


def test_two_further_resources_of_one_id_are_rejected() -> None:
    pipeline = replace(JOINED, resources=(Queue("Jobs"), Queue("Jobs", retention=60)))
    with pytest.raises(InvalidTopologyError, match=r"resources\[Jobs\]\): Jobs: two resources have this id"):
        pipeline.topology("dev")
