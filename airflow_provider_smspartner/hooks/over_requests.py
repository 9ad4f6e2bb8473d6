"""One exchange over requests, for workers."""

from __future__ import annotations

import threading
from typing import Any

import requests
import urllib3.exceptions

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks import environment, transport
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.hooks.deadline import Adapter
from airflow_provider_smspartner.hooks.departure import Departure, departing


class Session(requests.Session):
    """A session that takes a redirect for what it is here: an answer, and not one of the API."""

    def __init__(self) -> None:
        super().__init__()
        self.headers.update(transport.HEADERS)
        self.trust_env = False  # it would send the password of a ``.netrc``
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing. Even unfollowed, requests would read the body and parse the target."""


class Sessions:
    """A session for each thread that asks for one: ``requests`` shares none between threads."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def get(self, *, plain_http: bool) -> Session:
        """Return this thread's session: no header and no option comes out of the connection."""
        session: Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            if not plain_http:
                environment.trusted_authorities()  # says what is wrong with a bundle
            session = self._of_thread.session = Session()
        return session

    def leave(self) -> None:
        """Close this thread's session, so that the next request gets a connection of its own."""
        session: Session | None = self._of_thread.__dict__.pop("session", None)
        if session is not None:
            session.close()


def exchange(session: Session, call: Call[Any], settings: Settings) -> Answer:
    """Send a call once over requests and return what came back.

    :raises APIConnectionError: it certainly never left.
    :raises OutcomeUnknownError: it may have left.
    """
    proxy = environment.proxy_for(settings.url)
    error: SMSPartnerError
    with departing(settings.api_key) as departure:
        try:
            with session.send(
                prepared(session, call, settings, departure),
                timeout=(transport.CONNECT_TIMEOUT, settings.timeout),
                allow_redirects=False,
                stream=True,
                proxies={"https": proxy} if proxy else {},
                verify=environment.bundle(),
            ) as response:
                transport.refuse_encoded(response.headers.get("Content-Encoding"))
                body = read_body(response)
                return transport.answer(
                    response.status_code, response.headers.get("Retry-After"), body, settings
                )
        # requests' own errors are OSErrors; urllib3's reach us where requests does not translate them, and
        # names of hosts that make no sense are ValueErrors
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as fault:
            error = transport.transport_error(
                call, type(fault).__name__, settings, never_left=not departure.left
            )
    raise error from None


def prepared(
    session: Session, call: Call[Any], settings: Settings, departure: Departure
) -> requests.PreparedRequest:
    """Return the request as it is before its key joins it, with the length that it has afterwards."""
    url, body = transport.written(call, settings)
    headers = None if body is None else {"Content-Type": "application/json"}
    request = session.prepare_request(requests.Request(call.method, url, headers, data=body))
    if body is not None:
        request.headers["Content-Length"] = str(len(departure.into_body(body)))
    return request


def read_body(response: requests.Response) -> bytes:
    """Read the body within the size that an answer may have; the adapter's deadline bounds the time."""
    body = bytearray()
    while chunk := response.raw.read1(transport.CHUNK, decode_content=False):
        body += chunk
        if len(body) > transport.LARGEST_BODY:
            raise transport.UnreadableError("too large")
    return bytes(body)
