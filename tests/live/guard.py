"""A guard below the tests: while it stands, no request can leave this process that could reach a phone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import requests
from yarl import URL

ASKING = {"/me", "/bulk-status", "/bulk-status-by-tag", "/stop-sms/list", "/message-cancel"}
SENDING = {"/send", "/bulk-send"}
"""Not /sondage/to/send: it has no sandbox."""


class Forbidden(AssertionError):
    """A request that a test of the real service must not make. Says neither key nor number."""


def stand(monkeypatch: pytest.MonkeyPatch, *, api_url: str, numbers: Collection[str]) -> None:
    """Check every request of both HTTP libraries before its first byte, whoever makes it.

    :param api_url: the only API that may be talked to.
    :param numbers: the only people who may be named.
    """
    send, request = requests.Session.send, aiohttp.ClientSession._request

    def checked_send(session: requests.Session, prepared: requests.PreparedRequest, **kwargs: Any) -> Any:
        check(str(prepared.method), str(prepared.url), prepared.body, api_url=api_url, numbers=numbers)
        return send(session, prepared, **kwargs)

    async def checked_request(
        session: aiohttp.ClientSession, method: str, url: str | URL, **kwargs: Any
    ) -> Any:
        body = kwargs.get("json", kwargs.get("data"))
        text = body if isinstance(body, str | bytes | None) else json.dumps(body)
        check(method, str(url), text, api_url=api_url, numbers=numbers)
        return await request(session, method, url, **kwargs)

    monkeypatch.setattr(requests.Session, "send", checked_send)
    monkeypatch.setattr(aiohttp.ClientSession, "_request", checked_request)


def check(method: str, url: str, body: Any, *, api_url: str, numbers: Collection[str]) -> None:
    """Let what only asks pass, and sends to the sandbox that name nobody else.

    :raises Forbidden: anything else.
    """
    __tracebackhide__ = True  # its arguments are the key and the number
    parts, api = urlsplit(url), urlsplit(api_url)
    path = parts.path.removeprefix(api.path)
    if (parts.scheme, parts.netloc) != (api.scheme, api.netloc):
        raise Forbidden(f"{method} {path} goes to another host than the API")
    if method == "GET" and path in ASKING:
        return
    if method != "POST" or path not in SENDING:
        raise Forbidden(f"{method} {path} is not among the requests that live tests may make")
    fields = fields_of(body)
    if fields.get("sandbox") != 1 or isinstance(fields["sandbox"], bool):
        raise Forbidden(f"{method} {path} without sandbox=1 would text people")
    if not named(fields) <= set(numbers):
        raise Forbidden(f"{method} {path} names other people than SMSPARTNER_TEST_NUMBER")


def fields_of(body: Any) -> Mapping[str, Any]:
    """Return the fields of a body, none when it is no JSON object."""
    try:
        fields = json.loads(body or "")
    except (TypeError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def named(fields: Mapping[str, Any]) -> set[str]:
    """Return everybody whom a send names."""
    joined = str(fields.get("phoneNumbers") or "")
    return {*filter(None, joined.split(",")), *(row["phoneNumber"] for row in fields.get("SMSList") or ())}
