"""Each check finds its mistake where it is made, and nothing in a sound declaration."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perception_events.checks import (
    CHECKS,
    InvalidWaiverError,
    Severity,
    Waiver,
    exit_code,
    findings_json,
    findings_sarif,
    findings_text,
)
from perception_events.classifiers import ContainsClassifier
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline import (
    BusSettings,
    EnrichmentSettings,
    FunctionSettings,
    Module,
    Pipeline,
    PipeSettings,
    RuleSettings,
    TableSettings,
    original_pipeline,
)
from perception_events.pipeline.checks import check_pipeline

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "checks.md"
PASSES_ONCE: JSONObject = {
    "eventName": ["INSERT", "MODIFY"],
    "dynamodb": {
        "NewImage": {"status": {"S": ["COMPLETED"]}},
        "OldImage": {"status": {"S": [{"anything-but": "COMPLETED"}, {"exists": False}]}},
    },
}
SOUND = Pipeline(
    modules=(Module("pose", targets=("aggregate_pose",)), Module("recon", targets=("aggregate_recon",))),
    pipe=PipeSettings(
        filter_criteria=(PASSES_ONCE,),
        batch_size=1,
        maximum_retry_attempts=5,
        maximum_record_age=3600,
        on_partial_batch_item_failure="AUTOMATIC_BISECT",
        starting_position="TRIM_HORIZON",
        enrichment_input_template=None,
        detail_type="$.PerceptionPipelineEventType",
    ),
)


def image(**attributes: JSONValue) -> JSONObject:
    return {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": attributes, "OldImage": attributes}}


def pipe(**changes: Any) -> Pipeline:
    return replace(SOUND, pipe=replace(SOUND.pipe, **changes))


def rule(pattern: JSONObject, targets: tuple[str, ...] = ("audit",)) -> Pipeline:
    return replace(SOUND, extra_rules=(RuleSettings("extra", pattern, targets),))


def long_text(size: int) -> JSONObject:
    return {"eventName": ["x" * size], "userIdentity": {"type": ["Service"]}}


MISTAKES: list[tuple[str, str, Pipeline]] = [
    ("PE001", "pipe.batch_size", pipe(batch_size=None)),
    ("PE002", "pipe.batch_size", pipe(batch_size=100)),
    ("PE003", "pipe.maximum_batching_window", pipe(maximum_batching_window=301)),
    ("PE003", "pipe.starting_position", pipe(starting_position="EARLIEST")),
    ("PE004", "pipe.maximum_retry_attempts", pipe(maximum_retry_attempts=-1, maximum_record_age=-1)),
    ("PE005", "pipe.dead_letter_queue", pipe(dead_letter_queue=False)),
    ("PE006", "pipe.maximum_record_age", pipe(maximum_record_age=86400)),
    ("PE007", "pipe.on_partial_batch_item_failure", pipe(on_partial_batch_item_failure=None, batch_size=10)),
    ("PE008", "pipe.parallelization_factor", pipe(parallelization_factor=2)),
    ("PE009", "pipe.starting_position", pipe(starting_position="LATEST")),
    ("PE010", "table.other_stream_readers", replace(SOUND, table=TableSettings(other_stream_readers=2))),
    ("PE101", "pipe.filter_criteria", pipe(filter_criteria=(PASSES_ONCE,) * 6)),
    ("PE102", "pipe.filter_criteria[0]", pipe(filter_criteria=(long_text(4096),))),
    (
        "PE103",
        "pipe.filter_criteria[0].dynamodb.NewImage.status.S[0].prefxi",
        pipe(filter_criteria=(image(status={"S": [{"prefxi": "C"}]}),)),
    ),
    (
        "PE103",
        "pipe.filter_criteria[0].dynamodb.NewImage.status.S",
        pipe(filter_criteria=(image(status={"S": "COMPLETED"}),)),
    ),
    (
        "PE104",
        "pipe.filter_criteria[0].dynamodb.NewImage.status.S",
        pipe(filter_criteria=(image(status={"S": [{"wildcard": "C*"}]}),)),
    ),
    (
        "PE104",
        "pipe.filter_criteria[0].dynamodb.NewImage.status.S",
        pipe(filter_criteria=(image(status={"S": [{"anything-but": {"prefix": "P"}}]}),)),
    ),
    (
        "PE105",
        "pipe.filter_criteria",
        pipe(filter_criteria=({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["C"]}}}},)),
    ),
    (
        "PE106",
        "pipe.filter_criteria[0]",
        pipe(filter_criteria=({"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"status": {"S": ["C"]}}}},)),
    ),
    ("PE107", "pipe.filter_criteria", pipe(filter_criteria=())),
    ("PE107", "pipe.filter_criteria[0]", pipe(filter_criteria=({"dynamodb": {"Keys": {"site": {"S": ["a"]}}}},))),
    (
        "PE108",
        "pipe.filter_criteria[0].dynamodb.OldImage.status.S",
        replace(SOUND, table=TableSettings(stream_view_type="NEW_IMAGE")),
    ),
    (
        "PE109",
        "pipe.filter_criteria[0].dynamodb.NewImage.size.N",
        pipe(filter_criteria=(image(size={"N": [{"numeric": [">", 100]}]}),)),
    ),
    ("PE109", "pipe.filter_criteria[0].dynamodb.NewImage.size.N", pipe(filter_criteria=(image(size={"N": [100]}),))),
    (
        "PE110",
        "pipe.filter_criteria[0].dynamodb.NewImage.status",
        pipe(filter_criteria=(image(status=[{"exists": True}]),)),
    ),
    ("PE111", "pipe.filter_criteria[0].dynamodb.NewImage.status", pipe(filter_criteria=(image(status=["COMPLETED"]),))),
    (
        "PE112",
        "pipe.filter_criteria[0].awsRegion",
        pipe(filter_criteria=({**PASSES_ONCE, "awsRegion": ["eu-west-1"]},)),
    ),
    (
        "PE113",
        "pipe.filter_criteria[0].detail.status",
        pipe(filter_criteria=({**PASSES_ONCE, "detail": {"status": ["COMPLETED"]}},)),
    ),
    (
        "PE201",
        "pipe.enrichment_input_template",
        pipe(enrichment_input_template='{"dynamodb": <$.dynamodb>, "eventID": <$.eventID>}'),
    ),
    ("PE201", "pipe.target_input_template", pipe(target_input_template='{"type": <$.PerceptionPipelineEventType>}')),
    (
        "PE202",
        "pipe.target_input_template",
        pipe(filter_criteria=({"eventName": ["REMOVE"]},), target_input_template='{"n": <$.dynamodb.NewImage>}'),
    ),
    ("PE202", "pipe.target_input_template", pipe(target_input_template='{"n": <$.status>}')),
    ("PE203", "pipe.target_input_template", pipe(target_input_template='{"n": <aws.pipes.evnt>}')),
    ("PE204", "pipe.target_input_template", pipe(target_input_template='{"n": "<$.dynamodb.NewImage>"}')),
    ("PE205", "pipe.target_input_template", pipe(target_input_template='{"n": "' + "x" * 8192 + '"}')),
    ("PE206", "pipe.target_input_template", pipe(target_input_template="<$.eventID>")),
    ("PE207", "pipe.detail_type", pipe(detail_type="$.date#event_type")),
    ("PE208", "pipe.source", pipe(source="aws.pose")),
    ("PE209", "pipe.source", pipe(source="x" * 257)),
    ("PE212", "pipe.detail_type", pipe(detail_type=None)),
    ("PE213", "pipe.batch_size", pipe(batch_size=10)),
    ("PE301", "rules[extra-dev].detail.eventName", rule({"detail": {"eventName": []}})),
    ("PE301", "rules[extra-dev].detail.eventID[0].wildcard", rule({"detail": {"eventID": [{"wildcard": "a**b"}]}})),
    ("PE302", "rules[extra-dev]", rule({"source": ["x" * 2048, "Pipe perception-pipeline-pipe-dev"]})),
    ("PE303", "rules[extra-dev].source", rule({"source": ["my-app"]})),
    ("PE303", "rules[extra-dev].detail.status", rule({"detail": {"status": ["COMPLETED"]}})),
    ("PE303", "rules[extra-dev].PerceptionPipelineEventType", rule({"PerceptionPipelineEventType": ["pose"]})),
    (
        "PE109",
        "rules[extra-dev].detail.dynamodb.NewImage.size.N",
        rule({"detail": {"dynamodb": {"NewImage": {"size": {"N": [{"numeric": [">", 1]}]}}}}}),
    ),
    ("PE304", "rules[extra-dev].targets", rule({"detail": {"eventName": ["INSERT"]}}, tuple("abcdef"))),
    ("PE305", "bus", replace(SOUND, modules=tuple(Module(f"m{n}", targets=(f"t{n}",)) for n in range(301)))),
    (
        "PE306",
        "bus",
        replace(
            SOUND,
            extra_rules=tuple(
                RuleSettings(f"r{n}", {"detail": {"eventID": [{"wildcard": "a*b"}]}}, ("audit",)) for n in range(31)
            ),
        ),
    ),
    (
        "PE307",
        "modules[a].triggers",
        replace(
            SOUND,
            modules=(
                Module("a", targets=("ta",), triggers=("b",)),
                Module("b", targets=("tb",), triggers=("a",)),
            ),
        ),
    ),
    ("PE309", "modules[reid]", replace(SOUND, modules=(*SOUND.modules, Module("reid")))),
    ("PE310", "bus.target_dead_letter_queue", replace(SOUND, bus=BusSettings(target_dead_letter_queue=False))),
    ("PE311", "functions.dead_letter_queue", replace(SOUND, functions=FunctionSettings(dead_letter_queue=False))),
    ("PE312", "bus.target_retry_attempts", replace(SOUND, bus=BusSettings(target_retry_attempts=186))),
    ("PE313", "rules[extra-dev].targets", rule({"detail": {"eventName": ["INSERT"]}}, ())),
    ("PE401", "functions[enrichment].name", replace(SOUND, name="x" * 70)),
    ("PE401", "functions[a b].name", replace(SOUND, modules=(Module("a", targets=("a b",)),))),
    (
        "PE402",
        "classifiers",
        replace(
            SOUND,
            modules=(
                Module("reid", ContainsClassifier("reid", "#reid"), ("a",)),
                Module("reidentified", ContainsClassifier("reidentified", "#reidentified"), ("b",)),
            ),
        ),
    ),
    (
        "PE403",
        "modules[pose]",
        replace(SOUND, modules=(Module("pose", ContainsClassifier("poze", "#poze#"), ("aggregate_pose",)),)),
    ),
]


def test_a_sound_declaration_has_no_findings() -> None:
    assert check_pipeline(SOUND) == []


@pytest.mark.parametrize(
    ("identifier", "location", "pipeline"), MISTAKES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_each_mistake_is_found_where_it_is_declared(identifier: str, location: str, pipeline: Pipeline) -> None:
    found = [(finding.identifier, finding.location) for finding in check_pipeline(pipeline)]
    assert (identifier, location) in found


def test_modules_may_share_a_target() -> None:
    # One rule takes both event types; two rules of one name the declaration itself rejects.
    shared = replace(SOUND, modules=(Module("a", targets=("same",)), Module("b", targets=("same",))))
    assert shared.rules("dev") == {"same-rule-dev": {"detail": {"PerceptionPipelineEventType": ["a", "b"]}}}
    assert check_pipeline(shared) == []


def test_the_page_lists_every_check() -> None:
    """Run with PERCEPTION_EVENTS_UPDATE_GOLDEN=1 to write the page's table anew."""
    table = "".join(
        f"| {c.identifier} | `{c.name}` | {c.severity} | {c.summary} | {c.fix} | {c.reference} |\n" for c in CHECKS
    )
    page = PAGE.read_text(encoding="utf-8")
    head, line, _ = page.partition("| --- | --- | --- | --- | --- | --- |\n")
    if os.environ.get("PERCEPTION_EVENTS_UPDATE_GOLDEN"):
        PAGE.write_text(head + line + table, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == head + line + table


def test_identifiers_are_unique_and_in_order() -> None:
    identifiers = [c.identifier for c in CHECKS]
    assert identifiers == sorted(set(identifiers))


def test_a_waiver_keeps_the_finding_with_its_reason_and_lets_the_build_pass() -> None:
    findings = check_pipeline(pipe(batch_size=100), waivers=[Waiver.parse("PE002@pipe.*=the target is no bus")])
    assert {f.identifier: f.waived for f in findings}["PE002"] == "the target is no bus"
    assert exit_code(findings) == 0
    assert "waived: the target is no bus" in findings_text(findings)


@pytest.mark.parametrize("text", ["PE002", "PE002=", "=because", "PE002@x= "])
def test_a_waiver_needs_an_identifier_and_a_reason(text: str) -> None:
    with pytest.raises(InvalidWaiverError):
        Waiver.parse(text)


def test_a_waiver_of_an_unknown_check_is_rejected() -> None:
    with pytest.raises(InvalidWaiverError, match="PE999"):
        check_pipeline(SOUND, waivers=[Waiver("PE999", "because")])


def test_exit_codes_follow_the_severity_asked_for() -> None:
    warned = check_pipeline(pipe(dead_letter_queue=False))
    assert exit_code(warned) == 0
    assert exit_code(warned, Severity.WARNING) == 1
    assert exit_code(check_pipeline(pipe(batch_size=None))) == 1


def test_json_and_sarif_carry_every_finding() -> None:
    findings = check_pipeline(original_pipeline, waivers=[Waiver("PE212", "one schema is wanted")])
    assert [f["id"] for f in json.loads(findings_json(findings))] == [f.identifier for f in findings]
    run = json.loads(findings_sarif(findings))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == [c.identifier for c in CHECKS]
    for result, finding in zip(run["results"], findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.identifier
        assert ("suppressions" in result) == (finding.waived is not None)


def seed_handler(event: Any, context: object) -> Any:
    sort_key = event["dynamodb"]["NewImage"]["date#event_type"]["S"]
    event["PerceptionPipelineEventType"] = "pose" if "#pose#" in sort_key else "unknown"
    return event


def test_a_handler_that_expects_a_dict_is_found() -> None:
    findings = check_pipeline(SOUND, enrichment=seed_handler)
    assert [f.identifier for f in findings] == ["PE210"]
    assert "TypeError" in findings[0].reason


def test_a_handler_that_fans_out_beyond_the_bus_is_found() -> None:
    def twice(event: Any, context: object) -> Any:
        return event * 2

    findings = check_pipeline(pipe(batch_size=10), enrichment=twice)
    assert [(f.identifier, f.reason) for f in findings if f.location == "enrichment"] == [
        ("PE211", "a list of 1 gives 2 items"),
        ("PE214", "a list of 10 gives 20 items, and a bus takes 10"),
    ]


def test_a_handler_that_returns_too_little_is_found() -> None:
    def drops(event: Any, context: object) -> Any:
        return [{"type": "pose"} for _ in event]

    def first_only(event: Any, context: object) -> Any:
        return event[0]

    assert [f.identifier for f in check_pipeline(SOUND, enrichment=drops)] == ["PE211"]
    assert [f.identifier for f in check_pipeline(SOUND, enrichment=first_only)] == ["PE211"]
    assert check_pipeline(SOUND, enrichment=lambda event, context: event) == []


# --- what the declaration knows about what the pipe puts


def reasons(pipeline: Pipeline, identifier: str) -> list[tuple[str, str]]:
    return [(f.location, f.reason) for f in check_pipeline(pipeline) if f.identifier == identifier]


def test_a_rule_for_a_state_that_the_filter_never_passes_is_found() -> None:
    pattern: JSONObject = {"detail": {"dynamodb": {"NewImage": {"status": {"S": ["PROCESSING"]}}}}}
    assert reasons(rule(pattern), "PE303") == [
        (
            "rules[extra-dev].detail.dynamodb.NewImage.status.S",
            'nothing that passes pipe Pipe has `detail.dynamodb.NewImage.status.S` ["PROCESSING"]',
        )
    ]
    pattern["detail"]["dynamodb"]["NewImage"]["status"]["S"] = ["PROCESSING", "COMPLETED"]  # type: ignore[index, call-overload]
    assert reasons(rule(pattern), "PE303") == []


def test_a_template_that_keeps_the_image_does_not_hide_the_filter() -> None:
    pattern: JSONObject = {"detail": {"dynamodb": {"NewImage": {"status": {"S": ["PROCESSING"]}}}}}
    template = '{"dynamodb": {"NewImage": <$.dynamodb.NewImage>}}'
    kept = replace(rule(pattern), pipe=replace(SOUND.pipe, enrichment_input_template=template))
    assert [location for location, _ in reasons(kept, "PE303")] == [
        "rules[extra-dev].detail.dynamodb.NewImage.status.S"
    ]
    moved = '{"dynamodb": {"NewImage": <$.dynamodb.OldImage>}}'
    other = replace(rule(pattern), pipe=replace(SOUND.pipe, enrichment_input_template=moved))
    assert reasons(other, "PE303") == []  # an old image may well be PROCESSING


def test_a_set_may_hold_the_rules_value_beside_the_filters() -> None:
    pattern: JSONObject = {"detail": {"dynamodb": {"NewImage": {"tags": {"SS": ["b"]}}}}}
    wanted: JSONObject = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"tags": {"SS": ["a"]}}}}
    assert reasons(replace(rule(pattern), pipe=replace(SOUND.pipe, filter_criteria=(wanted,))), "PE303") == []


