"""The way of a request: route, decode, fault or endpoint, encode."""

from __future__ import annotations

import asyncio

from aiohttp import web

from airflow_provider_smspartner.simulator.endpoints import GETS, POSTS, Endpoint, check_key, degraded
from airflow_provider_smspartner.simulator.faults import KINDS
from airflow_provider_smspartner.simulator.messages import ReceivedRequest
from airflow_provider_smspartner.simulator.reader import Fields
from airflow_provider_smspartner.simulator.refusals import Refusal, by_code, under_key
from airflow_provider_smspartner.simulator.stage import Stage
from airflow_provider_smspartner.simulator.wire import Answer, decode_json, wants_xml

PREFIX = "/v1"
STAGE = web.AppKey("STAGE", Stage)


def add_endpoints(app: web.Application, stage: Stage) -> None:
    """Serve the API under ``/v1``, and nowhere else; what the API does not know is refused and recorded."""
    app[STAGE] = stage
    app.router.add_route("*", PREFIX + "/{endpoint:.*}", _serve)
    app.router.add_route("*", "/{path:.*}", _nowhere)


async def _nowhere(request: web.Request) -> web.StreamResponse:
    """Answer as the web server in front of an API does, which knows no such page."""
    _record(request, request.path, {})
    text = "<html><body><h1>404 Not Found</h1></body></html>"
    return web.Response(text=text, status=404, content_type="text/html")


async def _serve(request: web.Request) -> web.StreamResponse:
    stage = request.app[STAGE]
    endpoint = request.path.removeprefix(PREFIX)
    fields, refusal = await _decode(request)
    _record(request, endpoint, fields)
    delay, fault = stage.faults.meet(endpoint)
    if delay:
        await asyncio.sleep(delay)
    xml = wants_xml(fields, request.query)
    if fault is None:
        return _answer(request, endpoint, fields, refusal, xml=xml).response()
    kind = KINDS[fault.kind]
    answer = (
        _answer(request, endpoint, fields, refusal, xml=xml) if kind.after else Answer(payload={}, xml=xml)
    )
    return await kind.act(request, fault, answer)


def _record(request: web.Request, endpoint: str, fields: Fields) -> None:
    stage = request.app[STAGE]
    with stage.lock:
        stage.platform.requests.append(_received(stage, request, endpoint, fields))


async def _decode(request: web.Request) -> tuple[Fields, Refusal | None]:
    if request.method != "POST":
        return dict(request.query), None
    try:
        return decode_json(await request.read()), None
    except Refusal as refusal:
        return {}, refusal


def _answer(
    request: web.Request, endpoint: str, fields: Fields, refusal: Refusal | None, *, xml: bool
) -> Answer:
    stage = request.app[STAGE]
    with stage.lock:
        settings = stage.platform.settings
        try:
            if settings.degraded:
                return Answer(payload=degraded(stage.platform, fields), xml=xml)
            act = _endpoint(request.method, endpoint)
            if refusal is not None:
                raise refusal
            check_key(stage.platform, fields)
            return Answer(payload=act(stage.platform, fields), xml=xml)
        except Refusal as no:
            payload = under_key(no.payload, settings.error_key)
            return Answer(payload=payload, status=settings.status_of(no.code), xml=xml)


def _endpoint(method: str, endpoint: str) -> Endpoint:
    """Return what an endpoint does, or refuse what there is not."""
    known = POSTS if method == "POST" else GETS if method in ("GET", "HEAD") else {}
    if act := known.get(endpoint):
        return act
    raise by_code(405 if endpoint in GETS or endpoint in POSTS else 404)


def _received(stage: Stage, request: web.Request, endpoint: str, fields: Fields) -> ReceivedRequest:
    return ReceivedRequest(
        endpoint=endpoint,
        method=request.method,
        fields={name: value for name, value in fields.items() if name != "apiKey"},
        headers=tuple(request.headers),
        at=stage.platform.now(),
    )
