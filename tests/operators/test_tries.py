"""Later tries and runs: schedules that have passed, stopped tasks, backfills, requests in flight."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.utils.types import DagRunType

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import (
    ANN,
    QUERY,
    AfterSend,
    Fill,
    MakeTask,
    Run,
    Sends,
    SetClock,
    Task,
    crowd,
    sms,
    survey,
)

PEOPLE = crowd(1_200)
NOON = "2031-06-13T12:00:00+02:00"
HALF_PAST = "2031-06-13T12:30:00+02:00"


def fail_after_500(campaign: Task, sim: Simulator) -> None:
    """Run a try whose second batch is refused for want of credit."""
    sim.faults.add("/send", "refuse", code=11, skip=1)
    with pytest.raises(AirflowFailException, match="500 people were texted"):
        campaign.attempt()


# ---- a schedule that has passed --------------------------------------------------------------------


@pytest.mark.parametrize("now", ["2031-06-13T12:30:01+02:00", "2031-06-13T13:30:00+02:00"])
def test_what_is_left_goes_at_once_when_its_time_is_up_to_an_hour_past(
    now: str,
    task: MakeTask,
    sim: Simulator,
    sends: Sends,
    clock: SetClock,
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock(NOON)
    campaign = task(lambda: sms(recipients=PEOPLE, send_at=HALF_PAST, concurrency=1))
    fail_after_500(campaign, sim)
    clock(now)
    sent_before = len(sends())

    result = campaign.attempt()

    assert sim.texts_per_number() == dict.fromkeys(PEOPLE, 1)
    assert result["recipients"] == 1_200
    assert not any("time" in request.fields for request in sends()[sent_before:])
    assert "send_at has passed: this try" in capfd.readouterr().out


def test_a_schedule_that_is_missed_by_more_than_an_hour_is_left_to_a_person(
    task: MakeTask, sim: Simulator, clock: SetClock
) -> None:
    clock(NOON)
    campaign = task(lambda: sms(recipients=PEOPLE, send_at=HALF_PAST, concurrency=1))
    fail_after_500(campaign, sim)
    clock("2031-06-13T13:30:01+02:00")

    with pytest.raises(AirflowFailException, match=r"send_at: 2031-06-13T12:30.* 700 people are left"):
        campaign.attempt()

    assert len(sim.accepted) == 500


def test_a_cleared_task_with_nobody_left_returns_what_it_did(
    task: MakeTask, sim: Simulator, clock: SetClock
) -> None:
    clock(NOON)
    campaign = task(lambda: sms(recipients=PEOPLE, send_at=HALF_PAST))
    first = campaign.attempt()
    clock("2031-06-14T12:00:00+02:00")

    again = campaign.attempt()

    kept = ("recipients", "message_ids", "counts", "segments", "cost")
    assert [again[name] for name in kept] == [first[name] for name in kept]
    assert sim.texts_per_number() == dict.fromkeys(PEOPLE, 1)


@pytest.mark.parametrize("hours", ["schedule", "wait", "fail"])
def test_a_missed_schedule_does_not_move_on_to_the_next_day(
    hours: str, task: MakeTask, sim: Simulator, clock: SetClock
) -> None:
    clock(NOON)
    seven = "2031-06-13T19:00:00+02:00"
    campaign = task(lambda: sms(recipients=PEOPLE, send_at=seven, sending_hours=hours, concurrency=1))
    fail_after_500(campaign, sim)
    clock("2031-06-13T20:30:00+02:00")

    with pytest.raises(AirflowFailException, match=r"send_at: 2031-06-13T19:00.* 700 people are left"):
        campaign.attempt()

    assert len(sim.accepted) == 500


def test_a_schedule_that_was_moved_to_a_slot_is_not_missed_before_that_slot(
    task: MakeTask, sim: Simulator, clock: SetClock
) -> None:
    clock(NOON)
    evening = "2031-06-13T20:30:00+02:00"
    campaign = task(lambda: sms(recipients=PEOPLE, send_at=evening, sending_hours="schedule", concurrency=1))
    fail_after_500(campaign, sim)
    clock("2031-06-13T22:00:00+02:00")

    result = campaign.attempt()

    assert result["scheduled_for"] == "2031-06-14T08:00:00+02:00"
    assert (result["recipients"], sim.sent) == (1_200, [])
    clock("2031-06-14T08:00:00+02:00")
    assert sim.texts_per_number() == dict.fromkeys(PEOPLE, 1)


# ---- an audience that has changed ------------------------------------------------------------------


def test_an_audience_that_is_empty_by_now_does_not_lose_what_was_sent(task: MakeTask, sim: Simulator) -> None:
    people = list(PEOPLE)
    campaign = task(lambda: sms(recipients=people, concurrency=1))
    fail_after_500(campaign, sim)
    people.clear()

    result = campaign.attempt()

    assert result["recipients"] == 500
    assert result["message_ids"] == [sim.sent[0].message_id]


def test_a_query_that_is_empty_on_the_first_try_asks_the_platform_nothing(
    task: MakeTask, sim: Simulator, warehouse: Fill
) -> None:
    warehouse([])

    assert task(lambda: sms(**QUERY)).attempt()["recipients"] == 0
    assert not sim.requests


# ---- stopping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_task_that_is_stopped_starts_no_further_batch_and_a_later_try_sends_the_rest(
    concurrency: int, task: MakeTask, sim: Simulator, after_send: AfterSend
) -> None:
    people = crowd(5_000)
    campaign = task(lambda: sms(recipients=people, concurrency=concurrency))
    after_send(lambda: campaign.operator.on_kill())

    with pytest.raises(SMSPartnerError, match=r"The task was stopped.* people were texted"):
        campaign.attempt()

    assert 500 <= len(sim.accepted) < 5_000
    result = campaign.attempt()
    assert sim.texts_per_number() == dict.fromkeys(people, 1)
    assert (result["recipients"], result["batches"]) == (5_000, 10)


@pytest.mark.parametrize("path", ["/stop-sms/list", "/me"])
def test_a_task_that_is_stopped_before_it_sends_does_not_begin(
    path: str, task: MakeTask, sim: Simulator, after_send: AfterSend
) -> None:
    campaign = task(lambda: sms(exclude_stop_list=True))
    after_send(lambda: campaign.operator.on_kill(), path=path)

    with pytest.raises(SMSPartnerError, match="The task was stopped"):
        campaign.attempt()

    assert not sim.accepted


def test_a_task_can_be_stopped_before_it_runs() -> None:
    sms().on_kill()


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_as_many_requests_are_in_flight_as_allowed_and_no_more(
    concurrency: int, run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(concurrency, timeout=30)
    lock, carry = threading.Lock(), SMSPartnerHook.call
    flying = most = 0

    def call(hook: SMSPartnerHook, request: Call[Any], **kwargs: Any) -> Any:
        nonlocal flying, most
        if request.method == "GET":
            return carry(hook, request, **kwargs)
        with lock:
            flying += 1
            most = max(most, flying)
        together.wait()
        answer = carry(hook, request, **kwargs)
        with lock:
            flying -= 1
        return answer

    monkeypatch.setattr(SMSPartnerHook, "call", call)

    run(sms(recipients=crowd(4_000), concurrency=concurrency))

    assert most == concurrency
    assert sim.texts_per_number() == dict.fromkeys(crowd(4_000), 1)


# ---- backfills -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [sms, survey])
@pytest.mark.parametrize("run_type", [DagRunType.BACKFILL_JOB, "backfill"])
def test_a_backfill_texts_nobody_unless_it_is_allowed_to(
    make: Any, run_type: object, run: Run, sim: Simulator
) -> None:
    backfill = SimpleNamespace(run_type=run_type)

    with pytest.raises(AirflowFailException, match="allow_backfill: this run is a backfill"):
        run(make(), dag_run=backfill)
    assert not sim.requests

    run(make(allow_backfill=True), dag_run=backfill)
    assert sim.texts_per_number() == {ANN: 1}


@pytest.mark.parametrize("run_type", [DagRunType.SCHEDULED, DagRunType.MANUAL])
def test_other_runs_need_no_leave(run_type: DagRunType, run: Run, sim: Simulator) -> None:
    run(sms(), dag_run=SimpleNamespace(run_type=run_type))

    assert sim.texts_per_number() == {ANN: 1}
