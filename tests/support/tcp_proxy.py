"""A TCP proxy before DynamoDB Local: it refuses connections, delays and throttles requests, and loses responses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

__all__ = ["TCPProxy", "operation_of"]

_THROTTLED = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"too much"}'
)


class TCPProxy:
    """Forwards one port to another.

    `is_down` refuses. Asked for each request: `before(request)` acts before it is forwarded (it may wait),
    `throttles(request)` says whether it is answered as one that is over the table's throughput, unforwarded, and
    `loses(request)`, once DynamoDB has answered, whether the response is dropped.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.is_down = False
        self.before: Callable[[bytes], None] = lambda request: None
        self.throttles: Callable[[bytes], bool] = lambda request: False
        self.loses: Callable[[bytes], bool] = lambda request: False
        self._server = socket.socket()
        self._server.bind(("127.0.0.1", 0))
        self._server.listen(64)
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> TCPProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Requests of one connection, in turn: read whole, forwarded, answered."""
        with client, socket.socket() as server:
            try:
                server.connect(("127.0.0.1", self._target))
                while (request := _message(client)) and not self.is_down:
                    self.before(request)
                    if self.throttles(request):
                        client.sendall(_response(400, _THROTTLED))
                        continue
                    server.sendall(request)
                    response = _message(server)
                    if self.is_down or self.loses(request):
                        return
                    client.sendall(response)
            except OSError:
                return


def operation_of(request: bytes) -> str:
    """The API call that a request makes."""
    return request.partition(b"DynamoDB_20120810.")[2].partition(b"\r")[0].decode()


def _response(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def _message(peer: socket.socket) -> bytes:
    """One HTTP message with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = peer.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        chunk = peer.recv(65536)
        if not chunk:
            return b""
        body += chunk
    return head + b"\r\n\r\n" + body
