"""Calls, and answers to them as they come over the wire."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer

NUMBER = "+33600000012"
SEND = api.send([NUMBER], "Bonjour")
SEND_XML = api.send([NUMBER], "Bonjour", response_format="xml")
ME = api.me()
ACCEPTED = {"success": True, "code": 200, "message_id": 5120}


def read(call: Call[Any], body: object, status: int = 200, **more: Any) -> Any:
    """Have a call read an answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return call.read(Answer(status=status, body=raw, **more))