def test_a_rule_for_an_event_type_that_no_classifier_gives_is_found() -> None:
    found = reasons(rule({"detail": {"PerceptionPipelineEventType": ["thermal"]}}), "PE303")
    assert found == [
        (
            "rules[extra-dev].detail.PerceptionPipelineEventType",
            'nothing that passes pipe Pipe has `detail.PerceptionPipelineEventType` ["thermal"]',
        )
    ]
    assert reasons(rule({"detail": {"PerceptionPipelineEventType": ["thermal", "unknown"]}}), "PE303") == []


def test_a_classifier_that_computes_its_answer_may_give_any_event_type() -> None:
    class Computes:
        name = "computes"

        def classify(self, sort_key: str, item: Any) -> str | None:
            return sort_key

    computing = replace(
        rule({"detail": {"PerceptionPipelineEventType": ["thermal"]}}),
        modules=(Module("pose", Computes(), ("aggregate_pose",)),),
    )
    assert reasons(computing, "PE303") == []


def test_a_bus_that_is_there_already_may_have_other_producers() -> None:
    shared = replace(rule({"source": ["my-app"]}), bus=BusSettings(existing_name="shared"))
    assert reasons(shared, "PE303") == []
    assert len(reasons(rule({"source": ["my-app"]}), "PE303")) == 1


