"""The last step of a request before the socket: here the key joins it, and here it has left.

Above this, a request has no key: tracing (Sentry, OpenTelemetry), logs of libraries and responses all show
its URL, and frames of an error its body. And what has not come by here has certainly never left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import quote_plus


class Departure:
    """One request on its way out."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key
        self._waits_for = b"head"
        self.left = False
        """Whether a byte of the request was handed to the socket; what is said to a proxy does not count."""

    def through(self, data: bytes) -> bytes:
        """Return what goes to the socket: the head of the request, and its body or the start of one.

        The key comes into it once, at the place that is known: text that looks like it changes nothing.
        """
        if self._waits_for == b"head":
            # To a proxy and in clear: no key yet, and no byte of the request
            if data.startswith(b"CONNECT "):
                return data
            # Before the socket has it: whether a byte has arrived, nobody can tell afterwards
            self.left = True
            # Libraries hand over the head alone, or with the start of the body
            head, end, body = bytes(data).partition(b"\r\n\r\n")
            if head.startswith(b"GET "):
                self._waits_for = b""
                return self._into_query(head) + end + body
            self._waits_for = b"body"
            return head + end + self.through(body)
        if self._waits_for == b"body" and data:
            self._waits_for = b""
            return self.into_body(bytes(data))
        return data

    def into_body(self, body: bytes) -> bytes:
        """Return a JSON object with the key as its first field."""
        rest = body[1:]
        more = b"" if rest.startswith(b"}") else b", "
        return b'{"apiKey": ' + json.dumps(self._api_key).encode() + more + rest

    def _into_query(self, head: bytes) -> bytes:
        method, target, rest = head.split(b" ", 2)
        path, _, query = target.partition(b"?")
        more = b"&" + query if query else b""
        key = quote_plus(self._api_key).encode()
        return b" ".join((method, path + b"?apiKey=" + key + more, rest))


_of_request: ContextVar[Departure | None] = ContextVar("smspartner_departure", default=None)


@contextmanager
def departing(api_key: str) -> Iterator[Departure]:
    """Give the key to the one request that this thread or coroutine makes meanwhile."""
    departure = Departure(api_key)
    token = _of_request.set(departure)
    try:
        yield departure
    finally:
        _of_request.reset(token)


def current() -> Departure | None:
    """Return the request that is on its way here, if it is one of ours."""
    return _of_request.get()
