"""A process that gives hostile inputs to every public entrance: `python -m support.hostile_process SEED BYTES [NAME]`.

It prints a JSON line before each try and one after it. A try that uses too much processor time ends the process: the
line before it tells which. Memory has a limit, too.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from perception_events.aggregation import Aggregator, InMemoryJoinStore, Join
from perception_events.attribute_values import from_python, image_to_python, to_python
from perception_events.buses import EventBus, Rule, RuleTarget
from perception_events.classifiers import (
    ClassifierRegistry,
    ContainsClassifier,
    PrefixClassifier,
    RegexClassifier,
    SegmentClassifier,
)
from perception_events.clock import ManualClock
from perception_events.errors import PerceptionEventsError
from perception_events.input_transforms import InputTransformer, JSONPath, PipeInputTemplate
from perception_events.json_values import to_json_value
from perception_events.lambdas import EventRouter, event_handler
from perception_events.lambdas.enrichment import enrichment_handler
from perception_events.models import EventBridgeEvent, EventItem, PutEventsRequestEntry, StreamRecord, read_records
from perception_events.patterns import EventPattern, RuleSet
from perception_events.pipeline import Module, Pipeline, perception_pipeline
from perception_events.pipeline.checks import check_pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.records import wire_record
from perception_events.schemas import infer_schema
from perception_events.sort_keys import SortKey
from perception_events.streams import InMemoryTable
from perception_events.times import read_time
from support.hostile_inputs import hostile_texts, hostile_values

__all__ = ["CPU_SECONDS", "ENTRANCES", "main"]

CPU_SECONDS = 10
"""When a try is stopped: 2 seconds are promised, on any machine five times as much are given."""
_BASE_MEMORY = 256 * 2**20

Entrance = tuple[Callable[[Random, int], Iterable[tuple[str, Any]]], Callable[[Any], object]]

KEY = "2025-07-15#pose#sync001#cam1"
PATTERN = {
    "a": ["x", {"prefix": "ab"}, {"numeric": [">", 1]}],
    "b": {"c": [{"suffix": {"equals-ignore-case": "ß"}}, {"anything-but": {"wildcard": "*a*b"}}]},
}
PARSED = EventPattern.parse(PATTERN)
RULES = RuleSet({f"rule-{number}": {"a": [f"x{number}"], "S": [{"wildcard": f"*{number}"}]} for number in range(50)})
TRANSFORMER = InputTransformer.parse('{"a": <x>, "b": "<x>", "all": <aws.events.event.json>}', {"x": "$.detail.a"})
TEMPLATE = PipeInputTemplate.parse(
    '{"a": <$.a>, "l": <$.a[*][*]>, "i": <$.a.0.L>, "t": "<$.a>", "e": <aws.pipes.event>}'
)
REGISTRY = ClassifierRegistry(
    [
        RegexClassifier("regex", "^(\\w+-)+#pose"),
        ContainsClassifier("contains", "#contained#"),
        PrefixClassifier("prefix", "2025-07-16"),
        SegmentClassifier("pose"),
    ]
)


def _some_texts(random: Random, size: int) -> Iterator[tuple[str, Any]]:
    """A few of the texts, others for each seed: a command takes long to start."""
    texts = list(hostile_texts(random, size))
    yield from random.sample(texts, 8)


def _record(image: Any, **fields: Any) -> Any:
    return {"eventID": "1", "eventName": "INSERT", "dynamodb": {"NewImage": image, **fields}}


def _image(value: Any) -> Any:
    return {"site": {"S": "s"}, "date#event_type": {"S": KEY}, "status": {"S": "COMPLETED"}, "value": value}


def _table(value: Any) -> None:
    table = InMemoryTable("t", clock=ManualClock())
    with contextlib.suppress(PerceptionEventsError):
        table.put_item(_image(value))
    table.put_item({**_image({"S": "x"}), "status": value})


def _bus(value: Any) -> None:
    bus = EventBus(clock=ManualClock(0.0), new_id=map(str, itertools.count()).__next__)
    received: list[Any] = []
    bus.put_rule(Rule("r", {"source": ["s"]}, [RuleTarget("t", received.append, input_transformer=TRANSFORMER)]))
    detail = value if isinstance(value, str) else {"a": value}
    entries = [{"Source": "s", "DetailType": "t", "Detail": text} for text in ('{"a": 1}', detail, '{"a": 2}')]
    response = bus.put_events(entries)
    assert len(response["Entries"]) == 3
    taken = [one["a"] for one in received if one["a"] in (1, 2)]
    assert (taken[0], taken[-1]) == (1, 2), "a bad entry costs its neighbours"


def _route(value: Any) -> None:
    PipelineSimulation(perception_pipeline, env="dev").route_record(value)


def _command(*arguments: str, name: str = "input.json") -> Callable[[str], None]:
    def run(text: str) -> None:
        from typer.testing import CliRunner

        from perception_events.cli.app import app

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            done = CliRunner().invoke(app, [each.replace("FILE", str(path)) for each in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)[:300]
        assert all(len(line) < 2_000 for line in done.stderr.splitlines()), "a line of the error is very long"

    return run


def _named(value: Any) -> Any:
    try:
        return {value: ["x"]}
    except TypeError:  # it cannot be a name of anything
        return {"a": ["x"]}


def _own_pattern(value: Any) -> None:
    EventPattern.parse({"a": value})


ENTRANCES: dict[str, Entrance] = {
    "to_python": (hostile_values, to_python),
    "image_to_python": (hostile_values, lambda value: image_to_python({"a": value})),
    "from_python": (hostile_values, from_python),
    "to_json_value": (hostile_values, to_json_value),
    "read_time": (hostile_values, read_time),
    "wire_record": (hostile_values, lambda value: wire_record(_record(_image(value)))),
    "StreamRecord": (hostile_values, lambda value: StreamRecord.parse(_record(_image(value))).to_dict()),
    "StreamRecord's fields": (
        hostile_values,
        lambda value: StreamRecord.parse(_record(_image({"S": "x"}), ApproximateCreationDateTime=value)),
    ),
    "EventItem": (hostile_values, lambda value: EventItem.from_image(_image(value)).to_image()),
    "EventBridgeEvent": (
        hostile_values,
        lambda value: EventBridgeEvent.parse({"source": "s", "detail-type": "t", "detail": {"a": value}}).to_dict(),
    ),
    "PutEventsRequestEntry": (
        hostile_values,
        lambda value: PutEventsRequestEntry.of({"a": value}, source="s", detail_type="t"),
    ),
    "read_records": (hostile_values, lambda value: list(read_records({"Records": [value, _record(_image(value))]}))),
    "in-memory table": (hostile_values, _table),
    "pattern's value": (hostile_values, _own_pattern),
    "pattern's list": (hostile_values, lambda value: EventPattern.parse({"a": [value]})),
    "pattern's operator": (hostile_values, lambda value: EventPattern.parse({"a": [{"wildcard": value}]})),
    "pattern's name": (
        hostile_values,
        lambda value: EventPattern.parse(_named(value)),
    ),
    "pattern's text": (hostile_texts, EventPattern.parse),
    "matching": (hostile_values, lambda value: PARSED.matches({"a": value, "b": {"c": value}})),
    "matching texts": (hostile_texts, PARSED.matches_json),
    "explaining": (hostile_values, lambda value: [str(one) for one in PARSED.explain({"a": value, "b": value})]),
    "rule set": (hostile_values, lambda value: RULES.matching_rules({"a": value, "S": value})),
    "rule set's texts": (hostile_texts, RULES.matching_rules_json),
    "template": (hostile_texts, PipeInputTemplate.parse),
    "template's mistakes": (hostile_texts, lambda text: PipeInputTemplate.parse(text[:8000]).json_error),
    "path": (hostile_texts, JSONPath.parse),
    "input paths": (hostile_texts, lambda text: InputTransformer.parse('{"a": <a>}', {"a": text, text: "$.a"})),
    "rendering": (hostile_values, lambda value: TEMPLATE.render_json({"a": value})),
    "transforming": (hostile_values, lambda value: TRANSFORMER.render_input({"detail": {"a": value}})),
    "sort key": (hostile_values, lambda value: SortKey.parse(value)),
    "classifiers": (hostile_values, lambda value: REGISTRY.classify(value)),
    "regular expression itself": (hostile_values, lambda value: RegexClassifier("t", value)),
    "enrichment": (
        hostile_values,
        lambda value: enrichment_handler(REGISTRY)([{"dynamodb": {"NewImage": _image(value)}}], None),
    ),
    "enrichment's event": (hostile_values, lambda value: enrichment_handler(REGISTRY)(value, None)),
    "handler": (hostile_values, lambda value: event_handler(lambda record: None)({"Records": [value]}, None)),
    "router": (hostile_values, lambda value: EventRouter()({"detail": value, "detail-type": value}, None)),
    "joins": (
        hostile_values,
        lambda value: Aggregator(
            [Join(on="pose", trigger=("recon",))], InMemoryJoinStore(), clock=ManualClock()
        ).handle([_record(_image(value))]),
    ),
    "bus": (hostile_values, _bus),
    "bus's texts": (hostile_texts, _bus),
    "route": (hostile_values, lambda value: _route(_record(_image(value)))),
    "route's record": (hostile_values, _route),
    "route's time": (
        hostile_values,
        lambda value: _route(_record(_image({"S": "x"}), ApproximateCreationDateTime=value)),
    ),
    "declaration": (
        hostile_values,
        lambda value: check_pipeline(Pipeline(modules=(Module(value, targets=("t",)),)), "dev"),
    ),
    "schema": (
        hostile_values,
        lambda value: infer_schema([{"source": "s", "detail-type": "t", "detail": {"a": value}}]),
    ),
    "command route": (_some_texts, _command("route", "FILE")),
    "command match": (_some_texts, _command("match", '{"a": ["x"]}', "FILE")),
    "command match's pattern": (_some_texts, _command("match", "FILE", "{}")),
    "command check": (_some_texts, _command("check", "FILE")),
    "command coverage": (_some_texts, _command("coverage", "FILE")),
}


def _tries(seed: str, size: int, only: str | None) -> Iterator[tuple[str, str, Any]]:
    for name, (make, _) in ENTRANCES.items():
        if only is None or only == name:
            for label, value in make(Random(seed), size):
                yield name, label, value


def main(seed: str, size: int, skip: int, only: str | None = None) -> None:
    """Try every entrance, but for the first `skip` tries."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + _BASE_MEMORY + 20 * size
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number, (name, label, value) in enumerate(_tries(seed, size, only)):
        if number < skip:
            continue
        print(json.dumps([number, name, label]), flush=True)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        started, fault = time.process_time(), ""
        try:
            ENTRANCES[name][1](value)
        except PerceptionEventsError as error:
            if len(str(error)) > 5_000:
                fault = f"a message of {len(str(error))} characters"
        except BaseException as error:
            fault = f"a bare {type(error).__name__}: {str(error)[:200]}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps([time.process_time() - started, fault]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
