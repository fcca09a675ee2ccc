"""Pipes and rule targets of public repositories, each expressed as a topology and simulated.

`PERCEPTION_EVENTS_CORPORA` names the folder with `pipes.jsonl` and `targets.jsonl`; `PERCEPTION_EVENTS_CORPORA_TABLE` a
file that gets the table of all of them, with what became of each; `-s` prints what ends otherwise.
What a line refers to by a name of its own template (`GETATT-SourceQueue.Arn`, `VAR-props.bus.eventBusArn`) becomes a
resource of the kind that the name or the parameters say.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from perception_events.checks import Severity, check
from perception_events.patterns import PartialPattern
from perception_events.patterns.analysis import example
from perception_events.pipes import PipeInternalError
from perception_events.simulation import Simulation, SimulationResult, Verdict
from perception_events.sources import kinesis_record, sqs_record
from perception_events.topology import (
    ApiDestination,
    EcsCluster,
    EventBus,
    Filter,
    Function,
    InputTransformer,
    InvalidTopologyError,
    KinesisStream,
    LogGroup,
    Opaque,
    Pipe,
    Queue,
    Resource,
    Rule,
    RuleTarget,
    SourceParameters,
    StateMachine,
    TableStream,
    Topic,
    Topology,
    Unresolved,
    pipe_target_kind,
)

PATH = re.compile(r"\$\.(?:body|data|value)\.([A-Za-z0-9_.]+)")
UNKNOWN_VALUE = re.compile(r"^(REF|VAR|GETATT)-|^SPLIT$")
"""`SPLIT` stands for `Fn::Split`: the lines do not say what was split."""
KINDS: list[tuple[str, type[Resource], dict[str, Any]]] = [
    (r"stream_?arn$|dynamo", TableStream, {}),
    (r"kinesis|^GETATT-Source(Stream)?\.Arn$|sourceStream|targetStream|CustomerOrdersTarget", KinesisStream, {}),
    (r"msk|kafka|bootstrap", Opaque, {"type": "AWS::MSK::Cluster"}),
    (r"broker", Opaque, {"type": "AWS::AmazonMQ::Broker"}),
    (r"queue|sqs|inert_archived|insert_thread|sourcepipe", Queue, {}),
    (r"bus|event_?bridge", EventBus, {}),
    (r"stat?e?_?mach|sfn|workflow|-sf_", StateMachine, {}),
    (r"topic|sns", Topic, {}),
    (r"destination", ApiDestination, {}),
    (r"log_?group", LogGroup, {}),
    (r"^VAR-cluster_arn", Opaque, {"type": "AWS::Redshift::Cluster"}),
    (r"cluster", EcsCluster, {}),
    (r"lambda|func|splitter|receiver", Function, {}),
]


def lines(name: str) -> Iterator[dict[str, Any]]:
    if "PERCEPTION_EVENTS_CORPORA" not in os.environ:
        pytest.skip("PERCEPTION_EVENTS_CORPORA is not set")
    with (Path(os.environ["PERCEPTION_EVENTS_CORPORA"]) / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def resource(id: str, name: Any, group: Any = (), **given: Any) -> Resource:
    """What `name` stands for, by what it says and by the parameters beside it."""
    hints = f"{name} {' '.join(group) if isinstance(group, dict) else ''}"
    by_group = {
        "DynamoDBStreamParameters": TableStream("x"),
        "KinesisStreamParameters": KinesisStream("x"),
        "SqsQueueParameters": Queue("x"),
        "ManagedStreamingKafkaParameters": Opaque("x", type="AWS::MSK::Cluster"),
        "ActiveMQBrokerParameters": Opaque("x", type="AWS::AmazonMQ::Broker"),
        "EventBridgeEventBusParameters": EventBus("x"),
        "StepFunctionStateMachineParameters": StateMachine("x"),
        "BatchJobParameters": Opaque("x", type="AWS::Batch::JobQueue"),
        "EcsTaskParameters": EcsCluster("x"),
        "LambdaFunctionParameters": Function("x"),
    }
    for parameters, known in by_group.items():
        if parameters.lower() in hints.lower():
            more = {"type": known.type} if isinstance(known, Opaque) else {}
            return type(known)(id, name=id, **{**more, **given})
    for pattern, kind, more in KINDS:
        if re.search(pattern, str(name), re.IGNORECASE):
            return kind(id, name=id, **{**more, **given})
    return Opaque(id, name=id, type="unknown")


def known(value: Any) -> Any:
    """Parameters by AWS's names, with what only a deployment knows as `Unresolved`."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: known(each) for name, each in value.items()}
    if isinstance(value, list):
        return [known(each) for each in value]
    if isinstance(value, str) and UNKNOWN_VALUE.match(value):
        return Unresolved(value)
    return value


