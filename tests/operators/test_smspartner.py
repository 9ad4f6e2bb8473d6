"""The send operators: what reaches the platform, and what they return."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, task

from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, LATER, QUERY, Fill, Run, Sends, sms, survey

# ---- the wire -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "on_the_wire"),
    [
        ({}, {}),
        ({"message": 'Ann: "5 €"\nBye'}, {"message": 'Ann: "5 :euro:":br:Bye'}),
        ({"recipients": [ANN, "06 00 00 00 02"]}, {"phoneNumbers": f"{ANN},{BOB}"}),
        ({"recipients": "0470 12 34 56", "default_region": "BE"}, {"phoneNumbers": "+32470123456"}),
        ({"recipients": [{"gsm": BOB}], "phone_column": "gsm"}, {"phoneNumbers": BOB}),
        ({"sender": "ACME 24"}, {"sender": "ACME 24"}),
        ({"sender": ""}, {"sender": ""}),
        ({"sms_range": "premium"}, {"gamme": 1}),
        ({"sms_range": "low_cost"}, {"gamme": 2}),
        ({"send_at": LATER}, {"scheduledDeliveryDate": "31/01/2031", "time": 10, "minute": 5}),
        (
            {"send_at": datetime(2031, 1, 31, 22, 55, tzinfo=timezone(timedelta(hours=-1)))},
            {"scheduledDeliveryDate": "01/02/2031", "time": 0, "minute": 55},
        ),
        ({"stop_sms": True}, {"isStopSms": 1}),
        ({"unicode": True, "message": "Привет"}, {"isUnicode": 1, "message": "Привет"}),
        ({"dlr_url": "https://example.org/dlr?a=1"}, {"urlDlr": "https://example.org/dlr?a=1"}),
        ({"response_url": "https://example.org/reply"}, {"urlResponse": "https://example.org/reply"}),
        ({"sandbox": True}, {"sandbox": 1}),
        ({"sandbox": False}, {}),
    ],
)
def test_each_argument_goes_out_under_its_name_on_the_wire(
    arguments: dict[str, Any], on_the_wire: dict[str, Any], run: Run, sends: Sends
) -> None:
    run(sms(**arguments))

    [request] = sends()
    fields = {name: value for name, value in request.fields.items() if name != "tag"}
    assert fields == {"phoneNumbers": ANN, "message": "Hello"} | on_the_wire
    assert 8 <= len(request.fields["tag"]) <= 20


@pytest.mark.parametrize(
    ("arguments", "on_the_wire"),
    [
        ({}, {}),
        ({"recipients": (ANN, BOB)}, {"phoneNumbers": f"{ANN},{BOB}"}),
        ({"send_at": LATER}, {"scheduledDeliveryDate": "31/01/2031", "time": 10, "minute": 5}),
    ],
)
def test_a_survey_sends_nothing_that_its_endpoint_does_not_know(
    arguments: dict[str, Any],
    on_the_wire: dict[str, Any],
    run: Run,
    sends: Sends,
    connect: Connect,
    sim: Simulator,
) -> None:
    connect(sim.url, sender="ACME")

    run(survey(**arguments))

    [request] = sends("/sondage/to/send")
    fields = {name: value for name, value in request.fields.items() if name != "tag"}
    assert fields == {"phoneNumbers": ANN, "sondageIdent": "s-1"} | on_the_wire


@pytest.mark.parametrize("make", [sms, survey])
def test_a_tag_begins_the_tag_of_each_batch(
    make: Callable[..., BaseOperator], run: Run, sim: Simulator
) -> None:
    run(make(tag="noel-2031", recipients=[f"06 00 00 {n // 100:02} {n % 100:02}" for n in range(501)]))

    tags = {text.tag for text in sim.sent}
    assert len(tags) == 2
    assert {tag[:10] for tag in tags if tag and len(tag) == 20} == {"noel-2031-"}


def test_nobody_misses_a_text_or_gets_two_however_many_batches_there_are(run: Run, sim: Simulator) -> None:
    people = [f"+336{n:08}" for n in range(1_201)]

    result = run(sms(recipients=[*people, *people[:5]], concurrency=8))

    assert sim.texts_per_number() == dict.fromkeys(people, 1)
    assert (result["recipients"], result["batches"], result["duplicates"]) == (1_201, 3, 5)
    assert sorted(result["counts"].values()) == [201, 500, 500]
    assert sorted(result["counts"]) == sorted(result["message_ids"])


@pytest.mark.parametrize(
    ("of_connection", "argument", "goes_out"),
    [("SHOP", None, "SHOP"), ("SHOP", "ACME", "ACME"), ("SHOP", "", ""), (None, None, None)],
)
def test_the_connection_has_a_sender_for_sends_that_name_none(
    of_connection: str | None,
    argument: str | None,
    goes_out: str | None,
    run: Run,
    sends: Sends,
    connect: Connect,
    sim: Simulator,
) -> None:
    connect(sim.url, sender=of_connection)

    run(sms(sender=argument))

    assert sends()[0].fields.get("sender") == goes_out


# ---- the result -----------------------------------------------------------------------------------


def test_the_result_has_the_keys_of_the_contract_and_no_number(run: Run, sim: Simulator) -> None:
    result = run(sms(recipients=[ANN, "06 00 00 00 01", BOB, "none"]))

    [message_id] = result["message_ids"]
    sent_at = datetime.fromisoformat(result.pop("sent_at"))
    assert Decimal(result.pop("cost")) == Decimal("0.09")
    assert result == {
        "message_ids": [message_id],
        "tags": [],
        "recipients": 2,
        "invalid": 1,
        "duplicates": 1,
        "excluded": 0,
        "rejected": 0,
        "unknown": 0,
        "batches": 1,
        "segments": 2,
        "currency": "EUR",
        "sandbox": False,
        "connection": "smspartner_default",
        "scheduled_for": None,
        "counts": {message_id: 2},
        "estimate": {"segments": 2, "cost": "0.090"},
    }
    assert message_id == sim.sent[0].message_id
    assert abs(sent_at - sim.sent[0].accepted_at) < timedelta(minutes=1)
    assert "60000000" not in json.dumps(result)


def test_a_scheduled_send_says_for_when_in_paris_time_on_the_grid(run: Run, sim: Simulator) -> None:
    result = run(sms(send_at="2031-07-01T08:02:00Z"))

    assert datetime.fromisoformat(result["scheduled_for"]) == datetime.fromisoformat(
        "2031-07-01T10:05:00+02:00"
    )
    assert result["scheduled_for"].endswith("+02:00")
    assert not sim.sent


@pytest.mark.parametrize("recipients", [[], "[]", ()])
@pytest.mark.parametrize("make", [sms, survey])
def test_nobody_at_all_is_a_success_with_zeros_and_no_request(
    make: Callable[..., BaseOperator], recipients: Any, run: Run, sim: Simulator
) -> None:
    result = run(make(recipients="{{ people }}" if recipients == "[]" else recipients), people=recipients)

    assert (result["recipients"], result["batches"], result["message_ids"], result["counts"]) == (
        0,
        0,
        [],
        {},
    )
    assert Decimal(result["cost"]) == 0
    assert not sim.requests


# ---- recipients -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipients", "people"),
    [
        (600000001, {ANN}),
        ("{{ number }}", {ANN}),
        (["{{ number }}", BOB], {ANN, BOB}),
        ("{{ [number, '06 00 00 00 02'] }}", {ANN, BOB}),
        ([{"phone_number": ANN, "name": "Ann"}, {"phone_number": None}], {ANN}),
        ([["{{ number }}"], (BOB,)], {ANN, BOB}),
    ],
)
def test_recipients_come_in_many_shapes(recipients: Any, people: set[str], run: Run, sim: Simulator) -> None:
    run(sms(recipients=recipients), number=ANN)

    assert set(sim.texts_per_number()) == people


def test_recipients_come_out_of_a_query(run: Run, sim: Simulator, warehouse: Fill) -> None:
    warehouse([(ANN, "Paris"), (BOB, "Lyon"), ("06 00 00 00 01", "Paris"), (EVE, "Paris"), (None, "Paris")])

    result = run(
        sms(
            sql="SELECT city, phone_number FROM {{ table }} WHERE city = :city",
            parameters={"city": "{{ city }}"},
            warehouse_conn_id="{{ where }}_default",
        ),
        table="people",
        city="Paris",
        where="warehouse",
    )

    assert sim.texts_per_number() == {ANN: 1, EVE: 1}
    assert (result["recipients"], result["duplicates"], result["invalid"]) == (2, 1, 1)


def test_a_query_without_rows_texts_nobody(run: Run, sim: Simulator, warehouse: Fill) -> None:
    warehouse([])

    assert run(sms(**QUERY))["recipients"] == 0
    assert not sim.requests


# ---- in a DAG -------------------------------------------------------------------------------------


def test_default_args_of_the_dag_reach_both_operators(run: Run, sim: Simulator) -> None:
    with DAG("campaign", default_args={"phone_column": "gsm", "on_invalid": "fail"}):
        first = sms(task_id="first", recipients=[{"gsm": ANN}])
        second = survey(task_id="second", recipients=[{"gsm": BOB}])

    run(first)
    run(second)

    assert sim.texts_per_number() == {ANN: 1, BOB: 1}
    assert (first.on_invalid, second.on_invalid) == ("fail", "fail")


def test_a_task_that_gives_recipients_comes_before_the_send() -> None:
    @task
    def people() -> list[str]:
        return [ANN]

    with DAG("campaign"):
        operator = sms(recipients=people())

    assert operator.upstream_task_ids == {"people"}
