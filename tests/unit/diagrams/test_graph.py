"""The pictures: every part of the declaration is in them, nothing overlaps, nothing is cut; a real browser measures."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from itertools import pairwise
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from perception_events.diagrams import (
    Arrow,
    Box,
    Graph,
    Shape,
    graph_html,
    graph_mermaid,
    graph_svg,
    lay_out,
    topology_graph,
)
from perception_events.pipeline import perception_pipeline
from perception_events.topology import Rule, Topology, Unresolved
from support.declarations import DECLARATIONS, JOINED
from support.java import skip_or_fail
from support.ten_modules import load_example
from support.topologies import HOSTILE, every_kind, hostile, many_rules

ROOT = Path(__file__).resolve().parents[3]
PICTURE = ROOT / "docs" / "examples" / "perception_pipeline" / "pipeline.svg"

MEASURE = """
const boxes = [...document.querySelectorAll("g.box")].map(g => {
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
    assert "detail.PerceptionPipelineEventType: #91;#34;pose#34;#93;" in mermaid
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
    "many-rules": topology_graph(many_rules(60), queues=True),
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


def rows(graph: Graph) -> list[list[str]]:
    """The names from left to right, each with those that begin at the same place from top to bottom."""
    placed = sorted(lay_out(graph).boxes, key=lambda box: (round(box.x + box.width / 2), box.y))
    found: dict[int, list[str]] = {}
    for box in placed:
        found.setdefault(round(box.x + box.width / 2), []).append(box.box.lines[0])
    return list(found.values())


def test_events_go_from_left_to_right_and_rules_stand_in_their_bus() -> None:
    graph = perception_pipeline.graph("dev")
    layout = lay_out(graph)
    place = {box.box.lines[0]: box for box in layout.boxes}
    way = [
        *("PerceptionPipelineEvents-dev", "perception-pipeline-pipe-dev", "perception-pipeline-enrichment-dev"),
        *("aggregate-pose-rule-dev", "aggregate_pose-dev", "recon"),
    ]
    for left, right in pairwise(way):
        assert place[left].right < place[right].x
    (frame,) = layout.frames
    for name in ("aggregate-pose-rule-dev", "aggregate-recon-rule-dev", "aggregate_pose-dev", "aggregate_recon-dev"):
        assert frame.header.x < place[name].x
        assert place[name].right < frame.header.right
        assert frame.header.bottom < place[name].y
        assert place[name].bottom < frame.header.y + frame.height


def test_an_archive_stands_in_its_bus_and_a_queue_for_work_is_drawn() -> None:
    assert rows(topology_graph(every_kind())) == [
        ["orders-table"],
        ["orders-orders"],
        ["orders-enricher"],
        ["orders-kept", "orders-all", "orders-more"],
        ["orders-shop"],
        ["orders-shipments.fifo", "orders-news", "orders-clicks", "orders-other", "partner"],
        ["orders-clicks", "orders-shipments", "ClicksOfShip", "orders-nightly"],
        ["/aws/events/orders", "orders-fulfil", "orders-ship"],
    ]


def assert_sound(graph: Graph) -> None:
    layout = lay_out(graph)
    assert [box.box.id for box in sorted(layout.boxes, key=lambda b: b.box.id)] == sorted(b.id for b in graph.boxes)
    for index, one in enumerate(layout.boxes):
        assert one.x >= 0
        assert one.y >= 0
        assert one.right <= layout.width
        assert one.bottom <= layout.height
        for other in layout.boxes[index + 1 :]:
            apart = one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y
            assert apart, (one.box.id, other.box.id)
    place = {box.box.id: box for box in layout.boxes}
    framed = {frame.header.box.id: frame for frame in layout.frames}
    for route in layout.routes:
        start, end = place[route.arrow.start], place[route.arrow.end]
        assert route.points[0] == (start.right, start.middle)
        x, y = route.points[-1]
        height = framed[end.box.id].height if end.box.id in framed else end.height
        assert end.x <= x <= end.right
        assert end.y <= y <= end.y + height
        assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in route.points)
    drawn = {route.arrow for route in layout.routes}
    for arrow in graph.arrows:
        frame = framed.get(arrow.start)
        inside = frame is not None and place[arrow.end].y < frame.header.y + frame.height
        assert arrow in drawn or inside or arrow.start == arrow.end


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_graph_nothing_overlaps_and_every_arrow_arrives(seed: int) -> None:
    random = Random(seed)
    shapes = random.choices(list(Shape), k=random.randint(1, 40))
    boxes = tuple(
        Box(str(n), shape, ("n" * random.randint(1, 70),), ("d" * random.randint(0, 60),) * random.randint(0, 4))
        for n, shape in enumerate(shapes)
    )
    ends = [(random.choice(boxes).id, random.choice(boxes).id) for _ in range(random.randint(0, 60))]
    assert_sound(Graph(boxes, tuple(dict.fromkeys(Arrow(a, b, failed=random.random() < 0.2) for a, b in ends))))


@pytest.mark.parametrize("name", GRAPHS)
def test_the_layouts_of_real_pictures_are_sound(name: str) -> None:
    assert_sound(GRAPHS[name])


def test_ten_modules_fit_on_a_wide_screen_and_300_rules_on_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    ten = lay_out(load_example(monkeypatch).pipeline.graph("dev", queues=True))
    assert ten.width < 2560
    assert ten.height < 1440
    many = lay_out(topology_graph(many_rules(300), queues=True))
    assert 1 < many.width / many.height < 2.5
    assert many.width < 2560 * 2


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
    assert rows(graph) == [["a"], ["b"], ["c"], ["d"]]
    assert graph_svg(graph).count('<path class="arrow"') == len(arrows)


def test_what_is_not_known_is_drawn_as_that() -> None:
    unknown = Unresolved("${var.bus}")
    rule = Rule("R", name="r", bus=unknown, event_pattern={"source": [unknown]})
    mermaid = graph_mermaid(topology_graph(Topology([rule])))
    assert mermaid.splitlines()[1:] == [
        '    subgraph n0g["#36;#123;var.bus#125;"]',
        '        n0(("#36;#123;var.bus#125;<br/>not known"))',
        '        n1>"r<br/>source: #91;#34;#36;#123;var.bus#125;#34;#93;"]',
        "    end",
        "    n0 --> n1",
    ]


def test_hostile_names_are_text_in_both_diagrams() -> None:
    graph = topology_graph(hostile(), queues=True)
    document = ElementTree.fromstring(graph_svg(graph))
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in document.iter()}
    assert tags == {"svg", "title", "style", "defs", "marker", "path", "rect", "g", "text"}
    boxes = [element for element in document.iter() if element.tag.endswith("}g")]
    texts = ["".join(text.text or "" for text in box if text.tag.endswith("}text")) for box in boxes]
    assert any("".join(HOSTILE) in text for text in texts)
    for line in graph_mermaid(graph).splitlines()[1:]:
        assert re.fullmatch(
            r" {4,8}n\d+(\[\(|\[\[|\[|\(\[|>|\()\"(<br/>|[\w .,:/=\-]|#\d+;)*\"(\)\]|\]\]|\]|\]\)|\))"
            r"| {4}n\d+ -\.?-> n\d+"
            r'| {4}subgraph n\d+g\["([\w .,:/=\-]|#\d+;)*"\]| {4}end',
            line,
        ), line


def test_no_two_dollar_signs_stand_together_in_mermaid_which_would_begin_a_formula() -> None:
    text = graph_mermaid(Graph((Box("a", Shape.BUS, ("$$$x$$",)),), (), "title"))
    assert "#36;#8203;#36;#8203;#36;x#36;#8203;#36;" in text
    assert "#36;#36;" not in text


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


def test_the_page_needs_nothing_else_and_a_policy_holds_it_to_that() -> None:
    page = graph_html(topology_graph(hostile(), queues=True))
    assert "default-src 'none'" in page
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page, re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page
    assert not re.search(r"""(?:src|href)\s*=\s*["']|@import|url\((?!#tip)""", page)
    assert page.count("<script") == 1
    assert page.count("<svg") == 1
