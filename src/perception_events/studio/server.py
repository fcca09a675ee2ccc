"""Serves a `Workbench` to a page on this machine: the ASGI application, and how it is run; needs the extra `[studio]`.

Whoever can reach the port must still know the token, which stands in the address; a page of another origin cannot know
it, and is rejected by `Host` and `Origin` besides, so that no name that leads to 127.0.0.1 is of use to it.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from secrets import compare_digest

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perception_events.errors import PerceptionEventsError
from perception_events.studio._workbench import Workbench

__all__ = ["HEADERS", "MAX_BODY", "serve", "studio_app"]

LOOPBACK = "127.0.0.1"

MAX_BODY = 20_000_000
"""Bytes of a request; an event of 5 MB has room."""
POLL = 0.5
"""Seconds between looks at watched files, and between looks for news for a page."""
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_FOLDERS = ("perception_events.studio", "perception_events.diagrams")


def studio_app(
    workbench: Workbench, *, token: str, hosts: Iterable[str], watch: Callable[[], Iterable[Path]] | None = None
) -> Starlette:
    """The application. Everything lies below `/TOKEN/`; everything else is not found.

    Args:
        workbench: what the page works on.
        token: the secret in the address.
        hosts: what `Host` may be, such as `127.0.0.1:8000`; `Origin`, where it is sent, must be `http://` and one of
            them.
        watch: gives the files and folders whose changes are read again; None watches nothing.
    """
    static = {f"/{name}": content for name, content in _static()}

    async def page(request: Request) -> Response:
        name = request.path_params["name"] or "index.html"
        if not compare_digest(request.path_params["token"].encode(), token.encode()) or f"/{name}" not in static:
            return PlainTextResponse("not found", 404)
        return Response(static[f"/{name}"], media_type=_TYPES[Path(name).suffix])

    async def action(request: Request) -> Response:
        if not compare_digest(request.path_params["token"].encode(), token.encode()):
            return PlainTextResponse("not found", 404)
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return JSONResponse({"error": {"reason": "send application/json"}}, 415)
        try:
            arguments = json.loads(await request.body() or b"{}")
            if not isinstance(arguments, dict):
                raise ValueError("the arguments must be a JSON object")
            result = await run_in_threadpool(workbench.call, request.path_params["action"], arguments)
        except (PerceptionEventsError, ValueError, OSError, RecursionError) as error:
            return JSONResponse({"error": {"reason": str(error)}}, 400)
        return JSONResponse(result)

    async def changes(request: Request) -> Response:
        if not compare_digest(request.path_params["token"].encode(), token.encode()):
            return PlainTextResponse("not found", 404)
        return StreamingResponse(versions(request), media_type="text/event-stream")

    async def versions(request: Request) -> AsyncIterator[str]:
        seen = None
        while not await request.is_disconnected():
            if (workbench.version, workbench.followed) != seen:
                seen = workbench.version, workbench.followed
                yield f"data: {json.dumps({'version': seen[0], 'followed': seen[1]})}\n\n"
            await asyncio.sleep(POLL)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(watching()) if watch is not None else None
        yield
        if task is not None:
            task.cancel()

    async def watching() -> None:
        assert watch is not None
        before = await run_in_threadpool(_stamps, watch())
        while True:
            await asyncio.sleep(POLL)
            now = await run_in_threadpool(_stamps, watch())
            if now != before:
                before = now
                try:
                    await run_in_threadpool(workbench.reload)
                except Exception:  # a mistake of ours or of a module that is read must not end the watching
                    traceback.print_exc()

    routes = [
        Route("/{token}/api/changes", changes, methods=["GET"]),
        Route("/{token}/api/{action}", action, methods=["POST"]),
        Route("/{token}/{name:path}", page, methods=["GET"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_Guard, hosts=frozenset(hosts))], lifespan=lifespan)


def serve(
    workbench: Workbench,
    *,
    port: int,
    token: str,
    announce: Callable[[str], object],
    watch: Callable[[], Iterable[Path]] | None = None,
) -> None:
    """Serve the page on the loopback address until the process is interrupted.

    `port`: 0 takes a free one. `announce`: called with the page's address before the first request is taken.
    `token`, `watch`: as of `studio_app`.

    Raises:
        OSError: the port cannot be used.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()  # a page that is opened at once waits, and is not turned away
        port = listener.getsockname()[1]
        app = studio_app(workbench, token=token, hosts=[f"{LOOPBACK}:{port}", f"localhost:{port}"], watch=watch)
        announce(f"http://{LOOPBACK}:{port}/{token}/")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, ws="none", timeout_graceful_shutdown=1
        )
        uvicorn.Server(config).run(sockets=[listener])


class _Guard:
    """Rejects requests of other origins and those that are too large, and puts the headers on every response."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = {f"http://{host}" for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        origin = request.headers.get("origin")
        respond: Callable[[Scope, Receive, Send], Awaitable[None]] = self._app
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            respond = PlainTextResponse("this page is served to this machine only", 403)
        elif origin is not None and origin not in self._origins:
            respond = PlainTextResponse("requests of other pages are rejected", 403)
        elif not request.headers.get("content-length", "0").isdigit() or (
            int(request.headers.get("content-length", "0")) > MAX_BODY or "transfer-encoding" in request.headers
        ):
            respond = PlainTextResponse(f"more than {MAX_BODY} bytes", 413)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_raw_headers()]
            await send(message)

        await respond(scope, receive, with_headers)


def _raw_headers() -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in HEADERS.items()]


def _static() -> Iterable[tuple[str, bytes]]:
    """The files of the page, by name: they are read once, so that no path of a request reaches the disk."""
    for package in _FOLDERS:
        for file in (files(package) / "static").iterdir():
            if Path(file.name).suffix in _TYPES:
                yield file.name, file.read_bytes()


def _stamps(paths: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """When each file was changed, and its size."""
    found = {}
    for path in paths:
        for file in _walked(path):
            try:
                status = os.stat(file)
            except OSError:
                continue
            found[file] = (status.st_mtime_ns, status.st_size)
    return found


def _walked(path: Path) -> Iterable[str]:
    if not path.is_dir():
        yield str(path)
        return
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in (".git", "node_modules", ".terraform", "__pycache__")]
        yield from (os.path.join(folder, name) for name in names)
