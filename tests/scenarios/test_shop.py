"""The shop of `docs/shop.md`, from its declaration to templates: checked, rendered, drawn, read again."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from docs.examples.shop import shop
from docs.examples.shop.shop import pipeline

from perception_events.aggregation import InMemoryJoinStore, outbox_item
from perception_events.clock import ManualClock
from perception_events.diagrams import graph_mermaid
from perception_events.json_values import JSONObject
from perception_events.pipeline.checks import check_pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.readers import read_topology
from perception_events.rendering import TemplateFormat, render
from perception_events.testing import RecordBuilder
from perception_events.topology import Function, Pipe, Queue, Rule


def test_the_checks_find_nothing_to_correct() -> None:
    assert [finding.identifier for finding in check_pipeline(pipeline)] == ["PE213"]


def test_a_rule_on_what_the_enrichment_does_not_add_is_found() -> None:
    silent = replace(pipeline, extra_rules=pipeline.extra_rules[:1], resources=())
    wrong = replace(silent.extra_rules[0], event_pattern={"detail": {"amnt": [{"numeric": [">=", 100]}]}})
    found = check_pipeline(replace(silent, extra_rules=(wrong,)))
    assert ("PE303", "rules[review-rule-dev].detail.amnt") in [(one.identifier, str(one.location)) for one in found]


def test_the_example_has_a_handler_for_each_function_and_they_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("boto3", reason="join handlers need the [aws] extra")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setitem(sys.modules, "shop", shop)
    spec = importlib.util.spec_from_file_location("shop_handlers", "docs/examples/shop/handlers.py")
    assert spec is not None
    assert spec.loader is not None
    handlers = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "shop_handlers", handlers)  # where type hints are looked up
    spec.loader.exec_module(handlers)
    named = [function.handler for function in pipeline.topology("dev").of(Function)]
    assert [name for name in named if not callable(getattr(handlers, str(name).removeprefix("handlers."), None))] == []

    joins = pipeline.aggregator(store := InMemoryJoinStore(), clock=ManualClock())
    targets: dict[str, Callable[[JSONObject], object]] = {
        "collect_order": joins.handle,
        **{name: partial(call, getattr(handlers, name)) for name in ("review_order", "trigger_shipping")},
    }
    simulation = PipelineSimulation(pipeline, targets=targets)
    lines = Path("docs/examples/shop/records.jsonl").read_text(encoding="utf-8").splitlines()
    assert [route.outcome for route in simulation.route(map(json.loads, lines))][:2] == ["delivered", "delivered"]
    (trigger,) = store.outbox
    image = outbox_item(trigger, pipeline.item_names)
    simulation.route_record({"eventName": "INSERT", "dynamodb": {"NewImage": image}})
    assert capsys.readouterr().out == "review A17 of acme: 129.9\nshipping acme#-#trigger_shipping#A17\n"


def call(handler: Callable[[JSONObject, object], object], event: JSONObject) -> object:
    return handler(event, None)


def test_cfn_lint_finds_nothing() -> None:
    lint = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed; it comes with the [dev] extra")
    for format in ("cloudformation", "sam"):
        assert [str(match) for match in lint.lint(render(pipeline.topology("dev"), format))] == []


@pytest.mark.parametrize("format", list(TemplateFormat))
def test_the_template_says_what_the_declaration_says(format: TemplateFormat, tmp_path: Path) -> None:
    pytest.importorskip("hcl2", reason="the readers need the [templates] extra")
    topology = pipeline.topology("dev")
    path = tmp_path / ("main.tf.json" if format is TemplateFormat.TERRAFORM_JSON else "template.json")
    path.write_text(render(topology, format), encoding="utf-8")
    read = read_topology(tmp_path, strict=True).topology
    for rule in topology.of(Rule):
        found = read.get(str(rule.name), Rule)
        assert found.event_pattern == rule.event_pattern
        assert [one.parameters for one in found.targets] == [one.parameters for one in rule.targets]
        assert [one.input_transformer for one in found.targets] == [one.input_transformer for one in rule.targets]
    for pipe in topology.of(Pipe):
        assert read.get(str(pipe.name), Pipe).filters[0].pattern == pipe.filters[0].pattern
    lost = read.get("Shipments-dev.fifo", Queue)
    assert lost.max_receive_count == 5
    assert read[str(lost.dead_letter_queue)].name == "Lost-dev.fifo"


def test_the_diagram_shows_the_way_from_the_rule_through_the_queue_back_to_the_bus() -> None:
    graph = pipeline.graph("dev", queues=True)
    arrows = {(arrow.start, arrow.end, arrow.failed) for arrow in graph.arrows}
    assert {
        ("ShipRule", "Shipments", False),
        ("Shipments", "ShipmentsPipe", False),
        ("ShipmentsPipe", "EventBus", False),
        ("Shipments", "Lost", True),
    } <= arrows
    assert "join ready" in {box.id for box in graph.boxes}
    assert graph_mermaid(graph).count("FIFO queue") == 2


def test_a_declaration_with_a_second_pipe_routes_its_rows() -> None:
    simulation = PipelineSimulation(pipeline)
    rows = RecordBuilder("Orders-dev", "tenant_id", "created#kind#order_id")
    order = {"state": "DONE", "total": {"N": "129.90"}}
    route = simulation.route_record(rows.insert("acme", "2026-02-03T10:11:12Z#order#A17", **order))
    assert (route.outcome, route.event_type, route.status) == ("delivered", "order", "DONE")
    assert route.rules == ("collect-order-rule-dev", "review-rule-dev", "audit-rule-dev")
    again = simulation.route_record(rows.modify("acme", "2026-02-03T10:11:12Z#order#A17", order, note="x", **order))
    assert again.outcome == "filtered out"
    assert simulation.pipe.name == "orders-dev"


def test_records_of_the_shops_rows_are_built_in_its_own_words() -> None:
    rows = RecordBuilder("Orders-dev", "tenant_id", "created#kind#order_id", status_attribute="state", done="DONE")
    (record,) = rows.completed("2026-02-03T10:11:12Z#payment#A17", site="acme")
    assert PipelineSimulation(pipeline).route_record(record).event_type == "payment"