def test_two_parts_of_a_rule_that_no_record_has_together_are_found() -> None:
    pattern: JSONObject = {
        "detail": {"eventName": ["INSERT"], "dynamodb": {"OldImage": {"status": {"S": ["COMPLETED"]}}}},
    }
    once: JSONObject = {"eventName": ["MODIFY"], "dynamodb": {"OldImage": {"status": {"S": ["COMPLETED"]}}}}
    insert: JSONObject = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"entity_type": {"S": ["A"]}}}}
    both = replace(rule(pattern), pipe=replace(SOUND.pipe, filter_criteria=(once, insert)))
    assert [location for location, _ in reasons(both, "PE303")] == []  # OldImage is not excluded by the second filter
    first_only = replace(rule(pattern), pipe=replace(SOUND.pipe, filter_criteria=(once,)))
    assert [location for location, _ in reasons(first_only, "PE303")] == ["rules[extra-dev].detail.eventName"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ({"detail": {"PerceptionPipelineEventType": ["reid"]}}, False),
        ({"detail": {"PerceptionPipelineEventType": [{"prefix": "re"}]}}, False),
        ({"detail": {"eventName": ["INSERT"]}}, False),
        ({"$or": [{"detail": {"PerceptionPipelineEventType": ["reid"]}}, {"detail": {"eventID": ["x"]}}]}, False),
        ({"detail": {"PerceptionPipelineEventType": ["recon"]}}, True),
    ],
)
def test_a_rule_of_ones_own_takes_a_modules_events_on(pattern: JSONObject, found: bool) -> None:
    declared = replace(rule(pattern), modules=(*SOUND.modules, Module("reid")))
    assert [location for location, _ in reasons(declared, "PE309")] == (["modules[reid]"] if found else [])


