"""The pictures: every part of the declaration is in them, nothing overlaps, nothing is cut; a real browser measures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from perception_events.diagrams import Arrow, Box, Graph, Shape, graph_mermaid, graph_svg, topology_graph
from perception_events.pipeline import perception_pipeline
from perception_events.topology import Rule, Topology, Unresolved
from support.declarations import DECLARATIONS, JOINED
from support.java import skip_or_fail
from support.topologies import HOSTILE, every_kind, hostile

ROOT = Path(__file__).resolve().parents[3]
PICTURE = ROOT / "docs" / "examples" / "perception_pipeline" / "pipeline.svg"

MEASURE = """
const boxes = [...document.querySelectorAll("g.box, g.label")].map(g => {
  const r = g.querySelector("rect").getBoundingClientRect();
  const texts = [...g.querySelectorAll("text")].map(t => t.getBoundingClientRect());
  return {r, texts, name: g.textContent};
});
const out = [];
const canvas = document.querySelector("svg").getBoundingClientRect();
for (const [i, a] of boxes.entries()) {
  for (const t of a.texts)
    if (t.left < a.r.left - 1 || t.right > a.r.right + 1 || t.top < a.r.top - 1 || t.bottom > a.r.bottom + 1)
      out.push("text outside: " + a.name);
  if (a.r.left < canvas.left || a.r.right > canvas.right || a.r.top < canvas.top || a.r.bottom > canvas.bottom)
    out.push("cut: " + a.name);
  for (const b of boxes.slice(i + 1))
    if (a.r.left < b.r.right && b.r.left < a.r.right && a.r.top < b.r.bottom && b.r.top < a.r.bottom)
      out.push("overlap: " + a.name + " / " + b.name);
}
document.body.innerHTML = "<pre id=answer>" + JSON.stringify({count: boxes.length, out}) + "</pre>";
"""


def test_every_part_is_in_both_pictures() -> None:
    graph = perception_pipeline.graph("dev")
    mermaid, svg = graph_mermaid(graph), graph_svg(graph)
    for name in (
        *("PerceptionPipelineEvents-dev", "perception-pipeline-pipe-dev", "perception-pipeline-event-bus-dev"),
        *("aggregate-pose-rule-dev", "aggregate-recon-rule-dev", "aggregate_pose-dev", "recon", "reid"),
    ):
        assert name in mermaid
        assert name in svg
    assert "#34;PerceptionPipelineEventType#34;: #91;#34;pose#34;#93;" in mermaid
    assert "COMPLETED" in svg


def test_joins_and_the_fallback_are_drawn() -> None:
    mermaid = graph_mermaid(JOINED.graph("dev"))
    assert "fallback" in mermaid
    assert "{{" in mermaid


def test_the_pictures_are_the_same_each_time() -> None:
    for draw in (graph_svg, graph_mermaid):
        assert draw(perception_pipeline.graph("prod")) == draw(perception_pipeline.graph("prod"))


def test_the_picture_in_the_docs_is_this_one() -> None:
    assert PICTURE.read_text(encoding="utf-8") == graph_svg(perception_pipeline.graph("dev"))


GRAPHS = {
    **{name: pipeline.graph(env, queues=True) for name, (pipeline, env) in DECLARATIONS.items()},
    "original-without-queues": perception_pipeline.graph("dev"),
    "every-kind": topology_graph(every_kind(), queues=True),
    "hostile": topology_graph(hostile(), queues=True),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_browser_sees_nothing_overlapping_and_nothing_cut(name: str, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on the PATH")
    page = tmp_path / "page.html"
    page.write_text(f"<body style='margin:0'>{graph_svg(GRAPHS[name])}<script>{MEASURE}</script></body>")
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", *quiet, profile, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r'<pre id="answer">(.*)</pre>', done.stdout)
    if found is None:
        skip_or_fail(f"the browser printed no answer: {done.stderr[-300:]}")
    assert found is not None
    answer = json.loads(found[1].replace("&quot;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert answer["count"] > 8
    assert answer["out"] == []


def columns(graph: Graph) -> list[list[str]]:
    return [[box.lines[0] for box in boxes] for boxes in graph.columns()]


def test_the_columns_follow_the_events() -> None:
    assert columns(perception_pipeline.graph("dev")) == [
        ["PerceptionPipelineEvents-dev"],
        ["perception-pipeline-pipe-dev"],
        ["perception-pipeline-enrichment-dev"],
        ["perception-pipeline-event-bus-dev"],
        ["aggregate-pose-rule-dev", "aggregate-recon-rule-dev"],
        ["aggregate_pose-dev", "aggregate_recon-dev"],
        ["recon", "preprocessing", "reid"],
    ]


def test_every_kind_has_its_place_and_a_queue_for_work_is_drawn() -> None:
    assert columns(topology_graph(every_kind())) == [
        ["orders-table"],
        ["orders-orders"],
        ["orders-enricher"],
        ["orders-shop"],
        ["orders-kept", "orders-all", "orders-more"],
        ["orders-shipments.fifo", "orders-news", "orders-other", "partner", "orders-clicks", "orders-nightly"],
        ["orders-shipments", "orders-ship", "orders-clicks"],
        ["orders-fulfil", "/aws/events/orders"],
    ]


def test_dead_letter_queues_are_drawn_when_asked_for() -> None:
    plain, whole = (graph_mermaid(perception_pipeline.graph("dev", queues=queues)) for queues in (False, True))
    names = [f"perception-pipeline-{holder}-dlq-dev" for holder in ("pipe", "bus", "target", "function")]
    assert not any(name in plain for name in names)
    assert all(name in whole for name in names)
    assert whole.count("-.->") == 6  # one of pipe and bus, two rules, two functions


def test_a_circle_of_buses_is_drawn() -> None:
    arrows = (Arrow("a", "b"), Arrow("b", "c"), Arrow("c", "a"), Arrow("c", "d"))
    boxes = tuple(Box(name, Shape.BUS, (name,)) for name in "abcd")
    graph = Graph(boxes, arrows)
    assert columns(graph) == [["a"], ["b"], ["c"], ["d"]]
    assert graph_svg(graph).count("<path") == 1 + len(arrows)


def test_what_is_not_known_is_drawn_as_that() -> None:
    unknown = Unresolved("${var.bus}")
    rule = Rule("R", name="r", bus=unknown, event_pattern={"source": [unknown]})
    mermaid = graph_mermaid(topology_graph(Topology([rule])))
    assert mermaid.splitlines()[1:] == [
        '    n0(("#36;#123;var.bus#125;<br/>not known"))',
        '    n1>"r"]',
        '    n0 -->|"#123;#34;source#34;: #91;#34;#36;#123;var.bus#125;#34;#93;#125;"| n1',
    ]


def test_hostile_names_are_text_in_both_diagrams() -> None:
    graph = topology_graph(hostile(), queues=True)
    document = ElementTree.fromstring(graph_svg(graph))
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in document.iter()}
    assert tags == {"svg", "title", "defs", "marker", "path", "rect", "g", "text"}
    assert any("".join(HOSTILE) in (element.text or "") for element in document.iter())
    for line in graph_mermaid(graph).splitlines()[1:]:
        assert re.fullmatch(
            r" {4}n\d+(\[\(|\[\[|\[|\(\[|>|\()\"(<br/>|[\w .,:/=\-]|#\d+;)*\"(\)\]|\]\]|\]|\]\)|\))"
            r"| {4}n\d+ -\.?->(\|\"([\w .,:/=\-]|#\d+;)*\"\|)? n\d+",
            line,
        ), line


def test_characters_that_xml_does_not_take_are_replaced() -> None:
    graph = Graph((Box("a", Shape.BUS, ("a\x00b\ud800",)),), (), "title\x1f")
    ElementTree.fromstring(graph_svg(graph))


def test_the_command(tmp_path: Path) -> None:
    pytest.importorskip("typer", reason="the command line needs the [cli] extra")
    command = [sys.executable, "-m", "perception_events", "graph", "--format", "svg", "-o", str(tmp_path / "p.svg")]
    subprocess.run(command, check=True, cwd=ROOT)
    assert (tmp_path / "p.svg").read_text(encoding="utf-8") == graph_svg(perception_pipeline.graph("dev"))
    printed = subprocess.run(command[:4], check=True, cwd=ROOT, capture_output=True, text=True).stdout
    assert printed == graph_mermaid(perception_pipeline.graph("dev"))
