"""The way of a request: route, decode, fault or endpoint, encode."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from airflow_provider_smspartner.simulator.endpoints import GETS, POSTS, Endpoint, check_key
from airflow_provider_smspartner.simulator.faults import KINDS
from airflow_provider_smspartner.simulator.messages import ReceivedRequest
from airflow_provider_smspartner.simulator.reader import Fields
from airflow_provider_smspartner.simulator.refusals import Refusal
from airflow_provider_smspartner.simulator.stage import Stage
from airflow_provider_smspartner.simulator.wire import Answer, decode_json, wants_xml

PREFIX = "/v1"
STAGE = web.AppKey("STAGE", Stage)
_ENDPOINTS: Mapping[str, Endpoint] = {**GETS, **POSTS}


def add_endpoints(app: web.Application, stage: Stage) -> None:
    """Serve every endpoint of the API, with and without ``/v1``."""
    app[STAGE] = stage
    for prefix in ("", PREFIX):
        for path in GETS:
            app.router.add_get(prefix + path, _serve)
        for path in POSTS:
            app.router.add_post(prefix + path, _serve)


async def _serve(request: web.Request) -> web.StreamResponse:
    stage = request.app[STAGE]
    endpoint = request.path.removeprefix(PREFIX)
    fields, refusal = await _decode(request)
    with stage.lock:
        stage.platform.requests.append(_received(stage, request, endpoint, fields))
    delay, fault = stage.faults.meet(endpoint)
    if delay:
        await asyncio.sleep(delay)
    xml = wants_xml(fields, request.query)
    if fault is None:
        return _answer(stage, endpoint, fields, refusal, xml=xml).response()
    kind = KINDS[fault.kind]
    answer = _answer(stage, endpoint, fields, refusal, xml=xml) if kind.after else Answer(payload={}, xml=xml)
    return await kind.act(request, fault, answer)


async def _decode(request: web.Request) -> tuple[Fields, Refusal | None]:
    if request.method != "POST":
        return dict(request.query), None
    try:
        return decode_json(await request.read()), None
    except Refusal as refusal:
        return {}, refusal


def _answer(stage: Stage, endpoint: str, fields: Fields, refusal: Refusal | None, *, xml: bool) -> Answer:
    with stage.lock:
        try:
            if refusal is not None:
                raise refusal
            check_key(stage.platform, fields)
            return Answer(payload=_ENDPOINTS[endpoint](stage.platform, fields), xml=xml)
        except Refusal as no:
            return Answer(payload=no.payload, status=stage.platform.settings.status_of(no.code), xml=xml)


def _received(stage: Stage, request: web.Request, endpoint: str, fields: Fields) -> ReceivedRequest:
    return ReceivedRequest(
        endpoint=endpoint,
        method=request.method,
        fields={name: value for name, value in fields.items() if name != "apiKey"},
        headers=tuple(request.headers),
        at=stage.platform.now(),
    )
