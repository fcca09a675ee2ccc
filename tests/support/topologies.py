"""Topologies that tests of templates and pictures share: every kind that is rendered, and hostile names."""

from __future__ import annotations

from perception_events.topology import (
    Archive,
    EventBus,
    EventSourceMapping,
    Filter,
    Function,
    InputTransformer,
    KinesisStream,
    LogGroup,
    PartialJSON,
    Pipe,
    Queue,
    Resource,
    RetryPolicy,
    Rule,
    RuleTarget,
    Schedule,
    SourceParameters,
    StateMachine,
    Table,
    TableStream,
    Topic,
    Topology,
)

__all__ = ["HOSTILE", "every_kind", "hostile", "many_rules"]

HOSTILE = (
    '${file("/etc/passwd")}',
    "$${x}",
    "%{ if true }",
    "${AWS::AccountId}",
    "</script><script>alert(1)</script>",
    '"]; click n0 "javascript:alert(1)" %% <b>&amp;',
)
"""Texts that some format would take for an expression or for markup."""


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:eu-west-1:210987654321:{rest}"


def every_kind(word: str = "orders") -> Topology:
    """Every kind of source, enrichment and target that is rendered; `word` is in all names, patterns and inputs."""
    table_arn = _arn("dynamodb", f"table/{word}-table")
    types = {"tenant": "S"}
    express: PartialJSON = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed", "Comment": word}}}
    return Topology(
        [
            Table("Orders", name=f"{word}-table", arn=table_arn, partition_key="tenant", attribute_types=types),
            TableStream(
                "Orders.stream",
                name=f"{word}-table",
                arn=f"{table_arn}/stream/2025-01-01T00:00:00.000",
                table="Orders",
                stream_view_type="NEW_IMAGE",
            ),
            KinesisStream("Clicks", name=f"{word}-clicks", arn=_arn("kinesis", f"stream/{word}-clicks")),
            Queue(
                "Shipments",
                name=f"{word}-shipments.fifo",
                arn=_arn("sqs", f"{word}-shipments.fifo"),
                fifo=True,
                content_based_deduplication=True,
                visibility_timeout=120,
                dead_letter_queue="Letters",
                max_receive_count=3,
            ),
            Queue("Letters", name=f"{word}-letters.fifo", arn=_arn("sqs", f"{word}-letters.fifo"), fifo=True),
            Queue("Undelivered", name=f"{word}-undelivered", arn=_arn("sqs", f"{word}-undelivered")),
            Topic("News", name=f"{word}-news", arn=_arn("sns", f"{word}-news")),
            LogGroup("Audit", name=f"/aws/events/{word}", arn=_arn("logs", f"log-group:/aws/events/{word}")),
            StateMachine(
                "Enricher",
                name=f"{word}-enricher",
                arn=_arn("states", f"stateMachine:{word}-enricher"),
                type="EXPRESS",
                definition=express,
            ),
            StateMachine(
                "Fulfil",
                name=f"{word}-fulfil",
                arn=_arn("states", f"stateMachine:{word}-fulfil"),
                definition=express,
            ),
            Function(
                "ShipFunction",
                name=f"{word}-ship",
                arn=_arn("lambda", f"function:{word}-ship"),
                handler="shop.ship",
                runtime="python3.13",
                environment={"WORD": word, word: "name"},
                on_failure="Undelivered",
                dead_letter_queue="Undelivered",
            ),
            EventBus("Shop", name=f"{word}-shop", arn=_arn("events", f"event-bus/{word}-shop")),
            EventBus("Other", name=f"{word}-other", arn=_arn("events", f"event-bus/{word}-other")),
            EventBus(
                "arn:aws:events:us-west-2:111111111111:event-bus/partner",
                name="partner",
                arn="arn:aws:events:us-west-2:111111111111:event-bus/partner",
                existing=True,
            ),
            Archive(
                "Kept",
                name=f"{word}-kept",
                arn=_arn("events", f"archive/{word}-kept"),
                bus="Shop",
                event_pattern={"source": [word]},
                retention_days=7,
            ),
            Pipe(
                "OrdersPipe",
                name=f"{word}-orders",
                arn=_arn("pipes", f"pipe/{word}-orders"),
                source="Orders.stream",
                source_parameters=SourceParameters(
                    batch_size=10, starting_position="LATEST", dead_letter_queue="Undelivered"
                ),
                filters=(Filter({"dynamodb": {"NewImage": {word: {"S": [word]}}}}),),
                enrichment="Enricher",
                target="Shop",
                target_parameters={"EventBridgeEventBusParameters": {"Source": word, "DetailType": "$.kind"}},
            ),
            Pipe(
                "ShipmentsPipe",
                name=f"{word}-shipments",
                arn=_arn("pipes", f"pipe/{word}-shipments"),
                source="Shipments",
                source_parameters=SourceParameters(batch_size=1),
                target="Fulfil",
                target_input_template=f'{{"word": "{word.replace(chr(34), chr(39))}"}}',
                target_parameters={"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}},
                desired_state="STOPPED",
            ),
            Pipe(
                "ClicksPipe",
                name=f"{word}-clicks",
                arn=_arn("pipes", f"pipe/{word}-clicks"),
                source="Clicks",
                source_parameters=SourceParameters(starting_position="TRIM_HORIZON"),
                target="Audit",
                target_parameters={"CloudWatchLogsParameters": {"LogStreamName": word}},
            ),
            EventSourceMapping(
                "ClicksOfShip",
                source="Clicks",
                function="ShipFunction",
                source_parameters=SourceParameters(starting_position="LATEST", batch_size=50),
                filters=(Filter({"data": {"kind": [word]}}),),
                function_response_types=("ReportBatchItemFailures",),
                bisect=True,
                on_failure="Undelivered",
            ),
            Rule(
                "AllTargets",
                name=f"{word}-all",
                arn=_arn("events", f"rule/{word}-shop/{word}-all"),
                bus="Shop",
                event_pattern={"detail": {word: [{"prefix": word}]}},
                targets=(
                    RuleTarget("ship", "ShipFunction", retry_policy=RetryPolicy(3), dead_letter_queue="Undelivered"),
                    RuleTarget(
                        "queue",
                        "Shipments",
                        input_transformer=InputTransformer({"id": "$.detail.id"}, '{"id": <id>}'),
                        parameters={"SqsParameters": {"MessageGroupId": word}},
                    ),
                    RuleTarget("news", "News", input=f'"{word.replace(chr(34), chr(39))}"'),
                    RuleTarget("audit", "Audit"),
                    RuleTarget("fulfil", "Fulfil", input_path="$.detail"),
                ),
            ),
            Rule(
                "MoreTargets",
                name=f"{word}-more",
                arn=_arn("events", f"rule/{word}-shop/{word}-more"),
                bus="Shop",
                event_pattern={"source": [word]},
                targets=(
                    RuleTarget(
                        "clicks", "Clicks", parameters={"KinesisParameters": {"PartitionKeyPath": "$.detail.id"}}
                    ),
                    RuleTarget("other", "Other"),
                    RuleTarget("partner", "arn:aws:events:us-west-2:111111111111:event-bus/partner"),
                ),
            ),
            Schedule(
                "Nightly",
                name=f"{word}-nightly",
                arn=_arn("scheduler", f"schedule/default/{word}-nightly"),
                schedule_expression="rate(1 day)",
                flexible_time_window=15,
                target="ShipFunction",
                input=f'{{"word": "{word.replace(chr(34), chr(39))}"}}',
            ),
        ],
        name=f"{word}-dev",
    )


def hostile() -> Topology:
    """`every_kind` with all hostile texts in every name, pattern and input."""
    return every_kind("".join(HOSTILE))


def many_rules(count: int, *, rules_per_bus: int = 300) -> Topology:
    """Rules with a queue each and one dead-letter queue for all; every tenth rule logs too. A bus takes 300."""
    buses = [(f"Bus{n or ''}", f"shop-bus{n or ''}") for n in range(-(-count // rules_per_bus))]
    resources: list[Resource] = [
        *(EventBus(id, name=name, arn=_arn("events", f"event-bus/{name}")) for id, name in buses),
        Queue("DeadLetters", name="dead-letters", arn=_arn("sqs", "dead-letters")),
        Function("Log", name="log-all", arn=_arn("lambda", "function:log-all")),
    ]
    for number in range(count):
        name = f"tenant-{number}"
        bus, bus_name = buses[number // rules_per_bus]
        resources.append(Queue(f"Queue{number}", name=f"{name}-queue", arn=_arn("sqs", f"{name}-queue")))
        targets = [RuleTarget("queue", target=f"Queue{number}", dead_letter_queue="DeadLetters")]
        targets += [RuleTarget("log", target="Log")] if number % 10 == 0 else []
        resources.append(
            Rule(
                f"Rule{number}",
                name=f"{name}-rule",
                arn=_arn("events", f"rule/{bus_name}/{name}-rule"),
                bus=bus,
                event_pattern={"source": ["shop"], "detail": {"tenant": [name], "total": [{"numeric": [">", number]}]}},
                targets=tuple(targets),
            )
        )
    return Topology(resources, name="many-rules")
