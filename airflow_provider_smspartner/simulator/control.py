"""The control endpoints under ``/simulator/``: what a tester does in Python, over HTTP and without a key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from aiohttp import web

from airflow_provider_smspartner.simulator.refusals import Refusal
from airflow_provider_smspartner.simulator.stage import Stage
from airflow_provider_smspartner.simulator.wire import decode_json

CONTROL_PREFIX = "/simulator"

Fields = dict[str, Any]
Look = Callable[[Stage], Fields]
Deed = Callable[[Stage, Fields], Fields]


class Controls:
    """Serves the control endpoints; ``pause`` closes the listener for some seconds."""

    def __init__(self, stage: Stage, *, pause: Callable[[float], None]) -> None:
        self.stage = stage
        self.pause = pause

    def add_to(self, app: web.Application) -> None:
        for path in LOOKS:
            app.router.add_get(CONTROL_PREFIX + path, self._look)
        for path in DEEDS:
            app.router.add_post(CONTROL_PREFIX + path, self._do)
        app.router.add_post(CONTROL_PREFIX + "/pause", self._pause)

    async def _look(self, request: web.Request) -> web.Response:
        return _json(LOOKS[request.path.removeprefix(CONTROL_PREFIX)](self.stage))

    async def _do(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":  # a page's form could post anything else unasked
            return _json({"error": "Content-Type: pass application/json"}, status=415)
        deed = DEEDS[request.path.removeprefix(CONTROL_PREFIX)]
        try:
            fields = decode_json(await request.read() or b"{}")
            return _json(deed(self.stage, fields))
        except Refusal:
            return _json({"error": "the body is no JSON object"}, status=400)
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, status=400)

    async def _pause(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return _json({"error": "Content-Type: pass application/json"}, status=415)
        try:
            self.pause(float(decode_json(await request.read())["seconds"]))
        except (KeyError, Refusal, TypeError, ValueError):
            return _json({"error": 'pass {"seconds": 2}'}, status=400)
        return _json({})


def _sent(stage: Stage) -> Fields:
    texts = stage.sent
    return {"count": len(texts), "texts": [asdict(text) for text in texts]}


def _accepted(stage: Stage) -> Fields:
    texts = stage.accepted
    return {"count": len(texts), "texts": [asdict(text) for text in texts]}


def _requests(stage: Stage) -> Fields:
    requests = [asdict(request) for request in stage.requests]
    return {"counts": dict(stage.requests_per_endpoint()), "requests": requests}


def _faults(stage: Stage) -> Fields:
    return {"waiting": [asdict(fault) for fault in stage.faults.waiting]}


def _stop_list(stage: Stage) -> Fields:
    return {"numbers": stage.stop_list}


def _reset(stage: Stage, fields: Fields) -> Fields:
    stage.reset()
    return {}


def _add_fault(stage: Stage, fields: Fields) -> Fields:
    stage.faults.add(fields.pop("endpoint"), fields.pop("kind"), **fields)
    return _faults(stage)


def _clear_faults(stage: Stage, fields: Fields) -> Fields:
    stage.faults.clear()
    return _faults(stage)


def _deliver(stage: Stage, fields: Fields) -> Fields:
    stage.deliver(*fields.pop("numbers", ()), **fields)
    return {}


def _reply(stage: Stage, fields: Fields) -> Fields:
    stage.reply(fields["number"], fields["text"])
    return {}


def _posts(stage: Stage) -> Fields:
    return {"posts": [asdict(post) for post in stage.posts]}


def _set_clock(stage: Stage, fields: Fields) -> Fields:
    if "now" in fields:
        stage.set_clock(datetime.fromisoformat(fields["now"]))
    stage.advance(fields.get("advance", 0))
    return {"now": stage.now}


def _set_credits(stage: Stage, fields: Fields) -> Fields:
    stage.credits = Decimal(str(fields["balance"]))
    return {"balance": str(stage.credits)}


def _add_stops(stage: Stage, fields: Fields) -> Fields:
    stage.add_to_stop_list(*fields["numbers"])
    return _stop_list(stage)


def _json(payload: Fields, *, status: int = 200) -> web.Response:
    text = json.dumps(payload, default=datetime.isoformat)
    return web.Response(text=text, status=status, content_type="application/json")


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "/sent": _sent,
        "/accepted": _accepted,
        "/requests": _requests,
        "/faults": _faults,
        "/stop-list": _stop_list,
        "/posts": _posts,
    }
)
"""What GET reads."""

DEEDS: Mapping[str, Deed] = MappingProxyType(
    {
        "/reset": _reset,
        "/faults": _add_fault,
        "/faults/clear": _clear_faults,
        "/delivery": _deliver,
        "/reply": _reply,
        "/clock": _set_clock,
        "/credits": _set_credits,
        "/stop-list": _add_stops,
    }
)
"""What POST does."""
