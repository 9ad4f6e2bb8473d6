"""The connection written as a user writes it, and the sentence that refuses one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.hooks.connection import API_URL
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from tests.hooks.conftest import KEY, held_in

VARIABLE = "AIRFLOW_CONN_SMSPARTNER_DEFAULT"
ALL_FIELDS: dict[str, Any] = {
    "sender": "ACME",
    "sandbox": True,
    "timeout": 7.5,
    "requests_per_second": 0,
    "price_per_segment": 0.045,
    "redirect_to": "06 12 34 56 78",
    "max_recipients": 1000,
    "inbox_url": "https://sms.example/inbox/a-secret?b=1",
}


def defined(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> SMSPartnerHook:
    """Define the connection as JSON and return a hook for it."""
    form = {"conn_type": "smspartner", "password": KEY, **fields}
    monkeypatch.setenv(VARIABLE, json.dumps(form))
    return SMSPartnerHook()


def refused(hook: SMSPartnerHook) -> str:
    """Return the sentence that refuses the connection."""
    with pytest.raises(InvalidMessage) as caught:
        _ = hook.settings
    assert_tells_nothing_but_its_own_url(caught.value)
    return str(caught.value)


def assert_tells_nothing_but_its_own_url(error: InvalidMessage) -> None:
    assert not held_in(str(error).replace(API_URL, ""))
