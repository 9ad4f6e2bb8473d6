"""Bytes over HTTP, by requests or by aiohttp: one exchange, one kind of error, one decision to repeat it.

No error that leaves this file holds a URL, a key or a phone number: the transport's own exceptions do, so
they are dropped and never chained.
"""

from __future__ import annotations

import email.utils
import logging
import os
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import aiohttp
import certifi
import requests
import urllib3.exceptions
from tenacity import RetryCallState, retry_if_exception, stop_after_attempt

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.hooks.aside import aside
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.hooks.deadline import Adapter

CONNECT_TIMEOUT = 5.0
ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""Seconds; a platform that asks for more is asked again by whoever called, not by a held worker."""
LARGEST_BODY = 32 * 1024 * 1024
"""Bytes; the status of 500 recipients has some 50 KB."""
CHUNK = 64 * 1024
# Compressed answers are not asked for: a small one could unfold into a very large one
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "airflow-provider-smspartner"}


def _without_key(record: logging.LogRecord) -> bool:
    """Drop urllib3's lines that print a request with its query, where the key travels."""
    return "apiKey" not in record.getMessage()


# A filter acts on the lines of its own logger only; the first prints each request, the others what fails
for _module in ("connectionpool", "connection", "util.retry"):
    logging.getLogger(f"urllib3.{_module}").addFilter(_without_key)


class Session(requests.Session):
    """A session that takes a redirect for what it is here: an answer, and not one of the API."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing. Even unfollowed, requests would read the body and parse the target."""


# ---- requests --------------------------------------------------------------------------------------


