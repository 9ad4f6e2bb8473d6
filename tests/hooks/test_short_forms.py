"""What the hook's short forms return is an XCom without a number in it, and a value for the task itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage, Problem
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.hooks.conftest import NUMBER, OTHER, later

try:  # its place since Airflow 3.2
    from airflow.sdk import serde
except ImportError:
    from airflow.serialization import serde  # type: ignore[no-redef, attr-defined, unused-ignore]

Ask = Callable[[SMSPartnerHook], Any]
ASKED: dict[str, Ask] = {
    "send_sms": lambda hook: hook.send_sms("Hello", [NUMBER, OTHER]),
    "send_sms, later": lambda hook: hook.send_sms("Hello", NUMBER, send_at=later(hours=3)),
    "send_survey": lambda hook: hook.send_survey("abcd1234", NUMBER),
    "delivery_status": lambda hook: hook.delivery_status(hook.send_sms("Hello", [NUMBER, OTHER]).message_id),
    "credits": lambda hook: hook.credits(),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_whoever_reads_the_xcom_gets_plain_data_without_a_number(
    hook: SMSPartnerHook, simulator: Simulator, ask: Ask
) -> None:
    given = ask(hook)

    stored = json.dumps(serde.serialize(given))
    read = serde.deserialize(json.loads(stored))

    assert read == given
    assert type(read) is dict
    for shown in (stored, repr(given), str(given)):
        assert not [number for number in (NUMBER, OTHER) if number[3:] in shown]


def test_a_list_of_people_is_an_xcom_without_their_numbers(
    hook: SMSPartnerHook, simulator: Simulator
) -> None:
    hook.stop(NUMBER)

    [entry] = hook.stop_list()
    stored = json.dumps(serde.serialize(hook.stop_list()))

    assert entry.number == NUMBER
    assert serde.deserialize(json.loads(stored)) == ({"id": entry.id, "created_at": entry["created_at"]},)
    assert NUMBER[3:] not in stored + repr(entry)


@pytest.mark.parametrize(
    "ask",
    [
        lambda hook: hook.call(api.stop_list()),
        lambda hook: hook.call(api.bulk_status("5001")),
        lambda hook: hook.delivery_status("5001").reports,
    ],
)
def test_what_holds_numbers_is_no_xcom(hook: SMSPartnerHook, simulator: Simulator, ask: Ask) -> None:
    hook.send_sms("Hello", [NUMBER, OTHER])
    hook.stop(NUMBER)

    with pytest.raises(InvalidMessage, match="it holds phone numbers, and an XCom would show them"):
        serde.serialize(ask(hook))


def test_a_refusal_is_stored_without_those_it_names(hook: SMSPartnerHook) -> None:
    named = Problem(message="no price", number=NUMBER, numbers=(OTHER,))

    assert not [number for number in (NUMBER, OTHER) if number[3:] in json.dumps(serde.serialize(named))]


def test_an_answer_to_a_call_is_stored_without_those_it_names(
    hook: SMSPartnerHook, simulator: Simulator
) -> None:
    sent = hook.call(api.bulk_send([(NUMBER, "Hello"), (OTHER, "Hi")]))

    assert {row.number for row in sent.rows} == {NUMBER, OTHER}
    assert not [number for number in (NUMBER, OTHER) if number[3:] in json.dumps(serde.serialize(sent))]


@pytest.mark.parametrize("message", [None, 5, True])
def test_a_message_is_text(message: Any, hook: SMSPartnerHook) -> None:
    with pytest.raises(InvalidMessage, match=r"^message: "):
        hook.send_sms(message, NUMBER)


@pytest.mark.parametrize("recipients", [None, 6.5, True, b"0612345678"])
def test_recipients_are_numbers(recipients: Any, hook: SMSPartnerHook) -> None:
    with pytest.raises(InvalidMessage, match=r"^recipients: "):
        hook.send_sms("Hello", recipients)


def test_a_number_may_have_lost_its_zero(hook: SMSPartnerHook, simulator: Simulator) -> None:
    hook.send_sms("Hello", 612345678)  # type: ignore[arg-type]  # as a column has it
    assert simulator.texts_per_number() == {NUMBER: 1}


def test_the_task_itself_has_the_values(hook: SMSPartnerHook, simulator: Simulator) -> None:
    sent = hook.send_sms("Hello", [NUMBER, OTHER])
    reports = hook.delivery_status(sent.message_id)
    account = hook.credits()

    assert (sent.cost, sent["cost"]) == (Decimal("0.09"), "0.09")
    assert (sent["message_id"], sent.segments) == (sent.message_id, 2)
    assert {report.number for report in reports.reports} == {NUMBER, OTHER}
    assert reports == {
        "recipients": 2,
        "delivered": 2,
        "not_delivered": 0,
        "waiting": 0,
        "stop": 0,
        "delivery_rate": 1.0,
    }
    assert (str(account.balance), account.currency) == (account["balance"], account["currency"])


@pytest.mark.parametrize("options", [{"sandbox": "false"}, {"stop_sms": "false"}, {"unicode": 1}])
def test_a_switch_that_is_text_is_refused(
    hook: SMSPartnerHook, simulator: Simulator, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidMessage, match=f"{next(iter(options))}: .* is neither True nor False"):
        hook.send_sms("Hello", NUMBER, **options)

    assert not simulator.requests
