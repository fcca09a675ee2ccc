"""Hostile names through the parsers that people use: a browser, Mermaid, a Markdown reader, cfn-lint, JSON.

`PERCEPTION_EVENTS_HOSTILE_TEXTS` sets how many words. `PERCEPTION_EVENTS_MERMAID` names a folder in which
`npm install mermaid` was run; without it Mermaid's part is skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from perception_events.aggregation import InvalidJoinError, Join, joins_mermaid
from perception_events.analysis import diff_markdown, diff_topologies, review_text, review_topology
from perception_events.checks import check, findings_github, findings_json, findings_sarif
from perception_events.diagrams import graph_html, graph_mermaid, graph_svg, topology_graph
from perception_events.rendering import render
from perception_events.topology import Rule, Topology
from support.browser import Browser, open_browser
from support.hostile_texts import MARK, hostile_words
from support.topologies import every_kind

WORDS = hostile_words(int(os.environ.get("PERCEPTION_EVENTS_HOSTILE_TEXTS", "3")))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser("--allow-file-access-from-files") as running:
        yield running


def shown(browser: Browser, path: Path, text: str, expression: str, *, wait: str = "document.body") -> Any:
    path.write_text(text, encoding="utf-8")
    page = browser.page(path.as_uri())
    try:
        page.wait_for(wait)
        return page.evaluate(expression)
    finally:
        page.close()


@pytest.mark.parametrize("word", WORDS)
def test_a_browser_shows_the_words_of_a_page_and_of_a_picture_as_text(
    browser: Browser, word: str, tmp_path: Path
) -> None:
    graph = topology_graph(every_kind(word), queues=True)
    state = "JSON.stringify([window.pwned === undefined, document.querySelectorAll('script').length,"
    state += " document.querySelectorAll('img, iframe, object, a[href^=javascript], foreignObject').length,"
    state += f" document.documentElement.textContent.includes({json.dumps(MARK)})])"
    page = json.loads(shown(browser, tmp_path / "page.html", graph_html(graph), state))
    assert page == [True, 1, 0, True]
    picture = json.loads(shown(browser, tmp_path / "p.svg", graph_svg(graph), state, wait="document.documentElement"))
    assert picture == [True, 0, 0, True]


@pytest.mark.parametrize("word", WORDS)
def test_mermaid_draws_the_words_and_runs_none(browser: Browser, word: str, tmp_path: Path) -> None:
    folder = os.environ.get("PERCEPTION_EVENTS_MERMAID")
    if not folder:
        pytest.skip("PERCEPTION_EVENTS_MERMAID names no folder with mermaid from npm")
    script = (Path(folder) / "node_modules" / "mermaid" / "dist" / "mermaid.min.js").as_uri()
    pictures = [graph_mermaid(topology_graph(every_kind(word), queues=True))]
    with suppress(InvalidJoinError):  # some signs are no part of an event type
        pictures.append(joins_mermaid([Join(on=(word, "b"), trigger=(f"{word}x",), name="x")]))
    pictures.append(joins_mermaid([Join(on=(MARK + "<b>$$x$$&lt;**", "b"), trigger=("](x)",), name="x")]))
    for number, text in enumerate(pictures):
        page = f"""<!doctype html><meta charset=utf-8><body><script src="{script}"></script><script>
        mermaid.initialize({{startOnLoad: false, securityLevel: 'loose'}});
        mermaid.render('d', {json.dumps(text).replace("<", chr(92) + "u003c")}).then(
            r => {{ document.body.innerHTML = r.svg; window.done = 'drawn' }}, e => {{ window.done = String(e) }})
        </script>"""
        state = "JSON.stringify([window.done, window.pwned === undefined, document.querySelectorAll('script, img,"
        state += " iframe, a').length, document.body.textContent])"
        done, unhurt, elements, content = json.loads(
            shown(browser, tmp_path / f"m{number}.html", page, state, wait="window.done")
        )
        assert (done, unhurt, elements) == ("drawn", True, 0)
        assert MARK in content


class Elements(HTMLParser):
    """The names of elements in a text of HTML, and what it says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def changed(topology: Topology) -> Topology:
    """The same with other patterns, so that there is something to say."""
    return Topology(
        [
            replace(one, event_pattern={**one.event_pattern, "source": ["other"]})
            if isinstance(one, Rule) and isinstance(one.event_pattern, dict)
            else one
            for one in topology.resources
        ]
    )


@pytest.mark.parametrize("word", WORDS)
def test_the_markdown_of_a_difference_has_no_element_of_the_words(word: str) -> None:
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py comes with [cli]")
    topology = every_kind(word)
    text = diff_markdown(diff_topologies(topology, changed(topology)))
    assert MARK in text
    found = Elements(markdown.MarkdownIt("commonmark", {"html": True}).render(text))
    assert found.names <= {"h3", "h4", "p", "code", "pre", "ul", "li"}, found.names
    assert MARK in found.text


@pytest.mark.parametrize("word", WORDS)
def test_findings_are_json_and_lines_whatever_the_words(word: str) -> None:
    findings = check(every_kind(word))
    assert any(MARK in str(each) for each in findings)
    assert len(json.loads(findings_json(findings))) == len(findings)
    for result in json.loads(findings_sarif(findings))["runs"][0]["results"]:
        assert "](" not in result["message"]["text"], "SARIF would take it for a link"
    for line in findings_github(findings).splitlines():
        assert line.startswith(("::error", "::warning", "::notice"))
    assert review_text(review_topology(every_kind(word)))


@pytest.mark.parametrize("word", WORDS[:3])
def test_cfn_lint_finds_forms_only_and_no_reference(word: str) -> None:
    lint = pytest.importorskip("cfnlint.api", reason="cfn-lint comes with the [dev] extra")
    matches = lint.lint(render(every_kind(word)))
    assert {match.rule.id for match in matches} <= {"E1155", "E3031", "E3033", "E1029", "E1152", "E3510"}, matches


@pytest.mark.parametrize("word", WORDS)
def test_a_picture_is_xml_whatever_the_words(word: str) -> None:
    ElementTree.fromstring(graph_svg(topology_graph(every_kind(word), queues=True)))
