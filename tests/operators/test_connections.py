"""What a connection allows and decides over the send operators' arguments, and what goes wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator

from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, MakeTask, Run, crowd, sms, survey


@pytest.mark.parametrize("sandbox", [None, True, False])
def test_a_sandbox_connection_cannot_be_overruled(
    sandbox: bool | None, run: Run, sim: Simulator, connect: Connect
) -> None:
    connect(sim.url, sandbox=True)

    result = run(sms(sandbox=sandbox))

    assert result["sandbox"] is True
    assert Decimal(result["cost"]) == 0
    assert (len(sim.accepted), sim.sent) == (1, [])


def test_a_survey_has_no_sandbox(run: Run, sim: Simulator, connect: Connect) -> None:
    connect(sim.url, sandbox=True)

    with pytest.raises(AirflowFailException, match=r"smspartner_conn_id: .*sandbox.*real phones"):
        run(survey())

    assert not sim.requests


def test_a_connection_caps_its_sends(run: Run, sim: Simulator, connect: Connect) -> None:
    connect(sim.url, max_recipients=2)

    with pytest.raises(AirflowFailException, match=r"recipients: 3 people.*allows 2"):
        run(sms(recipients=[ANN, BOB, EVE]))
    assert not sim.accepted

    run(sms(recipients=[ANN, BOB, ANN]))
    assert sim.texts_per_number() == {ANN: 1, BOB: 1}


@pytest.mark.parametrize("most", [None, 2, 5])
def test_a_connections_cap_stands_above_that_of_a_dag(
    most: int | None, run: Run, sim: Simulator, connect: Connect
) -> None:
    connect(sim.url, max_recipients=2)

    with pytest.raises(AirflowFailException, match="3 people"):
        run(sms(recipients=[ANN, BOB, EVE], max_recipients=most))

    assert not sim.accepted


@pytest.mark.parametrize("make", [sms, survey])
def test_a_connection_redirects_each_batch_to_one_number(
    make: Callable[..., BaseOperator],
    run: Run,
    sim: Simulator,
    connect: Connect,
    capfd: pytest.CaptureFixture[str],
) -> None:
    connect(sim.url, redirect_to="06 00 00 00 03")

    result = run(make(recipients=crowd(501)))

    assert sim.texts_per_number() == {EVE: 2}
    assert list(result["counts"].values()) == [1, 1]  # so that a sensor waits for one phone each
    assert (result["redirected"], result["recipients"], result["estimate"]["segments"]) == (True, 2, 501)
    assert "'smspartner_default' redirects everything" in capfd.readouterr().out


def test_a_redirected_batch_of_personal_texts_shows_the_first_of_them(
    run: Run, sim: Simulator, connect: Connect
) -> None:
    connect(sim.url, redirect_to=EVE)
    rows = [{"phone_number": number, "name": f"n{n}"} for n, number in enumerate(crowd(501))]

    run(sms(message="Hello {name}", recipients=rows))

    assert sorted((text.number, text.text) for text in sim.sent) == [(EVE, "Hello n0"), (EVE, "Hello n500")]


def test_a_retry_of_a_redirected_send_sends_the_rest_only(
    task: MakeTask, sim: Simulator, connect: Connect
) -> None:
    connect(sim.url, redirect_to=EVE)
    campaign = task(lambda: sms(recipients=crowd(1_200), concurrency=1))
    sim.faults.add("/send", "refuse", code=11, skip=1)
    with pytest.raises(AirflowFailException, match="1 people were texted"):
        campaign.attempt()

    result = campaign.attempt()

    assert sim.texts_per_number() == {EVE: 3}
    assert result["batches"] == 3


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "smspartner_conn_id: connection 'smspartner_default' is not defined"),
        ({"password": None}, "'smspartner_default': API key is missing"),
        ({"host": "http://example.org"}, "'smspartner_default': API URL is plain http"),
        ({"extra": {"sandbox": "flase"}}, "'smspartner_default': Sandbox"),
    ],
)
def test_a_connection_that_cannot_be_used_fails_for_good(
    environment: dict[str, Any], words: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment:
        form = {"conn_type": "smspartner", "password": "key", "host": "http://127.0.0.1:9", **environment}
        monkeypatch.setenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT", json.dumps(form))

    with pytest.raises(AirflowFailException, match=words):
        run(sms())


@pytest.mark.parametrize("make", [sms, survey])
def test_a_wrong_key_fails_for_good_and_is_not_shown(
    make: Callable[..., BaseOperator], run: Run, sim: Simulator, connect: Connect
) -> None:
    connect(sim.url, key="not+the/key=")

    with pytest.raises(AirflowFailException, match="code 10") as failure:
        run(make())

    assert "the/key" not in str(failure.value)
    assert not {"/send", "/sondage/to/send"} & sim.requests_per_endpoint().keys()


def test_another_connection_may_be_named(run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", sim.airflow_connection)
    monkeypatch.delenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT")

    run(sms(smspartner_conn_id="shop"))

    assert sim.texts_per_number() == {ANN: 1}


def test_nothing_that_is_logged_shows_a_number(
    run: Run,
    sim: Simulator,
    connect: Connect,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    connect(sim.url, redirect_to=EVE)

    run(sms(recipients=[ANN, "06 00 00 00 01", "01 23 45 67 89"]))

    captured = capfd.readouterr()
    logged = caplog.text + captured.out + captured.err
    assert "1 recipients, 1 invalid, 1 duplicates" in logged
    assert not [part for part in ("6000000", "00 00 00 01", "23 45") if part in logged]
