"""Bytes over HTTP, by requests or by aiohttp: one exchange, one kind of error, one decision to repeat it.

No error that leaves this file holds a URL, a key or a phone number: the transport's own exceptions do, so
they are dropped and never chained.
"""

from __future__ import annotations

import asyncio
import email.utils
import logging
import os
import random
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import certifi
import requests
import urllib3.exceptions
from tenacity import RetryCallState, retry_if_exception, stop_after_attempt

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.wire import Answer

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
    """Drop urllib3's debug lines that print a request with its query, where the key travels."""
    return "apiKey" not in record.getMessage()


logging.getLogger("urllib3.connectionpool").addFilter(_without_key)


class Session(requests.Session):
    """A session that takes a redirect for what it is here: an answer, and not one of the API."""

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
            body = read_body(response, deadline=time.monotonic() + settings.timeout)
            return answer(response.status_code, response.headers.get("Retry-After"), body, settings)
    # requests' own errors are OSErrors; urllib3's reach us where requests does not translate them
    except (OSError, urllib3.exceptions.HTTPError) as fault:
        error = transport_error(call, type(fault).__name__, never_left=requests_never_left(fault))
    raise error from None


def read_body(response: requests.Response, *, deadline: float) -> bytes:
    """Read the body within the deadline and the size that an answer may have."""
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise requests.exceptions.ContentDecodingError("too large")
        if time.monotonic() > deadline:
            raise requests.exceptions.ReadTimeout("too slow")
    return bytes(body)


def requests_never_left(fault: Exception) -> bool:
    """Tell whether requests failed before a byte of the request was on its way."""
    # urllib3 speaks of the proxy only while it has not connected through it
    if isinstance(fault, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    reason = getattr(fault.args[0] if fault.args else None, "reason", None)
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return True
    # Other TLS errors can come after the handshake, and errors about URLs or headers from the answer
    inner = reason.args[0] if isinstance(reason, urllib3.exceptions.SSLError) and reason.args else None
    return isinstance(inner, ssl.SSLCertVerificationError)


# ---- aiohttp ---------------------------------------------------------------------------------------


@asynccontextmanager
async def open_session(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session that verifies TLS as requests does and honours the proxies of the environment."""
    context = await asyncio.to_thread(trusted_authorities)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context),
        headers=HEADERS,
        timeout=aiohttp.ClientTimeout(
            total=CONNECT_TIMEOUT + settings.timeout,
            sock_connect=CONNECT_TIMEOUT,
            sock_read=settings.timeout,
        ),
        # A proxy has no part in a talk with this machine, and would see the key in plain http
        trust_env=not settings.plain_http,
    ) as session:
        yield session


def trusted_authorities() -> ssl.SSLContext:
    """Trust whom requests trusts, a company's own bundle included."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
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
    except (aiohttp.ClientError, OSError) as fault:  # asyncio's time-outs are OSErrors since Python 3.11
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
    except ValueError:
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


def repeat_policy(call: Call[Any]) -> dict[str, Any]:
    """Say when a call is sent again, for tenacity's loop of either kind."""
    again = (
        (APIConnectionError, OutcomeUnknownError, RateLimitError) if call.repeatable else APIConnectionError
    )

    def worth_it(error: BaseException) -> bool:
        return isinstance(error, again) and (getattr(error, "retry_after", None) or 0) <= LONGEST_WAIT

    return {
        "retry": retry_if_exception(worth_it),
        "stop": stop_after_attempt(ATTEMPTS),
        "wait": wait,
        "reraise": True,
    }


def wait(state: RetryCallState) -> float:
    """Wait as long as the platform asked, else 1, 2, 4 … seconds with jitter."""
    error = state.outcome.exception() if state.outcome else None
    wished: float = getattr(error, "retry_after", None) or 0.0
    backoff = 2.0 ** (state.attempt_number - 1)
    return max(wished, backoff * random.uniform(0.75, 1.25))  # noqa: S311  # jitter is no secret
