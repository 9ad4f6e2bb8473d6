"""The overview and the page of a DAG: what is chosen, added up, compared and exported, and for whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smspartner.inbox.messages import inbox_of
from benchmarks import campaigns_db as db
from tests.inbox.conftest import add, reply
from tests.plugins.reading.in_ledger import a_ledger_send, fill
from tests.plugins.reading.in_ledger import ledger as ledger
from tests.plugins.rights import CLOSED, WITHOUT
from tests.plugins.sends import AT, sent, url

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.testclient import TestClient

    ClientOf = Callable[[str | None], TestClient]

pytestmark = pytest.mark.airflow


def test_a_dag_compares_its_last_runs(session: Session, client_of: ClientOf) -> None:
    for n in range(13):
        run = db.add_run(session, dag_id="weekly", run_id=f"run_{n}", at=AT - timedelta(weeks=n))
        db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
        db.push(session, run, "send", db.campaign(1500, at=AT) | db.result(1500, 3, at=AT))
        db.add_task(session, run, task_id="delivery", operator="DeliveryStatusSensor", state="success")
        db.push(session, run, "delivery", db.delivery(1500, at=AT))
    sent(session, f"{CLOSED}_weekly")
    session.commit()

    html = client_of("ann").get("/af/smspartner/dags/weekly/runs").text

    assert re.findall(r'data-run="(run_\d+)"', html) == [f"run_{n}" for n in range(11)]
    assert "97 % in the 10 runs before" in html
    assert '/af/smspartner/dags/weekly/runs"' in client_of("ann").get(url("weekly", "run_0")).text
    closed = f"/af/smspartner/dags/{CLOSED}_weekly/runs"
    assert client_of("ann").get(closed).status_code == 200
    assert client_of("vic").get(closed).status_code == 403
    assert client_of(None).get(closed).status_code == 401


@pytest.mark.parametrize("prefix", WITHOUT)
def test_a_dag_asks_for_task_instances_and_xcoms(session: Session, client_of: ClientOf, prefix: str) -> None:
    sent(session, f"{prefix}_weekly")

    assert client_of("ann").get(f"/af/smspartner/dags/{prefix}_weekly/runs").status_code == 200
    assert client_of("vic").get(f"/af/smspartner/dags/{prefix}_weekly/runs").status_code == 403


def test_a_dag_without_a_campaign_says_so(session: Session, client_of: ClientOf) -> None:
    db.add_run(session, dag_id="idle", run_id="manual__1", at=AT)
    session.commit()

    assert "No campaign yet" in client_of("ann").get("/af/smspartner/dags/idle/runs").text


def test_campaigns_are_chosen_and_exported(session: Session, client_of: ClientOf) -> None:
    now = datetime.now(UTC)
    for n, (connection, days) in enumerate([("shop", 1), ("shop", 40), ("news", 2)]):
        run = db.add_run(session, dag_id="chosen", run_id=f"run_{n}", at=now - timedelta(days=days))
        db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
        db.push(
            session,
            run,
            "send",
            db.campaign(1500, at=now, connection=connection) | db.result(1500, 3, at=now),
        )
    sent(session, f"{CLOSED}_chosen")
    session.commit()
    ann = client_of("ann")
    month = (now - timedelta(days=45)).date().isoformat()

    for query, shown in (
        ({}, ["run_0", "run_2"]),
        ({"connection": "shop"}, ["run_0"]),
        ({"since": month}, ["run_0", "run_2", "run_1"]),
        ({"since": month, "until": (now - timedelta(days=30)).date().isoformat()}, ["run_1"]),
        ({"outcome": "bad"}, []),
        ({"connection": "<b>", "outcome": "<i>", "since": "<u>", "until": "x"}, []),
    ):
        html = ann.get("/af/smspartner/", params={"dag_id": "chosen", **query}).text
        assert re.findall(r"runs/(run_\d)\"", html) == shown
        assert not re.search("<[biu]>", html)
        file = ann.get("/af/smspartner/campaigns.csv", params={"dag_id": "chosen", **query})
        assert re.findall(r"run_\d", file.text) == shown
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"{CLOSED}_chosen" in ann.get("/af/smspartner/campaigns.csv").text
    assert f"{CLOSED}_chosen" not in client_of("vic").get("/af/smspartner/campaigns.csv").text
    assert client_of(None).get("/af/smspartner/campaigns.csv").status_code == 401


def test_replies_stand_beside_their_campaign_and_in_the_totals(
    session: Session, client_of: ClientOf, ledger: Path
) -> None:
    fill()
    inbox = inbox_of("ledger")
    add(inbox, reply("Oui", connection="c", message_id=None, tag="tag0", number="+33600000000"))
    inbox.engine.dispose()
    a_ledger_send(session)
    session.commit()

    html = client_of("ann").get("/af/smspartner/?dag_id=campaigns&since=2026-11-01&until=2026-11-30").text

    assert "<small>1 reply</small>" in html
    assert "and 0 STOP, to 1 campaign with an inbox" in html


def test_totals_stand_above_the_campaigns(session: Session, client_of: ClientOf) -> None:
    sent(session, "summed", "run_1")
    sent(session, "summed", "run_2")

    html = client_of("ann").get("/af/smspartner/?dag_id=summed").text
    totals = html.split('class="figures totals"')[1].split("</dl>")[0]

    assert re.findall(r"<dd>([^<\n]+)", totals) == ["2", "3,000", "97 %", "14", "114.00 EUR", "60"]
