"""What an error does to the notifier and to the task, and what it shows."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import redact

from airflow_provider_smspartner.api import SendOptions
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    AuthenticationError,
    InvalidRequestError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.notifications import delivery
from airflow_provider_smspartner.notifications.alerts import Alert
from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.simulator import Simulator
from scripts.local_airflow import held_port
from tests.conftest import Connect
from tests.notifications.conftest import ANN, BOB, DEADLINE, Tell


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


# ---- what certainly told nobody is tried again -----------------------------------------------------


class Waited(list[float]):
    """What would have been waited for; nobody waits."""

    def append(self, seconds: float) -> None:
        super().append(seconds)
        self.then()

    def then(self) -> None:
        """What happens meanwhile."""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waited:
    waited, at_once = Waited(), asyncio.sleep

    async def asleep(seconds: float) -> None:
        waited.append(seconds)
        await at_once(0)

    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(asyncio, "sleep", asleep)
    return waited


@pytest.mark.parametrize(("retry_after", "least"), [(None, 1), (7, 7)])
def test_a_platform_that_wants_fewer_requests_keeps_nobody_in_the_dark(
    retry_after: int | None,
    least: int,
    sim: Simulator,
    tell: Tell,
    ledger: dict[str, Any],
    waits: Waited,
    logged: pytest.LogCaptureFixture,
) -> None:
    sim.faults.add("/send", "rate_limit", times=3, retry_after=retry_after)

    tell("load failed", ANN, **ledger)

    assert sim.texts_per_number() == {ANN: 1}
    assert max(waits) >= least
    assert logged.text.count("The alert is tried again in") == 3


def test_a_wish_that_ends_after_airflow_has_stopped_the_callback_ends_the_alert(
    sim: Simulator, waits: Waited
) -> None:
    sim.faults.add("/send", "rate_limit", times=None, retry_after=60)

    with pytest.raises(RateLimitError):
        SMSPartnerNotifier("load failed", ANN)(dict(DEADLINE))

    assert len(sim.requests) == 1


def test_a_platform_that_is_away_for_a_while_is_waited_for(
    connect: Connect, tell: Tell, waits: Waited, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_port() as port, ExitStack() as back:
        connect(f"http://127.0.0.1:{port}/v1")
        sim = Simulator(port=port)

        def come_back() -> None:
            if sum(waits) > 20:
                monkeypatch.setattr(waits, "then", lambda: None)
                back.enter_context(sim)

        monkeypatch.setattr(waits, "then", come_back)

        tell("load failed", ANN)

        assert sim.texts_per_number() == {ANN: 1}


@pytest.mark.parametrize("code", [992, 44, 9])
def test_a_sender_that_the_platform_refuses_is_left_to_the_connection(
    code: int, sim: Simulator, tell: Tell, logged: pytest.LogCaptureFixture
) -> None:
    sim.faults.add("/send", "refuse", code=code)

    tell("load failed", ANN, sender="Data", tag="alerts")

    assert [(text.sender, text.number) for text in sim.sent] == [("", ANN)]
    assert "sent again without what was refused" in logged.text


def test_what_is_refused_for_good_is_not_tried_for_ever(sim: Simulator, tell: Tell) -> None:
    sim.faults.add("/send", "refuse", code=992, times=None)

    with pytest.raises(InvalidRequestError):
        tell("load failed", ANN, sender="Data", tag="alerts")

    assert len(sim.requests) == 2


@pytest.mark.parametrize("took", [0.0, 0.5, 5.0, 8.0, 27.0])
@pytest.mark.parametrize("patience", [delivery.IN_A_CALLBACK, delivery.IN_THE_TRIGGERER])
def test_an_alert_is_tried_as_long_as_airflow_lets_it_and_no_longer(
    patience: delivery.Patience, took: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    alert = Alert(text="load failed", options=SendOptions(), numbers=(ANN, BOB), count=None)
    tries = delivery.plan(alert, patience, since=100.0)
    step, tried = next(tries), 0
    outcomes: delivery.Outcomes = {}
    while not outcomes:
        clock[0] += step.after + took
        tried += 1
        try:
            step = tries.send(APIConnectionError("refused"))
        except StopIteration as end:
            outcomes = end.value

    assert isinstance(outcomes[ANN, BOB], APIConnectionError)
    lasted = clock[0] - 100.0
    assert lasted <= patience.seconds
    assert lasted + took > min(patience.seconds / 2, sum(patience.waits))
    assert tried > 1 or took > patience.seconds / 2


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
    tell("load failed", ["06 00 00 00 77", "{{ 'None' }}"])

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
    with held_port() as nobody:
        connect(f"http://127.0.0.1:{nobody}" if down else simulator.url, key=key)
        with pytest.raises(error) as caught:
            tell("load failed", ANN)

    assert caught.value.__cause__ is None
    told = f"{caught.value}{logged.text}"
    assert not [part for part in (key, "0ther%2F", "K3y%2B", "http://", "60000") if part in told]
    assert SMSPartnerHook().settings.api_key == key
