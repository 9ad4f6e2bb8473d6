"""When marketing texts may leave: what each ``sending_hours`` does, by our clock and by the platform's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import (
    ANN,
    BOB,
    EVE,
    QUERY,
    AfterSend,
    Fill,
    MakeTask,
    Run,
    Sends,
    SetClock,
    crowd,
    left_to_the_trigger,
    moment_of,
    sms,
    survey,
)

SATURDAY = "2031-06-14T19:59:00+02:00"
EVENING = "2031-06-14T20:00:00+02:00"
SUNDAY = "2031-06-15T10:00:00+02:00"
MONDAY = "2031-06-16T08:00:00+02:00"
NOON = "2031-06-13T12:00:00+02:00"
MODES = ["platform", "wait", "schedule", "fail"]
WHEN = ("scheduledDeliveryDate", "time", "minute")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(autouse=True)
def _short_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a store, a task that goes on waits until the requests before must be over."""
    monkeypatch.setattr(SMSPartnerHook, "longest_request", 0.0)


# ---- our own clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", MODES)
@pytest.mark.parametrize("now", [NOON, SATURDAY, MONDAY])
def test_within_the_hours_a_text_leaves_at_once(
    hours: str, now: str, run: Run, sim: Simulator, sends: Sends, clock: SetClock
) -> None:
    clock(now)

    result = run(sms(sending_hours=hours))

    assert sim.texts_per_number() == {ANN: 1}
    assert result["scheduled_for"] is None
    assert not set(WHEN) & sends()[0].fields.keys()


@pytest.mark.parametrize("now", [EVENING, SUNDAY])
def test_the_platform_is_left_to_hold_a_text_that_comes_at_another_hour(
    now: str, run: Run, sim: Simulator, sends: Sends, clock: SetClock
) -> None:
    sim.settings = replace(sim.settings, quiet_hours="hold")
    clock(now)

    run(sms())

    assert not set(WHEN) & sends()[0].fields.keys()
    assert (len(sim.accepted), sim.sent) == (1, [])


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("now", [EVENING, SUNDAY])
def test_a_task_that_waits_reads_its_audience_when_the_hour_comes(
    now: str,
    remembers: bool,
    task: MakeTask,
    sim: Simulator,
    clock: SetClock,
    warehouse: Fill,
    tmp_path: Path,
) -> None:
    warehouse([(ANN, "Paris"), (BOB, "Paris")])
    clock(now)
    campaign = task(lambda: sms(**QUERY, sending_hours="wait", exclude_stop_list=True), remembers=remembers)

    deferred = left_to_the_trigger(campaign.attempt)

    assert moment_of(deferred) == at(MONDAY)
    assert not sim.requests
    assert campaign.store is None or campaign.store.values() == {}
    with closing(sqlite3.connect(tmp_path / "warehouse.db")) as connection, connection:
        connection.execute("INSERT INTO people VALUES (?, 'Lyon')", [EVE])
    sim.add_to_stop_list(BOB)
    clock(MONDAY)
    result = campaign.resume(deferred)
    assert sim.texts_per_number() == {ANN: 1, EVE: 1}
    assert (result["recipients"], result["excluded"], result["scheduled_for"]) == (2, 1, None)


@pytest.mark.parametrize("make", [sms, survey])
def test_a_slot_is_handed_to_the_platform(make: Any, run: Run, sim: Simulator, clock: SetClock) -> None:
    clock(SUNDAY)

    result = run(make(sending_hours="schedule"))

    assert result["scheduled_for"] == MONDAY
    [request] = [request for request in sim.requests if request.method == "POST"]
    assert [request.fields[name] for name in WHEN] == ["16/06/2031", 8, 0]
    sim.set_clock(at(MONDAY))
    assert sim.texts_per_number() == {ANN: 1}


def test_another_hour_can_be_refused(run: Run, sim: Simulator, clock: SetClock) -> None:
    clock(SUNDAY)

    with pytest.raises(
        AirflowFailException, match=r"sending_hours: 2031-06-15 10:00 .*2031-06-16T08:00:00\+02:00"
    ):
        run(sms(sending_hours="fail"))

    assert not sim.requests


@pytest.mark.parametrize("hours", ["wait", "schedule"])
def test_a_schedule_at_another_hour_is_moved_to_the_next_slot(
    hours: str, run: Run, sim: Simulator, clock: SetClock
) -> None:
    clock(NOON)

    assert run(sms(sending_hours=hours, send_at=SUNDAY))["scheduled_for"] == MONDAY


def test_a_schedule_at_another_hour_is_left_as_it_is_or_refused(
    run: Run, sim: Simulator, clock: SetClock
) -> None:
    clock(NOON)

    assert run(sms(send_at=SUNDAY))["scheduled_for"] == SUNDAY
    with pytest.raises(AirflowFailException, match="sending_hours: 2031-06-15 10:00"):
        run(sms(send_at=SUNDAY, sending_hours="fail"))


