"""Stopping a task whose texts the platform is to send later."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, LATER, AfterSend, MakeTask, SetClock, Task, sms, survey

EVENING = "2031-06-14T20:00:00+02:00"


def is_cancelled(sim: Simulator) -> list[bool]:
    """Tell of each message whether it was taken back."""
    return [message.cancelled for message in sim.platform.messages.values()]


def stop_after_send(made: Task, after_send: AfterSend) -> SMSPartnerError:
    """Run a try that is stopped when its only text is on the platform."""
    after_send(lambda: made.operator.on_kill())
    with pytest.raises(SMSPartnerError) as caught:
        made.attempt()
    return caught.value


@pytest.mark.parametrize("make", [sms, survey])
def test_what_is_scheduled_is_cancelled_and_sent_by_a_later_try(
    make: Any, sim: Simulator, task: MakeTask, after_send: AfterSend
) -> None:
    made = task(lambda: make(send_at=LATER, cancel_on_kill=True))

    stop_after_send(made, after_send)

    assert is_cancelled(sim) == [True]
    assert made.attempt()["recipients"] == 1
    assert is_cancelled(sim) == [True, False]


def test_a_slot_that_was_waited_for_on_the_platform_is_a_schedule_too(
    sim: Simulator, task: MakeTask, after_send: AfterSend, clock: SetClock
) -> None:
    clock(EVENING)
    made = task(lambda: sms(sending_hours="schedule", cancel_on_kill=True))

    stop_after_send(made, after_send)

    assert is_cancelled(sim) == [True]


@pytest.mark.parametrize(
    "arguments", [{"cancel_on_kill": False}, {"send_at": None}, {"sandbox": True}], ids=str
)
def test_nothing_else_is_cancelled(
    arguments: dict[str, Any], sim: Simulator, task: MakeTask, after_send: AfterSend
) -> None:
    made = task(lambda: sms(**{"send_at": LATER, "cancel_on_kill": True} | arguments))

    stop_after_send(made, after_send)

    assert is_cancelled(sim) == [False]
    assert made.attempt()["recipients"] == 1
    assert is_cancelled(sim) == [False]


def test_without_a_memory_nothing_is_cancelled_and_the_log_says_so(
    sim: Simulator,
    task: MakeTask,
    after_send: AfterSend,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = task(lambda: sms(send_at=LATER, cancel_on_kill=True), remembers=False)

    stop_after_send(made, after_send)

    assert is_cancelled(sim) == [False]
    assert "cancel_on_kill: nothing is cancelled" in caplog.text


def test_the_error_of_a_stopped_task_counts_nobody_as_texted_who_is_not(
    sim: Simulator, task: MakeTask, after_send: AfterSend
) -> None:
    made = task(lambda: sms(recipients=[ANN], send_at=LATER, cancel_on_kill=True))

    assert " 0 people were texted" in str(stop_after_send(made, after_send))
