"""Clocks that are changed, by law or by a time server, while a delivery is waited for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.watch import watch_sent
from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger
from tests.sensors.story import START, Clock, fire, restored

ANN = "+33600000001"
PARIS = ZoneInfo("Europe/Paris")
HOUR, TWO_DAYS = timedelta(hours=1), timedelta(hours=48)
SPRING, AUTUMN = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
"""When the clocks of Paris change."""
SOON, LATER = timedelta(seconds=10), timedelta(hours=3)


def trigger(message_id: str, *, deadline: datetime, **arguments: object) -> DeliveryStatusTrigger:
    """A trigger that waits for one person and hands over meanwhile."""
    given = {"since": START.isoformat(), "began": START.isoformat(), "handed_over": START.isoformat()}
    return DeliveryStatusTrigger(
        smspartner_conn_id="smspartner_default",
        counts={message_id: 1},
        deadline=deadline.isoformat(),
        poke_interval=15.0,
        **given | arguments,  # type: ignore[arg-type]  # all of them text
    )


def looks(sim: Simulator) -> list[datetime]:
    return [request.at for request in sim.requests if request.endpoint == "/bulk-status"]


@pytest.fixture
def silent(sim: Simulator) -> str:
    """A message that is never reported on."""
    sim.deliver(status=None)
    return SMSPartnerHook().send_sms("Hello", ANN).message_id


# ---- summer and winter -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "slot"),
    [
        pytest.param("2026-03-27T21:00:00+01:00", "2026-03-28T08:00:00+01:00", id="night before spring"),
        pytest.param("2026-03-28T21:00:00+01:00", "2026-03-30T08:00:00+02:00", id="across spring"),
        pytest.param("2026-10-23T21:00:00+02:00", "2026-10-24T08:00:00+02:00", id="night before autumn"),
        pytest.param("2026-10-24T21:00:00+02:00", "2026-10-26T08:00:00+01:00", id="across autumn"),
    ],
)
def test_two_days_are_48_hours_from_the_next_allowed_hour_on(sent: str, slot: str) -> None:
    result = {"message_ids": ["5001"], "counts": {"5001": 1}, "sent_at": sent, "stop_sms": True}

    leaves = watch_sent(result, now=START).leaves_by

    assert leaves == datetime.fromisoformat(slot)
    assert (leaves + TWO_DAYS).astimezone(UTC) - leaves.astimezone(UTC) == TWO_DAYS


@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["spring", "autumn"])
async def test_hand_overs_and_deadline_are_moments_whatever_the_clocks_of_paris_say(
    change: datetime, sim: Simulator, clock: Clock
) -> None:
    clock.now = (change - 5 * HOUR).astimezone(PARIS)
    begin = clock.now.astimezone(UTC)
    sim.deliver(status=None)
    message_id = SMSPartnerHook().send_sms("Hello", ANN).message_id
    local = {name: clock.now.isoformat() for name in ("since", "began", "handed_over")}
    deadline, told = (begin + TWO_DAYS).astimezone(PARIS), []
    again = trigger(message_id, deadline=deadline, **local).serialize()[1]

    while again:
        payload = await fire(restored(DeliveryStatusTrigger(**again)))
        told.append(clock.now.astimezone(UTC) - begin)
        again = payload["again"]

    due = [timedelta(minutes=1), timedelta(minutes=10), HOUR, *(6 * n * HOUR for n in range(1, 8)), TWO_DAYS]
    assert len(told) == len(due)
    assert all(timedelta(0) <= when - at < timedelta(minutes=36) for at, when in zip(due, told, strict=True))
    assert told[-1] - TWO_DAYS < timedelta(seconds=1)


# ---- clocks that are set ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "after"),
    [(-30, SOON), (-1, LATER), (-0.01, SOON), (0.01, LATER), (1, SOON), (30, LATER)],
)
async def test_a_clock_that_is_set_makes_no_burst_and_moves_no_deadline(
    hours: float, after: timedelta, silent: str, sim: Simulator, clock: Clock
) -> None:
    deadline, slept = START + TWO_DAYS, timedelta(0)
    watching = trigger(silent, deadline=deadline, handed_over=None)

    def set_once() -> None:
        nonlocal slept
        slept = timedelta(seconds=sum(clock.naps))
        if slept >= after and clock.meanwhile is set_once:
            clock.now += hours * HOUR
            clock.meanwhile = int

    clock.meanwhile = set_once

    payload = await fire(watching)

    assert payload["final"]
    assert timedelta(0) <= clock.now - deadline < timedelta(minutes=31)
    assert len(looks(sim)) < 20 + (48 + max(0, -hours)) * 2
    assert min(clock.naps) >= 15 or clock.naps[-1] == min(clock.naps)  # the last one ends at the deadline


async def test_an_outage_is_borne_for_15_minutes_when_the_clock_is_set_back(
    silent: str, sim: Simulator, clock: Clock
) -> None:
    sim.faults.add("/bulk-status", "error_before", times=None)

    def set_back() -> None:
        if clock.now >= START + timedelta(minutes=35):  # five minutes after the first look
            clock.meanwhile = int
            clock.now -= 2 * HOUR

    clock.meanwhile = set_back
    begun = (START - 3 * HOUR).isoformat()

    payload = await fire(
        trigger(silent, deadline=START + TWO_DAYS, since=begun, began=begun, handed_over=None)
    )

    assert payload["failure"]
    assert sum(clock.naps) < 75 * 60


async def test_a_long_sleep_before_a_scheduled_send_notices_a_clock_that_is_set(
    silent: str, sim: Simulator, clock: Clock
) -> None:
    scheduled = START + timedelta(days=3)
    begun = scheduled.isoformat()

    def put_right() -> None:
        clock.meanwhile = int
        clock.now += timedelta(days=2)

    clock.meanwhile = put_right
    before = len(looks(sim))

    await fire(trigger(silent, deadline=scheduled + HOUR, since=begun, began=begun, handed_over=None))

    assert timedelta(0) <= looks(sim)[before] - scheduled < timedelta(seconds=40)
    assert sum(clock.naps) < timedelta(days=1, hours=2).total_seconds()


# ---- triggerers that are lost again and again ------------------------------------------------------


async def test_losing_the_triggerer_every_few_hours_of_48_costs_no_deadline_and_no_burst(
    silent: str, sim: Simulator, clock: Clock
) -> None:
    deadline = START + TWO_DAYS
    arguments, end = trigger(silent, deadline=deadline).serialize()[1], START

    def lose() -> None:
        if clock.now >= end:
            raise asyncio.CancelledError

    clock.meanwhile = lose
    payload = None
    while arguments:
        end = clock.now + 2.5 * HOUR
        try:
            payload = await fire(restored(DeliveryStatusTrigger(**arguments)))
            arguments = payload["again"]
        except asyncio.CancelledError:
            clock.now += timedelta(minutes=5)

    assert payload
    assert (payload["final"], payload["result"]["waiting"]) == (True, 1)
    assert timedelta(0) <= clock.now - deadline < timedelta(seconds=1)
    assert len(looks(sim)) < 130
