"""The pictures: every part of the declaration is in them, nothing overlaps, nothing is cut; a real browser measures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perception_events.diagrams import graph_mermaid, graph_svg
from perception_events.pipeline import perception_pipeline
from support.declarations import DECLARATIONS, JOINED
from support.java import skip_or_fail

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
    mermaid, svg = graph_mermaid(perception_pipeline), graph_svg(perception_pipeline)
    for name in (
        *("PerceptionPipelineEvents-dev", "perception-pipeline-pipe-dev", "perception-pipeline-event-bus-dev"),
        *("aggregate-pose-rule-dev", "aggregate-recon-rule-dev", "aggregate_pose-dev", "recon", "reid"),
    ):
        assert name in mermaid
        assert name in svg
    assert "#34;PerceptionPipelineEventType#34;: #91;#34;pose#34;#93;" in mermaid
    assert "COMPLETED" in svg


def test_joins_and_the_fallback_are_drawn() -> None:
    mermaid = graph_mermaid(JOINED)
    assert "fallback" in mermaid
    assert "{{" in mermaid


def test_the_pictures_are_the_same_each_time() -> None:
    assert graph_svg(perception_pipeline, "prod") == graph_svg(perception_pipeline, "prod")
    assert graph_mermaid(perception_pipeline) == graph_mermaid(perception_pipeline)


def test_the_picture_in_the_docs_is_this_one() -> None:
    assert PICTURE.read_text(encoding="utf-8") == graph_svg(perception_pipeline)


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_browser_sees_nothing_overlapping_and_nothing_cut(name: str, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on the PATH")
    pipeline, env = DECLARATIONS[name]
    page = tmp_path / "page.html"
    page.write_text(f"<body style='margin:0'>{graph_svg(pipeline, env)}<script>{MEASURE}</script></body>")
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


def test_the_command(tmp_path: Path) -> None:
    pytest.importorskip("typer", reason="the command line needs the [cli] extra")
    command = [sys.executable, "-m", "perception_events", "graph", "--format", "svg", "-o", str(tmp_path / "p.svg")]
    subprocess.run(command, check=True, cwd=ROOT)
    assert (tmp_path / "p.svg").read_text(encoding="utf-8") == graph_svg(perception_pipeline)
    printed = subprocess.run(command[:4], check=True, cwd=ROOT, capture_output=True, text=True).stdout
    assert printed == graph_mermaid(perception_pipeline)