def exchange(session: Session, call: Call[Any], settings: Settings) -> Answer:
    """Send a call once over requests and return what came back.

    :raises APIConnectionError: it certainly never left.
    :raises OutcomeUnknownError: it may have left.
    """
    payload, get = call.encode(settings.api_key), call.method == "GET"
    error: SMSPartnerError
    try:
        with session.request(
            call.method,
            settings.url + call.path,
            params=payload if get else None,
            json=None if get else payload,
            timeout=(CONNECT_TIMEOUT, settings.timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = read_body(response)
            return answer(response.status_code, response.headers.get("Retry-After"), body, settings)
    # requests' own errors are OSErrors; urllib3's reach us where requests does not translate them
    except (OSError, urllib3.exceptions.HTTPError) as fault:
        error = transport_error(call, type(fault).__name__, never_left=requests_never_left(fault))
    raise error from None


def read_body(response: requests.Response) -> bytes:
    """Read the body within the size that an answer may have; the adapter's deadline bounds the time."""
    body = bytearray()
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise requests.exceptions.ContentDecodingError("too large")
    return bytes(body)


def requests_never_left(fault: Exception) -> bool:
    """Tell whether requests failed before a byte of the request was on its way."""
    if isinstance(fault, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(fault.args[0] if fault.args else None, "reason", None)
    if isinstance(reason, urllib3.exceptions.ProxyError):
        # urllib3 blames the proxy for whatever ends a connection through one, even when the request has left
        reason = reason.original_error
        # The proxy's own no to CONNECT has no class, only this text
        if str(reason).startswith("Tunnel connection failed"):
            return True
    if isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
        return True
    # Other TLS errors can come after the handshake, and errors about URLs or headers from the answer
    inner = reason.args[0] if isinstance(reason, urllib3.exceptions.SSLError) and reason.args else None
    return isinstance(inner, ssl.SSLCertVerificationError)


def longest_request(settings: Settings) -> float:
    """Return the seconds after which a request is over, whatever happens."""
    return CONNECT_TIMEOUT + 2 * settings.timeout


# ---- aiohttp ---------------------------------------------------------------------------------------


@asynccontextmanager
async def open_session(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session that verifies TLS as requests does and honours the proxies of the environment."""
    context = await aside(trusted_authorities)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context),
        headers=HEADERS,
        middlewares=(carry_once,),
        timeout=aiohttp.ClientTimeout(
            total=CONNECT_TIMEOUT + settings.timeout,
            sock_connect=CONNECT_TIMEOUT,
            sock_read=settings.timeout,
        ),
        # A proxy has no part in a talk with this machine, and would see the key in plain http
        trust_env=not settings.plain_http,
    ) as session:
        yield session


async def carry_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Report a broken connection by an error that aiohttp leaves alone: it would send a GET a second time."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as fault:
        if aiohttp_never_left(fault):
            raise
        raise aiohttp.ClientPayloadError("broken off") from None


def trusted_authorities() -> ssl.SSLContext:
    """Trust whom requests trusts, a company's own bundle included.

    :raises APIConnectionError: the bundle cannot be read.
    """
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    try:
        return _authorities(bundle, os.stat(bundle).st_mtime_ns)
    except OSError as fault:
        reason = type(fault).__name__
    raise APIConnectionError(
        f"The certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names cannot be read ({reason}): "
        "correct the variable or the file. Nothing was sent."
    )


@lru_cache(maxsize=4)
def _authorities(bundle: str, changed: int) -> ssl.SSLContext:
    """Read them once, until the file or folder has changed: it takes tens of milliseconds and a core."""
    kind = "capath" if os.path.isdir(bundle) else "cafile"
    return ssl.create_default_context(**{kind: bundle})  # type: ignore[arg-type]


async def aexchange(session: aiohttp.ClientSession, call: Call[Any], settings: Settings) -> Answer:
    """Send a call once over aiohttp and return what came back.

    :raises APIConnectionError: it certainly never left.
    :raises OutcomeUnknownError: it may have left.
    """
    payload, get = call.encode(settings.api_key), call.method == "GET"
    error: SMSPartnerError
    try:
        async with session.request(
            call.method,
            settings.url + call.path,
            params=payload if get else None,
            json=None if get else payload,
            allow_redirects=False,
        ) as response:
            body = await aread_body(response)
            return answer(response.status, response.headers.get("Retry-After"), body, settings)
    # asyncio's time-outs are OSErrors; proxy variables and host names that make no sense are ValueErrors
    except (aiohttp.ClientError, OSError, ValueError) as fault:
        error = transport_error(call, type(fault).__name__, never_left=aiohttp_never_left(fault))
    raise error from None


async def aread_body(response: aiohttp.ClientResponse) -> bytes:
    """Read the body within the size that an answer may have; the session's time-out bounds the time."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise aiohttp.ClientPayloadError("too large")
    return bytes(body)


def aiohttp_never_left(fault: Exception) -> bool:
    """Tell whether aiohttp failed before a byte of the request was on its way."""
    return isinstance(
        fault,
        # the connector, DNS and certificate errors are one family; a proxy that refuses to connect is another
        aiohttp.ClientConnectorError
        | aiohttp.ClientConnectorCertificateError
        | aiohttp.ClientHttpProxyError
        | aiohttp.ConnectionTimeoutError,
    )


# ---- both ------------------------------------------------------------------------------------------


def answer(status: int, retry_after: str | None, body: bytes, settings: Settings) -> Answer:
    """Put together what came back."""
    return Answer(status=status, body=body, retry_after=seconds(retry_after), secret=settings.api_key)


def seconds(retry_after: str | None) -> float | None:
    """Read Retry-After, which is a number of seconds or an HTTP date."""
    text = (retry_after or "").strip()
    if text.isdecimal() and len(text) < 7:
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def transport_error(call: Call[Any], name: str, *, never_left: bool) -> SMSPartnerError:
    """Name a failure of the transport by its kind; its text may hold the URL, and so the key."""
    request = f"{call.method} {call.path}"
    if never_left:
        return APIConnectionError(
            f"{request} never left this machine ({name}): check the connection's API URL, DNS, "
            "proxy variables and firewall. Repeating it is safe."
        )
    return OutcomeUnknownError(
        f"{request} left this machine and got no answer that can be trusted ({name}): "
        "whether SMS Partner acted on it is unknown."
    )


def repeat_policy(call: Call[Any], attempts: int | None = None) -> dict[str, Any]:
    """Say when a call is sent again, for tenacity's loop of either kind."""
    again = (
        (APIConnectionError, OutcomeUnknownError, RateLimitError) if call.repeatable else APIConnectionError
    )

    def worth_it(error: BaseException) -> bool:
        return isinstance(error, again) and (getattr(error, "retry_after", None) or 0) <= LONGEST_WAIT

    return {
        "retry": retry_if_exception(worth_it),
        "stop": stop_after_attempt(attempts or ATTEMPTS),
        "wait": wait,
        "reraise": True,
    }


def wait(state: RetryCallState) -> float:
    """Wait as long as the platform asked, else 1, 2, 4 … seconds with jitter."""
    error = state.outcome.exception() if state.outcome else None
    wished: float = getattr(error, "retry_after", None) or 0.0
    backoff = 2.0 ** (state.attempt_number - 1)
    return max(wished, backoff * random.uniform(0.75, 1.25))  # noqa: S311  # jitter is no secret
