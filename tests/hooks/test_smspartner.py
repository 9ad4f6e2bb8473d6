"""The short forms of the hook, against a platform that runs on this machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import (
    APIError,
    InvalidMessage,
    InvalidPhoneNumber,
    OutcomeUnknownError,
)
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.hooks.conftest import NUMBER, OTHER, assert_tells_nothing, held_in

Send = Callable[[SMSPartnerHook], Any]
SENDS: dict[str, Send] = {
    "send_sms": lambda hook: hook.send_sms("Hello", NUMBER),
    "send_survey": lambda hook: hook.send_survey("abcd1234", NUMBER),
}


@pytest.fixture(params=SENDS)
def send(request: pytest.FixtureRequest) -> Send:
    """Either of the two that reach people."""
    return SENDS[request.param]


def test_a_text_in_one_line(hook: SMSPartnerHook, simulator: Simulator) -> None:
    sent = hook.send_sms("Hello", "06 12 34 56 78", sender="ACME", tag="spring")
    (text,) = simulator.sent
    assert (text.number, text.text, text.sender, text.tag) == (NUMBER, "Hello", "ACME", "spring")
    assert (sent.message_id, sent.cost) == (text.message_id, Decimal("0.045"))


def test_a_survey_in_one_line(hook: SMSPartnerHook, simulator: Simulator) -> None:
    sent = hook.send_survey("abcd1234", [NUMBER, OTHER], tag="spring")
    assert {text.number for text in simulator.sent} == {NUMBER, OTHER}
    assert {text.message_id for text in simulator.sent} == {sent.message_id}


@pytest.mark.parametrize("given", [{}, {"sender": None}])
def test_the_sender_of_the_connection_is_the_default(
    connect: Connect, simulator: Simulator, given: dict[str, Any]
) -> None:
    connect(simulator.url, sender="ACME")
    SMSPartnerHook().send_sms("Hello", NUMBER, **given)
    SMSPartnerHook().send_sms("Hello", NUMBER, sender="OTHER")
    assert [text.sender for text in simulator.sent] == ["ACME", "OTHER"]


@pytest.mark.parametrize("given", [{}, {"sandbox": False}, {"sandbox": None}, {"sandbox": True}])
def test_a_sandbox_connection_cannot_be_overruled(
    connect: Connect, simulator: Simulator, given: dict[str, Any]
) -> None:
    connect(simulator.url, sandbox=True)
    SMSPartnerHook().send_sms("Hello", NUMBER, **given)
    assert simulator.sent == []
    assert [text.sandbox for text in simulator.accepted] == [True]


def test_one_send_may_ask_for_the_sandbox(hook: SMSPartnerHook, simulator: Simulator) -> None:
    hook.send_sms("Hello", NUMBER, sandbox=True)
    assert simulator.sent == []


def test_a_survey_on_a_sandbox_connection_is_refused(connect: Connect, simulator: Simulator) -> None:
    connect(simulator.url, sandbox=True)
    with pytest.raises(InvalidMessage, match="survey would reach real phones"):
        SMSPartnerHook().send_survey("abcd1234", NUMBER)
    assert simulator.requests == []


def test_a_staging_connection_texts_one_number_and_says_so(
    connect: Connect, simulator: Simulator, capfd: pytest.CaptureFixture[str], send: Send
) -> None:
    connect(simulator.url, redirect_to=OTHER)
    send(SMSPartnerHook())
    assert simulator.texts_per_number() == {OTHER: 1}
    log = capfd.readouterr().out  # Airflow's loggers for tasks write there
    assert "redirects this send to one number" in log
    assert not held_in(log)
    assert OTHER[1:] not in log


def test_a_staging_connection_texts_a_crowd_once(connect: Connect, simulator: Simulator) -> None:
    connect(simulator.url, redirect_to=OTHER)
    SMSPartnerHook().send_sms("Hello", [NUMBER, "+33612345679", "+33612345680"])
    assert simulator.texts_per_number() == {OTHER: 1}


def test_a_connection_caps_its_recipients(connect: Connect, simulator: Simulator) -> None:
    connect(simulator.url, max_recipients=2)
    hook = SMSPartnerHook()
    crowd = [NUMBER, OTHER, "+33612345679"]
    for send, what in ((hook.send_sms, "Hello"), (hook.send_survey, "abcd1234")):
        with pytest.raises(InvalidMessage, match=r"recipients: 3 numbers; .* allows 2"):
            send(what, crowd)
    assert simulator.requests == []
    hook.send_sms("Hello", crowd[:2])
    assert len(simulator.sent) == 2


@pytest.mark.parametrize(
    ("recipients", "fault"),
    [
        ([f"+336123{index:05}" for index in range(501)], "recipients: 501 numbers"),
        ([], "recipients"),
        ([NUMBER, "06 12 34 56 78"], "name each number once"),
        ("01 23 45 67 89", "mobile"),
        ("", "number"),
    ],
)
def test_bad_recipients_are_refused_before_any_request(
    hook: SMSPartnerHook, simulator: Simulator, recipients: Any, fault: str
) -> None:
    for send, what in ((hook.send_sms, "Hello"), (hook.send_survey, "abcd1234")):
        with pytest.raises(InvalidMessage, match=fault) as caught:
            send(what, recipients)
        assert not held_in(str(caught.value))
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"sender": "AB"}, "sender"),
        ({"tag": "Two Words"}, "tag"),
        ({"sms_range": "gold"}, "sms_range"),
        ({"send_at": datetime(2020, 1, 1, tzinfo=UTC)}, "send_at"),
        ({"dlr_url": "nowhere"}, "dlr_url"),
    ],
)
def test_bad_options_are_refused_before_any_request(
    hook: SMSPartnerHook, simulator: Simulator, options: dict[str, Any], argument: str
) -> None:
    with pytest.raises(InvalidMessage, match=argument):
        hook.send_sms("Hello", NUMBER, **options)
    assert simulator.requests == []


def test_five_hundred_people_are_one_request(hook: SMSPartnerHook, simulator: Simulator) -> None:
    hook.send_sms("Hello", [f"+336123{index:05}" for index in range(500)])
    assert len(simulator.sent) == 500
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("fault", ["reset_after", "error_after", "garbage_after", "no_id_after"])
def test_an_unknown_outcome_is_nothing_airflow_may_repeat(
    hook: SMSPartnerHook, simulator: Simulator, send: Send, fault: str
) -> None:
    simulator.faults.add("*", fault, times=None)
    with pytest.raises(OutcomeUnknownError, match="Airflow will not run this task again") as caught:
        send(hook)
    assert isinstance(caught.value, AirflowFailException)
    assert_tells_nothing(caught.value)
    assert simulator.texts_per_number() == {NUMBER: 1}


def test_a_refusal_stays_what_it_is(hook: SMSPartnerHook, simulator: Simulator, send: Send) -> None:
    simulator.credits = Decimal(0)
    with pytest.raises(APIError) as caught:
        send(hook)
    assert not isinstance(caught.value, AirflowFailException)
    assert simulator.sent == []


def test_a_send_does_not_share_a_connection_with_a_request_whose_answer_was_broken_off(
    hook: SMSPartnerHook, simulator: Simulator
) -> None:
    hook.credits()
    before = hook.get_conn()
    simulator.faults.add("/send", "no_id_before")
    with pytest.raises(OutcomeUnknownError):
        hook.send_sms("Hello", NUMBER)

    assert hook.get_conn() is not before


def test_numbers_of_no_mobile_are_named_as_such(hook: SMSPartnerHook) -> None:
    with pytest.raises(InvalidPhoneNumber):
        hook.send_sms("Hello", "0800 00 00 00")
