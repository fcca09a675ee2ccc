"""The declaration as a topology: every part is in it, refers to its neighbours, and names where it was declared."""

from __future__ import annotations

from perception_events.classifiers import Enrichment
from perception_events.pipeline import perception_pipeline
from perception_events.topology import (
    Archive,
    Discoverer,
    EventBus,
    Function,
    Grant,
    Pipe,
    Queue,
    RetryPolicy,
    Rule,
    Schedule,
    StateMachine,
    Table,
    TableStream,
)
from support.declarations import EXISTING, JOINED

STREAM_ARN = (
    "arn:aws:dynamodb:ap-northeast-2:123456789012:table/PerceptionPipelineEvents-dev/stream/2025-07-15T00:00:00.000"
)


def test_events_flow_from_the_table_through_the_pipe_and_the_bus_to_functions() -> None:
    topology = perception_pipeline.topology("dev")
    pipe = topology.get("perception-pipeline-pipe-dev", Pipe)
    stream = topology.get(str(pipe.source), TableStream)
    assert topology.get(str(stream.table), Table).name == "PerceptionPipelineEvents-dev"
    assert topology.get(str(pipe.enrichment), Function).name == "perception-pipeline-enrichment-dev"
    assert topology.get(str(pipe.target), EventBus).name == "perception-pipeline-event-bus-dev"
    rule = topology.get("aggregate-pose-rule-dev", Rule)
    assert (rule.bus, rule.event_pattern) == (pipe.target, {"detail": {"PerceptionPipelineEventType": ["pose"]}})
    (target,) = rule.targets
    assert (target.id, target.retry_policy) == ("aggregate_pose", RetryPolicy(185, 86400))
    assert topology.get(str(target.target), Function).name == "aggregate_pose-dev"


def test_every_kind_of_failure_has_its_queue() -> None:
    topology = perception_pipeline.topology("prod")
    assert {str(queue.name): [link.field for link in topology.links_to(queue.id)] for queue in topology.of(Queue)} == {
        "perception-pipeline-function-dlq-prod": ["on_failure", "on_failure"],
        "perception-pipeline-bus-dlq-prod": ["dead_letter_queue"],
        "perception-pipeline-pipe-dlq-prod": ["source_parameters.dead_letter_queue"],
        "perception-pipeline-target-dlq-prod": ["targets[0].dead_letter_queue", "targets[0].dead_letter_queue"],
    }


def test_arns_are_those_of_the_account_and_region() -> None:
    topology = perception_pipeline.topology("dev", account="210987654321", region="cn-north-1")
    assert topology["EventBus"].arn == (
        "arn:aws-cn:events:cn-north-1:210987654321:event-bus/perception-pipeline-event-bus-dev"
    )


def test_origins_name_the_place_in_the_declaration() -> None:
    topology = perception_pipeline.topology("dev", declared_in="my.module:pipeline")
    pipe = topology.get("Pipe", Pipe)
    assert str(pipe.filters[0].origin) == "my.module:pipeline (pipe.filter_criteria[0])"
    rule = topology.get("AggregatePoseRule", Rule)
    assert str(rule.targets[0].origin) == "my.module:pipeline (rules[aggregate-pose-rule-dev].targets[0])"


def test_what_is_there_already_keeps_its_own_name() -> None:
    topology = EXISTING.topology("dev", region="ap-northeast-2")
    stream = topology.get(STREAM_ARN, TableStream)
    assert topology.get("Pipe", Pipe).source == stream.id
    assert topology.get(str(stream.table), Table).name == "PerceptionPipelineEvents-dev"
    bus = topology.get("perception-pipeline-event-bus-dev", EventBus)
    assert bus.id == "arn:aws:events:ap-northeast-2:123456789012:event-bus/perception-pipeline-event-bus-dev"
    assert {r.id for r in topology if r.existing} == {
        bus.id,
        stream.id,
        stream.table,
        *EXISTING.functions.existing_arns.values(),
    }
    assert not topology.of(Discoverer)
    assert topology.of(Archive)[0].bus == bus.id
    assert EXISTING.names("dev").function("aggregate_pose") == "aggregate_pose-dev"
    assert EXISTING.names("dev").enrichment == "perception-pipeline-enrichment"


def test_joins_bring_the_fallback_and_the_rights_on_the_table() -> None:
    topology = JOINED.topology("dev")
    machine = topology.of(StateMachine)[0]
    (schedule,) = topology.of(Schedule)
    assert (schedule.target, schedule.schedule_expression) == (machine.id, "rate(5 minutes)")
    assert machine.grants[0].resource == "EventTable"
    function = topology.get("aggregate_recon-dev", Function)
    assert function.grants == (
        Grant(
            (
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
            ),
            "EventTable",
        ),
    )
    assert function.environment == {"PERCEPTION_EVENTS_ENV": "dev"}
    assert topology.get("trigger_recon-dev", Function).grants == ()


def test_the_enrichment_runs_in_memory_under_the_id_of_its_function() -> None:
    for pipeline in (perception_pipeline, EXISTING):
        pipe = pipeline.topology("dev").get("Pipe", Pipe)
        enrichment = pipeline.local_functions()[str(pipe.enrichment)]
        assert isinstance(enrichment, Enrichment)