@pytest.mark.parametrize(
    ("region", "now", "slot"),
    [
        ("RE", "2031-06-13T17:59:00+02:00", None),
        ("RE", "2031-06-13T18:00:00+02:00", "2031-06-14T06:00:00+02:00"),
        ("GP", "2031-06-13T12:00:00+02:00", "2031-06-13T14:00:00+02:00"),
        ("FR", "2031-04-11T10:00:00+02:00", None),
        ("FR-67", "2031-04-11T10:00:00+02:00", "2031-04-12T08:00:00+02:00"),
        ("FR", "2031-03-29T21:00:00+01:00", "2031-03-31T08:00:00+02:00"),
        ("FR", "2031-12-24T20:00:00+01:00", "2031-12-26T08:00:00+01:00"),
    ],
)
def test_the_hours_are_those_of_the_region(
    region: str, now: str, slot: str | None, run: Run, sim: Simulator, clock: SetClock
) -> None:
    clock(now)

    result = run(sms(sending_hours="schedule", sending_region=region))

    scheduled = result["scheduled_for"]
    assert (scheduled and at(scheduled)) == (slot and at(slot))


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("hours", ["wait", "schedule"])
def test_when_the_hours_end_in_the_middle_of_a_send_the_rest_goes_in_the_next_slot(
    hours: str, remembers: bool, task: MakeTask, sim: Simulator, clock: SetClock, after_send: AfterSend
) -> None:
    people = crowd(1_200)
    clock(SATURDAY)
    campaign = task(
        lambda: sms(recipients=people, sending_hours=hours, concurrency=1, verify_timeout=0),
        remembers=remembers,
    )
    after_send(lambda: clock(EVENING))

    deferred = left_to_the_trigger(campaign.attempt)

    assert (moment_of(deferred), len(sim.accepted)) == (at(MONDAY), 500)
    clock(MONDAY)
    result = campaign.resume(deferred)
    assert sim.texts_per_number() == dict.fromkeys(people, 1)
    assert result["recipients"] == 1_200


def test_a_send_that_must_not_leave_later_fails_when_the_hours_end(
    task: MakeTask, sim: Simulator, clock: SetClock, after_send: AfterSend
) -> None:
    clock(SATURDAY)
    campaign = task(lambda: sms(recipients=crowd(1_200), sending_hours="fail", concurrency=1))
    after_send(lambda: clock(EVENING))

    with pytest.raises(AirflowFailException, match=r"2031-06-16T08:00.* 500 people were texted"):
        campaign.attempt()

    assert len(sim.accepted) == 500


# ---- the platform's clock --------------------------------------------------------------------------


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("hours", ["platform", "wait", "schedule"])
@pytest.mark.parametrize(
    ("code", "now", "slot"), [(22, NOON, "2031-06-14T08:00:00+02:00"), (23, SATURDAY, MONDAY)]
)
def test_a_refusal_for_the_hour_lets_the_rest_go_in_the_next_slot(
    code: int,
    now: str,
    slot: str,
    hours: str,
    remembers: bool,
    task: MakeTask,
    sim: Simulator,
    clock: SetClock,
) -> None:
    people = crowd(1_200)
    clock(now)
    sim.faults.add("/send", "refuse", code=code, skip=1, times=None)
    campaign = task(
        lambda: sms(recipients=people, sending_hours=hours, concurrency=1, verify_timeout=0),
        remembers=remembers,
    )

    deferred = left_to_the_trigger(campaign.attempt)

    assert (moment_of(deferred), len(sim.accepted)) == (at(slot), 500)
    sim.faults.clear()
    clock(slot)
    result = campaign.resume(deferred)
    assert sim.texts_per_number() == dict.fromkeys(people, 1)
    assert (result["recipients"], result["rejected"]) == (1_200, 0)


def test_a_platform_that_refuses_the_night_is_waited_for_by_default(
    task: MakeTask, sim: Simulator, clock: SetClock
) -> None:
    sim.settings = replace(sim.settings, quiet_hours="refuse")
    clock(EVENING)
    campaign = task(sms)

    deferred = left_to_the_trigger(campaign.attempt)

    assert (moment_of(deferred), sim.accepted) == (at(MONDAY), [])
    clock(MONDAY)
    campaign.resume(deferred)
    assert sim.texts_per_number() == {ANN: 1}


def test_a_refusal_for_the_hour_can_be_final(run: Run, sim: Simulator, clock: SetClock) -> None:
    clock(NOON)
    sim.faults.add("/send", "refuse", code=22)

    with pytest.raises(AirflowFailException, match=r"code 22.*next slot.* 0 people were texted"):
        run(sms(sending_hours="fail"))

    assert not sim.accepted


def test_a_schedule_that_the_platform_refuses_for_its_hour_goes_in_the_slot_after_it(
    task: MakeTask, sim: Simulator, sends: Sends, clock: SetClock
) -> None:
    sim.settings = replace(sim.settings, quiet_hours="refuse")
    clock(NOON)
    campaign = task(lambda: sms(send_at=SUNDAY))

    deferred = left_to_the_trigger(campaign.attempt)

    assert moment_of(deferred) == at(MONDAY)
    clock("2031-06-16T08:00:01+02:00")
    campaign.resume(deferred)
    assert sim.texts_per_number() == {ANN: 1}
    assert len(sends()) == 2
