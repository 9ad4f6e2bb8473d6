"""Personal texts: a message that is filled from each recipient's row, and what becomes of bad rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import (
    ANN,
    BOB,
    EVE,
    LATER,
    QUERY,
    AfterSend,
    Fill,
    MakeTask,
    Run,
    Sends,
    crowd,
    sms,
)
from tests.rules.frames import numpy_scalar, pandas_missing


def named(number: str, name: Any = "Ann") -> dict[str, Any]:
    return {"phone_number": number, "name": name}


def texts(sim: Simulator) -> dict[str, str]:
    return {text.number: text.text for text in sim.accepted}


# ---- what arrives ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "value", "text"),
    [
        ("Hello {name}", "Ann", "Hello Ann"),
        ("{name}, {name}!", "Ann", "Ann, Ann!"),
        ("Hello {name|client}", "Ann", "Hello Ann"),
        ("Hello {name|client}", None, "Hello client"),
        ("Hello {name|client}", "  ", "Hello client"),
        ("Hello{name|}", None, "Hello"),
        ("Hello {name}", "  Ann\t", "Hello Ann"),
        ("Room {name}", 12, "Room 12"),
        ("Hello\n{name}, 5 €", "Ann\nBob", "Hello\nAnn\nBob, 5 €"),
        ("Due: {name}", Decimal("1E+3"), "Due: 1000"),
        ("Due: {name}", 1e16, "Due: 10000000000000000"),
        ("Due: {name|-}", pandas_missing()[0], "Due: -"),
        ("Due: {name|-}", pandas_missing()[1], "Due: -"),
        ("Due: {name|-}", numpy_scalar(float("nan")), "Due: -"),
    ],
)
def test_a_message_is_filled_from_the_row(
    message: str, value: Any, text: str, run: Run, sim: Simulator, sends: Sends
) -> None:
    run(sms(message=message, recipients=[named(ANN, value)]))

    assert texts(sim) == {ANN: text}
    [row] = sends("/bulk-send")[0].fields["SMSList"]
    assert not set("\n€") & set(row["message"])


def test_rows_of_a_query_fill_a_message_whatever_the_case_of_its_columns(
    run: Run, sim: Simulator, warehouse: Fill
) -> None:
    warehouse([(ANN, "Paris"), ("06 00 00 00 02", "Lyon")])

    result = run(
        sms(
            message="Sale in {city}, {{ day }}",
            sql="SELECT phone_number, city AS CITY FROM people",
            warehouse_conn_id="warehouse_default",
        ),
        day="today",
    )

    assert texts(sim) == {ANN: "Sale in Paris, today", BOB: "Sale in Lyon, today"}
    assert (result["recipients"], result["segments"], result["estimate"]["segments"]) == (2, 2, 2)


def test_everybody_gets_their_own_text_in_requests_of_500(run: Run, sim: Simulator, sends: Sends) -> None:
    rows = [named(number, f"n{index}") for index, number in enumerate(crowd(1_001))]

    result = run(sms(message="Hello {name}", recipients=rows, tag="sale"))

    assert texts(sim) == {row["phone_number"]: f"Hello {row['name']}" for row in rows}
    assert sorted(len(request.fields["SMSList"]) for request in sends("/bulk-send")) == [1, 500, 500]
    assert not sends("/send")
    assert (result["recipients"], result["batches"], sorted(result["counts"].values())) == (
        1_001,
        3,
        [1, 500, 500],
    )


def test_the_arguments_of_a_send_go_with_personal_texts_too(run: Run, sends: Sends) -> None:
    run(
        sms(
            message="Hello {name}",
            recipients=[named(ANN)],
            sender="ACME",
            sms_range="premium",
            stop_sms=True,
            unicode=True,
            send_at=LATER,
            dlr_url="https://example.org/dlr",
            response_url="https://example.org/reply",
            sandbox=True,
        )
    )

    fields = sends("/bulk-send")[0].fields
    del fields["tag"]
    assert fields == {
        "SMSList": [{"phoneNumber": ANN, "message": "Hello Ann"}],
        "sender": "ACME",
        "gamme": 1,
        "isStopSms": 1,
        "isUnicode": 1,
        "scheduledDeliveryDate": "31/01/2031",
        "time": 10,
        "minute": 5,
        "urlDlr": "https://example.org/dlr",
        "urlResponse": "https://example.org/reply",
        "sandbox": 1,
    }


def test_only_the_first_row_of_a_person_counts(run: Run, sim: Simulator) -> None:
    rows = [named(ANN, "Ann"), named("06 00 00 00 01", "x" * 400), named(BOB, "Bob")]

    result = run(sms(message="Hello {name}", recipients=rows))

    assert texts(sim) == {ANN: "Hello Ann", BOB: "Hello Bob"}
    assert (result["duplicates"], result["estimate"]["segments"], result["segments"]) == (1, 2, 2)


# ---- rows that give no text ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "arguments", "reason"),
    [
        (None, {}, "column name is empty; {name|default}"),
        (" ", {}, "column name is empty"),
        (float("nan"), {}, "column name is empty"),
        ("{admin}", {}, "column name holds a brace"),
        ("x" * 1_525, {}, "takes 11 SMS"),
        ("x" * 1_000_000, {}, "column name holds 1000000 characters"),
        ("x" * 155, {"sms_range": "low_cost"}, "a low-cost text has at most 160"),
        ("Привет", {}, "characters that cannot be sent"),
        (b"Ann", {}, "holds bytes"),
        (True, {}, "holds true or false"),
        (["Ann"], {}, "holds a list"),
        ("a.fr/~ann", {}, "holds a link with U+007E ~"),
    ],
)
def test_a_row_that_gives_no_text_is_invalid_and_stops_nobody_else(
    value: Any,
    arguments: dict[str, Any],
    reason: str,
    run: Run,
    sim: Simulator,
    capfd: pytest.CaptureFixture[str],
) -> None:
    rows = [named(ANN, "Ann"), named(BOB, value)]

    result = run(sms(message="Hello {name}", recipients=rows, **arguments))

    assert texts(sim) == {ANN: "Hello Ann"}
    assert (result["recipients"], result["invalid"], result["estimate"]["segments"]) == (1, 1, 1)
    [line] = [line for line in capfd.readouterr().out.splitlines() if "Left out" in line]
    assert "row 2" in line
    assert reason in line
    assert "6000000" not in line


def test_an_empty_value_can_stop_the_send(run: Run, sim: Simulator) -> None:
    rows = [named(ANN, "Ann"), named(BOB, None)]

    with pytest.raises(AirflowFailException, match=r"1 of 2 rows.*row 2: column name is empty.*on_invalid"):
        run(sms(message="Hello {name}", recipients=rows, on_invalid="fail"))

    assert not sim.accepted


def test_a_column_that_the_query_does_not_have_is_named(run: Run, sim: Simulator, warehouse: Fill) -> None:
    warehouse([(ANN, "Paris")])

    with pytest.raises(
        AirflowFailException, match=r"message: the query has no column 'name'; it has phone_number, city"
    ):
        run(sms(message="Hello {name}", **QUERY | {"sql": "SELECT * FROM people"}))

    assert not sim.requests


# ---- refused rows and later tries ------------------------------------------------------------------


def test_a_refused_row_inside_a_success_is_rejected_and_never_sent_again(
    task: MakeTask, sim: Simulator, sends: Sends, after_send: AfterSend, warehouse: Fill
) -> None:
    sim.settings = replace(sim.settings, stop_numbers="skip")
    sim.add_to_stop_list(EVE)
    people = [*crowd(499), EVE, *crowd(200, start=499)]
    rows = [named(number) for number in people]
    campaign = task(lambda: sms(message="Hello {name}", recipients=rows, concurrency=1))
    after_send(lambda: sim.faults.add("/bulk-send", "refuse", code=11))

    with pytest.raises(AirflowFailException, match=r"code 11.* 499 people were texted"):
        campaign.attempt()
    result = campaign.attempt()

    assert sim.texts_per_number() == dict.fromkeys(crowd(699), 1)
    assert (result["recipients"], result["rejected"], result["batches"]) == (699, 1, 2)
    assert sorted(result["counts"].values()) == [200, 499]
    assert sum(EVE in str(request.fields) for request in sends("/bulk-send")) == 1


def test_somebody_whose_row_changes_before_the_next_try_gets_no_second_text(
    task: MakeTask, sim: Simulator, after_send: AfterSend, warehouse: Fill, tmp_path: Path
) -> None:
    warehouse([(number, "Paris") for number in crowd(600)])
    campaign = task(
        lambda: sms(
            message="Sale in {city}",
            sql="SELECT * FROM people",
            warehouse_conn_id="warehouse_default",
            concurrency=1,
        )
    )
    after_send(lambda: sim.faults.add("/bulk-send", "refuse", code=11))
    with pytest.raises(AirflowFailException, match="500 people were texted"):
        campaign.attempt()
    with closing(sqlite3.connect(tmp_path / "warehouse.db")) as connection, connection:
        connection.execute("UPDATE people SET city = 'Lyon'")

    campaign.attempt()

    assert sim.texts_per_number() == dict.fromkeys(crowd(600), 1)
    assert [text.text for text in sim.sent] == ["Sale in Paris"] * 500 + ["Sale in Lyon"] * 100
