"""What an error does to the notifier and to the task, and what it shows."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import redact

from airflow_provider_smspartner.exceptions import APIConnectionError, AuthenticationError, SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.simulator import Simulator
from scripts.local_airflow import free_port
from tests.conftest import Connect
from tests.notifications.conftest import ANN, DEADLINE, Tell


def test_an_unknown_outcome_is_not_repeated_and_counts(
    sim: Simulator, tell: Tell, ledger: dict[str, Any], logged: pytest.LogCaptureFixture
) -> None:
    sim.faults.add("/send", "reset_after", times=3)
    for _ in range(3):
        tell("load failed", ANN, **ledger)

    assert len(sim.requests) == 2
    assert (
        logged.text.count("Nobody knows whether +33 6 •• •• •• 01 got the alert; it is not sent again") == 2
    )


async def test_the_loop_of_the_triggerer_loads_no_libraries(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers, make = [], SMSPartnerHook.__init__

    def recorded(self: SMSPartnerHook, *args: Any) -> None:
        makers.append(threading.current_thread())
        make(self, *args)

    monkeypatch.setattr(SMSPartnerHook, "__init__", recorded)

    await SMSPartnerNotifier("load failed", ANN, context=dict(DEADLINE))

    assert len(sim.sent) == 1
    assert makers
    assert threading.current_thread() not in makers


def test_airflow_masks_the_numbers_in_its_own_lines_and_nothing_else(sim: Simulator, tell: Tell) -> None:
    tell("load failed", ["06 00 00 00 77", "None"])

    assert redact({"recipients": ["06 00 00 00 77", "None"]}) == {"recipients": ["***", "None"]}


@pytest.mark.parametrize(
    ("down", "key", "error"),
    [(True, "K3y+sec/ret=", APIConnectionError), (False, "0ther/k+y=", AuthenticationError)],
)
def test_an_error_shows_neither_key_nor_number(
    down: bool,
    key: str,
    error: type[SMSPartnerError],
    simulator: Simulator,
    connect: Connect,
    tell: Tell,
    logged: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = asyncio.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: at_once(0))
    connect(f"http://127.0.0.1:{free_port()}" if down else simulator.url, key=key)

    with pytest.raises(error) as caught:
        tell("load failed", ANN)

    assert caught.value.__cause__ is None
    told = f"{caught.value}{logged.text}"
    assert not [part for part in (key, "0ther%2F", "K3y%2B", "http://", "60000") if part in told]
    assert SMSPartnerHook().settings.api_key == key