def partial(value: Any) -> Any:
    """A pattern with what only a deployment knows as `Unresolved`; names of fields stay as they are."""
    if isinstance(value, dict):
        return {name: partial(each) for name, each in value.items()}
    if isinstance(value, list):
        return [partial(each) for each in value]
    return Unresolved(value) if isinstance(value, str) and UNKNOWN_VALUE.search(value) else value


def pipe_topology(line: dict[str, Any]) -> Topology:
    source_group = line.get("source_parameters") if isinstance(line.get("source_parameters"), dict) else {}
    target_group = known(line["target_parameters"]) if isinstance(line["target_parameters"], dict) else {}
    template = target_group.pop("InputTemplate", None)
    source = resource("source", line["source"], source_group)
    target = resource("target", line["target"], target_group, **_fifo(target_group, line))
    kind = pipe_target_kind(target)
    if kind.parameters and isinstance(line["target_parameters"], str):
        target_group[kind.parameters] = Unresolved(line["target_parameters"])
    resources = [source, target]
    if isinstance(target, Queue) and target.fifo:
        target_group.setdefault("SqsQueueParameters", {}).setdefault("MessageGroupId", "group")
    enrichment = line["enrichment"]
    if enrichment:
        made = resource("enrichment", enrichment)
        made = StateMachine("enrichment", type="EXPRESS") if isinstance(made, StateMachine) else made
        resources.append(made if not isinstance(made, Opaque) else Function("enrichment"))
    filters = line["filters"] if isinstance(line["filters"], list) else []
    written = [each.get("pattern", each) if isinstance(each, dict) else each for each in filters]
    patterns = [json.loads(each) if isinstance(each, str) and each.lstrip()[:1] == "{" else each for each in written]
    groups = [g for name, g in (source_group or {}).items() if name != "FilterCriteria" and isinstance(g, dict)]
    size = groups[0].get("BatchSize") if groups else None
    pipe = Pipe(
        "pipe",
        source="source",
        source_parameters=SourceParameters(batch_size=int(str(size)) if str(size).isdecimal() else 1),
        filters=tuple(Filter(partial(pattern)) for pattern in patterns),
        enrichment="enrichment" if enrichment else None,
        target="target",
        target_input_template=template if isinstance(template, str | Unresolved) else None,
        target_parameters=target_group,
    )
    return Topology([*resources, pipe])


