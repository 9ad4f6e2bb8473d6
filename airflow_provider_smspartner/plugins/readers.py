"""Who reads a page: what Airflow's UI is set to, by the cookies that our script keeps, else by the request.

Loaded with the app, not with the plugin.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from airflow import settings
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_smspartner.plugins.drawing.language import Reader, read_by, reader_of

LANGUAGE_COOKIE: Final = "smspartner_language"
ZONE_COOKIE: Final = "smspartner_zone"


class ForItsReader:
    """Answers each request in the language and the time zone of whoever asks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as an ASGI app."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with read_by(who_reads(Request(scope))):
            await self._app(scope, receive, send)


def who_reads(request: Request) -> Reader:
    """Return who has sent a request."""
    return reader_of(
        chosen=unquote(request.cookies.get(LANGUAGE_COOKIE, "")),
        accepted=request.headers.get("Accept-Language", ""),
        zone=unquote(request.cookies.get(ZONE_COOKIE, "")),
        server_zone=settings.TIMEZONE,
    )
