"""What a send task tells the campaign page before its first request, and what it does not tell."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY, Campaign, read_campaign
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, read_failure
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, LATER, MakeTask, Task, crowd, sms, survey

LINK_KEYS = ["_link_CampaignPageLink", "_link_CustomerAreaLink"]


def told(task: Task) -> Campaign:
    campaign = read_campaign(task.pushed[CAMPAIGN_KEY])
    assert campaign is not None
    return campaign


def test_a_send_is_told_with_its_counts_and_its_limits(sim: Simulator, task: MakeTask) -> None:
    recipients = [*crowd(600), "01 00 00 00 01", crowd(1)[0], "+4915112345678"]
    sending = task(
        lambda: sms(
            recipients=recipients,
            countries=["FR"],
            tag="noel",
            max_cost="{{ budget }}",
            send_at=LATER,
            stop_sms=True,
        ),
        remembers=False,
    )

    result = sending.attempt(budget="99.50")

    campaign = told(sending)
    assert (campaign.kind, campaign.tag, campaign.connection) == ("sms", "noel", "smspartner_default")
    assert (campaign.recipients, result["recipients"]) == (600, 600)
    counts = ("invalid", "duplicates", "excluded", "estimate", "sandbox", "scheduled_for")
    assert {name: campaign.as_dict()[name] for name in counts} == {name: result[name] for name in counts}
    assert campaign.max_cost == Decimal("99.50")
    assert (campaign.campaign, campaign.ledger, campaign.task) == (None, None, None)
    assert abs((datetime.fromisoformat(result["sent_at"]) - campaign.at).total_seconds()) < 60


def test_a_survey_a_sandbox_and_a_redirection_are_told_as_such(
    sim: Simulator, connect: Connect, task: MakeTask
) -> None:
    asking = task(survey, remembers=False)
    asking.attempt()
    connect(sim.url, sandbox=True, redirect_to="+33600000099")
    trying = task(sms, remembers=False)
    trying.attempt()

    assert (told(asking).kind, told(asking).sandbox, told(asking).redirected) == ("survey", False, False)
    assert (told(trying).kind, told(trying).sandbox, told(trying).redirected) == ("sms", True, True)


def test_it_is_told_before_the_first_request_that_sends(sim: Simulator, task: MakeTask) -> None:
    sending = task(lambda: sms(recipients=[ANN, BOB]), remembers=False)
    sim.faults.add("/send", "refuse", code=10, times=None)
    sim.faults.add("/bulk-send", "refuse", code=10, times=None)

    with pytest.raises(AirflowFailException):
        sending.attempt()

    assert list(sending.pushed) == [*LINK_KEYS, CAMPAIGN_KEY, FAILURE_KEY]
    assert told(sending).recipients == 2


def test_a_send_that_is_refused_for_its_limits_has_its_links_alone(sim: Simulator, task: MakeTask) -> None:
    sending = task(lambda: sms(recipients=[ANN, BOB], max_recipients=1), remembers=False)

    with pytest.raises(AirflowFailException, match="max_recipients"):
        sending.attempt()

    assert list(sending.pushed) == [*LINK_KEYS, FAILURE_KEY]
    failure = read_failure(sending.pushed[FAILURE_KEY])
    assert failure is not None
    assert (failure.kind, failure.argument) == ("InvalidMessage", "max_recipients")
    assert failure.counts["recipients"] == 2


def test_what_was_counted_is_told_also_when_nothing_is_sent(sim: Simulator, task: MakeTask) -> None:
    sending = task(lambda: sms(recipients=["01 00 00 00 01", "01 00 00 00 02"]), remembers=False)

    with pytest.raises(AirflowFailException):
        sending.attempt()

    failure = read_failure(sending.pushed[FAILURE_KEY])
    assert failure is not None
    assert (failure.counts["rows"], failure.counts["invalid"]) == (2, 2)
    assert "00 00 01" not in json.dumps(sending.pushed)


def test_a_dry_run_tells_nothing_besides_its_result(sim: Simulator, task: MakeTask) -> None:
    sending = task(lambda: sms(dry_run=True), remembers=False)

    assert sending.attempt()["dry_run"]
    assert list(sending.pushed) == LINK_KEYS


def test_nobody_is_told_too(sim: Simulator, task: MakeTask) -> None:
    sending = task(lambda: sms(recipients=[]), remembers=False)

    sending.attempt()

    assert (told(sending).recipients, told(sending).to_text, told(sending).estimate) == (0, 0, None)


def test_a_ledger_is_told_with_the_name_that_its_rows_have(
    sim: Simulator, task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = {"conn_type": "sqlite", "host": str(tmp_path / "ledger.db")}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(ledger))
    sending = task(
        lambda: sms(recipients=[ANN, EVE], ledger_conn_id="ledger", campaign="noel"), remembers=False
    )

    sending.attempt()

    assert (told(sending).campaign, told(sending).ledger) == ("noel", "ledger")
    assert names_in(tmp_path / "ledger.db") == {told(sending).task}


def names_in(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {name for (name,) in connection.execute("SELECT task FROM smspartner_sends")}


def test_no_number_is_told(sim: Simulator, task: MakeTask) -> None:
    sending = task(lambda: sms(recipients=[ANN, BOB, "01 00 00 00 01"]), remembers=False)

    sending.attempt()

    assert not [part for part in ("600000001", "600000002", "00 00 01") if part in json.dumps(sending.pushed)]


def test_what_cannot_be_told_does_not_stop_a_send(
    sim: Simulator, task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))

    monkeypatch.setattr(Task, "_push", refuse)
    sending = task(sms, remembers=False)

    assert sending.attempt()["recipients"] == 1
    assert sim.texts_per_number() == {ANN: 1}