def _fifo(group: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    fifo = "fifo" in str(line["target"]).lower()
    return {"fifo": True, "content_based_deduplication": True} if fifo else {}


def with_value(content: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    """`content` with a text at `steps`, where nothing is there."""
    step, *rest = steps
    inside = content.get(step, {})
    if not rest or not isinstance(inside, dict):
        return {step: "x", **content}
    return {**content, step: with_value(inside, rest)}


def source_record(topology: Topology) -> dict[str, Any]:
    """A record that the pipe's first filter matches, as far as it is known."""
    pipe = topology.get("pipe", Pipe)
    matched: dict[str, Any] = {}
    if pipe.filters:
        pattern = PartialPattern.parse(pipe.filters[0].pattern)
        if pattern.possible is not None:
            matched = dict(example(pattern.possible))
    source = topology["source"]
    if isinstance(source, TableStream):
        keys = {"id": {"S": "1"}}
        change = {"SequenceNumber": "1", "Keys": keys, "NewImage": keys, **matched.pop("dynamodb", {})}
        return {"eventID": "e1", "eventName": "INSERT", "eventSource": "aws:dynamodb", **matched, "dynamodb": change}
    content = matched.get("body", matched.get("data", matched.get("value", {"id": 1})))
    for path in PATH.findall(json.dumps(pipe.target_parameters, default=str)):
        content = with_value(content, path.split(".")) if isinstance(content, dict) else content
    if isinstance(source, Queue):
        return sqs_record(json.dumps(content), message_id="m1")
    data = json.dumps(content).encode()
    if isinstance(source, KinesisStream):
        return {**kinesis_record(data, partition_key="p", sequence_number="1", arrived=1.0)}
    return {
        "eventSource": "aws:kafka",
        "topic": "t",
        "partition": 0,
        "offset": 1,
        "timestamp": 1,
        "value": base64.b64encode(data).decode(),
    }


def simulated_pipe(line: dict[str, Any]) -> SimulationResult:
    topology = pipe_topology(line)
    simulation = Simulation(topology, functions={"enrichment": lambda items: items} if line["enrichment"] else {})
    if simulation.not_simulated:
        raise PipeInternalError(str(dict(simulation.not_simulated)))
    return simulation.put_record(source_record(topology), "source")


class Ending(NamedTuple):
    """What became of one line: which one it was, the end, and why."""

    number: int
    path: str
    end: str
    reason: str = ""


def report(title: str, endings: list[Ending]) -> Counter[str]:
    """How often each end came; the table goes to the file that the environment names."""
    counts = Counter(ending.end for ending in endings)
    print(dict(counts))
    print("\n".join(f"{e.end}: {e.number} {e.path}: {e.reason}" for e in endings if e.reason))
    if "PERCEPTION_EVENTS_CORPORA_TABLE" in os.environ:
        totals = ", ".join(f"{number} {end}" for end, number in counts.items())
        head = f"## {title}: {totals}\n\n| # | file | end | why |\n| --- | --- | --- | --- |\n"
        cells = ((str(e.number), e.path, e.end, " ".join(e.reason.replace("|", "/").split())) for e in endings)
        with Path(os.environ["PERCEPTION_EVENTS_CORPORA_TABLE"]).open("a", encoding="utf-8") as file:
            file.write(head + "".join(f"| {' | '.join(row)} |\n" for row in cells) + "\n")
    return counts


def pipe_ending(number: int, line: dict[str, Any]) -> Ending:
    here = (number, line["path"])
    try:
        result = simulated_pipe(line)
    except PipeInternalError as error:
        return Ending(*here, "not simulated", str(error))
    except InvalidTopologyError as error:
        return Ending(*here, "rejected", str(error))
    if result.received or result.events:
        return Ending(*here, "reached")
    if result.depends_on:
        first = result.depends_on[0]
        return Ending(*here, "depends", f"{first.subject} on {', '.join(first.expressions)}")
    return Ending(*here, "failed", str(result.failures or result.filtered_out))


def test_public_pipes_are_simulated_up_to_their_target() -> None:
    """`depends`: the line itself does not say what the target gets or the filter is. `not simulated`: brokers (MQ)."""
    counts = report("Pipes", [pipe_ending(number, line) for number, line in enumerate(lines("pipes.jsonl"))])
    assert (counts["rejected"], counts["failed"], counts["not simulated"]) == (0, 0, 4)
    assert (counts["reached"] >= 76, counts["reached"] + counts["depends"] >= 91) == (True, True)


def target_topology(line: dict[str, Any], pattern: Any) -> Topology:
    transformer = line["input_transformer"]
    target = RuleTarget(
        "target",
        "queue",
        input=line["input"],
        input_path=line["input_path"] if line["input"] is None else None,
        input_transformer=None
        if transformer is None
        else InputTransformer(transformer.get("InputPathsMap") or {}, transformer["InputTemplate"]),
    )
    rule = Rule("rule", bus="bus", event_pattern=pattern, targets=(target,))
    return Topology([EventBus("bus"), Queue("queue"), rule])


def written_pattern(line: dict[str, Any]) -> Any:
    pattern = line["pattern"]
    if isinstance(pattern, str):
        return json.loads(pattern)
    return _without_split(pattern) if pattern else {"source": [{"exists": True}]}


def _without_split(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_split(each) for name, each in value.items()}
    return Unresolved(value) if value == "SPLIT" else value


def simulated_target(line: dict[str, Any]) -> SimulationResult:
    pattern = written_pattern(line)
    simulation = Simulation(target_topology(line, pattern))
    possible = PartialPattern.parse(pattern).possible
    event = {"source": "s", "detail-type": "t", "detail": {}, **(example(possible) if possible is not None else {})}
    path = line["input_path"]
    if path and path.startswith("$.detail.") and isinstance(event["detail"], dict):
        event["detail"] = with_value(event["detail"], path.removeprefix("$.detail.").split("."))
    return simulation.put_event(event)


def target_ending(number: int, line: dict[str, Any]) -> Ending:
    here = (number, line["path"])
    try:
        result = simulated_target(line)
    except InvalidTopologyError as error:
        findings = check(target_topology(line, written_pattern(line)))
        found = [finding.identifier for finding in findings if finding.severity is Severity.ERROR]
        reason = f"{str(error).splitlines()[0]}; {without_input(line)}"
        return Ending(*here, f"rejected as AWS rejects it ({', '.join(found)})", reason)
    assert result.rule("rule").verdict is Verdict.MATCHED, here
    return Ending(*here, "received") if result.received else Ending(*here, "failed", str(result.failures))


def without_input(line: dict[str, Any]) -> str:
    """What would become of a line whose `Input` AWS rejects if it had none."""
    topology = target_topology({**line, "input": None, "input_path": None}, written_pattern(line))
    result = Simulation(topology).put_event({"source": "s", "detail-type": "t", "detail": {"state": "terminated"}})
    if result.depends_on:
        return f"without its Input: depends on {', '.join(result.depends_on[0].expressions)}"
    return f"without its Input: {'received' if result.received else 'failed'}"


def test_public_rule_targets_receive_what_their_input_makes() -> None:
    """Five lines are one test file of the SAM translator: an `Input` that is not JSON, on a pattern not stated."""
    counts = report("Rule targets", [target_ending(number, line) for number, line in enumerate(lines("targets.jsonl"))])
    rejected = {end: count for end, count in counts.items() if end != "received"}
    assert counts["received"] == 88
    assert rejected == {"rejected as AWS rejects it (PE325)": 5}