def test_a_rule_without_a_target_takes_nothing_on() -> None:
    declared = replace(rule({"detail": {"eventName": ["INSERT"]}}, ()), modules=(*SOUND.modules, Module("reid")))
    assert [location for location, _ in reasons(declared, "PE309")] == ["modules[reid]"]


# --- enrichment handlers of one's own


def test_a_handler_of_ones_own_fields_is_tried_with_ones_own_records() -> None:
    def orders(event: Any, context: object) -> Any:
        return [{**record, "total": record["dynamodb"]["NewImage"]["total"]["N"]} for record in event]

    made_up = [f for f in check_pipeline(SOUND, enrichment=orders) if f.location == "enrichment"]
    assert [(f.identifier, f.fix) for f in made_up] == [
        ("PE215", "correct the handler, or give records that it is made for (`--sample FILE`)")
    ]
    record: JSONObject = {"eventID": "1", "eventName": "INSERT", "dynamodb": {"NewImage": {"total": {"N": "7"}}}}
    assert [f for f in check_pipeline(SOUND, enrichment=orders, samples=[record]) if f.location == "enrichment"] == []


def test_a_handler_that_takes_lists_but_not_this_record_is_not_told_to_take_lists() -> None:
    def broken(event: Any, context: object) -> Any:
        raise KeyError("total")

    (found,) = [f for f in check_pipeline(SOUND, enrichment=broken) if f.location == "enrichment"]
    assert (found.identifier, "a record alone fails too" in found.reason) == ("PE215", True)


