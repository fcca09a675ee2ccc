"""What was recorded of patterns, buses, rules, targets and replays, played again: each yields where it differs."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from perception_events.aws_limits import LIMITS
from perception_events.buses import BusTarget, EventBusError, InMemoryEventsClient, Rule, RuleTarget
from perception_events.buses import EventBus as InMemoryBus
from perception_events.clock import ManualClock
from perception_events.errors import PerceptionEventsError
from perception_events.input_transforms import InputTransformer
from perception_events.patterns import EventPattern, InvalidEventError, InvalidEventPatternError
from perception_events.simulation import Simulation
from perception_events.testing import RecordingTarget
from perception_events.topology import (
    EventBus,
    EventSourceMapping,
    FirehoseStream,
    Function,
    KinesisStream,
    LogGroup,
    Queue,
    Topic,
    Topology,
)
from perception_events.topology import InputTransformer as TransformerResource
from perception_events.topology import Rule as RuleResource
from perception_events.topology import RuleTarget as TargetResource
from support.recordings import ACCOUNT, REGION, Recording, differences, template

__all__ = [
    "between_buses",
    "bus_to_bus",
    "entries",
    "event_that_is_none",
    "invalid_text",
    "large_event",
    "pattern_template",
    "replay_error",
    "rule_or_target_error",
    "rule_pattern",
    "same_id_replaces",
    "same_rules",
    "source_pattern",
    "stored_targets",
    "target_received",
    "transformed",
    "update_keeps_targets",
    "wrong_input",
]

_NAME = "core.update-account-command"
_DETAIL = {"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}
_PATTERN = {"source": [_NAME], "detail-type": [_NAME], "detail": {"command": ["update-account"]}}
_AT = 1_752_538_268.0


def _arn(kind: str, service: str = "sqs", region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}"


def _entry(detail: object, source: str = _NAME, detail_type: str = _NAME, **more: Any) -> dict[str, Any]:
    return {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), **more}


def _delivered(
    pattern: Mapping[str, Any], puts: Iterable[Mapping[str, Any]], *targets: Mapping[str, Any]
) -> list[list[Any]]:
    """What each of `targets` of one rule, queues of their own, has in the end: bodies as the snapshots write them."""
    resources: list[Any] = [EventBus("bus", arn=_arn("event-bus/bus", "events"))]
    received = []
    rule_targets = []
    functions = {}
    for number, target in enumerate(targets):
        queue, function, mapping = f"queue{number}", f"function{number}", f"mapping{number}"
        resources += [Queue(queue, arn=_arn(queue)), Function(function)]
        resources.append(EventSourceMapping(mapping, source=queue, function=function))
        rule_targets.append(TargetResource(str(number), queue, **target))
        functions[function] = RecordingTarget()
        received.append(functions[function])
    resources.append(
        RuleResource(
            "rule",
            bus="bus",
            event_pattern=dict(pattern),
            targets=tuple(rule_targets),
            arn=_arn("rule/bus/rule", "events"),
        )
    )
    simulation = Simulation(Topology(resources), functions=functions, clock=ManualClock(_AT))
    for put in puts:
        response = simulation.put_events([put]).response
        assert response is not None
        assert response["FailedEntryCount"] == 0, response
    return [[_body(r["body"]) for event in each.events for r in event["Records"]] for each in received]


def _body(text: str) -> Any:
    try:
        read = json.loads(text)
    except json.JSONDecodeError:
        return text
    return read if isinstance(read, dict) else text


def _bodies(messages: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [message["Body"] for message in messages]


def _rejected(error: Mapping[str, Any], attempt: Any) -> Iterator[str]:
    """That `attempt` fails with the recorded code and message."""
    recorded = error["Error"]
    try:
        attempt()
    except EventBusError as ours:
        yield from differences(recorded["Code"], ours.code, at="code")
        # The value that was given is not compared: snapshots replace it.
        message = recorded["Message"].replace("<archive-name>", "archive-name").replace("<replay-name>", "replay-name")
        if re.sub("Value '[^']*'", "", message) not in re.sub("Value '[^']*'", "", str(ours)):
            yield f"recorded {message!r}, here {ours}"
    else:
        yield f"accepted here, recorded {recorded}"


# --- patterns


def pattern_template(recording: Recording) -> Iterator[str]:
    """A verdict, or the reason of a rejection."""
    read = template(recording.case)
    assert read is not None
    event, text = json.dumps(read["Event"]), json.dumps(read["EventPattern"])
    try:
        pattern = EventPattern.parse(text)
    except InvalidEventPatternError as error:
        if recording.case not in recording.content:
            yield f"rejected here: {error}"
        else:
            reason = recording.content[recording.case]["exception_message"]["Error"]["Message"]
            if reason not in str(error):
                yield f"recorded {reason!r}, here {error}"
        return
    if recording.content or pattern.matches_json(event) is recording.case.endswith("_NEG"):
        yield f"{pattern} on {event}: {pattern.matches_json(event)}, recorded {dict(recording.content)}"


def invalid_text(recording: Recording) -> Iterator[str]:
    """A pattern that is not a JSON object, at the recorded line and column."""
    message = recording.content["invalid-pattern"]["Error"]["Message"]
    text = message.partition('(String)"')[2].rpartition('"; line:')[0]
    try:
        EventPattern.parse(text)
    except InvalidEventPatternError as error:
        if not error.line:
            yield f"no position: {error}"
    else:
        yield f"{text} is accepted"


def event_that_is_none(recording: Recording) -> Iterator[str]:
    """Text and arrays are rejected as events."""
    pattern = EventPattern.parse({"body": {"test2": [{"numeric": [">", 100]}]}})
    event = "plain string" if "plain_string" in recording.id else '["plain string"]'
    try:
        pattern.matches_json(event)
    except InvalidEventError:
        return
    yield f"{event} is taken for an event"


def source_pattern(recording: Recording) -> Iterator[str]:
    """One source matches, another does not."""
    event = {"id": "1", "source": "order", "detail-type": "Test", "account": ACCOUNT, "region": REGION}
    for name, source in (("response", "order"), ("response-no-match", "shipment")):
        ours = EventPattern.parse({"source": [source], "detail-type": ["Test"]}).matches(event)
        recorded = recording.content[f"eventbridge-test-event-pattern-{name}"]["Result"]
        yield from differences(recorded, ours, at=name)


def large_event(recording: Recording) -> Iterator[str]:
    """A prefix in a list deep in an object whose name has dots: names are not joined with their parents'."""
    event = {
        "detail-type": "cmd.documents.generate",
        "detail": {"payload.nested.another-level.deep": {"inside-list": ["x", "q-test-1"]}},
    }
    simple = {"detail-type": ["cmd.documents.generate"]}
    deep = {"detail": {"payload.nested.another-level.deep": {"inside-list": [{"prefix": "q-test"}]}}}
    for name, pattern in (("simple", simple), ("complex", deep)):
        recorded = recording.content[f"complex-event-{name}-pattern"]["Result"]
        yield from differences(recorded, EventPattern.parse(pattern).matches(event), at=name)


