"""The delivery trigger in its event loop: what it asks, when, what it tells, and how it goes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from airflow.sdk import BaseHook

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.answers import Statuses
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.progress import Settled
from tests.conftest import Connect
from tests.databases import open_connections
from tests.sensors.story import START, Clock, fire, restored
from tests.triggers.watched import ANN, BOB, asked, down, send, trigger

# ---- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"counts": {"5001": 500, "5002": None}},
        {"sandbox": ["5001"]},
        {"tags": ["noel-1"], "counts": {"noel-1": 3}},
        {"counts": {}},
        {"held_until": START.isoformat()},
        {
            "settled": Settled(messages=3, dated={5: 2}, zero=START).as_dict(),
            "handed_over": START.isoformat(),
        },
    ],
)
def test_the_arguments_survive_the_database(arguments: dict[str, Any]) -> None:
    written = trigger(**arguments)

    assert restored(written).serialize() == written.serialize()
    assert json.loads(json.dumps(written.serialize()[1])) == written.serialize()[1]


# ---- what it asks ----------------------------------------------------------------------------------


async def test_finished_messages_are_not_asked_for_again(sim: Simulator) -> None:
    sim.deliver(BOB, after_polls=3)
    first, second = send(ANN), send(BOB)

    payload = await fire(trigger(counts={first: 1, second: 1}))

    assert asked(sim) == {first: 1, second: 4}
    assert payload["result"]["delivered"] == 2


async def test_nothing_to_watch_is_told_without_a_request(sim: Simulator, clock: Clock) -> None:
    payload = await fire(trigger(counts={}))

    assert (payload["result"]["messages"], sim.requests, clock.naps) == (0, [], [])


async def test_it_waits_before_its_first_look(sim: Simulator, clock: Clock) -> None:
    send(ANN)

    await fire(trigger())

    assert 15 <= clock.naps[0] <= 18


async def test_at_most_four_requests_are_in_flight(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    flying, most = 0, 0

    async def acall(hook: SMSPartnerHook, call: Call[Any], **_: Any) -> Statuses:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        for _turn in range(5):
            await asyncio.sleep(0)
        flying -= 1
        return Statuses(reports=())

    monkeypatch.setattr(SMSPartnerHook, "acall", acall)

    payload = await fire(trigger(counts={str(id_): 0 for id_ in range(30)}))

    assert (most, payload["result"]["messages"]) == (4, 30)


async def test_a_connection_that_changes_while_waiting_is_read_again(
    sim: Simulator, clock: Clock, connect: Connect
) -> None:
    sim.deliver(after_polls=1)
    send(ANN)

    def replace_key() -> None:
        sim.api_key = f"key-of-{clock.now:%H-%M-%S}"
        connect(sim.url, key=sim.api_key)

    clock.meanwhile = replace_key

    assert (await fire(trigger()))["result"]["delivered"] == 1


# ---- until when ------------------------------------------------------------------------------------


async def test_the_last_look_is_at_the_deadline(sim: Simulator, clock: Clock) -> None:
    sim.deliver(status=None)
    send(ANN)

    payload = await fire(trigger())

    assert clock.now - START - timedelta(hours=1) < timedelta(seconds=1)
    assert (payload["result"]["waiting"], payload["failure"], payload["unreadable"]) == (1, None, None)


async def test_a_restart_goes_on_with_the_same_deadline(sim: Simulator, clock: Clock) -> None:
    sim.deliver(status=None)
    send(ANN)
    watching = trigger()

    def lose_the_triggerer() -> None:
        if clock.now >= START + timedelta(minutes=20):
            raise asyncio.CancelledError

    clock.meanwhile = lose_the_triggerer
    with pytest.raises(asyncio.CancelledError):
        await fire(watching)
    clock.meanwhile = int
    clock.sleep(300)

    payload = await fire(restored(watching))

    assert clock.now - START - timedelta(hours=1) < timedelta(seconds=1)
    assert payload["result"]["waiting"] == 1


async def test_a_restart_after_the_deadline_looks_once(sim: Simulator, clock: Clock) -> None:
    send(ANN)
    clock.sleep(86_400)

    payload = await fire(trigger())

    assert (payload["result"]["delivered"], asked(sim)) == (1, {"5001": 1})
    assert clock.now - START < timedelta(days=1, seconds=1)


# ---- what it tells ---------------------------------------------------------------------------------


def refused(sim: Simulator) -> None:
    sim.api_key = "a-new-key"


def never_reported(sim: Simulator) -> None:
    sim.deliver(status=None)


@pytest.mark.parametrize(
    ("trouble", "minutes", "failure", "hopeless", "unreadable"),
    [
        (refused, 60, True, True, True),
        (down, 60, True, False, True),
        (down, 10, False, False, True),
        (never_reported, 10, False, False, False),
    ],
)
async def test_an_event_says_what_went_wrong_and_names_nobody(
    trouble: Callable[[Simulator], None],
    minutes: int,
    failure: bool,
    hopeless: bool,
    unreadable: bool,
    sim: Simulator,
) -> None:
    send(ANN)
    trouble(sim)

    payload = await fire(trigger(deadline=(START + timedelta(minutes=minutes)).isoformat()))

    assert (bool(payload["failure"]), payload["hopeless"], bool(payload["unreadable"])) == (
        failure,
        hopeless,
        unreadable,
    )
    assert payload["result"]["waiting"] == 1
    told = json.dumps(payload)
    assert not [secret for secret in (ANN, "60000000", "simulator-key", "a-new-key", "://") if secret in told]


async def test_a_connection_that_went_missing_is_borne_like_an_outage(
    sim: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(ANN)
    monkeypatch.delenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT")

    payload = await fire(trigger())

    assert "'smspartner_default' is not defined" in payload["failure"]
    assert clock.now - START >= timedelta(minutes=15)


async def test_a_trigger_that_ends_leaves_no_connection_behind(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"conn_type": "sqlite", "host": f"{tmp_path}/ledger.db"}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(form))
    send(ANN)

    with open_connections() as connections:
        events = trigger(ledger_conn_id="ledger").run()
        assert [event async for event in events]
        assert (tmp_path / "ledger.db").exists()
        assert not connections


# ---- in the event loop -----------------------------------------------------------------------------


async def test_nothing_blocks_the_loop(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.deliver(after_polls=2)
    send(ANN)
    readers, read = [], BaseHook.get_connection

    def recorded(conn_id: str) -> Any:
        readers.append(threading.current_thread())
        return read(conn_id)

    def blocking(*_: Any, **__: Any) -> None:
        raise AssertionError("requests waits for its answer")

    monkeypatch.setattr(BaseHook, "get_connection", recorded)
    monkeypatch.setattr(requests.Session, "request", blocking)

    await fire(trigger())

    assert readers
    assert threading.current_thread() not in readers
