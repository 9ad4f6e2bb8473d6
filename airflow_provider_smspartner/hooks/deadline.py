"""Connections under ``requests``: the key joins a request here, and a whole answer has a deadline.

The time-out of ``requests`` itself begins anew with each byte.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import connection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from airflow_provider_smspartner.hooks.departure import current

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class InTime(io.RawIOBase):
    """Reads a socket for as long as its time-out says, however slowly the bytes come.

    A server that sends a header, a trailer or another "100 Continue" now and then would otherwise hold a
    worker for ever.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._bytes = sock.makefile("rb", buffering=0)
        self._patience = sock.gettimeout()
        self._deadline = None if self._patience is None else time.monotonic() + self._patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read what is there, or wait for it until the deadline.

        :raises TimeoutError: the deadline has come.
        """
        if self._deadline is None:
            return self._bytes.readinto(buffer)
        if (left := self._deadline - time.monotonic()) <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        try:
            return self._bytes.readinto(buffer)
        finally:
            self._sock.settimeout(self._patience)  # the connection may be kept for another request

    def close(self) -> None:
        self._bytes.close()
        super().close()


class Response(HTTPResponse):
    """An answer, or the answer of a proxy to CONNECT, that ends in time or not at all."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(InTime(sock))


class Departing:
    """A connection that lets requests depart, and whose answers end in time."""

    response_class: Any = Response
    sock: Any
    debuglevel = 0  # any other would print what is sent, whatever the default of the process

    def send(self, data: Any) -> None:
        """Send the next bytes of a request; ``http.client`` calls it with the head, then with the body."""
        if self.sock is None:  # only what can be sent has left
            self.connect()  # type: ignore[attr-defined]
        departure = current()
        super().send(departure.through(data) if departure else data)  # type: ignore[misc]


class HTTPConnection(Departing, connection.HTTPConnection):
    """Such a connection."""


class HTTPSConnection(Departing, connection.HTTPSConnection):
    """Such a connection over TLS, through a proxy too."""


class HTTPPool(HTTPConnectionPool):
    """Connections to one host."""

    ConnectionCls = HTTPConnection


class HTTPSPool(HTTPSConnectionPool):
    """Connections over TLS to one host."""

    ConnectionCls = HTTPSConnection


class Adapter(HTTPAdapter):
    """Carries requests over these connections, through a proxy too."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}
        return manager