def rule_pattern(recording: Recording) -> Iterator[str]:
    """A rule delivers the recorded events, and not those that were put beside them."""
    test = recording.id.rpartition("::")[2]
    (messages,) = recording.content.values()
    recorded = _bodies(messages)
    target: dict[str, Any] = {}
    named: dict[str, Any] = {"source": [_NAME], "detail-type": [_NAME]}
    if "anything_but" in test:
        pattern = {**named, "detail": {"command": [{"anything-but": ["no-message"]}]}}
        details: list[Any] = [body["detail"] for body in recorded]
        details.append({"command": "no-message", "payload": "baz"})
    elif "exists" in test:
        exists = "true" in test
        pattern = {**named, "detail": {"key": [{"exists": exists}]}}
        details = [{"key": "value", "payload": "baz"}, {"no-key": "no-value", "payload": "baz"}]
    else:
        target = {"input_path": "$.detail"}
        if "content_base" in test:
            details, pattern = recorded, _MANY_OPERATORS
        elif "values_in_array" in test:
            details = [*recorded, {"event": {"data": {"type": ["3"]}}}]
            pattern = {"detail": {"event": {"data": {"type": ["1", "2"]}}}}
        elif "event_detail_match" in test:
            details, pattern = [*recorded, {"EventType": "2"}], {"detail": {"EventType": ["0", "1"]}}
        else:
            details = [*recorded, {"event": {"data": {"type": "2"}}}, {"hello": "world"}]
            pattern = {"detail": {"event": {"data": {"type": ["1"]}}}}
    detail_type = "core.app.backend" if "content_base" in test else _NAME
    (bodies,) = _delivered(pattern, [_entry(detail, detail_type=detail_type) for detail in details], target)
    yield from differences(recorded, bodies)


