"""The receiver's web application: which addresses there are, and what each of them answers."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from airflow_provider_smspartner.api.posts import InvalidPost, read_post
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox.receiver import Receiver
from airflow_provider_smspartner.rules.callbacks import KINDS

log = logging.getLogger(__name__)

LARGEST_BODY: Final = 64 * 1024
"""Bytes; a part of a reply is below one kilobyte."""
SLOWEST_BODY: Final = 10.0
"""Seconds that a body may take to arrive."""
LONGEST_WAIT: Final = 25.0
"""Seconds that a post waits to become durable, before the platform is told to come again."""
MOST_IN_FLIGHT: Final = 2_000
HEADERS: Final = {"Cache-Control": "no-store"}


class Refused(Exception):
    """A request that is no post of the platform's."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def make_app(
    receiver: Receiver,
    paths: Mapping[str, str],
    *,
    is_ready: Callable[[], bool],
    close: Callable[[], None] = lambda: None,
    count: Callable[..., None] = lambda **amounts: None,
) -> Starlette:
    """Return the application.

    :param paths: the connection behind each path secret.
    :param is_ready: whether a post that came now would become durable; asked in a thread.
    :param close: called when the last post has been written.
    """
    in_flight = asyncio.Semaphore(MOST_IN_FLIGHT)

    async def take(request: Request) -> Response:
        connection = connection_of(request.path_params["secret"], paths)
        if connection is None or request.path_params["kind"] not in KINDS:
            return answer(404)
        if in_flight.locked():
            count(unavailable=1)
            return answer(503)
        async with in_flight:
            return answer(await keep(request, connection))

    async def keep(request: Request, connection: str) -> int:
        """Take a post in and return the status that says what became of it."""
        try:
            post = read_post(await body_of(request))
            taken = asyncio.wrap_future(receiver.take(post, connection))
            # Shielded: what has been taken in will be written, whether anybody still waits or not
            await asyncio.wait_for(asyncio.shield(taken), LONGEST_WAIT)
        except InvalidPost as error:
            count(refused=1)
            log.warning("A post to %r was refused: %s", connection, error)
            return 400
        except Refused as refused:
            count(refused=1)
            return refused.status
        except (TimeoutError, SMSPartnerError):
            count(unavailable=1)
            return 503
        return 204

    async def live(request: Request) -> Response:
        return said("ok") if receiver.is_alive else said("the writer has ended", 503)

    async def ready(request: Request) -> Response:
        return said("ok") if await asyncio.to_thread(is_ready) else said("not ready", 503)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        receiver.start()
        try:
            yield
        finally:
            await asyncio.to_thread(receiver.stop)
            close()

    app = Starlette(
        routes=[
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", ready, methods=["GET"]),
            Route("/{secret}/{kind}", take, methods=["POST"]),
        ],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would name a host that the request has chosen
    return app


def connection_of(secret: str, paths: Mapping[str, str]) -> str | None:
    """Return whose address it is, in a time that does not tell how much of the secret was right."""
    found = None
    for known, connection in paths.items():
        if hmac.compare_digest(known.encode(), secret.encode("utf-8", "replace")):
            found = connection
    return found


async def body_of(request: Request) -> bytes:
    """Return the body of a post.

    :raises Refused: it is larger than any, did not arrive in time, or stopped half-way.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise Refused(413)
    except TimeoutError:
        raise Refused(408) from None
    except ClientDisconnect:
        raise Refused(400) from None
    return bytes(body)


def said(text: str, status: int = 200) -> Response:
    """Answer a health check."""
    return PlainTextResponse(text, status, headers=HEADERS)


def answer(status: int) -> Response:
    """Answer without a word: whoever asks learns nothing but the status."""
    return Response(status_code=status, headers=HEADERS)
