"""What this package relies on, of the real service as of the simulator; each test prints what it found."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import APIError, AuthenticationError, NotFoundError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.rules.refusals import is_about_numbers
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from tests.conftest import Connect
from tests.live.conftest import LANDLINE, Platform

TEXT = "A test of airflow-provider-smspartner"
SANDBOX = api.SendOptions(sandbox=True)
UNKNOWN_ID = 999_999_999_999


def new_tag() -> str:
    """A tag that nobody has used."""
    return f"t{secrets.token_hex(6)}"


def test_the_account(hook: SMSPartnerHook, platform: Platform) -> None:
    account = hook.credits()

    assert account.balance is not None
    assert asyncio.run(hook.acall(api.me())).balance == account.balance
    works, told = hook.test_connection()
    tells_key = platform.key in told  # a failing assertion would print it
    assert works
    assert not tells_key
    platform.found("account", "balance, currency and credit are told" if account.currency else "no currency")


def test_a_wrong_key_is_refused_as_such(connect: Connect, platform: Platform, statuses: list[int]) -> None:
    connect(platform.url, key="0" * 40, sandbox=True)
    with pytest.raises(AuthenticationError) as refused:
        SMSPartnerHook().credits()
    platform.found("a wrong key", f"HTTP {statuses[-1]}, code {refused.value.code}")


@pytest.mark.parametrize("response_format", ["json", "xml"])
def test_a_send_has_an_id_and_segments(
    hook: SMSPartnerHook, platform: Platform, response_format: Any
) -> None:
    sent = hook.call(api.send([platform.number], TEXT, SANDBOX, response_format=response_format))

    assert sent.message_id
    assert sent.segments == 1
    platform.found(f"a send to the sandbox, in {response_format}", f"costs {sent.cost} {sent.currency}")


def test_personal_texts_have_one_id_and_a_row_each(hook: SMSPartnerHook, platform: Platform) -> None:
    sent = hook.call(api.bulk_send([(platform.number, TEXT)], SANDBOX))

    assert sent.message_id
    assert [row.accepted for row in sent.rows] == [True]
    platform.found("a list to the sandbox", f"costs {sent.cost} {sent.currency}")


def test_a_landline_is_refused_as_a_number(
    hook: SMSPartnerHook, platform: Platform, statuses: list[int]
) -> None:
    """One bad number must be told from a bad send, or it would stop the 499 others."""
    with pytest.raises(APIError) as refused:
        hook.call(api.send([platform.number, LANDLINE], TEXT, SANDBOX))

    assert is_about_numbers(refused.value)
    problems = refused.value.problems
    named = {(problem.element, problem.code, problem.number is not None) for problem in problems}
    platform.found("a landline", f"HTTP {statuses[-1]}, code {refused.value.code}, {named}")


def test_an_unknown_message_is_code_4(hook: SMSPartnerHook, platform: Platform, statuses: list[int]) -> None:
    with pytest.raises(NotFoundError) as refused:
        hook.delivery_status(UNKNOWN_ID)
    assert refused.value.code == 4
    platform.found("the status of an unknown id", f"HTTP {statuses[-1]}, code 4")


def test_a_message_that_nobody_sent_cannot_be_cancelled(
    hook: SMSPartnerHook, platform: Platform, statuses: list[int]
) -> None:
    with pytest.raises(APIError) as refused:
        hook.cancel(UNKNOWN_ID)
    platform.found("cancelling an unknown id", f"HTTP {statuses[-1]}, code {refused.value.code}")


def test_the_stop_list_can_be_read(hook: SMSPartnerHook, platform: Platform) -> None:
    listed = hook.call(api.stop_list())

    assert listed.total is None or listed.total >= len(listed.entries)
    platform.found("the STOP list", f"{len(listed.entries)} entries in one answer, nbData {listed.total}")


def test_a_campaign_and_its_delivery(platform: Platform) -> None:
    send = SendSmsOperator(task_id="send", message=TEXT, recipients=[platform.number], tag="live")
    sent = send.execute({})
    delivery = DeliveryStatusSensor(task_id="delivery", sent=sent).execute({})

    assert (sent["recipients"], sent["sandbox"]) == (1, True)
    assert (delivery["messages"], delivery["recipients"]) == (1, 1)
    platform.found("the delivery of a sandbox send, at once", delivery)


def test_a_text_with_everything_in_it(hook: SMSPartnerHook, platform: Platform) -> None:
    options = replace(SANDBOX, tag=new_tag(), sms_range="premium", stop_sms=True)
    sent = hook.call(api.send([platform.number], "Caf\u00e9 :br: 5 \u20ac [x]", options))

    assert sent.message_id
    platform.found("a STOP mention, \u20ac and brackets", f"{sent.segments} segments")
