"""What the page works on: inputs on their way, patterns that are tried, files that are edited, all as JSON."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from perception_events.simulation import Simulation
from perception_events.studio import InvalidCallError, InvalidRulesError, Sample, TemplateSource, TextSource, Workbench
from perception_events.topology import (
    EventBus,
    EventSourceMapping,
    Filter,
    Function,
    Pipe,
    Queue,
    Resource,
    Rule,
    RuleTarget,
    Topology,
    Unresolved,
)
from support.studio import FixedSource
from support.topologies import every_kind, hostile, many_rules

TEMPLATE = """\
Resources:
  Shop: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Paid:
    Type: AWS::Events::Rule
    Properties:
      Name: paid
      EventBusName: !Ref Shop
      EventPattern: {source: [orders], detail: {status: [PAID]}}
      Targets: [{Id: jobs, Arn: !GetAtt Jobs.Arn}]
"""


def order(status: str) -> dict[str, Any]:
    return {"source": "orders", "detail-type": "Order changed", "detail": {"status": status}}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


@pytest.fixture
def workbench(template: Path) -> Workbench:
    return Workbench(TemplateSource([template]), samples=[Sample(s, order(s)) for s in ("PAID", "NEW", "SENT")])


def call(workbench: Workbench, action: str, arguments: dict[str, Any]) -> Any:
    return workbench.call(action, arguments)


def send(workbench: Workbench, value: Any, to: str | None = None) -> Any:
    return call(workbench, "send", {"text": json.dumps(value), "to": to})


def test_an_event_lights_up_its_way_and_the_target_shows_what_it_received(workbench: Workbench) -> None:
    result = send(workbench, order("PAID"))
    assert [(step["ids"], step["state"]) for step in result["steps"]] == [
        (["Shop"], "passed"),
        (["Paid"], "passed"),
        (["Jobs"], "passed"),
    ]
    (received,) = result["received"]
    assert received["resource"] == "Jobs"
    assert "PAID" in json.dumps(received["input"])


def test_a_rule_that_does_not_match_names_the_fields_that_missed(workbench: Workbench) -> None:
    result = send(workbench, order("NEW"))
    (rule,) = result["rules"]
    assert (rule["id"], rule["verdict"]) == ("Paid", "not matched")
    assert [(one["field"], one["found"]) for one in rule["mismatches"]] == [("detail.status", '"NEW"')]
    assert {"step": "RulesNotMatched", "ids": ["Paid"], "state": "missed", "text": "1 rule does not match on shop"} in (
        result["steps"]
    )
    (pattern,) = call(workbench, "patterns", {"resource": "Paid"})["patterns"]
    (seen,) = pattern["values"]
    assert seen["matches"] is False
    assert [one["path"] for one in seen["mismatches"]] == ["detail.status"]
    assert seen["value"]["detail"] == {"status": "NEW"}


def test_an_edited_pattern_says_which_recorded_events_change_sides_and_is_used_from_then_on(
    workbench: Workbench,
) -> None:
    text = json.dumps({"source": ["orders"], "detail": {"status": ["NEW", "SENT"]}})
    tried = call(workbench, "try_pattern", {"resource": "Paid", "index": 0, "text": text})
    assert tried["compared"] == 3
    assert [(one["name"], one["now"]) for one in tried["changed"]] == [
        ("PAID", False),
        ("NEW", True),
        ("SENT", True),
    ]
    assert send(workbench, order("NEW"))["received"][0]["resource"] == "Jobs"
    assert call(workbench, "overview", {})["tried"] == [{"resource": "Paid", "index": 0, "text": text}]
    call(workbench, "restore_pattern", {"resource": "Paid", "index": 0})
    assert send(workbench, order("NEW"))["received"] == []
    assert call(workbench, "overview", {})["tried"] == []


def test_a_pattern_that_is_rejected_has_its_place_and_changes_nothing(workbench: Workbench) -> None:
    tried = call(workbench, "try_pattern", {"resource": "Paid", "index": 0, "text": '{"source":\n ["orders", }'})
    error: Any = tried["error"]
    assert (error["line"], error["column"]) == (2, 13)
    assert error["reason"]
    assert send(workbench, order("PAID"))["received"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('{"source": }', 1, 12), ('{\n"source" "x"}', 2, 10), ("[]", None, None), ("3", None, None)],
)
def test_a_text_that_is_not_an_event_says_where_it_is_wrong(
    workbench: Workbench, text: str, line: int | None, column: int | None
) -> None:
    error = call(workbench, "send", {"text": text})["error"]
    assert (error["line"], error["column"]) == (line, column)


def test_a_broken_template_says_where_and_keeps_the_last_good_picture(workbench: Workbench, template: Path) -> None:
    before = call(workbench, "overview", {})
    broken = TEMPLATE.replace("Properties: {QueueName: jobs}}", "Properties: {QueueName: jobs")
    after = call(workbench, "edit", {"file": str(template), "text": broken})
    (error,) = after["errors"]
    assert error["file"] == str(template)
    assert error["line"] in (3, 4, 5)
    assert after["svg"] == before["svg"]
    assert send(workbench, order("PAID"))["received"]
    assert template.read_text() == TEMPLATE
    whole = call(workbench, "edit", {"file": str(template), "text": TEMPLATE.replace("[PAID]", "[NEW]")})
    assert whole["errors"] == []
    assert whole["files"] == [str(template)]
    assert send(workbench, order("NEW"))["received"]
    call(workbench, "edit", {"file": str(template), "text": None})
    assert not send(workbench, order("NEW"))["received"]


def test_an_edit_that_aws_rejects_is_named_in_the_file_that_was_given(workbench: Workbench, template: Path) -> None:
    circle = "Targets: [{Id: jobs, Arn: !GetAtt Jobs.Arn}, {Id: again, Arn: !GetAtt Shop.Arn}]"
    edited = TEMPLATE.replace("Targets: [{Id: jobs, Arn: !GetAtt Jobs.Arn}]", circle)
    after = call(workbench, "edit", {"file": str(template), "text": edited})
    (error,) = after["errors"]
    assert "circle" in error["reason"]
    assert (error["file"], error["line"]) == (str(template), 4)
    assert send(workbench, order("PAID"))["received"]


def test_a_problem_that_was_there_before_does_not_keep_a_change_away(workbench: Workbench, template: Path) -> None:
    (template.parent / "other.yaml").write_text("Resources: [")
    workbench = Workbench(TemplateSource([template, template.parent / "other.yaml"]))
    assert call(workbench, "overview", {})["errors"]
    template.write_text(TEMPLATE[: TEMPLATE.index("  Paid:")])
    assert workbench.reload()
    assert [one["id"] for one in call(workbench, "overview", {})["resources"]] == ["Shop", "Jobs"]


def test_what_changed_on_the_disk_is_read_again(workbench: Workbench, template: Path) -> None:
    template.write_text(TEMPLATE.replace("[PAID]", "[NEW]"))
    version = workbench.version
    assert workbench.reload()
    assert workbench.version > version
    assert send(workbench, order("NEW"))["received"]
    template.write_text("Resources: [")
    assert not workbench.reload()
    assert send(workbench, order("NEW"))["received"]
    assert call(workbench, "overview", {})["errors"]


def test_what_aws_rejects_is_drawn_and_named_though_nothing_can_be_sent() -> None:
    buses = [EventBus(name, name=name.lower()) for name in ("A", "B")]
    every: dict[str, Any] = {"event_pattern": {"source": [{"prefix": ""}]}}
    rules = [
        Rule(f"{start}{end}", name=f"{start}{end}", bus=start, targets=(RuleTarget("t", target=end),), **every)
        for start, end in ("AB", "BA")
    ]
    workbench = Workbench(FixedSource(Topology([*buses, *rules])))
    overview = call(workbench, "overview", {})
    assert overview["svg"].count('class="box bus"') == 2
    assert "circle of buses" in overview["errors"][0]["reason"]
    assert "circle of buses" in send(workbench, order("NEW"))["error"]["reason"]


def test_a_source_that_cannot_be_read_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "system.yaml").write_text('{"source": []}')
    with pytest.raises(InvalidRulesError, match="Empty arrays"):
        Workbench(TextSource(tmp_path / "system.yaml"))


def test_findings_and_source_have_files_and_lines(template: Path) -> None:
    template.write_text(TEMPLATE.replace("detail: {status", "detail_type: [x], detail: {status"))
    workbench = Workbench(TemplateSource([template]))
    findings = call(workbench, "overview", {})["findings"]
    finding = next(one for one in findings if one["identifier"] == "PE303")
    assert (finding["file"], finding["line"], finding["resource"]) == (str(template), 9, "Paid")
    assert call(workbench, "source", {"file": str(template)})["text"] == template.read_text()


@pytest.mark.parametrize("file", ["/etc/passwd", "../template.yaml", "other.yaml", ""])
def test_no_other_file_can_be_read_or_edited(workbench: Workbench, template: Path, file: str) -> None:
    (template.parent / "other.yaml").write_text("secret")
    for action, arguments in (("source", {"file": file}), ("edit", {"file": file, "text": "x"})):
        with pytest.raises(InvalidCallError, match="is not a file of this system"):
            call(workbench, action, arguments)


def test_a_link_that_leads_out_of_what_was_given_is_not_shown(workbench: Workbench, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(TEMPLATE.replace("Paid", "Secret"))
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "link.yaml").symlink_to(outside)
    workbench = Workbench(TemplateSource([folder]))
    for _ in range(2):
        assert call(workbench, "overview", {})["files"] == [str(folder / "template.yaml")]
        with pytest.raises(InvalidCallError):
            call(workbench, "source", {"file": str(folder / "link.yaml")})
        call(workbench, "edit", {"file": str(folder / "template.yaml"), "text": TEMPLATE + "# edited"})


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        *(("no_such", {}), ("send", {}), ("send", {"text": "{}", "more": 1}), ("sample", {"index": 99})),
        *(("sample", {"index": -1}), ("patterns", {"resource": "None"}), ("generate", {"resource": "Jobs"})),
        *(("try_pattern", {"resource": "Paid", "index": 4, "text": "{}"}), ("__init__", {}), ("reload", {})),
    ],
)
def test_what_there_is_not_cannot_be_called(workbench: Workbench, action: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidCallError):
        call(workbench, action, arguments)


@pytest.mark.parametrize("seed", range(3))
def test_an_event_that_is_made_for_a_rule_is_matched_by_it(workbench: Workbench, seed: int) -> None:
    made = call(workbench, "generate", {"resource": "Paid", "seed": seed})
    assert send(workbench, json.loads(made["text"]))["rules"][0]["verdict"] == "matched"


SOURCES = Topology(
    [
        Queue("Work", name="work", arn="arn:aws:sqs:us-east-1:123456789012:work"),
        Function("Worker", name="worker"),
        EventSourceMapping(
            "Mapping", source="Work", function="Worker", filters=(Filter({"body": {"kind": ["order"]}}),)
        ),
    ]
)


def test_a_record_that_is_made_for_a_filter_passes_it() -> None:
    workbench = Workbench(FixedSource(SOURCES))
    made = call(workbench, "generate", {"resource": "Mapping"})
    result = send(workbench, json.loads(made["text"]))
    assert [one["resource"] for one in result["received"]] == ["Worker"]
    assert any("Mapping" in step["ids"] for step in result["steps"])


def test_a_filter_is_explained_and_tried_on_the_record_as_it_sees_it() -> None:
    message: dict[str, Any] = {"messageId": "1", "body": json.dumps({"kind": "parcel"})}
    workbench = Workbench(FixedSource(SOURCES), samples=[Sample("parcel", message)])
    result = send(workbench, message)
    assert result["filters"][0]["resource"] == "Mapping"
    patterns = call(workbench, "patterns", {"resource": "Mapping"})["patterns"]
    assert patterns[0]["values"][0]["value"]["body"] == {"kind": "parcel"}
    text = json.dumps({"body": {"kind": ["parcel"]}})
    tried = call(workbench, "try_pattern", {"resource": "Mapping", "index": 0, "text": text})
    assert tried["changed"] == [{"sample": 0, "name": "parcel", "now": True}]
    assert send(workbench, message)["received"][0]["resource"] == "Worker"


def test_what_is_not_known_is_said_and_not_guessed() -> None:
    rule = Rule("R", name="r", bus="B", event_pattern={"source": [Unresolved("${var.source}")]})
    workbench = Workbench(FixedSource(Topology([EventBus("B", name="b"), rule])))
    result = send(workbench, order("NEW"))
    assert result["rules"][0]["verdict"] == "depends"
    assert result["steps"][-1]["state"] == "depends"
    patterns = call(workbench, "patterns", {"resource": "R"})["patterns"]
    assert patterns[0]["known"] is False
    assert "${var.source}" in patterns[0]["text"]
    assert "error" in call(workbench, "generate", {"resource": "R"})


def test_every_step_is_of_a_box_in_the_picture() -> None:
    for topology in (every_kind(), hostile()):
        workbench = Workbench(FixedSource(topology))
        ids = {resource.id for resource in topology} | {f"{pipe.id}.enrichment" for pipe in topology.of(Pipe)}
        for resource in topology.of(Rule):
            made = call(workbench, "generate", {"resource": resource.id})
            for step in send(workbench, json.loads(made["text"]))["steps"]:
                assert set(step["ids"]) <= ids, step


def test_a_large_event_comes_back_shortened() -> None:
    workbench = Workbench(FixedSource(many_rules(30)))
    event: dict[str, Any] = {"source": "shop", "detail-type": "x", "detail": {"tenant": "tenant-7", "total": 500}}
    event["detail"] |= {"items": [{"text": "x" * 80, "number": n} for n in range(50_000)]}
    result = send(workbench, event)
    assert [one["resource"] for one in result["received"]] == ["Queue7"]
    assert len(json.dumps(result)) < 200_000
    assert "more elements" in json.dumps(result["events"])


def test_what_happens_elsewhere_is_followed_and_the_newest_is_kept(workbench: Workbench, template: Path) -> None:
    running = Simulation(TemplateSource([template]).read({}).topology)
    for number in range(600):
        workbench.follow(f"order {number}", running.put_event(order("PAID" if number % 2 else "NEW")).trace)
    live = call(workbench, "live", {"after": 598})
    assert live["count"] == 600
    assert [(one["number"], one["title"], one["received"]) for one in live["inputs"]] == [
        (599, "order 598", 0),
        (600, "order 599", 1),
    ]
    result = call(workbench, "live_result", {"number": 599})
    assert result["rules"][0]["verdict"] == "not matched"
    seen = call(workbench, "patterns", {"resource": "Paid"})["patterns"][0]["values"][0]
    assert seen["value"]["detail"] == {"status": "NEW"}
    with pytest.raises(InvalidCallError, match="not kept any more"):
        call(workbench, "live_result", {"number": 1})


def test_threads_may_use_it_at_once(workbench: Workbench) -> None:
    texts = [json.dumps({"source": ["orders"], "detail": {"status": [status]}}) for status in ("PAID", "NEW")]

    def work(number: int) -> bool:
        call(workbench, "try_pattern", {"resource": "Paid", "index": 0, "text": texts[number % 2]})
        result = send(workbench, order("PAID"))
        return [step["ids"] for step in result["steps"]] in ([["Shop"], ["Paid"], ["Jobs"]], [["Shop"], ["Paid"]])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))


@pytest.mark.parametrize("buses", [1, 20])
def test_an_event_in_a_circle_shows_its_way_and_why_it_ended(buses: int) -> None:
    resources: list[Resource] = []
    for number in range(buses):
        bus, queue = f"Bus{number}", f"Queue{number}"
        around = '{"tenant": "a"}'
        resources += [
            EventBus(bus, name=bus.lower()),
            Queue(queue, name=queue.lower()),
            Rule(
                f"Rule{number}",
                name=f"rule{number}",
                bus=bus,
                event_pattern={"detail": {"tenant": ["a"]}},
                targets=(RuleTarget("queue", target=queue),),
            ),
            Pipe(
                f"Pipe{number}",
                name=f"pipe{number}",
                source=queue,
                target=f"Bus{(number + 1) % buses}",
                target_input_template=around,
            ),
        ]
    workbench = Workbench(FixedSource(Topology(resources, name="circle"), checked=True))
    assert call(workbench, "overview", {})["svg"].count('class="box rule') == buses
    event = {"source": "s", "detail-type": "d", "detail": {"tenant": "a"}}
    for _ in range(2):
        result = send(workbench, event, "Bus0")
        assert "error" not in result
        assert {f"Rule{number}" for number in range(buses)} <= {id for step in result["steps"] for id in step["ids"]}
        assert "feeds itself" in result["failures"][-1]
    assert send(workbench, event | {"detail": {"tenant": "b"}}, "Bus0")["failures"] == []
