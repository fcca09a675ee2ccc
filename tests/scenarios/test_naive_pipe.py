"""What the naive design gets wrong about enrichment, templates and the pipe's target.

Rows are numbered as in `docs/conformance.md`, "What a naive design gets wrong".
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.buses import EventBus, EventBusError, Rule, RuleTarget
from perception_events.classifiers import (
    ClassifierRegistry,
    ContainsClassifier,
    Enrichment,
    SegmentClassifier,
    default_registry,
)
from perception_events.clock import ManualClock
from perception_events.input_transforms import InputTransformer
from perception_events.json_values import JSONValue
from perception_events.pipes import BatchSource, FunctionTarget, Pipe
from perception_events.testing import RecordingBus, RecordingTarget
from perception_events.topology import SourceParameters
from perception_events.trace import DeadLettered, Retried
from support.naive_design import POSE, RECON, START, NaiveDesign, original_handler

DAY = 86_400
ORIGINAL_TEMPLATE = '{"dynamodb": {"NewImage": <$.dynamodb.NewImage>}}'
WHOLE_TEMPLATE = """{"eventID": <$.eventID>, "eventName": <$.eventName>, "dynamodb": <$.dynamodb>}"""


def test_row_01_the_enrichment_gets_a_list_even_for_one_record() -> None:
    naive = NaiveDesign(enrichment=RecordingTarget(original_handler), maximum_retry_attempts=-1)
    result = naive.pipe.process(naive.build.completed(POSE))
    assert (result.delivered, naive.clock.now() - START > DAY) == (0, True)  # failed for a day
    assert "list indices must be integers" in naive.trace.of(Retried)[0].reason
    right = NaiveDesign(enrichment=Enrichment(default_registry))
    assert right.pipe.process(right.build.completed(POSE)).delivered == 1
    assert right.details[0]["PerceptionPipelineEventType"] == "pose"


def test_row_03_an_enrichment_that_fans_out_above_ten_stops_the_batch() -> None:
    fan_out = RecordingTarget(lambda batch: [{"camera": n} for _ in batch for n in range(4)])
    naive = NaiveDesign(enrichment=fan_out, batch_size=10)
    assert naive.pipe.process(naive.build.completed(*[POSE] * 3)).delivered == 0
    assert "12 items and the target takes 10" in naive.trace.of(DeadLettered)[0].reason
    assert naive.everything.events == []
    right = NaiveDesign(enrichment=fan_out, batch_size=2)
    assert right.pipe.process(right.build.completed(*[POSE] * 3)).delivered == 3
    assert len(right.everything.events) == 12


def test_row_04_the_template_drops_what_everything_behind_it_needs() -> None:
    naive = NaiveDesign(enrichment_input_template=ORIGINAL_TEMPLATE)
    naive.pipe.process(naive.build.completed(POSE))
    assert set(naive.details[0]) == {"dynamodb", "PerceptionPipelineEventType"}  # no eventID, no eventName
    right = NaiveDesign(enrichment_input_template=WHOLE_TEMPLATE)
    right.pipe.process(right.build.completed(POSE))
    assert {"eventID", "eventName"} <= set(right.details[0])
    assert "SequenceNumber" in right.details[0]["dynamodb"]

    def put(template: str) -> list[int]:
        """How many entries each call has, when one of three is rejected at first."""
        once = ["cam2"]
        bus = RecordingBus(rejects=lambda entry: bool(once and once[0] in entry["Detail"] and once.pop()))
        design = NaiveDesign(enrichment_input_template=template, bus=bus)
        design.pipe.process(design.build.completed(*(f"2025-07-15#pose#sync001#cam{n}" for n in (1, 2, 3))))
        return [len(call) for call in bus.calls]

    assert put(ORIGINAL_TEMPLATE) == [3, 3]  # which one failed cannot be told: all again, two of them twice
    assert put(WHOLE_TEMPLATE) == [3, 1]


def test_row_05_a_removal_has_no_new_image() -> None:
    naive = NaiveDesign(enrichment_input_template=ORIGINAL_TEMPLATE)
    result = naive.pipe.process([naive.build.remove("a", POSE)])
    assert (result.delivered, result.dead_lettered) == (0, 1)  # NewImage is "", so nothing can be classified
    right = NaiveDesign(enrichment_input_template=ORIGINAL_TEMPLATE, filters=[{"eventName": ["INSERT", "MODIFY"]}])
    assert right.pipe.process([right.build.remove("a", POSE)]).filtered_out == 1


def test_row_06_what_the_handler_returns_replaces_the_record() -> None:
    naive = NaiveDesign(
        enrichment=RecordingTarget(lambda batch: [{"PerceptionPipelineEventType": "pose"} for _ in batch])
    )
    naive.pipe.process(naive.build.completed(POSE))
    assert naive.details == [{"PerceptionPipelineEventType": "pose"}]
    right = NaiveDesign(
        enrichment=RecordingTarget(lambda batch: [item | {"PerceptionPipelineEventType": "pose"} for item in batch])
    )
    right.pipe.process(right.build.completed(POSE))
    assert right.details[0]["dynamodb"]["NewImage"]["date#event_type"]["S"] == POSE


def test_row_07_substrings_overlap_and_segments_do_not() -> None:
    reid, face = ContainsClassifier("reid", "#reid"), ContainsClassifier("face", "#face")
    keys = ["a#reid#1#face", "a#reidentified"]
    one, other = ClassifierRegistry([reid, face]), ClassifierRegistry([face, reid])
    assert [one.classify(key) for key in keys] == ["reid", "reid"]
    assert [other.classify(key) for key in keys] == ["face", "reid"]  # the order decides
    assert one.ambiguities(keys)
    exact = ClassifierRegistry([SegmentClassifier("reid"), SegmentClassifier("face")])
    assert [exact.classify(key) for key in keys] == ["reid", "unknown"]
    assert not exact.ambiguities(keys)


def test_row_28_a_pipe_s_function_names_failures_by_event_id() -> None:
    def run(identify: Any) -> tuple[list[int], int]:
        design = NaiveDesign()
        calls: list[int] = []

        def answer(batch: Any) -> JSONValue:
            calls.append(len(batch))
            return {"batchItemFailures": [{"itemIdentifier": identify(batch[-1])}]} if len(calls) == 1 else None

        pipe = Pipe(
            "p",
            FunctionTarget(RecordingTarget(answer)),
            source=BatchSource(parameters=SourceParameters(batch_size=10)),
            clock=ManualClock(START),
        )
        return calls, pipe.process(design.build.completed(POSE, POSE, RECON)).delivered

    assert run(lambda item: item["dynamodb"]["SequenceNumber"]) == ([3, 3], 3)  # the whole batch again
    assert run(lambda item: item["eventID"]) == ([3, 1], 3)


def test_row_31_quoting_objects_in_a_template_breaks_it_loudly() -> None:
    naive = NaiveDesign(enrichment_input_template='{"dynamodb": {"NewImage": "<$.dynamodb.NewImage>"}}')
    assert naive.pipe.process(naive.build.completed(POSE)).dead_lettered == 1
    assert "TemplateRenderError" in naive.trace.of(DeadLettered)[0].reason
    right = NaiveDesign(enrichment_input_template=ORIGINAL_TEMPLATE)
    assert right.pipe.process(right.build.completed(POSE)).delivered == 1

    clock, target = ManualClock(START), RecordingTarget()
    for template, delivered in (('{"item": "<item>"}', 0), ('{"item": <item>}', 1)):
        bus, dead = EventBus(clock=clock, new_id=lambda: "1"), RecordingTarget()
        transformer = InputTransformer.parse(template, {"item": "$.detail.dynamodb.NewImage"})
        rule_target = RuleTarget("t", target, input_transformer=transformer, dead_letter_queue=dead)
        bus.put_rule(Rule("r", {"source": ["app"]}, targets=(rule_target,)))
        detail = json.dumps(NaiveDesign().build.completed(POSE)[0])
        bus.put_events([{"Source": "app", "DetailType": "t", "Detail": detail}])
        assert (len(target.events), len(dead.events)) == (delivered, 1 - delivered)  # on AWS: silence


def test_row_34_each_step_has_a_limit_of_its_own() -> None:
    bus = EventBus(clock=ManualClock(START), new_id=lambda: "1")

    def entry(size: int) -> dict[str, str]:
        return {"Source": "app", "DetailType": "t", "Detail": json.dumps({"x": "x" * size})}

    assert bus.put_events([entry(300_000)])["FailedEntryCount"] == 0  # above the 256 KB of old
    with pytest.raises(EventBusError, match="over the limit"):
        bus.put_events([entry(600_000), entry(600_000)])
    design = NaiveDesign(batch_size=10)
    large = [design.build.modify("a", POSE, {"x": "o" * 390_000}, x="n" * 390_000) for _ in range(2)]
    naive = design.pipe.process(large)  # 1.6 MB: one batch for the pipe, too much for one call of the bus
    assert (naive.delivered, naive.dead_lettered) == (0, 2)
    right = NaiveDesign(batch_size=10, on_partial_batch_item_failure="AUTOMATIC_BISECT")
    assert right.pipe.process(large).delivered == 2
    lean = NaiveDesign(batch_size=10, target_input_template='{"eventID": <$.eventID>, "Keys": <$.dynamodb.Keys>}')
    assert lean.pipe.process(large).delivered == 2
