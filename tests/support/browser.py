"""A real browser for tests: headless Chromium, spoken to over a pipe in its own protocol, without a driver."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from types import TracebackType
from typing import Any

import pytest

__all__ = ["Browser", "Page", "browser_path", "open_browser"]

_KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, "")}
_KEYS |= {"ArrowDown": (40, ""), "Home": (36, ""), "End": (35, ""), "+": (187, "+"), "0": (48, "0"), " ": (32, " ")}


def browser_path() -> str:
    """Chromium's path; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on the PATH")
    return found


@contextmanager
def open_browser(*arguments: str) -> Iterator[Browser]:
    """A browser, ended and its profile removed at the end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, Browser(profile, arguments) as browser:
        yield browser


class Browser:
    """One process; `page()` opens a tab."""

    def __init__(self, profile: str, arguments: tuple[str, ...] = ()) -> None:
        to_browser, self._write = map(_out_of_the_way, os.pipe())
        self._read, from_browser = map(_out_of_the_way, os.pipe())
        command = [
            *(browser_path(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--remote-debugging-pipe", f"--user-data-dir={profile}", *arguments, "about:blank"),
        ]
        quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (1, 2)]
        # The browser's protocol wants descriptors 3 and 4.
        ends = [(os.POSIX_SPAWN_DUP2, to_browser, 3), (os.POSIX_SPAWN_DUP2, from_browser, 4)]
        self._process = os.posix_spawn(command[0], command, os.environ, file_actions=[*quiet, *ends])
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.send("Browser.close")
        except (OSError, TimeoutError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._write)
        os.close(self._read)

    def page(
        self, address: str, *, width: int = 1280, height: int = 800, dark: bool = False, motion: bool = False
    ) -> Page:
        """A tab at `address`. `motion`: whether the reader wants animations."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log"):
            page.send(f"{domain}.enable")
        page.resize(width, height)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "no-preference" if motion else "reduce"},
        ]
        page.send("Emulation.setEmulatedMedia", {"features": features})
        page.send("Page.navigate", {"url": address})
        return page

    def send(self, method: str, parameters: dict[str, Any] | None = None, session: str | None = None) -> Any:
        """Call a method of the protocol and wait for its result."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 60
        while True:
            response = self._receive(deadline)
            if response.get("id") == number:
                assert "error" not in response, f"{method}: {response['error']}"
                return response.get("result", {})
            self.events.append(response)

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not respond")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise TimeoutError("the browser has ended")
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        read: dict[str, Any] = json.loads(text)
        return read


def _out_of_the_way(descriptor: int) -> int:
    """The same end of a pipe by a number that is neither 3 nor 4, so that giving it one of them loses no other."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


class Page:
    """One tab."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target

    def send(self, method: str, parameters: dict[str, Any] | None = None) -> Any:
        """Call a method of the protocol for this tab."""
        return self._browser.send(method, parameters, self._session)

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are awaited."""
        done = self.send("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait_for(self, condition: str, seconds: float = 30) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while True:
            script = f"(async () => Boolean(await ({condition})))()"
            done = self.send("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})
            if done.get("result", {}).get("value") is True:
                return
            assert time.monotonic() < deadline, f"never true: {condition}; {self.problems}; {self.evaluate(_TEXT)}"
            time.sleep(0.03)

    def text(self, selector: str) -> str:
        """The text of an element, as it is seen."""
        found: str = self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")
        return found

    def click(self, selector: str) -> None:
        """A click with the mouse in the middle of an element."""
        x, y = self.evaluate(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'nearest'}); const r = one.getBoundingClientRect();"
            "return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            point = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self.send("Input.dispatchMouseEvent", point)

    def fill(self, selector: str, text: str) -> None:
        """Put text into a field in place of what is there, as typing does."""
        self.evaluate(
            f"(() => {{ const f = document.querySelector({json.dumps(selector)}); f.focus(); f.select(); }})()"
        )
        if text:
            self.send("Input.insertText", {"text": text})
        else:
            self.press("Delete")

    def press(self, key: str, *, shift: bool = False, control: bool = False) -> None:
        """A key, down and up."""
        code, text = _KEYS.get(key, (0, key if len(key) == 1 else ""))
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift + 2 * control}
        self.send("Input.dispatchKeyEvent", {**event, "type": "keyDown", **({"text": text} if text else {})})
        self.send("Input.dispatchKeyEvent", {**event, "type": "keyUp"})

    def resize(self, width: int, height: int) -> None:
        """The size of the page, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", size)

    def close(self) -> None:
        """Close the tab."""
        self._browser.send("Target.closeTarget", {"targetId": self._target})

    def screenshot(self, path: Path) -> None:
        """Write a PNG of what is seen."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    @property
    def problems(self) -> list[str]:
        """Exceptions and errors that the page has reported, breaches of its policy among them."""
        found = []
        for event in self._browser.events:
            if event.get("sessionId") != self._session:
                continue
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            elif event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                found.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        return found


_TEXT = "document.body ? document.body.innerText.slice(0, 2000) : ''"
