"""Delivery of everything in a ledger: each message in time, final ones never again, nothing twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.journal.upkeep import erase
from airflow_provider_smspartner.operators.smspartner import RefreshStatusesOperator
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB, EVE, Run, crowd, sms

MINUTE, HOUR = 60.0, 3600.0
ASKING = ("/bulk-status", "/multi-status")
NOBODY = {"recipients": 0, "delivered": 0, "not_delivered": 0, "waiting": 0, "stop": 0}


def refresh(**arguments: Any) -> RefreshStatusesOperator:
    return RefreshStatusesOperator(**{"task_id": "refresh", "ledger_conn_id": "ledger"} | arguments)


def send(run: Run, *people: str, campaign: str) -> None:
    run(sms(recipients=[*people], campaign=campaign, ledger_conn_id="ledger"))


def asked(sim: Simulator) -> list[str]:
    return [request.endpoint for request in sim.requests if request.endpoint in ASKING]


def statuses(ledger: Path) -> dict[str, tuple[Any, Any]]:
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute("SELECT number, status, stop FROM smspartner_sends")
        return {number: (status, stop) for number, status, stop in rows}


def test_all_that_is_open_is_asked_for_and_what_is_final_never_again(
    run: Run, sim: Simulator, ledger: Path
) -> None:
    send(run, ANN, BOB, campaign="a")
    send(run, EVE, campaign="b")
    sim.deliver()

    first = run(refresh())
    second = run(refresh())

    assert first == {"messages": 2, **NOBODY, "recipients": 3, "delivered": 3, "requests": 1}
    assert second == {"messages": 0, **NOBODY, "requests": 0}
    assert asked(sim) == ["/multi-status"]
    assert {status for status, _ in statuses(ledger).values()} == {"delivered"}


def test_one_message_is_asked_for_as_a_whole(run: Run, sim: Simulator, ledger: Path) -> None:
    send(run, ANN, BOB, campaign="a")
    sim.deliver()

    assert run(refresh())["requests"] == 1
    assert asked(sim) == ["/bulk-status"]


def test_a_look_whose_transaction_is_done_anew_after_its_commit_is_made_all_the_same(
    run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(run, ANN, campaign="a")
    sim.deliver()
    once = Ledger.transact

    def anew(self: Ledger, work: Callable[[sa.Connection], Any]) -> Any:
        once(self, work)  # it was committed, and nobody heard of it
        return once(self, work)

    monkeypatch.setattr(Ledger, "transact", anew)

    assert run(refresh())["requests"] == 1
    assert {status for status, _ in statuses(ledger).values()} == {"delivered"}


def test_what_the_sandbox_took_and_another_connection_sent_is_not_asked_for(
    run: Run, sim: Simulator, ledger: Path
) -> None:
    run(sms(recipients=[ANN], campaign="a", ledger_conn_id="ledger", sandbox=True))

    assert run(refresh())["messages"] == 0
    assert run(refresh(smspartner_conn_id="another"))["messages"] == 0
    assert asked(sim) == []


def test_looks_come_further_apart(
    run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.deliver(after_seconds=1e9)
    send(run, ANN, campaign="a")
    began = datetime.now().timestamp()
    at, looks = [1.0], 0
    monkeypatch.setattr(RefreshStatusesOperator, "now", staticmethod(lambda: began + at[0]))

    while at[0] < 72 * HOUR:
        assert run(refresh())["requests"] == 1, f"after {at[0]:.0f} s"
        looks += 1
        wait = min(max(MINUTE, 0.4 * at[0]), 3 * HOUR)
        at[0] += 0.9 * wait
        assert run(refresh())["requests"] == 0, f"after {at[0]:.0f} s"
        at[0] += 0.11 * wait

    assert looks < 45  # a look each minute would be 4,320
    assert run(refresh()) == {"messages": 0, **NOBODY, "requests": 0}


def test_two_at_the_same_time_ask_for_nothing_twice(
    run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(run, ANN, campaign="a")
    sim.deliver()
    carry, others = SMSPartnerHook.call, [refresh(task_id="other")]

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        if others:
            assert run(others.pop())["requests"] == 0
        return carry(hook, request, **kwargs)

    monkeypatch.setattr(SMSPartnerHook, "call", call)

    assert run(refresh())["delivered"] == 1
    assert len(asked(sim)) == 1


def test_a_kill_between_two_calls_leaves_the_rest_to_the_next_run(
    run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(3):
        send(run, *crowd(400, start=place * 400), campaign=str(place))
    sim.deliver()
    carry, left = SMSPartnerHook.call, [1]

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return carry(hook, request, **kwargs)

    monkeypatch.setattr(SMSPartnerHook, "call", call)
    with pytest.raises(KeyboardInterrupt):
        run(refresh())
    assert sum(status == "delivered" for status, _ in statuses(ledger).values()) == 400
    left[0] = 100

    result = run(refresh())

    assert (result["messages"], result["requests"], result["delivered"]) == (2, 2, 800)


def test_stops_are_written_and_counted(run: Run, sim: Simulator, ledger: Path) -> None:
    send(run, ANN, campaign="a")
    send(run, BOB, campaign="b")
    sim.deliver()
    sim.add_to_stop_list(BOB)

    result = run(refresh())

    assert result["stop"] == sum(bool(stop) for _, stop in statuses(ledger).values())


def test_somebody_who_was_erased_is_not_asked_for(run: Run, sim: Simulator, ledger: Path) -> None:
    send(run, ANN, campaign="a")
    erase(ANN, ledger_conn_id="ledger")

    assert run(refresh()) == {"messages": 0, **NOBODY, "requests": 0}


def test_a_scheduled_message_is_not_asked_for_before_it_leaves(
    run: Run, sim: Simulator, ledger: Path
) -> None:
    later = datetime.now().astimezone() + timedelta(hours=3)
    run(sms(recipients=[ANN], campaign="a", ledger_conn_id="ledger", send_at=later))

    assert run(refresh())["messages"] == 0


def test_an_api_that_is_away_fails_the_task_and_is_not_asked_for_thousands(
    run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(5):
        send(run, *crowd(300, start=place * 300), campaign=str(place))
    calls = []

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        calls.append(request.path)
        raise SMSPartnerError("away")

    monkeypatch.setattr(SMSPartnerHook, "call", call)

    with pytest.raises(SMSPartnerError, match="away"):
        run(refresh())
    assert len(calls) == 3


def test_no_number_is_logged_or_returned(
    run: Run,
    sim: Simulator,
    ledger: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    send(run, ANN, campaign="a")
    send(run, BOB, campaign="b")

    result = run(refresh())

    out = capfd.readouterr()
    told = caplog.text + out.out + out.err + json.dumps(result)
    assert not [number for number in (ANN, BOB) if number[3:] in told]
