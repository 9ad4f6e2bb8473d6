"""Tasks of an Airflow that has no task state store, as none below 3.3 has: tags tell what was sent."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import MakeTask, crowd, sms

PEOPLE = crowd(1_200)
SAID = "This Airflow has no task state store"


@pytest.fixture(autouse=True)
def _short_requests(sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later try waits until the requests of the one before must be over."""
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    connect(sim.url, timeout=0.5)


@pytest.mark.parametrize("durable", [True, False])
def test_a_later_try_leaves_out_whom_it_finds_by_tag(
    durable: bool, task: MakeTask, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    campaign = task(
        lambda: sms(recipients=PEOPLE, concurrency=1, verify_timeout=0, durable=durable), remembers=False
    )
    sim.faults.add("/send", "refuse", code=11, skip=1)
    with pytest.raises(AirflowFailException, match="500 people were texted"):
        campaign.attempt()
    of_first = len(caplog.messages)

    result = campaign.attempt()

    assert sim.texts_per_number() == dict.fromkeys(PEOPLE, 1)
    assert (result["recipients"], result["unknown"], sum(result["counts"].values())) == (1_200, 0, 1_200)
    assert len(result["tags"]) == 1  # the batch of the first try, which has no message id here
    for of_a_try in (caplog.messages[:of_first], caplog.messages[of_first:]):
        assert sum(line.startswith(SAID) for line in of_a_try) == durable


def test_a_cleared_task_that_has_sent_to_all_sends_nothing(task: MakeTask, sim: Simulator) -> None:
    campaign = task(lambda: sms(recipients=PEOPLE, verify_timeout=0), remembers=False)
    first = campaign.attempt()

    again = campaign.attempt()

    assert sim.texts_per_number() == dict.fromkeys(PEOPLE, 1)
    assert again["recipients"] == first["recipients"] == 1_200
