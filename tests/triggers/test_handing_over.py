"""The delivery trigger lets its task resume now and then, and the next trigger goes on with what is left."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.progress import UNREADABLE_IN_A_ROW
from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger
from tests.sensors.story import START, Clock, fire, restored
from tests.triggers.watched import ANN, BOB, asked, down, send, trigger

TELLS = {"began": START.isoformat(), "handed_over": START.isoformat()}
SOON, LATER = timedelta(minutes=1), timedelta(hours=6)


async def test_it_hands_over_what_is_left_and_asks_no_more_for_what_is_final(
    sim: Simulator, clock: Clock
) -> None:
    sim.deliver(BOB, status=None)
    first, second = send(ANN), send(BOB)
    watching = trigger(counts={first: 1, second: 1}, **TELLS)

    payload = await fire(watching)

    again = payload["again"]
    assert (payload["result"]["delivered"], payload["result"]["waiting"], payload["final"]) == (1, 1, False)
    assert again["counts"] == {second: 1}
    kept = ("smspartner_conn_id", "since", "deadline", "poke_interval", "began")
    assert [again[name] for name in kept] == [watching.serialize()[1][name] for name in kept]
    assert again["handed_over"] == clock.now.isoformat()
    before = asked(sim)[first]

    payload = await fire(restored(DeliveryStatusTrigger(**again)))

    assert (payload["result"]["messages"], payload["result"]["delivered"]) == (2, 1)
    assert (asked(sim)[first], payload["again"]["counts"]) == (before, {second: 1})


async def test_it_hands_over_after_1_10_and_60_minutes_then_every_6_hours_and_at_the_end(
    sim: Simulator, clock: Clock
) -> None:
    sim.deliver(status=None)
    send(ANN)
    due = [timedelta(minutes=minutes) for minutes in (1, 10, 60)] + [LATER, 2 * LATER]
    told, again = [], trigger(deadline=(START + 3 * LATER).isoformat(), **TELLS).serialize()[1]

    while again:
        payload = await fire(restored(DeliveryStatusTrigger(**again)))
        told.append(clock.now - START)
        again = payload["again"]

    assert len(told) == len(due) + 1
    assert all(at <= when < at + timedelta(minutes=36) for at, when in zip(due, told, strict=False))
    assert timedelta(0) <= told[-1] - 3 * LATER < timedelta(seconds=1)
    assert payload["final"]


async def test_unless_it_is_told_to_it_hands_over_only_the_end(sim: Simulator, clock: Clock) -> None:
    sim.deliver(status=None)
    send(ANN)

    payload = await fire(trigger(began=START.isoformat()))

    assert (payload["final"], payload["again"]) == (True, None)
    assert clock.now - START >= timedelta(hours=1)


async def test_it_hands_over_only_after_a_look_that_went_well(sim: Simulator, clock: Clock) -> None:
    sim.deliver(status=None)
    send(ANN)
    back = START + timedelta(minutes=8)

    def outage() -> None:
        if clock.now >= back:
            sim.faults.clear()

    sim.faults.add("/bulk-status", "error_before", times=None)
    clock.meanwhile = outage

    payload = await fire(trigger(**TELLS))

    assert clock.now >= back
    assert payload["again"]
    assert payload["unreadable"] is None


async def test_that_the_platform_is_down_is_found_out_by_few_of_many(sim: Simulator, clock: Clock) -> None:
    many, attempts = 24, 4
    down(sim)
    counts = {str(1000 + n): 1 for n in range(10)}
    deadline = (clock.now + timedelta(seconds=20)).isoformat()

    payloads = await asyncio.gather(*(fire(trigger(counts=counts, deadline=deadline)) for _ in range(many)))

    assert all(payload["unreadable"] for payload in payloads)
    assert len(sim.requests) < many * UNREADABLE_IN_A_ROW * attempts / 2


async def test_right_before_the_deadline_it_hands_over_only_the_end(sim: Simulator, clock: Clock) -> None:
    sim.deliver(status=None)
    send(ANN)

    payload = await fire(trigger(deadline=(START + SOON + timedelta(seconds=20)).isoformat(), **TELLS))

    assert payload["final"]
    assert clock.now >= START + SOON


async def test_a_triggerer_that_was_away_looks_before_it_hands_over(sim: Simulator, clock: Clock) -> None:
    sim.deliver(BOB, status=None)
    first, second = send(ANN), send(BOB)
    watching = trigger(counts={first: 1, second: 1}, deadline=(START + 8 * LATER).isoformat(), **TELLS)
    clock.sleep(20 * 3600)

    payload = await fire(restored(watching))

    assert asked(sim) == {first: 1, second: 1}
    assert (payload["result"]["delivered"], payload["again"]["counts"]) == (1, {second: 1})
    assert payload["again"]["deadline"] == watching.deadline


async def test_an_id_that_the_platform_forgets_ends_after_an_hour_and_the_wait_goes_on(
    sim: Simulator, clock: Clock
) -> None:
    sim.deliver(status=None)
    sim.deliver(BOB, after_seconds=30 * 3600)
    forgotten, known = send(ANN), send(BOB)

    def forget() -> None:
        if clock.now >= START + timedelta(minutes=5):
            sim.platform.messages.pop(int(forgotten), None)

    clock.meanwhile = forget
    again: dict[str, Any] | None
    again = trigger(
        counts={forgotten: 1, known: 1}, deadline=(START + 8 * LATER).isoformat(), **TELLS
    ).serialize()[1]
    followed = []

    while again:
        payload = await fire(restored(DeliveryStatusTrigger(**again)))
        again = payload["again"]
        followed.append(set(again["counts"]) if again else set())

    assert followed[:2] == [{forgotten, known}] * 2
    assert followed[2:-1] == [{known}] * (len(followed) - 3)
    looks = [one for one in sim.requests if one.endpoint == "/bulk-status"]
    asked_last = max(look.at for look in looks if look.fields["messageId"] == forgotten)
    assert timedelta(hours=1) <= asked_last - START < timedelta(hours=2)
    told = payload["result"]
    assert (told["messages"], told["delivered"], told["waiting"]) == (2, 1, 1)
    assert payload["failure"] is None


async def test_a_hand_over_names_nobody(sim: Simulator) -> None:
    sim.deliver(BOB, status=None)
    send(ANN, BOB)

    payload = await fire(trigger(counts={"5001": 2}, **TELLS))

    told = json.dumps(payload)
    assert not [secret for secret in (ANN, BOB, "60000000", "simulator-key", "://") if secret in told]
    assert len(told) < 1_500
