"""Systems for tests of the studio, and its page served on a port of this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from perception_events.checks import check
from perception_events.diagrams import topology_graph
from perception_events.studio import System, Workbench
from perception_events.topology import Topology

__all__ = ["TOKEN", "FixedSource", "served"]

TOKEN = "token-of-the-tests"


class FixedSource:
    """Gives one topology, whatever is edited."""

    def __init__(self, topology: Topology, *, checked: bool = False) -> None:
        self._topology = topology
        self._findings = tuple(check(topology)) if checked else ()

    def read(self, edits: Mapping[str, str]) -> System:
        graph = topology_graph(self._topology, queues=True)
        return System(self._topology, graph, findings=self._findings, title=self._topology.name)

    def watched(self) -> Iterable[Path]:
        return ()


@contextmanager
def served(workbench: Workbench, watch: Iterable[Path] | None = None) -> Iterator[str]:
    """The address of the page, served from a thread."""
    import uvicorn

    from perception_events.studio.server import studio_app

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    paths = None if watch is None else list(watch)
    app = studio_app(workbench, token=TOKEN, hosts=[host], watch=None if paths is None else lambda: paths)
    config = uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://{host}/{TOKEN}/"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
