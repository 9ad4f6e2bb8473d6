"""A connection that names a receiver: every send tells the platform where to post, unless the DAG does."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.rules.callbacks import path_secret
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, Run, sms, survey

SECRET = path_secret("simulator-key", "smspartner_default")
REPORT, REPLY = f"http://127.0.0.1:9/inbox/{SECRET}/report", f"http://127.0.0.1:9/inbox/{SECRET}/reply"
OWN = "https://example.org/own"


@pytest.fixture
def platform(simulator: Simulator, connect: Connect) -> Simulator:
    connect(simulator.url, inbox_url="http://127.0.0.1:9/inbox/")
    return simulator


def urls(platform: Simulator) -> list[tuple[Any, Any]]:
    sent = [request for request in platform.requests if "send" in request.endpoint]
    return [(request.fields.get("urlDlr"), request.fields.get("urlResponse")) for request in sent]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (REPORT, REPLY)),
        ({"dlr_url": OWN}, (OWN, REPLY)),
        ({"response_url": OWN}, (REPORT, OWN)),
        ({"dlr_url": OWN, "response_url": OWN}, (OWN, OWN)),
    ],
)
def test_a_send_tells_where_to_post_unless_the_dag_does(
    given: dict[str, str], expected: tuple[str, str], platform: Simulator, run: Run
) -> None:
    run(sms(**given))
    SMSPartnerHook().send_sms("Hello", BOB, **given)

    assert urls(platform) == [expected, expected]


def test_personal_texts_and_alerts_do_so_too(platform: Simulator, run: Run) -> None:
    people = [{"phone_number": ANN, "name": "Ann"}, {"phone_number": BOB, "name": "Bob"}]
    run(sms(message="Hello {name}", recipients=people))
    SMSPartnerNotifier("load failed", ANN)({})

    assert urls(platform) == [(REPORT, REPLY), (REPORT, REPLY)]


def test_a_survey_has_no_such_field(platform: Simulator, run: Run) -> None:
    run(survey())
    SMSPartnerHook().send_survey("42", BOB)

    assert urls(platform) == [(None, None), (None, None)]


def test_without_a_receiver_nothing_is_told(sim: Simulator, run: Run) -> None:
    run(sms())
    SMSPartnerHook().send_sms("Hello", BOB)

    assert urls(sim) == [(None, None), (None, None)]


def test_the_secret_is_in_no_argument_and_no_log(
    platform: Simulator, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    operator = sms()
    run(operator)

    assert SECRET not in str(vars(operator))
    assert SECRET not in repr(SMSPartnerHook().settings)
    assert SECRET not in caplog.text
