"""The playground in a real browser: the library runs in Pyodide from npm, and nothing leaves the page."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml", reason="the playground holds PyYAML")

from perception_events.studio.playground import PYODIDE, Pyodide, build_playground
from support.browser import Browser, Page, open_browser
from support.npm import npm_package

READY = "document.documentElement.dataset.ready === 'true'"
LIT = "document.querySelector('#result').dataset.lit"


class _Files(SimpleHTTPRequestHandler):
    def guess_type(self, path: Any) -> str:
        types = {".mjs": "text/javascript", ".wasm": "application/wasm"}
        return types.get(Path(path).suffix) or super().guess_type(path)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def pyodide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    version = PYODIDE.base.rstrip("/").rpartition("@")[2]
    return npm_package("pyodide", version, tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@contextmanager
def published(folder: Path, pyodide: Path, integrity: dict[str, str]) -> Iterator[str]:
    """The playground with Pyodide beside it, as a web server gives it."""
    build_playground(folder, Pyodide("pyodide/", integrity))
    shutil.copytree(pyodide, folder / "pyodide")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def requests(browser: Browser) -> set[str]:
    sent = (event for event in browser.events if event.get("method") == "Network.requestWillBeSent")
    return {event["params"]["request"]["url"] for event in sent}


def choose(page: Page, selector: str, value: str) -> None:
    page.evaluate(
        f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one.value = {json.dumps(value)};"
        "one.dispatchEvent(new Event('change')); })()"
    )


def test_the_pinned_hashes_are_those_of_the_package(pyodide: Path) -> None:
    for name, pinned in PYODIDE.integrity.items():
        digest = hashlib.sha384((pyodide / name).read_bytes()).digest()
        assert pinned == f"sha384-{b64encode(digest).decode()}", name


def test_the_library_runs_in_the_page_and_a_link_shares_everything(
    browser: Browser, pyodide: Path, tmp_path: Path
) -> None:
    with published(tmp_path / "site", pyodide, dict(PYODIDE.integrity)) as address:
        page = browser.page("about:blank")
        page.send("Network.enable")
        page.send("Page.navigate", {"url": address})
        page.wait_for(READY, 120)
        choose(page, "#samples", "0")
        page.wait_for("document.querySelector('#event').value")
        page.click("#send")
        page.wait_for(LIT)
        assert "1 target received it. 1 of 2 rules match." in page.text("#result")
        assert '"ship": "o-1"' in page.text(".received pre")

        choose(page, "#examples", "Rules by name")
        page.wait_for("document.querySelectorAll('g.box.rule').length === 3")
        page.click("#send")
        page.wait_for(f"Number({LIT}) === 2")
        assert "2 of 3 rules match." in page.text("#result")
        text = '{"source": ["shop"], "detail": {"status": ["NEW"]}}'
        page.evaluate("document.querySelector('.verdicts button').click()")
        page.wait_for("document.querySelector('#pattern-0')")
        page.fill("#pattern-0", text)
        page.wait_for("document.querySelector('.changes').textContent.includes('change sides')")

        page.click("#share")
        page.wait_for("location.hash.length > 100")
        link = page.evaluate("location.href")
        assert all(url.startswith(address) for url in requests(browser) if not url.startswith(("data:", "blob:")))
        assert not any("#" in url for url in requests(browser))
        assert page.problems == []
        page.close()

        shared = browser.page(link)
        shared.wait_for(READY, 120)
        assert shared.evaluate("document.querySelectorAll('g.box.rule').length") == 3
        assert '"a paid order"' not in shared.evaluate("document.querySelector('#event').value")
        assert "PAID" in shared.evaluate("document.querySelector('#event').value")
        shared.click("#send")
        shared.wait_for(LIT)
        assert "1 of 3 rules match." in shared.text("#result")  # the pattern that was tried came along
        shared.close()


@pytest.mark.parametrize("name", ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"])
def test_a_file_that_is_not_what_it_was_is_not_run(browser: Browser, pyodide: Path, tmp_path: Path, name: str) -> None:
    wrong = {**PYODIDE.integrity, name: "sha384-" + "A" * 64}
    with published(tmp_path / "site", pyodide, wrong) as address:
        page = browser.page(address)
        page.wait_for("document.querySelector('#state')?.textContent.startsWith('Python could not be loaded')", 60)
        assert page.evaluate(READY) is False
        assert any("integrity" in problem or "digest" in problem for problem in page.problems), page.problems
        page.close()
