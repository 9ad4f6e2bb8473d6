"""One exchange over aiohttp, for triggers and callbacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks import environment, transport
from airflow_provider_smspartner.hooks.aside import aside
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.hooks.departure import Departure, current, departing


@asynccontextmanager
async def open_session(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session that verifies TLS as requests does, and reads nothing out of the environment."""
    context = await aside(environment.trusted_authorities)
    async with aiohttp.ClientSession(
        connector=Connector(ssl=context),
        headers=transport.HEADERS,
        middlewares=(carry_once,),
        timeout=aiohttp.ClientTimeout(
            total=transport.CONNECT_TIMEOUT + settings.timeout,
            sock_connect=transport.CONNECT_TIMEOUT,
            sock_read=settings.timeout,
        ),
        auto_decompress=False,
        trust_env=False,  # it would send the password of a ``.netrc``
    ) as session:
        yield session


class Outgoing:
    """A transport that lets a request depart; in all else the one that it stands before."""

    def __init__(self, inner: Any, departure: Departure) -> None:
        self.inner = inner
        self._departure = departure

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def write(self, data: bytes) -> None:
        self.inner.write(self._departure.through(data))

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.inner.writelines([self._departure.through(part) for part in parts])

    def close(self) -> None:
        """Close now, as requests does: a goodbye of TLS waits for the peer's, and may outlive the loop."""
        self.inner.abort()


class Connector(aiohttp.TCPConnector):
    """Puts itself before the transport of each request, below everything that is told to tracing."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Return a connection, new or kept, that lets this one request depart."""
        connection: Any = await super().connect(*args, **kwargs)
        protocol, departure = connection.protocol, current()
        if protocol is not None and departure is not None:
            kept = protocol.transport
            inner = kept.inner if isinstance(kept, Outgoing) else kept
            protocol.transport = Outgoing(inner, departure)
        return connection


async def carry_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Report a broken connection by an error that aiohttp leaves alone: it would send a GET a second time."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        if (departure := current()) is None or not departure.left:
            raise
    raise aiohttp.ClientPayloadError("broken off")


async def aexchange(session: aiohttp.ClientSession, call: Call[Any], settings: Settings) -> Answer:
    """Send a call once over aiohttp and return what came back.

    :raises APIConnectionError: it certainly never left.
    :raises OutcomeUnknownError: it may have left.
    """
    proxy = environment.proxy_for(settings.url)
    error: SMSPartnerError
    with departing(settings.api_key) as departure:
        url, body = transport.written(call, settings)
        try:
            async with session.request(
                call.method,
                URL(url, encoded=True),
                data=body,
                headers=headers(body, departure),
                proxy=proxy,
                allow_redirects=False,
            ) as response:
                transport.refuse_encoded(", ".join(response.headers.getall("Content-Encoding", ())))
                content = await aread_body(response)
                return transport.answer(
                    response.status, response.headers.get("Retry-After"), content, settings
                )
        # asyncio's time-outs are OSErrors; host names that make no sense are ValueErrors
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            error = transport.transport_error(
                call, type(fault).__name__, settings, never_left=not departure.left
            )
    raise error from None


def headers(body: bytes | None, departure: Departure) -> dict[str, str]:
    """Return the headers of a body that its key has yet to join."""
    if body is None:
        return {}
    return {"Content-Type": "application/json", "Content-Length": str(len(departure.into_body(body)))}


async def aread_body(response: aiohttp.ClientResponse) -> bytes:
    """Read the body within the size that an answer may have; the session's time-out bounds the time."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(transport.CHUNK):
        body += chunk
        if len(body) > transport.LARGEST_BODY:
            raise transport.UnreadableError("too large")
    return bytes(body)
