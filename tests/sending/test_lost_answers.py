"""What a lost answer costs: texts on the phone, against what one would write instead."""

from __future__ import annotations

import pytest
import requests

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect

ADA = "+33600000001"
RETRIES = 2


def test_one_text_whose_answer_is_lost(simulator: Simulator, connect: Connect) -> None:
    """The table at the top of the README."""
    connect(simulator.url)
    simulator.faults.add("/send", "reset_after", times=RETRIES)
    SendSmsOperator(task_id="send", recipients=ADA, message="Hello").execute({})
    assert simulator.texts_per_number() == {ADA: 1}


def test_a_plain_request_that_is_retried_sends_again(simulator: Simulator) -> None:
    fields = {"apiKey": simulator.api_key, "phoneNumbers": ADA, "message": "Hello"}
    simulator.faults.add("/send", "reset_after", times=RETRIES)
    for _ in range(RETRIES):
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{simulator.url}/send", json=fields, timeout=5)
    requests.post(f"{simulator.url}/send", json=fields, timeout=5).raise_for_status()
    assert simulator.texts_per_number() == {ADA: 1 + RETRIES}
