"""What a fault does to the answer of a request.

A fault whose name ends in ``_before`` keeps the platform from doing what it was asked for; one that ends in
``_after`` strikes when it has done so.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from aiohttp import web

from airflow_provider_smspartner.simulator.refusals import Payload, by_code
from airflow_provider_smspartner.simulator.wire import Answer

LATENCY = "latency"
_ELSEWHERE = "http://elsewhere.invalid/v1"
_BLANKS = b" " * 65536
_HUGE = 20_000_000
_HANG_SECONDS = 3600  # longer than any client waits; the end of the simulator ends it

ErrorBody = Literal["html", "json", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that waits for its requests."""

    endpoint: str
    """Path without ``/v1``, or ``*`` for every endpoint."""
    kind: str
    """A name of KINDS, or ``latency``."""
    times: int | None = 1
    """So many requests meet it; None: all."""
    skip: int = 0
    """So many requests pass before it strikes."""
    seconds: float = 1.0
    """``latency``: the delay before the platform looks at the request."""
    status: int = 503
    """``error_*``: the HTTP status."""
    body: ErrorBody = "html"
    """``error_*``: what the answer carries."""
    retry_after: float | str | None = None
    """``rate_limit``, ``untrue_rate_limit``: the Retry-After header, seconds or as it stands; None: none."""
    code: int = 500
    """``refuse``, ``refuse_with_id`` and ``untrue_refusal``: the code in the body."""

    def __post_init__(self) -> None:
        """Raise ValueError for what no request could meet."""
        if self.kind != LATENCY and self.kind not in KINDS:
            raise ValueError(f"kind: {self.kind!r} is not one of {', '.join([LATENCY, *KINDS])}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times: {self.times} strikes nobody; pass 1 or more, or None for all")
        if self.skip < 0:
            raise ValueError(f"skip: {self.skip} is less than no request; pass 0 or more")
        if self.seconds < 0:
            raise ValueError(f"seconds: {self.seconds} lies in the past; pass 0 or more")
        if not 200 <= self.status <= 599:
            raise ValueError(f"status: {self.status} is no HTTP status; pass 200 to 599")


Act = Callable[[web.Request, Fault, Answer], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a kind of fault does."""

    act: Act
    """Answers the request in place of the platform."""
    after: bool
    """Whether the platform has done what it was asked for."""


async def _reset(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    if request.transport is not None:
        # Lingering for no time at all makes the close a TCP reset.
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return answer.response()


async def _hang(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    await asyncio.sleep(_HANG_SECONDS)
    return answer.response()


async def _half(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    body = answer.body()
    response = web.StreamResponse(status=answer.status)
    response.content_type = answer.content_type
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _error(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    if fault.body == "json":
        return _json({"success": False, "code": 500, "message": "Erreur interne"}, fault.status)
    text = "<html><body><h1>Service unavailable</h1></body></html>" if fault.body == "html" else ""
    return web.Response(text=text, status=fault.status, content_type="text/html")


async def _rate_limit(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    response = _json({"success": False, "code": 429, "message": "Trop de requêtes"}, 429)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


async def _garbage(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    return web.Response(body=b'\xff\xfe{"success": tru', content_type=answer.content_type)


async def _no_id(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    return _json({"success": True, "code": 200, "message": "Le SMS attend son tour"}, 200)


async def _redirect(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": _ELSEWHERE})


async def _huge(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status)
    response.content_type = answer.content_type
    try:
        await response.prepare(request)
        for _ in range(0, _HUGE, len(_BLANKS)):
            await response.write(_BLANKS)
        await response.write(answer.body())
    except ConnectionError:
        return response  # the client has seen enough
    return response


async def _refuse(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    message_id = answer.payload.get("message_id")
    known = {} if message_id is None else {"message_id": message_id}
    return replace(answer, payload=by_code(fault.code).payload | known).response()


async def _untrue_refusal(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    return replace(answer, payload=by_code(fault.code).payload).response()


async def _stale_id(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    message_id = answer.payload.get("message_id")
    stale = {} if message_id is None else {"message_id": message_id - 1}
    return replace(answer, payload=answer.payload | stale).response()


async def _short_answer(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    short: Payload = {
        name: answer.payload[name] - 1 for name in ("nb_sms", "nbSMS") if name in answer.payload
    }
    if "SMSResponse_List" in answer.payload:
        short["SMSResponse_List"] = answer.payload["SMSResponse_List"][:-1]
    return replace(answer, payload=answer.payload | short).response()


def _json(payload: Payload, status: int) -> web.Response:
    return Answer(payload=payload, status=status).response()


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "reset_before": Kind(act=_reset, after=False),
        "reset_after": Kind(act=_reset, after=True),
        "hang_before": Kind(act=_hang, after=False),
        "hang_after": Kind(act=_hang, after=True),
        "half_answer": Kind(act=_half, after=True),
        "error_before": Kind(act=_error, after=False),
        "error_after": Kind(act=_error, after=True),
        "rate_limit": Kind(act=_rate_limit, after=False),
        "garbage_before": Kind(act=_garbage, after=False),
        "garbage_after": Kind(act=_garbage, after=True),
        "no_id_before": Kind(act=_no_id, after=False),
        "no_id_after": Kind(act=_no_id, after=True),
        "redirect_before": Kind(act=_redirect, after=False),
        "redirect_after": Kind(act=_redirect, after=True),
        "huge": Kind(act=_huge, after=True),
        "refuse": Kind(act=_refuse, after=False),
        "refuse_with_id": Kind(act=_refuse, after=True),
        "untrue_refusal": Kind(act=_untrue_refusal, after=True),
        "untrue_rate_limit": Kind(act=_rate_limit, after=True),
        "stale_id": Kind(act=_stale_id, after=True),
        "short_answer": Kind(act=_short_answer, after=True),
    }
)
"""What each name of a fault stands for."""
