"""Not too often: a person gets so many texts of a connection within a time, whatever the campaign."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.journal.upkeep import erase
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, MakeTask, Run, crowd, sms, survey

WEEK = timedelta(days=7)


def capped(
    campaign: str, *people: str, most: int = 1, period: timedelta = WEEK, **arguments: Any
) -> BaseOperator:
    in_ledger = {"ledger_conn_id": "ledger", "campaign": campaign, "at_most": (most, period)}
    return sms(recipients=[*people], **in_ledger | arguments)


def free(campaign: str, *people: str, **arguments: Any) -> BaseOperator:
    return sms(recipients=[*people], ledger_conn_id="ledger", campaign=campaign, **arguments)


def test_who_had_enough_is_left_out_whatever_the_campaign(run: Run, sim: Simulator, ledger: Path) -> None:
    run(free("a", ANN, BOB))
    run(free("b", ANN))

    result = run(capped("c", ANN, BOB, EVE, most=2))
    again = run(capped("d", ANN, BOB, EVE, most=2))

    assert (result["recipients"], result["capped"], result["excluded"]) == (2, 1, 0)
    assert "excluded_by" not in result
    assert (again["recipients"], again["capped"]) == (1, 2)
    assert sim.texts_per_number() == {ANN: 2, BOB: 2, EVE: 2}


@pytest.mark.parametrize("make", [sms, survey])
def test_nobody_is_capped_below_it(
    make: Callable[..., BaseOperator], run: Run, sim: Simulator, ledger: Path
) -> None:
    result = run(make(recipients=[ANN], ledger_conn_id="ledger", campaign="a", at_most=(1, WEEK)))

    assert (result["recipients"], "capped" in result) == (1, False)


def test_what_lies_further_back_does_not_count(run: Run, sim: Simulator, ledger: Path) -> None:
    run(free("a", ANN))
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE smspartner_batches SET claimed_at = '2026-01-01 00:00:00.000000'")

    assert run(capped("b", ANN))["recipients"] == 1


def test_a_person_is_texted_for_so_many_events_only(run: Run, sim: Simulator, ledger: Path) -> None:
    rows = [{"phone_number": ANN, "order": place} for place in range(5)]
    send = {"event_column": "order", "campaign": "orders", "ledger_conn_id": "ledger", "at_most": (2, WEEK)}

    result = run(sms(recipients=rows, **send))

    assert (result["recipients"], result["capped"]) == (2, 3)


def test_an_erased_person_still_counts(run: Run, sim: Simulator, ledger: Path) -> None:
    run(free("a", ANN))
    erase(ANN, ledger_conn_id="ledger")

    result = run(capped("b", ANN, BOB))

    assert (result["recipients"], result["capped"]) == (1, 1)


def test_neither_the_sandbox_nor_another_connection_counts(
    run: Run, sim: Simulator, ledger: Path, connect: Connect
) -> None:
    connect(sim.url, conn_id="another")
    run(free("a", ANN, sandbox=True))
    run(free("b", ANN, smspartner_conn_id="another"))

    assert run(capped("c", ANN))["recipients"] == 1


def test_a_later_try_does_not_count_its_own_texts(
    run: Run, sim: Simulator, ledger: Path, task: MakeTask
) -> None:
    people = crowd(600)
    sending = task(lambda: capped("a", *people, verify_timeout=0))
    sending.attempt()

    result = sending.attempt()

    assert (result["recipients"], "capped" in result) == (600, False)
    assert set(sim.texts_per_number().values()) == {1}


def test_limits_and_estimates_leave_out_who_is_capped(run: Run, sim: Simulator, ledger: Path) -> None:
    run(free("a", ANN, BOB))

    result = run(capped("b", ANN, BOB, EVE, max_recipients=1))

    assert (result["recipients"], result["capped"], result["estimate"]["segments"]) == (1, 2, 1)
    with pytest.raises(AirflowFailException, match="max_recipients"):
        run(capped("c", ANN, *crowd(2), max_recipients=1))


def test_a_ledger_is_needed() -> None:
    with pytest.raises(InvalidMessage, match=r"^send: at_most: only a ledger knows"):
        sms(at_most=(1, WEEK))