_MANY_OPERATORS: dict[str, Any] = {
    "source": [{"exists": True}],
    "detail-type": [{"prefix": "core.app"}],
    "detail": {
        "description": ["this-is-event-details"],
        "amount": [200],
        "salary": [2000, 4000],
        "env": ["dev", "prod"],
        "user": ["user1", "user2", "user3"],
        "admins": ["skyli", {"prefix": "hey"}, {"prefix": "ad"}],
        "test1": [{"anything-but": 200}],
        "test2": [{"anything-but": "test2"}],
        "test3": [{"anything-but": ["test3", "test33"]}],
        "test4": [{"anything-but": {"prefix": "test4"}}],
        "num-test1": [{"numeric": ["<", 200]}],
        "num-test2": [{"numeric": ["<=", 200]}],
        "num-test3": [{"numeric": [">", 200]}],
        "num-test4": [{"numeric": [">=", 200]}],
        "num-test5": [{"numeric": [">=", 200, "<=", 500]}],
        "num-test6": [{"numeric": [">", 200, "<", 500]}],
        "num-test7": [{"numeric": [">=", 200, "<", 500]}],
    },
}


# --- inputs


def transformed(recording: Recording) -> Iterator[str]:
    """What an input path or an input transformer makes of an event, byte for byte where it is a text."""
    test = recording.id
    known: dict[str, str] = {}
    detail: dict[str, Any] = _DETAIL
    for name, messages in recording.content.items():
        targets: list[dict[str, Any]] = []
        if "input_path_nested" in test:
            targets.append({"input_path": "$.detail.payload"})
            if "event_detail1" in test:
                inner = {"message": "baz", "id": "123"}
                detail = {"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "payload": inner}}
        elif "max_level_depth" in test:
            targets.append({"input_path": "$.detail.payload.sf_id"})
        elif "multiple_targets" in test:
            targets.append({"input_path": "$.detail"} if name == "message-queue-1" else {})
        elif "input_path" in test:
            targets.append({"input_path": "$.detail"})
        elif "predefined_variables" in test:
            targets.append(_transformer({}, recording.case))
        elif "nested_keys" in test:
            detail = {**_DETAIL, "listsingle": ["HIGH"], "listmulti": ["ACTIVE", "INACTIVE"], "valid": True}
            paths = {"userId": "payload.acc_id", "payload": "payload", "systemstring": "awsAccountId"}
            paths |= {each: each for each in ("listsingle", "listmulti", "valid")}
            case = recording.case.replace("\\n", "\n")
            targets.append(_transformer({key: f"$.detail.{path}" for key, path in paths.items()}, case))
        else:
            command = "$.detail.notinmessage" if "not-match-all" in name else "$.detail.command"
            text = recording.case or (
                '{"detailType": <detail-type>,  "time": <timestamp>, "command": <command>}'
                if "template_json" in test
                else '"Event of <detail-type> type, at time <timestamp>, info extracted from detail <command>"'
            )
            targets.append(
                _transformer({"detail-type": "$.detail-type", "timestamp": "$.time", "command": command}, text)
            )
        (bodies,) = _delivered(_PATTERN, [_entry(detail)], *targets)
        yield from differences(_with_times(_bodies(messages)), bodies, known, name)


def _transformer(paths: dict[str, str], text: str) -> dict[str, Any]:
    return {"input_transformer": TransformerResource(paths, text)}


def _with_times(value: Any) -> Any:
    """`date` in the middle of a text as a placeholder in brackets."""
    if isinstance(value, dict):
        return {name: _with_times(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_times(each) for each in value]
    return value.replace(" date", " <date>") if isinstance(value, str) else value


def wrong_input(recording: Recording) -> Iterator[str]:
    """Two forms of input, or a placeholder without a path."""
    paths = {"detail-type": "$.detail-type", "timestamp": "$.time", "command": "$.detail.command"}
    (error,) = recording.content.values()
    text = '"Event of <detail-type> type, with not defined key <notdefinedkey>"'
    both = "input_path_and_input_transformer" in recording.id

    def attempt() -> None:
        if both:
            RuleTarget("t", print, input_path="$.detail", input_transformer=InputTransformer.parse('{"a": "b"}', paths))
        else:
            InputTransformer.parse(text, paths)

    try:
        attempt()
    except PerceptionEventsError as ours:
        if not both and "notdefinedkey" not in str(ours):
            yield f"recorded {error['Error']['Message']}, here {ours}"
    else:
        yield f"accepted here, recorded {error['Error']}"


# --- entries


def entries(recording: Recording) -> Iterator[str]:
    """Responses of `PutEvents`, and what is delivered."""
    test, content = recording.id.rpartition("::")[2].partition("[")[0], recording.content
    ids = (f"id-{number}" for number in itertools.count(1))
    received = RecordingTarget()
    bus = InMemoryBus("default", clock=ManualClock(_AT), new_id=lambda: next(ids), account=ACCOUNT, region=REGION)
    client = InMemoryEventsClient(bus)
    known: dict[str, str] = {}
    entry = _entry(_DETAIL)
    if "exceed_limit" in test or "too_big" in test:
        (error,) = content.values()
        name = "default" if "default" in recording.id else "custom"
        # Recorded when the limit was 256 KB; AWS's page says 1 MB since.
        most = LIMITS["PutEvents size"].high
        assert most is not None
        big = [_entry({"payload": ["p" * (most - 17)]})]
        request = big if "too_big" in test else [{**entry, "EventBusName": name}] * 11
        try:
            client.put_events(Entries=request)
        except EventBusError as ours:
            yield from differences(error["Error"]["Code"], ours.code, at="code")
            end = error["Error"]["Message"].rpartition("constraint: ")[2]
            if end not in str(ours):
                yield f"recorded {end}, here {ours}"
        else:
            yield "accepted here"
        return
    malformed = {"STRING": "NotJSON", "ARRAY": "[]", "MALFORMED_JSON": "{{}", "SERIALIZED_STRING": '"NotJSON"'}
    puts = {
        "test_put_events_without_source": [{k: v for k, v in entry.items() if k != "Source"}],
        "test_put_event_without_detail": [{k: v for k, v in entry.items() if k != "Detail"}],
        "test_put_event_without_detail_type": [{**entry, "DetailType": ""}],
        "test_put_event_malformed_detail": [{**entry, "Detail": malformed.get(recording.case, "")}],
        "test_put_events_with_time_field": [
            _entry({"message": "test message"}, "test-source", "test-detail-type", Time="2022-01-01T00:00:00Z")
        ],
        "test_put_events_nonexistent_event_bus": [
            _entry({"message": "for the default event bus"}, "MySource", "CustomType"),
            _entry({"message": "for the custom event bus"}, "MySource", "CustomType", EventBusName="missing"),
        ],
        "test_put_events_time": [
            _entry({"message": "short time"}, Time="2022-01-01"),
            _entry({"message": "new time"}, Time="01-01-2022T00:00:00Z"),
            _entry({"message": "long time"}, Time="2022-01-01 00:00:00Z"),
        ],
    }.get(test, [entry])
    second = RecordingTarget()
    targets = [RuleTarget("t", received), RuleTarget("u", second)]
    if "delivery_failure" in test:
        targets = [RuleTarget("t", _gone)]
    bus.put_rule(Rule("rule", {"source": [{"exists": True}]}, targets=targets))
    response = client.put_events(Entries=puts)
    for name, recorded in content.items():
        at = f"{name}:"
        if "response" in name or name == "put-events":
            recorded = {key: value for key, value in recorded.items() if key != "ResponseMetadata"}
            yield from differences(recorded, response, known, at)
        elif isinstance(recorded, list):
            yield from differences(_bodies(recorded), received.events, known, at)
        elif "queue1_messages" in recorded:
            yield from differences(_bodies(recorded["queue1_messages"]), received.events, known, at)
            yield from differences(_bodies(recorded["queue2_messages"]), second.events, known, at)
    if test == "test_put_events_time":
        times = {event["time"] for event in received.events}
        if times != {"2022-01-01T00:00:00Z"}:
            yield f"times {times}"


def _gone(event: object) -> None:
    raise ConnectionError("the queue does not exist")


# --- rules and targets


def target_received(recording: Recording) -> Iterator[str]:
    """The recorded event, put again, reaches a target of that kind in the recorded form."""
    test = recording.id
    (recorded,) = [each for name, each in recording.content.items() if not name.endswith("_response")][-1:]
    kinds: dict[str, Any] = {"firehose": FirehoseStream, "kinesis": KinesisStream, "sns": Topic}
    kinds |= {"cloudwatch_logs": LogGroup, "lambda": Function, "sqs": Queue}
    kind = next((kind for name, kind in kinds.items() if f"target_{name}" in test), Function)
    events = recorded if isinstance(recorded, list) else [recorded]
    events = [event.get("Body", event.get("message", event)) for event in events]
    if "sns" in test:
        events = [json.loads(event["Message"]) for event in events]
    bus = EventBus("bus", arn=_arn("event-bus/bus", "events"))
    pattern: dict[str, Any] = {"source": [{"prefix": ""}]}
    if "list_entr" in test:
        pattern = {"detail": {"payload": {"automations": {"id": [{"exists": True}]}}}}
    parameters = {"KinesisParameters": {"PartitionKeyPath": "$.detail-type"}} if kind is KinesisStream else {}
    rule = RuleResource(
        "r", bus="bus", event_pattern=pattern, targets=(TargetResource("t", "T", parameters=parameters),)
    )
    simulation = Simulation(Topology([bus, kind("T"), rule]), clock=ManualClock(_AT))
    ours = []
    for event in events:
        put = _entry(event["detail"], event["source"], event["detail-type"])
        ours += [each.input for each in simulation.put_events([put]).received if each.resource == "T"]
    yield from differences(events, ours)


def same_rules(recording: Recording) -> Iterator[str]:
    """Several rules with one function: each that matches invokes it."""
    test = recording.id
    received = RecordingTarget()
    bus = InMemoryBus("bus", clock=ManualClock(_AT), new_id=lambda: "id", account=ACCOUNT, region=REGION)
    puts: list[dict[str, Any]]
    if "pattern_to_single" in test:
        patterns: dict[str, Any] = {
            "detail-payload-with-id": {"detail": {"payload": {"id": [{"exists": True}]}}},
            "detail-with-id": {"detail": {"id": [{"exists": True}]}},
        }
        for number, (name, pattern) in enumerate(patterns.items()):
            transformer = InputTransformer.parse(f'{{"{name}": <detail>}}', {"detail": "$.detail"})
            target = RuleTarget("t", received, input_transformer=transformer)
            bus.put_rule(Rule(f"rule-{number}", pattern, targets=[target]))
        puts = [_entry({"payload": {"id": "123"}}), _entry({"id": "123"})]
    elif "to_single" in test:
        sources = ["source-one", "source-two", "source-three"]
        for source in sources:
            bus.put_rule(Rule(source, {"source": [source]}, targets=[RuleTarget("t", received)]))
        puts = [_entry(_DETAIL, source) for source in sources]
    else:
        for name in ("one", "two"):
            bus.put_rule(Rule(name, _PATTERN, targets=[RuleTarget("t", received)]))
        puts = [_entry(_DETAIL)]
    for put, (name, recorded) in zip(puts, recording.content.items(), strict=True):
        bus.put_events([put])
        yield from differences(recorded, received.events, at=name)


def bus_to_bus(recording: Recording) -> Iterator[str]:
    """An event goes on to a second bus whole, with its id."""
    received = RecordingTarget()
    ids = (f"id-{number}" for number in itertools.count(1))
    first, second = (
        InMemoryBus(name, clock=ManualClock(_AT), new_id=lambda: next(ids), account=ACCOUNT, region=REGION)
        for name in ("first", "second")
    )
    first.put_rule(Rule("on", _PATTERN, targets=[RuleTarget("t", BusTarget(second))]))
    second.put_rule(Rule("off", _PATTERN, targets=[RuleTarget("t", received)]))
    (messages,) = recording.content.values()
    first.put_events([_entry(_DETAIL)])
    yield from differences(_bodies(messages), received.events)


def between_buses(recording: Recording) -> Iterator[str]:
    """Buses of two accounts, two Regions or both: the envelope stays, the id changes with the Region."""
    other: dict[str, str] = {}
    if "region" in recording.case:
        other["region"] = "eu-west-1"
    if "account" in recording.case:
        other["account"] = "222222222222"
    ids = (f"id-{number}" for number in itertools.count(1))
    here: dict[str, Any] = {"account": ACCOUNT, "region": REGION}
    settings: dict[str, Any] = {"clock": ManualClock(_AT), "new_id": lambda: next(ids)}
    primary = InMemoryBus("primary", **here, **settings)
    secondary = InMemoryBus("secondary", **(here | other), **settings)
    received = {name: RecordingTarget() for name in ("first", "second")}
    primary.put_rule(
        Rule(
            "r",
            {"source": ["source-primary"]},
            targets=[RuleTarget("q", received["first"]), RuleTarget("b", BusTarget(secondary))],
        )
    )
    secondary.put_rule(Rule("r", {"source": [{"prefix": "source-"}]}, targets=[RuleTarget("q", received["second"])]))
    primary.put_events([_entry(_DETAIL, "source-primary")])
    secondary.put_events([_entry(_DETAIL, "source-secondary")])
    known: dict[str, str] = {}
    ours = [received["first"].events, received["second"].events[:1], received["second"].events[1:]]
    names = [f"messages_{queue}_from_{bus}_event_bus" for queue, bus in _QUEUES]
    for name, events in zip(names, ours, strict=True):
        if name in recording.content:
            yield from differences(_bodies(recording.content[name]), events, known, name)
    if "messages" in recording.content:  # straight to the bus of another account
        yield from differences(_bodies(recording.content["messages"]), received["first"].events, {}, "messages")


_QUEUES = (("primary_queue", "primary"), ("secondary_queue", "primary"), ("secondary_queue", "secondary"))


def rule_or_target_error(recording: Recording) -> Iterator[str]:
    """What AWS rejects, in its words: a rule with targets that is removed, a sixth target, a wrong id."""
    bus = InMemoryBus("bus", clock=ManualClock(_AT), new_id=lambda: "id")
    bus.put_rule(Rule("rule", _PATTERN, targets=[RuleTarget("t", print)]))
    attempts = {
        "delete-rule-with-targets-error": lambda: bus.remove_rule("rule"),
        "put-targets-client-error": lambda: bus.put_targets("rule", [RuleTarget(str(n), print) for n in range(7)]),
        "put-targets-invalid-id-error": lambda: RuleTarget("!@#$@!#$", print),
        "put-targets-length-error": lambda: RuleTarget("a" * 65, print),
    }
    for name, error in recording.content.items():
        for difference in _rejected(error, attempts[name]):
            yield f"{name}: {difference}"


def same_id_replaces(recording: Recording) -> Iterator[str]:
    """Of two targets with one id in a rule the later stays; ids of two rules have nothing to do with each other."""
    bus = InMemoryBus("bus", clock=ManualClock(_AT), new_id=lambda: "id")
    across, same_arn = "across_different" in recording.id, "same_arn" in recording.id
    for rule in ("one", "two") if across else ("one",):
        bus.put_rule(Rule(rule, _PATTERN))
    paths = ("$.detail", "$.doesnotexist" if same_arn else "$.notexisting")
    ids = ("target-id-one", "target-id-two") if same_arn and not across else ("target-id", "target-id")
    for rule, id, path in zip(("one", "two" if across else "one"), ids, paths, strict=True):
        bus.put_targets(rule, [RuleTarget(id, print, input_path=path)])
    for rule, recorded in zip(("one", "two"), recording.content.values(), strict=False):
        ours = [{"Id": target.id, "InputPath": target.input_path} for target in bus.rules[rule].targets]
        expected = [{key: target[key] for key in ("Id", "InputPath")} for target in recorded["Targets"]]
        yield from differences(expected, ours, at=rule)


def stored_targets(recording: Recording) -> Iterator[str]:
    """A rule has the target that was put, and none once it was removed."""
    bus = InMemoryBus("bus", clock=ManualClock(_AT), new_id=lambda: "id")
    bus.put_rule(Rule("rule", _PATTERN))
    bus.put_targets("rule", [RuleTarget("t", print)])
    counts = [len(bus.rules["rule"].targets)]
    bus.remove_targets("rule", ["t"])
    counts.append(len(bus.rules["rule"].targets))
    lists = [recording.content[name]["Targets"] for name in ("list-targets", "list-targets-after-delete")]
    yield from differences([len(each) for each in lists], counts)


def update_keeps_targets(recording: Recording) -> Iterator[str]:
    """A rule that is put again keeps its targets; one of the same name replaces it."""
    bus = InMemoryBus("bus", clock=ManualClock(_AT), new_id=lambda: "id")
    bus.put_rule(Rule("rule", _PATTERN, targets=[RuleTarget("target-id", print)]))
    bus.put_rule(Rule("rule", {"source": ["other"]}))
    if "list-rules" in recording.content:
        yield from differences(len(recording.content["list-rules"]["Rules"]), len(bus.rules))
        return
    recorded = [target["Id"] for target in recording.content["list-targets-after-update"]["Targets"]]
    if len(recorded) != len(bus.rules["rule"].targets):
        yield f"recorded {recorded}, here {bus.rules['rule'].targets}"


def replay_error(recording: Recording) -> Iterator[str]:
    """What AWS rejects of archives and replays, in its words."""
    bus = InMemoryBus("bus", clock=ManualClock(_AT), new_id=lambda: "id")
    archive = bus.create_archive("archive-name")
    end = _AT - 10 if recording.case == "10" else _AT
    attempts = {
        "start-replay-invalid-end-time-error": lambda: bus.start_replay("r", archive, start=_AT, end=end),
        "start-replay-duplicate-error": lambda: [
            bus.start_replay("replay-name", archive, start=_AT, end=_AT + 1) for _ in range(2)
        ],
        "create-archive-duplicate-error": lambda: bus.create_archive("archive-name"),
    }
    for name, error in recording.content.items():
        for difference in _rejected(error, attempts[name]):
            yield f"{name}: {difference}"
