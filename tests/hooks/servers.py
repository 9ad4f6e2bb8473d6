"""HTTP servers on loopback whose manners a test chooses, down to the bytes on the socket."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self

GOOD_SEND = (
    b'{"success": true, "code": 200, "message_id": 5120, "nb_sms": 1, "cost": 0.045, "currency": "EUR"}'
)
GOOD_ME = (
    b'{"success": true, "code": 200, "user": {"username": "ops@example.org"},'
    b' "credits": {"creditSms": 120, "balance": "5.400", "currency": "EUR"}}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request that arrived whole."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Manner = Callable[["Server", socket.socket], None]


class Server:
    """A server that meets its first connection with the first manner, and the last one for ever after."""

    def __init__(self, *manners: Manner, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.arrived = threading.Event()
        """A request came in whole."""
        self.left_alone = threading.Event()
        """The client closed its connection while this server kept silent."""
        self.stopping = threading.Event()
        self._manners = manners
        self._tls = tls
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in accept or recv
            sock.close()
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        """The base of the API on this server."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}/v1"

    @property
    def proxy_url(self) -> str:
        """This server as a value for a proxy variable."""
        return f"http://127.0.0.1:{self.port}"

    def receive(self, conn: socket.socket) -> Received:
        """Read one request to its end and remember it."""
        head, _, body = _until_blank_line(conn).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += _some(conn)
        method, target, _ = first.split(" ", 2)
        request = Received(method=method, target=target, headers=headers, body=body)
        self.requests.append(request)
        self.arrived.set()
        return request

    def _start(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            manner = self._manners[min(self.connections, len(self._manners) - 1)]
            self.connections += 1
            self._open.append(conn)
            self._start(self._meet, conn, manner)

    def _meet(self, conn: socket.socket, manner: Manner) -> None:
        with conn, contextlib.suppress(OSError):  # a client may leave, or refuse the certificate
            if self._tls is None:
                manner(self, conn)
                return
            with self._tls.wrap_socket(conn, server_side=True) as secure:
                manner(self, secure)


def _until_blank_line(conn: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(conn)
    return data


def _some(conn: socket.socket) -> bytes:
    if not (data := conn.recv(65536)):
        raise ConnectionError("the client left")
    return data


# ---- manners -------------------------------------------------------------------------------------


def reply(body: bytes = GOOD_SEND, status: int = 200, **headers: str) -> Manner:
    """Answer as HTTP wants it, and close."""
    return raw(answer(body, status, **{"Connection": "close", **headers}))


def answer(body: bytes = GOOD_SEND, status: int = 200, **headers: str) -> bytes:
    """Return the bytes of an answer; ``Retry_After="7"`` is the header Retry-After."""
    named = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1") + body


def raw(data: bytes) -> Manner:
    """Read the request, send these bytes, and close."""

    def manner(server: Server, conn: socket.socket) -> None:
        server.receive(conn)
        conn.sendall(data)

    return manner


def in_turn(*manners: Manner) -> Manner:
    """Meet the requests of one kept connection with one manner after the other."""

    def manner(server: Server, conn: socket.socket) -> None:
        for one in manners:
            one(server, conn)

    return manner


def reset_before_reading(server: Server, conn: socket.socket) -> None:
    """Reset as soon as a byte of the request is there, without taking it."""
    conn.recv(1, socket.MSG_PEEK)
    reset(server, conn)


def reset(server: Server, conn: socket.socket) -> None:
    """Let the end of the connection be a reset."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_after_reading(server: Server, conn: socket.socket) -> None:
    """Take the whole request, then reset."""
    server.receive(conn)
    reset(server, conn)


def hang(server: Server, conn: socket.socket) -> None:
    """Take the request and say nothing."""
    server.receive(conn)
    with contextlib.suppress(OSError):
        conn.recv(1)  # returns when the client gives up, or when the server is stopped
    if not server.stopping.is_set():
        server.left_alone.set()


def linger(server: Server, conn: socket.socket) -> None:
    """Announce the end of the connection with the answer, and keep it until the client has closed it."""
    server.receive(conn)
    conn.sendall(answer(Connection="close"))
    with socket.socket(fileno=conn.detach()) as below:  # a goodbye of TLS is no end yet
        below.settimeout(5)
        while below.recv(65536):
            pass
    server.left_alone.set()


def drip(server: Server, conn: socket.socket) -> None:
    """Send a good answer, a byte at a time, each within the time-out and the whole far beyond it."""
    server.receive(conn)
    data = answer(GOOD_ME + b" " * 1000)
    start = data.index(b"\r\n\r\n") + 5
    conn.sendall(data[:start])
    for byte in data[start:]:
        if server.stopping.wait(0.1):
            return
        conn.sendall(bytes([byte]))


def tunnel(server: Server, conn: socket.socket) -> None:
    """Be a proxy: connect to where CONNECT says, and carry bytes both ways."""
    request = server.receive(conn)
    host, port = request.target.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as target:
        conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ends = {conn: target, target: conn}
        while not server.stopping.is_set():
            for ready in select.select(list(ends), [], [], 0.05)[0]:
                if not (data := ready.recv(65536)):
                    return
                ends[ready].sendall(data)
