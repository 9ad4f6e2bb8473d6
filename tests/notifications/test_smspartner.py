"""The notifier in its four places: who is told what."""

from __future__ import annotations

import re
from types import SimpleNamespace
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

    tell("load failed", [ANN, BOB, "{{ '0123' }}", "+33600000003"])

    assert sim.texts_per_number() == {ANN: 1, "+33600000003": 1}
    assert "Nobody is told at this number" in logged.text
    assert "+33 6 •• •• •• 02 did not get the alert" in logged.text
    assert "left for +33 6 •• •• •• 01" in logged.text
    assert "60000000" not in logged.text


def test_without_any_number_it_is_an_error(sim: Simulator, tell: Tell) -> None:
    with pytest.raises(InvalidMessage, match="recipients: none of them is a mobile number"):
        tell("load failed", ["{{ '0123' }}", "{{ 'nobody' }}"])


def test_a_tag_that_a_template_has_spoilt_is_left_out(
    sim: Simulator, tell: Tell, logged: pytest.LogCaptureFixture
) -> None:
    tell("load failed", ANN, tag="{{ dag_run.dag_id | upper }}")

    assert [text.tag for text in sim.sent] == [None]
    assert "leaves without a tag" in logged.text


@pytest.mark.parametrize(
    ("sender", "leaves"), [("The Data Platform", "The Shop"), ("é", "The Shop"), ("", ""), ("Data", "Data")]
)
def test_a_sender_that_a_template_has_spoilt_is_left_to_the_connection(
    sender: str, leaves: str, simulator: Simulator, connect: Connect, tell: Tell
) -> None:
    connect(simulator.url, sender="The Shop")

    tell("load failed", ANN, sender="{{ name }}", context={**DEADLINE, "name": sender})

    assert [text.sender for text in simulator.sent] == [leaves]


@pytest.mark.parametrize(
    "recipients",
    [f"{ANN}, {BOB}", f"{ANN};{BOB}", "{{ on_call | join(',') }}", [f"{ANN},{BOB}"], [["{{ on_call }}"]]],
)
def test_one_text_may_hold_several_numbers(recipients: Any, sim: Simulator, tell: Tell) -> None:
    tell("load failed", recipients, context={**DEADLINE, "on_call": [ANN, BOB]})

    assert sim.texts_per_number() == {ANN: 1, BOB: 1}


@pytest.mark.parametrize("recipients", ["[{{ on_call }}]", "({{ on_call }}, {{ on_call }})"])
def test_a_number_in_a_list_keeps_its_plus(recipients: str, sim: Simulator, tell: Tell) -> None:
    # Without it, it would be a French one that has lost its zero
    tell("load failed", recipients, context={**DEADLINE, "on_call": "+687751234"})

    assert sim.texts_per_number() == {"+687751234": 1}


# ---- an alert must say something -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "context", "text"),
    [
        ("{{ exception }}", {"exception": TimeoutError()}, "TimeoutError"),
        ("failed: {{ exception }}!", {"exception": TimeoutError()}, "failed: TimeoutError!"),
        ("{{ exception }}", {"exception": TimeoutError("9 s")}, "9 s"),
        ("{{ exception | string }}", {"exception": TimeoutError()}, "Airflow alert, nightly, TimeoutError"),
        (
            "{{ reason }}",
            {"reason": "", "ti": SimpleNamespace(task_id="load")},
            "Airflow alert, nightly, load",
        ),
        ("{{ reason }}", {"reason": None}, "None"),
    ],
)
def test_an_alert_whose_text_would_say_nothing_says_what_is_known(
    message: str, context: dict[str, Any], text: str, sim: Simulator, tell: Tell
) -> None:
    tell(message, ANN, context={**DEADLINE, **context})

    assert [sent.text for sent in sim.sent] == [text]


def test_an_error_class_is_printed_with_the_jinja_environment_of_the_dag_too(sim: Simulator) -> None:
    for native in (False, True):
        dag = DAG(f"nightly_{native}", render_template_as_native_obj=native)
        SMSPartnerNotifier("{{ exception }}", ANN)({"dag": dag, "exception": TimeoutError()})

    assert [sent.text for sent in sim.sent] == ["TimeoutError", "TimeoutError"]


# ---- templates that ask for more than there is -----------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words", "text"),
    [
        ({"message": "{{ ti.task_id }} failed"}, "'ti' is undefined", "Airflow alert, nightly"),
        ({"message": "because {{ exception }}"}, "'exception' is undefined", "Airflow alert, nightly"),
        ({"message": "{{ 1 / 0 }}"}, "division by zero", "Airflow alert, nightly"),
        ({"message": "{{ dag_run | nosuch }}"}, "No filter named", "Airflow alert, nightly"),
        ({"message": "late", "tag": "{{ ti }}"}, "tag: .*'ti' is undefined", "late"),
        ({"message": "late", "sender": "{{ ti }}"}, "sender: .*'ti' is undefined", "late"),
    ],
)
def test_what_is_not_there_is_done_without_and_named(
    arguments: dict[str, Any],
    words: str,
    text: str,
    sim: Simulator,
    tell: Tell,
    logged: pytest.LogCaptureFixture,
) -> None:
    tell(**{"recipients": ANN, **arguments})

    assert [(sent.text, sent.tag) for sent in sim.sent] == [(text, None)]
    assert re.search(f"{words}.* The context of this callback holds only .*deadline", logged.text)


def test_without_recipients_the_error_says_what_is_not_there(sim: Simulator, tell: Tell) -> None:
    with pytest.raises(InvalidMessage, match=r"^recipients: .*'on_call' is undefined.*deadline"):
        tell("late", "{{ on_call }}")

    assert sim.requests == []


def test_a_template_may_ask_whether_it_is_there(sim: Simulator, tell: Tell) -> None:
    tell("{{ ti.task_id if ti is defined else dag_run.dag_id }} failed", ANN)

    assert [text.text for text in sim.sent] == ["nightly failed"]


def test_the_macros_of_the_dag_are_there(sim: Simulator) -> None:
    dag = DAG("nightly", user_defined_macros={"team": "data"})

    SMSPartnerNotifier("{{ team }}: {{ dag.dag_id }} failed", ANN)({"dag": dag})

    assert [text.text for text in sim.sent] == ["data: nightly failed"]


def test_airflow_knows_it_under_the_usual_name() -> None:
    assert send_smspartner_notification is SMSPartnerNotifier
