"""What the hook asks and takes back, against a platform on this machine, and what the form is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import (
    APIError,
    OutcomeUnknownError,
)
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.hooks.conftest import KEY, NUMBER, OTHER, Clock, held_in, later
from tests.hooks.servers import Server, reply


def test_reports_credit_and_cancelling_in_one_line(hook: SMSPartnerHook, simulator: Simulator) -> None:
    simulator.credits = Decimal("5.40")
    assert hook.credits().balance == Decimal("5.40")
    sent = hook.send_sms("Hello", NUMBER, send_at=later(hours=3))
    hook.cancel(sent.message_id)
    with pytest.raises(APIError) as caught:
        hook.cancel(sent.message_id)
    assert caught.value.code == 5
    now = hook.send_sms("Hello", OTHER)
    assert [row.number for row in hook.delivery_status(now.message_id).reports] == [OTHER]


def test_a_yes_to_a_cancellation_must_be_confirmed(hook: SMSPartnerHook, simulator: Simulator) -> None:
    sent = hook.send_sms("Hello", NUMBER, send_at=later(hours=3))
    simulator.settings = replace(simulator.settings, degraded=True)

    with pytest.raises(OutcomeUnknownError, match="never confirms with code 5"):
        hook.cancel(sent.message_id)

    simulator.settings = replace(simulator.settings, degraded=False)
    simulator.advance(4 * 3600)
    assert simulator.texts_per_number() == {NUMBER: 1}


@pytest.mark.parametrize("kind", ["no_id_before", "error_before", "error_after"])
def test_a_cancellation_is_asked_for_until_it_is_confirmed(
    hook: SMSPartnerHook, simulator: Simulator, kind: str
) -> None:
    sent = hook.send_sms("Hello", NUMBER, send_at=later(hours=3))
    simulator.faults.add("/message-cancel", kind)

    hook.cancel(sent.message_id)

    simulator.advance(4 * 3600)
    assert not simulator.sent


def test_one_person_is_put_on_the_stop_list_and_taken_off(hook: SMSPartnerHook, simulator: Simulator) -> None:
    assert hook.stop("06 12 34 56 78") is True
    assert hook.stop(NUMBER) is False
    assert [entry.number for entry in hook.stop_list()] == simulator.stop_list == [NUMBER]
    assert hook.unstop(OTHER) is False
    assert hook.unstop("06 12 34 56 78") is True
    assert hook.unstop(NUMBER) is False
    assert simulator.stop_list == []


@pytest.mark.parametrize("written", ["digits", "blank", "national"])
def test_who_is_taken_off_the_stop_list_is_found_in_any_spelling(
    hook: SMSPartnerHook, simulator: Simulator, written: Any
) -> None:
    simulator.settings = replace(simulator.settings, listed_numbers=written)
    simulator.add_to_stop_list(NUMBER, "+32470123456")

    assert hook.unstop("+32470123456") is True
    assert simulator.stop_list == [NUMBER]


@pytest.mark.usefixtures("clock")
def test_a_degraded_gateway_changes_no_stop_list_unnoticed(
    hook: SMSPartnerHook, simulator: Simulator
) -> None:
    simulator.add_to_stop_list(NUMBER)
    simulator.faults.add("/stop-sms/delete", "no_id_before", times=None)
    with pytest.raises(OutcomeUnknownError):
        hook.unstop(NUMBER)
    simulator.settings = replace(simulator.settings, degraded=True)
    for ask in (lambda: hook.stop(OTHER), hook.stop_list, hook.credits, lambda: hook.delivery_status("5001")):
        with pytest.raises(OutcomeUnknownError):
            ask()


def test_the_form_is_told_who_and_how_much(hook: SMSPartnerHook, simulator: Simulator) -> None:
    works, said = hook.test_connection()
    assert works
    assert said.startswith("Connected to SMS Partner as ")
    assert "EUR" in said
    assert not held_in(said)


def test_the_form_is_told_only_what_the_platform_said(connect: Connect) -> None:
    with Server(reply(b'{"success": true, "code": 200, "credits": {"creditSms": 7}}')) as server:
        connect(server.url)
        works, said = SMSPartnerHook().test_connection()
    assert works
    assert "None" not in said
    assert "7 texts left" in said


@pytest.mark.parametrize(
    ("url", "key", "expected"),
    [
        ("", KEY, "(connection 'smspartner_default')"),  # the simulator knows another key
        ("http://127.0.0.1:9/v1", KEY, "check the API URL of connection 'smspartner_default'"),
        ("http://api.smspartner.fr/v1", KEY, "API URL is plain http"),
        ("", " ", "API key is missing"),
    ],
)
def test_the_form_is_told_what_is_wrong(
    connect: Connect, simulator: Simulator, clock: Clock, url: str, key: str, expected: str
) -> None:
    connect(url or simulator.url, key=key)
    works, said = SMSPartnerHook().test_connection()
    assert not works
    assert expected in said
    assert not held_in(said)


def test_the_form_is_told_that_nothing_is_there_to_test() -> None:
    works, said = SMSPartnerHook("nowhere").test_connection()
    assert not works
    assert "nowhere" in said