def test_a_declaration_with_the_default_settings_has_nothing_to_be_said_of() -> None:
    assert check_pipeline(Pipeline(modules=(Module("pose", targets=("aggregate_pose",)),))) == []


@pytest.mark.parametrize(
    "settings",
    [
        PipeSettings(),
        PipeSettings(enrichment_input_template=None),
        PipeSettings(target_input_template='{"PerceptionPipelineEventType": <$.PerceptionPipelineEventType>}'),
    ],
)
def test_a_rule_for_an_event_type_that_nothing_gives_is_found_behind_every_template(settings: PipeSettings) -> None:
    def found(event_type: str) -> list[str]:
        pattern: JSONObject = {"detail": {"PerceptionPipelineEventType": [event_type]}}
        rule = RuleSettings("archive-rule", pattern, ("archive",))
        findings = check_pipeline(replace(SOUND, pipe=settings, extra_rules=(rule,)))
        return [f"{f.location}: {f.reason}" for f in findings if f.identifier == "PE303"]

    assert found("pose") == []
    assert found("posse") == [
        "rules[archive-rule-dev].detail.PerceptionPipelineEventType: "
        'nothing that passes pipe Pipe has `detail.PerceptionPipelineEventType` ["posse"]'
    ]


def test_an_event_type_that_a_function_of_ones_own_says_again_is_not_known() -> None:
    rule = RuleSettings("archive-rule", {"detail": {"PerceptionPipelineEventType": ["posse"]}}, ("archive",))
    own = EnrichmentSettings(lambda items: items, adds=("PerceptionPipelineEventType",))
    findings = check_pipeline(replace(SOUND, enrichment=own, extra_rules=(rule,)))
    assert "PE303" not in [finding.identifier for finding in findings]
