"""The arguments of the notifier: what is wrong shows when the Dag is parsed, or is done without when due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.notifications.smspartner import (
    SMSPartnerNotifier,
)
from airflow_provider_smspartner.simulator import Simulator
from tests.notifications.conftest import ANN, DEADLINE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"at_most": 3}, "^at_most: each callback .* ledger_conn_id"),
        ({"at_most": 0, "ledger_conn_id": "ledger"}, "^at_most: "),
        ({"at_most": 1.5, "ledger_conn_id": "ledger"}, "^at_most: "),
        ({"ledger_conn_id": "ledger"}, "^ledger_conn_id, key: .*at_most, which is missing"),
        ({"key": "nightly"}, "^ledger_conn_id, key: .*at_most, which is missing"),
        ({"period": timedelta(0)}, "^period: "),
        ({"period": timedelta(days=400)}, "^period: "),
        ({"period": "an hour"}, "^period: "),
        ({"period": float("nan")}, "^period: "),
        ({"message": "💥"}, "^message: "),
        ({"message": " "}, "^message: "),
        ({"message": "x" * 1531}, "^message: "),
        ({"message": None}, "^message: "),
        ({"recipients": []}, "^recipients: "),
        ({"recipients": "061234567"}, "^recipients: number: .*tell nobody there"),
        ({"recipients": [ANN, "+3360000000"]}, "^recipients: number: "),
        ({"recipients": f"{ANN},061234567"}, "^recipients: number: "),
        ({"recipients": ["{{ on_call }}", "0123"]}, "^recipients: number: "),
        ({"recipients": 123}, "^recipients: number: "),
        ({"message": ["load failed"]}, "^message: is not text but of type list"),
        ({"message": b"load failed"}, "^message: is not text but of type bytes"),
        ({"message": "{{ dag_run.dag_id "}, "^message: its template cannot be rendered"),
        ({"message": "{% if ti %}"}, "^message: its template cannot be rendered"),
        ({"recipients": ["{{ on_call }"]}, "^recipients: its template cannot be rendered"),
        ({"recipients": ""}, "^recipients: "),
        ({"sender": "A"}, "^sender: "),
        ({"tag": "Alerts"}, "^tag: "),
    ],
)
def test_what_is_wrong_shows_when_the_dag_is_parsed(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        SMSPartnerNotifier(**{"message": "load failed", "recipients": ANN, **arguments})


def test_a_tag_of_an_extension_of_jinja_is_left_to_the_dag() -> None:
    SMSPartnerNotifier("{% do log() %}{{ reason }}", ANN)


@pytest.mark.parametrize(
    "arguments",
    [
        {"recipients": [ANN, "0123"]},
        {"sender": "The Data Platform"},
        {"tag": "Alerts"},
        {"message": "load failed" + "\N{PARTY POPPER}"},
        {"at_most": 3},
        {"key": "nightly"},
    ],
)
def test_what_is_wrong_shows_when_parsed_and_is_done_without_when_due(
    arguments: dict[str, Any], sim: Simulator, logged: pytest.LogCaptureFixture
) -> None:
    given = {"message": "load failed", "recipients": ANN, **arguments}
    with pytest.raises(InvalidMessage):
        SMSPartnerNotifier(**given)

    # As Airflow makes the callback of a deadline: from its arguments, when it is due
    SMSPartnerNotifier(**given, context=dict(DEADLINE))(dict(DEADLINE))

    assert [text.number for text in sim.sent] == [ANN]
    assert "The alert leaves all the same" in logged.text
