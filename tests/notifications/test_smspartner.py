"""The notifier in its four places: its arguments, and who is told what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.log import mask_secret

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.notifications.smspartner import (
    SMSPartnerNotifier,
    send_smspartner_notification,
)
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.notifications.conftest import ANN, BOB, DEADLINE, Tell

# ---- what leaves, and to whom ----------------------------------------------------------------------


def test_everybody_is_told_once_in_one_request(sim: Simulator, tell: Tell) -> None:
    tell("load failed", [ANN, "06 00 00 00 02", "+33 6 00 00 00 01"], sender="Airflow", tag="alerts")

    assert {text.number: text.text for text in sim.sent} == {ANN: "load failed", BOB: "load failed"}
    [text] = {(text.sender, text.tag) for text in sim.sent}
    assert text == ("Airflow", "alerts")
    assert len(sim.requests) == 1


@pytest.mark.parametrize(
    "recipients",
    [ANN, [ANN], (ANN,), 33600000001, "{{ on_call }}", "{{ on_call[0] }}", "['{{ on_call[0] }}']"],
)
def test_recipients_may_come_in_many_shapes(recipients: Any, sim: Simulator, tell: Tell) -> None:
    tell("load failed", recipients, context={**DEADLINE, "on_call": [ANN]})

    assert sim.texts_per_number() == {ANN: 1}


@pytest.mark.parametrize("texts", [("{{ dag_run.dag_id }}: {{ exception }}", "nightly: 'n' is {missing}")])
def test_templates_are_rendered_and_what_they_bring_in_is_made_to_fit(
    texts: tuple[str, str], sim: Simulator, tell: Tell
) -> None:
    tell(texts[0], ANN, context={**DEADLINE, "exception": KeyError("💥", "n")})

    assert [text.text for text in sim.sent] == ["nightly: ('?', 'n')"]


def test_one_notifier_tells_of_each_run_in_its_own_words(sim: Simulator) -> None:
    notifier = SMSPartnerNotifier("{{ run_id }} failed", ANN)

    for run in ("one", "two"):
        notifier({"run_id": run})

    assert [text.text for text in sim.sent] == ["one failed", "two failed"]


def test_a_password_that_airflow_knows_does_not_leave(sim: Simulator, tell: Tell) -> None:
    mask_secret("hunter2-of-the-warehouse")

    tell("{{ reason }}", ANN, context={**DEADLINE, "reason": "no login with hunter2-of-the-warehouse"})

    assert [text.text for text in sim.sent] == ["no login with ***"]


@pytest.mark.parametrize(
    ("extra", "arguments", "numbers", "sandbox"),
    [
        ({"sandbox": True}, {}, [ANN, BOB], True),
        ({"sandbox": True}, {"sandbox": False}, [ANN, BOB], True),
        ({}, {"sandbox": True}, [ANN, BOB], True),
        ({"redirect_to": "+33612345678"}, {}, ["+33612345678"], False),
    ],
)
def test_the_connection_has_the_last_word(
    extra: dict[str, Any],
    arguments: dict[str, Any],
    numbers: list[str],
    sandbox: bool,
    simulator: Simulator,
    connect: Connect,
    tell: Tell,
) -> None:
    connect(simulator.url, sender="The Shop", **extra)

    tell("load failed", [ANN, BOB], **arguments)

    assert [(text.number, text.sandbox, text.sender) for text in simulator.accepted] == [
        (number, sandbox, "The Shop") for number in numbers
    ]


def test_more_people_than_the_connection_allows_are_refused(
    simulator: Simulator, connect: Connect, tell: Tell
) -> None:
    connect(simulator.url, max_recipients=1)

    with pytest.raises(InvalidMessage, match=r"recipients: 2 people, and .* allows 1"):
        tell("load failed", [ANN, BOB])

    assert simulator.requests == []


def test_one_bad_number_keeps_nobody_from_being_told(
    sim: Simulator, tell: Tell, logged: pytest.LogCaptureFixture
) -> None:
    sim.add_to_stop_list(BOB)

    tell("load failed", [ANN, BOB, "0123", "+33600000003"])

    assert sim.texts_per_number() == {ANN: 1, "+33600000003": 1}
    assert "Nobody is told at this number" in logged.text
    assert "+33 6 •• •• •• 02 did not get the alert" in logged.text
    assert "left for +33 6 •• •• •• 01" in logged.text
    assert "60000000" not in logged.text


def test_without_any_number_it_is_an_error(sim: Simulator, tell: Tell) -> None:
    with pytest.raises(InvalidMessage, match="recipients: none of them is a mobile number"):
        tell("load failed", ["0123", "nobody"])


def test_a_tag_that_a_template_has_spoilt_is_left_out(
    sim: Simulator, tell: Tell, logged: pytest.LogCaptureFixture
) -> None:
    tell("load failed", ANN, tag="{{ dag_run.dag_id | upper }}")

    assert [text.tag for text in sim.sent] == [None]
    assert "leaves without a tag" in logged.text


# ---- templates that ask for more than there is -----------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"message": "{{ ti.task_id }} failed"}, "^message: .*'ti' is undefined.*deadline"),
        ({"message": "because {{ exception }}"}, "^message: .*'exception' is undefined"),
        ({"message": "{{ dag_run.dag_id "}, "^message: .*cannot be rendered"),
        ({"message": "late", "tag": "{{ ti }}"}, "^tag: .*'ti' is undefined"),
    ],
)
def test_the_error_says_what_is_not_there(
    arguments: dict[str, Any], words: str, sim: Simulator, tell: Tell
) -> None:
    with pytest.raises(InvalidMessage, match=words):
        tell(**{"recipients": ANN, **arguments})

    assert sim.requests == []


def test_a_template_may_ask_whether_it_is_there(sim: Simulator, tell: Tell) -> None:
    tell("{{ ti.task_id if ti is defined else dag_run.dag_id }} failed", ANN)

    assert [text.text for text in sim.sent] == ["nightly failed"]


def test_the_macros_of_the_dag_are_there(sim: Simulator) -> None:
    dag = DAG("nightly", user_defined_macros={"team": "data"})

    SMSPartnerNotifier("{{ team }}: {{ dag.dag_id }} failed", ANN)({"dag": dag})

    assert [text.text for text in sim.sent] == ["data: nightly failed"]


# ---- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"at_most": 3}, "^at_most: each callback .* ledger_conn_id"),
        ({"at_most": 0, "ledger_conn_id": "ledger"}, "^at_most: "),
        ({"at_most": 1.5, "ledger_conn_id": "ledger"}, "^at_most: "),
        ({"ledger_conn_id": "ledger"}, "^ledger_conn_id, key: .*no at_most"),
        ({"key": "nightly"}, "^ledger_conn_id, key: .*no at_most"),
        ({"period": timedelta(0)}, "^period: "),
        ({"period": timedelta(days=400)}, "^period: "),
        ({"period": "an hour"}, "^period: "),
        ({"period": float("nan")}, "^period: "),
        ({"message": "💥"}, "^message: "),
        ({"message": " "}, "^message: "),
        ({"message": "x" * 1531}, "^message: "),
        ({"message": None}, "^message: "),
        ({"recipients": []}, "^recipients: "),
        ({"recipients": ""}, "^recipients: "),
        ({"sender": "A"}, "^sender: "),
        ({"tag": "Alerts"}, "^tag: "),
    ],
)
def test_what_is_wrong_shows_when_the_dag_is_parsed(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        SMSPartnerNotifier(**{"message": "load failed", "recipients": ANN, **arguments})


def test_airflow_knows_it_under_the_usual_name() -> None:
    assert send_smspartner_notification is SMSPartnerNotifier
