"""The studio in a real browser: send, explain, edit, search, keyboard, 300 rules, hostile names, accessibility."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the page needs the [studio] extra")
pytest.importorskip("uvicorn", reason="the page needs the [studio] extra")

from perception_events.diagrams import graph_html, topology_graph
from perception_events.simulation import Simulation
from perception_events.studio import Sample, TemplateSource, Workbench
from support.browser import Browser, Page, open_browser
from support.npm import npm_package
from support.studio import FixedSource, served
from support.topologies import HOSTILE, every_kind, hostile, many_rules

ROOT = Path(__file__).resolve().parents[2]
ORDERS = ROOT / "docs" / "examples" / "orders_template" / "template.yaml"
LIT = "document.querySelector('#result').dataset.lit"


def order(status: str) -> dict[str, Any]:
    return {"source": "orders", "detail-type": "Order changed", "detail": {"status": status, "id": "o-1"}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def orders() -> Iterator[str]:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    samples = [Sample(status, order(status)) for status in ("NEW", "PAID", "SENT")]
    with served(Workbench(TemplateSource([ORDERS]), samples=samples)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, orders: str) -> Iterator[Page]:
    with opened(browser, orders) as page:
        yield page


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """A loaded page, which has reported no error when it is left."""
    page = browser.page(address, **options)
    page.wait_for("document.documentElement.dataset.ready === 'true'")
    yield page
    assert page.problems == []
    page.close()


def send(page: Page, value: Any) -> None:
    before = int(page.evaluate(LIT) or 0)
    page.fill("#event", json.dumps(value, indent=2))
    page.press("Enter", control=True)
    page.wait_for(f"Number({LIT}) > {before}")


def states(page: Page) -> dict[str, str]:
    lit = "[...document.querySelectorAll('g.box[data-state]')]"
    found: dict[str, str] = page.evaluate(f"Object.fromEntries({lit}.map(b => [b.dataset.id, b.dataset.state]))")
    return found


def test_an_event_lights_up_its_way_and_shows_what_the_target_received(page: Page) -> None:
    send(page, order("NEW"))
    assert states(page) == {
        "OrdersBus": "passed",
        "NotifyFunctionNewOrder": "passed",
        "NotifyFunction": "passed",
        "PaidOrdersRule": "missed",
    }
    assert "1 target received it. 1 of 2 rules match." in page.text("#result")
    assert page.evaluate("document.querySelectorAll('.arrow[data-state=passed]').length") >= 1
    assert '"o-1"' in page.text(".received pre")


def test_the_field_that_missed_is_marked_in_pattern_and_event(page: Page) -> None:
    send(page, order("PAID"))
    page.evaluate(
        "[...document.querySelectorAll('.verdicts button')].find(b => b.textContent == 'PaidOrdersRule').click()"
    )
    page.wait_for("document.querySelectorAll('#patterns pre mark').length == 2")
    marks = page.evaluate("[...document.querySelectorAll('#patterns pre mark')].map(m => m.textContent)")
    assert marks == ['"detail_type": ["Order changed"],', '"detail_type": nothing here']
    assert "the event has `detail-type`" in page.text("#patterns")
    assert page.evaluate("document.querySelector('#tab-pattern').getAttribute('aria-selected')") == "true"


def test_an_edited_pattern_says_which_recorded_events_change_sides(page: Page) -> None:
    page.evaluate(
        "(() => { const h = document.querySelector('#holders'); h.value = 'NotifyFunctionNewOrder';"
        "h.dispatchEvent(new Event('change')); })()"
    )
    page.wait_for("document.querySelector('#pattern-0')")
    page.fill("#pattern-0", '{"source": ["orders"], "detail": {"status": ["PAID"')
    page.wait_for("document.querySelector('#pattern-0-error').textContent")
    assert "Line 1, column" in page.text("#pattern-0-error")
    assert page.evaluate("document.querySelector('#pattern-0').getAttribute('aria-invalid')") == "true"
    page.fill("#pattern-0", '{"source": ["orders"], "detail": {"status": ["PAID", "SENT"]}}')
    page.wait_for("document.querySelector('.changes').textContent")
    text = page.text(".changes")
    assert "3 of 3 recorded events change sides." in text
    assert "NEW is no longer matched" in text
    assert "SENT is matched now" in text
    assert page.text("#pattern-0-error") == ""
    page.evaluate("document.querySelector('#patterns button:not(.link)').click()")
    page.wait_for("document.querySelector('.changes').textContent === ''")


def test_an_event_that_is_made_for_a_rule_can_be_sent_at_once(page: Page) -> None:
    page.evaluate("document.querySelector('#makers').value = 'NotifyFunctionNewOrder'")
    page.click("#generate")
    page.wait_for("document.querySelector('#event').value")
    page.click("#send")
    page.wait_for(LIT)
    assert states(page)["NotifyFunctionNewOrder"] == "passed"


def test_a_text_that_is_not_json_is_marked_where_it_is_wrong(page: Page) -> None:
    page.fill("#event", '{"source": "orders",\n "detail": }')
    page.click("#send")
    page.wait_for("document.querySelector('#event-error').textContent")
    assert "Line 2, column 12" in page.text("#event-error")
    page.click("#event-error button")
    assert page.evaluate("document.activeElement.id") == "event"
    assert page.evaluate("document.querySelector('#event').selectionStart") == len('{"source": "orders",\n "detail": ')


def test_a_broken_template_says_where_and_keeps_the_picture(page: Page) -> None:
    boxes = page.evaluate("document.querySelectorAll('g.box').length")
    page.click("#tab-source")
    page.wait_for("document.querySelectorAll('#source .line').length > 20")
    assert page.evaluate("document.querySelectorAll('#source .remark').length") >= 4  # findings at their lines
    page.click("#editing")
    text = ORDERS.read_text(encoding="utf-8")
    page.fill("#source-text", text.replace("Type: AWS::SQS::Queue", "Type: [AWS::SQS::Queue", 1))
    page.wait_for("document.querySelector('#errors').textContent")
    assert re.search(r"template\.yaml:\d+", page.text("#errors"))
    assert "The picture is the last good one." in page.text("#state")
    assert page.evaluate("document.querySelectorAll('g.box').length") == boxes
    page.wait_for("!document.querySelector('#discard').hidden")
    page.click("#discard")
    page.wait_for("document.querySelector('#errors').textContent === ''")
    assert ORDERS.read_text(encoding="utf-8") == text


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    page.evaluate("document.querySelector('#search').focus()")
    for key in "Paid":
        page.press(key)
    page.wait_for("document.querySelector('#count').textContent === '2 found'")
    page.press("Enter")
    page.wait_for("document.querySelector('g.box.selected')")
    page.evaluate("document.querySelector('g.box[tabindex=\"0\"]').focus()")
    chosen = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        page.press(key)
        chosen.append(page.evaluate("document.activeElement.dataset.id"))
    assert len(set(chosen)) >= 2
    assert page.evaluate("document.activeElement.matches('g.box')")
    before = page.evaluate("document.querySelector('svg.diagram').getAttribute('viewBox')")
    page.press("+")
    assert page.evaluate("document.querySelector('svg.diagram').getAttribute('viewBox')") != before
    page.evaluate("document.querySelector('#tab-event').focus()")
    page.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-pattern"
    page.press("End")
    assert page.evaluate("document.activeElement.id") == "tab-source"
    page.press("Home")
    reached = set()
    for _ in range(12):
        page.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"samples", "makers", "generate", "event", "to", "send"} <= reached


def test_kinds_can_be_hidden(page: Page) -> None:
    page.evaluate("document.querySelector('.menu').open = true")
    page.evaluate("document.querySelector('#kinds input[value=rule]').click()")
    hidden = page.evaluate("[...document.querySelectorAll('g.box.hidden')].map(b => b.dataset.id)")
    assert sorted(hidden) == ["NotifyFunctionNewOrder", "PaidOrdersRule"]


def test_hostile_names_patterns_and_events_are_never_markup(browser: Browser) -> None:
    word = "".join(HOSTILE)
    topology = hostile()
    detail = {word: word, "kind": "<img src=x onerror=alert(1)>"}
    event: dict[str, Any] = {"source": word, "detail-type": word, "detail": detail}
    workbench = Workbench(FixedSource(topology, checked=True), samples=[Sample(word, event)])
    with served(workbench) as address, opened(browser, address) as page:
        send(page, event)
        for tab in ("pattern", "findings", "event"):
            page.click(f"#tab-{tab}")
        page.evaluate("document.querySelector('.verdicts button').click()")
        page.wait_for("document.querySelector('#patterns pre')")
        assert word in page.evaluate("document.querySelector('#result').textContent")
        assert page.evaluate("document.querySelectorAll('script').length") == 1
        assert page.evaluate("document.querySelectorAll('main b, main img, svg script, svg foreignObject').length") == 0


def test_300_rules_are_answered_at_once(browser: Browser) -> None:
    event = {"source": "shop", "detail-type": "x", "detail": {"tenant": "tenant-7", "total": 500}}
    with (
        served(Workbench(FixedSource(many_rules(300)))) as address,
        opened(browser, address, width=2560, height=1440) as page,
    ):
        figures = []
        for _ in range(3):
            send(page, event)
            figures.append(int(page.evaluate("document.querySelector('#result').dataset.milliseconds")))
        print(f"300 rules: {sorted(figures)} ms from send to result")
        assert states(page)["Rule7"] == "passed"
        assert states(page)["Rule8"] == "missed"
        assert page.evaluate("document.querySelectorAll('.verdicts li').length") == 1 + 20
        page.evaluate("document.querySelector('#result > details:not(.received)').open = true")
        page.wait_for("document.querySelectorAll('.verdicts li').length === 300")
        page.fill("#search", "tenant-299")
        page.wait_for("document.querySelector('#count').textContent === '2 found'")


def test_1000_rules_are_drawn_and_answered(browser: Browser) -> None:
    event = {"source": "shop", "detail-type": "x", "detail": {"tenant": "tenant-999", "total": 5000}}
    with (
        served(Workbench(FixedSource(many_rules(1000, rules_per_bus=250)))) as address,
        opened(browser, address) as page,
    ):
        assert page.evaluate("document.querySelectorAll('g.box.rule').length") == 1000
        send(page, event)
        assert states(page)["Rule999"] == "passed"


def test_the_way_lights_up_step_by_step(browser: Browser, orders: str) -> None:
    with opened(browser, orders, motion=True) as page:
        page.evaluate(
            "window.seen = [], new MutationObserver(() => {"
            " const lit = document.querySelectorAll('g.box[data-state]').length;"
            " if (lit && window.seen.at(-1) !== lit) window.seen.push(lit);"
            "}).observe(document.querySelector('#viewport'), {subtree: true, attributes: true}), 0"
        )
        send(page, order("NEW"))
        counts = page.evaluate("window.seen")
        assert counts == sorted(counts)
        assert len(counts) >= 3


def test_an_event_of_five_megabytes_is_sent_from_its_file(browser: Browser, tmp_path: Path) -> None:
    event: dict[str, Any] = {"source": "shop", "detail-type": "x", "detail": {"tenant": "tenant-7", "total": 500}}
    event["detail"] |= {"items": [{"text": "x" * 80, "number": n} for n in range(50_000)]}
    path = tmp_path / "large.json"
    path.write_text(json.dumps(event))
    with served(Workbench(FixedSource(many_rules(300)))) as address, opened(browser, address) as page:
        root = page.send("DOM.getDocument")["root"]["nodeId"]
        node = page.send("DOM.querySelector", {"nodeId": root, "selector": "#file"})["nodeId"]
        page.send("DOM.setFileInputFiles", {"files": [str(path)], "nodeId": node})
        page.wait_for("document.querySelector('#event').value.includes('it is sent as it is')")
        page.click("#send")
        page.wait_for(LIT)
        assert states(page)["Queue7"] == "passed"
        print(f"5 MB, 300 rules: {page.evaluate('document.querySelector(`#result`).dataset.milliseconds')} ms")


def test_the_page_follows_changed_files(browser: Browser, tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    path = tmp_path / "template.yaml"
    path.write_text(ORDERS.read_text(encoding="utf-8"))
    with served(Workbench(TemplateSource([path])), watch=[path]) as address, opened(browser, address) as page:
        path.write_text(path.read_text().replace("PaidOrdersRule", "RenamedRule"))
        page.wait_for("[...document.querySelectorAll('g.box')].some(b => b.dataset.id === 'RenamedRule')")
        path.write_text("Resources: [")
        page.wait_for("document.querySelector('#errors').textContent")
        assert page.evaluate("document.querySelectorAll('g.box.rule').length") == 2


def test_records_of_a_run_are_followed(browser: Browser) -> None:
    topology = many_rules(20)
    workbench = Workbench(FixedSource(topology), live=True)
    simulation = Simulation(topology)
    with served(workbench) as address, opened(browser, address) as page:
        assert page.evaluate("document.querySelector('#tab-live').hidden") is False
        for tenant in (7, 8):
            event = {"source": "shop", "detail-type": "x", "detail": {"tenant": f"tenant-{tenant}", "total": 500}}
            workbench.follow(f"tenant {tenant}", simulation.put_event(event).trace)
            page.wait_for(f"document.querySelector('g.box[data-id=Rule{tenant}]').dataset.state === 'passed'")
        page.click("#tab-live")
        assert page.text("#live").splitlines() == ["tenant 8 1 received", "tenant 7 1 received"]
        page.evaluate("document.querySelectorAll('#live button')[1].click()")
        page.wait_for("document.querySelector('g.box[data-id=Rule7]').dataset.state === 'passed'")


@contextmanager
def command(*arguments: str) -> Iterator[Callable[..., Any]]:
    """The command, running; calls an action of its page."""
    pytest.importorskip("typer", reason="the command line needs the [cli] extra")
    line = [sys.executable, "-m", "perception_events", "studio", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        try:
            assert process.stdout is not None
            address = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", process.stdout.readline())
            assert address is not None
            yield partial(_call, address[0])
        finally:
            process.terminate()


def _call(address: str, action: str, **arguments: Any) -> Any:
    data = json.dumps(arguments).encode()
    request = urllib.request.Request(f"{address}api/{action}", data, {"Content-Type": "application/json"})
    for _ in range(100):
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.1)
    pytest.fail("the page was never served")


def test_the_command_serves_a_template_with_the_events_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="YAML templates need PyYAML")
    shutil.copy(ORDERS, tmp_path)
    (tmp_path / "event.json").write_text(json.dumps(order("PAID")))
    (tmp_path / "package.json").write_text("{}")
    with command(str(tmp_path / "template.yaml")) as call:
        overview = call("overview")
        assert overview["title"] == "template.yaml"
        assert overview["samples"] == [f"{tmp_path / 'event.json'}:1"]
        assert json.loads(call("sample", index=0)["text"]) == order("PAID")


def test_the_command_serves_a_declaration_with_its_joins_as_it_changes(tmp_path: Path) -> None:
    module = tmp_path / "declared.py"
    declaration = (
        "from perception_events.aggregation import Join\n"
        "from perception_events.pipeline import Module, Pipeline\n"
        "join = Join(on='pose', group_by=('site', 'date', 'sync'), expects={'cam1', 'cam2'}, trigger=('recon',))\n"
        "pose = Module('pose', targets=('collect',), parts=('sync', 'camera'), joins=(join,))\n"
        "pipeline = Pipeline(modules=(pose, Module('recon')))\n"
    )
    module.write_text(declaration)
    image = {
        "site": {"S": "lab"},
        "date#event_type": {"S": "2025-07-15#pose#sync001#cam1"},
        "status": {"S": "COMPLETED"},
    }
    keys = {name: image[name] for name in ("site", "date#event_type")}
    content = {"Keys": keys, "NewImage": image, "SequenceNumber": "1", "ApproximateCreationDateTime": 1752538268}
    record = {"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": content}
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(record))
    with command("--pipeline", f"{module}:pipeline", "--samples", str(records), "--watch") as call:
        overview = call("overview")
        assert overview["has_joins"]
        (group,) = call("joins")["groups"]
        assert (group["members"], group["missing"], group["status"]) == (["cam1"], ["cam2"], "OPEN")
        sent = call("send", text=json.dumps(record))
        assert [one["kind"] for one in sent["received"]] == ["function"]
        module.write_text(declaration.replace("'collect'", "'gather'"))
        for _ in range(200):
            if "gather-dev" in [one["name"] for one in call("overview")["resources"]]:
                break
            time.sleep(0.1)
        else:
            pytest.fail("the change was never read")


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, as npm has it."""
    package = npm_package("axe-core", "4", tmp_path_factory.mktemp("axe"))
    return (package / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 2560])
def test_an_automated_check_of_accessibility_passes(
    browser: Browser, orders: str, axe: str, dark: bool, width: int
) -> None:
    with opened(browser, orders, width=width, height=900, dark=dark) as page:
        page.evaluate(axe + ";0")
        send(page, order("PAID"))
        page.evaluate("document.querySelector('.verdicts button').click()")
        page.wait_for("document.querySelector('#patterns pre')")
        for tab in ("pattern", "findings", "source", "event"):
            page.click(f"#tab-{tab}")
            assert violations(page) == [], tab


def test_the_page_of_a_diagram_passes_it_too(browser: Browser, axe: str, tmp_path: Path) -> None:
    path = tmp_path / "diagram.html"
    path.write_text(graph_html(topology_graph(every_kind(), queues=True)), encoding="utf-8")
    page = browser.page(path.as_uri())
    page.wait_for("document.querySelector('g.box[role=button]')")
    page.fill("#search", "clicks")
    page.wait_for("document.querySelector('#count').textContent === '3 found'")
    page.press("Enter")
    page.wait_for("document.querySelector('#details strong')")
    page.evaluate(axe + ";0")
    assert violations(page) == []
    assert page.problems == []
    page.close()


def violations(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 120)).join(' | ')))"
    )
    return found
