"""The STOP list in a warehouse and on the platform: added to on both sides, and nobody taken off."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidRequestError, SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.operators.smspartner import StopListOperator
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, Fill, Run

KIM, LANDLINE = "+33600000004", "01 23 45 67 89"
CHANGING = ("/stop-sms/add", "/stop-sms/delete")
PUSH = "SELECT phone_number FROM people"


def stops(**arguments: Any) -> StopListOperator:
    given = {"task_id": "stops", "warehouse_conn_id": "warehouse_default", "table": "sms_stops"}
    return StopListOperator(**given | arguments)


def changes(sim: Simulator) -> list[str]:
    return [request.endpoint for request in sim.requests if request.endpoint in CHANGING]


@pytest.fixture
def table(tmp_path: Path, warehouse: Fill) -> Callable[[], dict[str, tuple[Any, str]]]:
    """What the table holds, by number."""

    def rows() -> dict[str, tuple[Any, str]]:
        with closing(sqlite3.connect(tmp_path / "warehouse.db")) as connection:
            found = connection.execute("SELECT phone_number, stopped_at, source FROM sms_stops")
            return {number: (since, source) for number, since, source in found}

    return rows


Table = Callable[[], dict[str, tuple[Any, str]]]


def test_the_list_comes_into_the_table_once(run: Run, sim: Simulator, table: Table) -> None:
    sim.add_to_stop_list(ANN, BOB)

    first = run(stops())
    sim.add_to_stop_list(EVE)
    second = run(stops())

    assert first == {"listed": 2, "new": 2, "pushed": 0, "already": 0}
    assert second == {"listed": 3, "new": 1, "pushed": 0, "already": 0}
    assert {number: source for number, (_, source) in table().items()} == dict.fromkeys(
        (ANN, BOB, EVE), "platform"
    )
    assert all(since for since, _ in table().values())
    assert changes(sim) == []


def test_people_of_the_warehouse_are_put_on_the_list_once(
    run: Run, sim: Simulator, warehouse: Fill, table: Table
) -> None:
    warehouse([("06 00 00 00 01", ""), (BOB, ""), (BOB, ""), (EVE, "")])
    sim.add_to_stop_list(ANN, KIM)

    first = run(stops(push_sql=PUSH))
    asked = len(sim.requests)
    second = run(stops(push_sql=PUSH))

    assert first == {"listed": 2, "new": 2, "pushed": 2, "already": 1}
    assert second == {"listed": 4, "new": 0, "pushed": 0, "already": 3}
    assert sorted(sim.stop_list) == sorted([ANN, BOB, EVE, KIM])
    assert [request.endpoint for request in sim.requests[asked:]] == ["/stop-sms/list"]
    assert {number: source for number, (_, source) in table().items()} == {
        **dict.fromkeys((ANN, KIM), "platform"),
        **dict.fromkeys((BOB, EVE), "warehouse"),
    }


def test_nobody_is_taken_off_by_absence(run: Run, sim: Simulator, warehouse: Fill, table: Table) -> None:
    sim.add_to_stop_list(ANN, BOB)
    run(stops())
    SMSPartnerHook().unstop(ANN)
    before = changes(sim)

    result = run(stops())

    assert result == {"listed": 1, "new": 0, "pushed": 0, "already": 0}
    assert table().keys() == {ANN, BOB}
    assert changes(sim) == before


def test_somebody_who_was_listed_in_between_is_already_there(
    run: Run, sim: Simulator, warehouse: Fill, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse([(ANN, ""), (BOB, "")])
    carry = SMSPartnerHook.call

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        if request.path == "/stop-sms/add":
            sim.add_to_stop_list(ANN)
        return carry(hook, request, **kwargs)

    monkeypatch.setattr(SMSPartnerHook, "call", call)

    assert run(stops(push_sql=PUSH)) == {"listed": 0, "new": 0, "pushed": 1, "already": 1}
    assert table().keys() == {ANN, BOB}


@pytest.mark.parametrize("other", [LANDLINE, "n/a", None])
def test_what_is_no_mobile_number_stops_it_before_anything_is_changed(
    other: Any, run: Run, sim: Simulator, warehouse: Fill
) -> None:
    warehouse([(ANN, ""), (other, "")])

    with pytest.raises(
        AirflowFailException, match=r"push_sql: 1 of 2 rows .*leave those rows out"
    ) as refusal:
        run(stops(push_sql=PUSH))

    assert changes(sim) == []
    assert "23 45" not in str(refusal.value)


def test_a_table_with_other_columns_is_left_alone(
    run: Run, sim: Simulator, warehouse: Fill, tmp_path: Path
) -> None:
    warehouse([(ANN, "Lyon")])
    sim.add_to_stop_list(BOB)

    remedy = "give the name of a table with phone_number, stopped_at, source, or of none"
    with pytest.raises(
        AirflowFailException, match=rf"^table: people has the columns city, phone_number, .*{remedy}"
    ):
        run(stops(table="people", push_sql=PUSH))

    assert changes(sim) == []
    with closing(sqlite3.connect(tmp_path / "warehouse.db")) as database:
        assert database.execute("SELECT * FROM people").fetchall() == [(ANN, "Lyon")]


def test_a_list_that_is_not_whole_changes_nothing(
    run: Run, sim: Simulator, warehouse: Fill, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse([(BOB, "")])
    sim.add_to_stop_list(ANN)
    carry = SMSPartnerHook.call

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        answer = carry(hook, request, **kwargs)
        return replace(answer, total=2) if request.path == "/stop-sms/list" else answer

    monkeypatch.setattr(SMSPartnerHook, "call", call)

    with pytest.raises(SMSPartnerError, match=r"^The STOP list: .*1 of 2 numbers; nothing was changed"):
        run(stops(push_sql=PUSH))

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        table()
    assert changes(sim) == []


def test_a_kill_between_two_calls_leaves_what_is_true(
    run: Run, sim: Simulator, warehouse: Fill, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"+336100000{n:02}" for n in range(5)]
    warehouse([(number, "") for number in people])
    sim.add_to_stop_list(ANN)
    carry, left = SMSPartnerHook.call, [0]

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return carry(hook, request, **kwargs)

    monkeypatch.setattr(SMSPartnerHook, "call", call)

    for allowed in range(7):
        left[0] = allowed
        with suppress(KeyboardInterrupt):
            run(stops(push_sql=PUSH))
        assert not allowed or table().keys() <= {*sim.stop_list}

    assert {*sim.stop_list} == {ANN, *people} == table().keys()
    assert changes(sim) == ["/stop-sms/add"] * 5


def test_a_refusal_keeps_nobody_else_off_the_list(
    run: Run, sim: Simulator, warehouse: Fill, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse([("+32470000001", ""), (BOB, "")])
    carry = SMSPartnerHook.call

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        if dict(request.fields).get("phoneNumber") == "+32470000001":
            raise InvalidRequestError(path=request.path, code=9, problems=())
        return carry(hook, request, **kwargs)

    monkeypatch.setattr(SMSPartnerHook, "call", call)

    with pytest.raises(AirflowFailException, match="push_sql: SMS Partner refused 1 of 2 people"):
        run(stops(push_sql=PUSH))

    assert sim.stop_list == [BOB]
    assert table().keys() == {BOB}


def test_a_sandbox_connection_stops_nobody(
    run: Run, simulator: Simulator, connect: Connect, warehouse: Fill
) -> None:
    connect(simulator.url, sandbox=True)
    warehouse([(BOB, "")])

    with pytest.raises(AirflowFailException, match=r"^push_sql: .*sandbox connection"):
        run(stops(push_sql=PUSH))

    assert simulator.stop_list == []


def test_no_number_is_logged_or_returned(
    run: Run,
    sim: Simulator,
    warehouse: Fill,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    warehouse([(BOB, "")])
    sim.add_to_stop_list(ANN)

    result = run(stops(push_sql=PUSH))

    out = capfd.readouterr()
    told = caplog.text + out.out + out.err + json.dumps(result)
    assert not [number for number in (ANN, BOB) if number[1:] in told or number[3:] in told]


def test_a_connection_without_sql_is_refused(run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match="warehouse_conn_id: connection"):
        run(stops(warehouse_conn_id="smspartner_default"))
    with pytest.raises(InvalidMessage, match="stops: table: "):
        stops(table=" ")
