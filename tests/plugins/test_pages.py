"""What the pages of a run and of the overview show, and how they are paged."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text as sql

from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY, DELIVERY_KEY
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, WAIT_KEY, Failure, Wait
from benchmarks import campaigns_db as db
from tests.airflow_versions import SPOIL_PUSHED, needs_task_state_store
from tests.plugins.sends import AT, rows, sent, url

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.testclient import TestClient

    ClientOf = Callable[[str | None], TestClient]

pytestmark = pytest.mark.airflow


# ---- the run ---------------------------------------------------------------------------------------


def test_a_finished_run_is_told_once(session: Session, client_of: ClientOf) -> None:
    sent(session, "finished")

    html = client_of("ann").get(url("finished", "manual__1")).text

    assert 'data-task="send" data-kind="send" data-state="success"' in html
    assert 'data-task="delivery" data-kind="status" data-state="success"' in html
    assert "SMS Partner has accepted 1,500 of 1,500 people, in 3 batches." in html
    assert "1,455 of 1,500 people have the text (97 %)." in html
    assert "57.00 EUR" in html
    assert "data-refresh" not in html.split("<main")[1].split(">")[0]
    assert "/af/dags/finished/runs/manual__1/plugin/smspartner-campaign" in html
    assert "/af/dags/finished/runs/manual__1/tasks/send" in html


@pytest.mark.parametrize(
    ("state", "pushed", "shown"),
    [
        (
            "failed",
            {
                FAILURE_KEY: Failure(
                    at=AT, kind="InsufficientCreditError", sentence="no credit", code=11
                ).as_dict()
            },
            ("credit used up", "Top up the account, then clear send", 'id="act" href="/af/dags/'),
        ),
        ("deferred", {WAIT_KEY: Wait(until=AT + timedelta(days=1)).as_dict()}, ("the text leaves at",)),
        (
            "running",
            {FAILURE_KEY: Failure(at=AT, kind="X", sentence="Of another try").as_dict()},
            ("is reading",),
        ),
    ],
)
def test_the_verdict_stands_on_top(
    session: Session, client_of: ClientOf, state: str, pushed: dict[str, Any], shown: tuple[str, ...]
) -> None:
    run = db.add_run(session, dag_id=f"judged_{state}", run_id="manual__1", at=AT, state="running")
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state=state)
    db.push(session, run, "send", {"_link_CampaignPageLink": "x"} | pushed)
    session.commit()

    html = client_of("ann").get(url(f"judged_{state}", "manual__1")).text
    head = html.split('id="verdict"')[1].split("</section>")[0]

    assert all(text in head for text in shown)
    assert "Of another try" not in html
    assert "illegible" not in client_of("ann").get(f"/af/smspartner/?dag_id=judged_{state}").text


def test_variants_gates_and_reasons_are_shown(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="variants", run_id="manual__1", at=AT)
    named = {"campaign": "winter 2026", "ledger": "ledger_default"}
    gates = {"settled": 0.8, "min_delivery_rate": 0.9, "max_stop_rate": 0.1}
    for name in ("price", "gift"):
        db.add_task(session, run, task_id=name, operator="SendSmsOperator", state="success")
        db.push(session, run, name, db.campaign(500, at=AT, **named))
        db.push(session, run, name, db.result(500, 1, at=AT, held_out=480, excluded_by={"stop_list": 20}))
        follows = f"{name}_delivery"
        db.add_task(session, run, task_id=follows, operator="DeliveryStatusSensor", state="success")
        pushed = db.delivery(500, at=AT)
        pushed[DELIVERY_KEY] |= {"follows": [name], "gates": gates}
        db.push(session, run, follows, pushed)
    session.commit()

    html = client_of("ann").get(url("variants", "manual__1")).text

    [table] = re.findall(r'data-kind="comparison".*?</section>', html, re.DOTALL)
    assert re.findall(r'data-variant="(\w+)"', table) == ["gift", "price"]
    assert table.count("485 (97 %)") == 2
    assert html.count("<small>480 are outside the share</small>") == 2
    assert html.count("<small>20 are on the STOP list</small>") == 2
    assert re.findall('data-gate="(\\w+)"', html) == ["open", "holds", "holds"] * 2
    assert html.count("<td>at least 90 %</td>") == 2


def test_the_text_of_a_send_is_shown_as_it_arrives(session: Session, client_of: ClientOf) -> None:
    run = sent(session, "spoken_text", sender="ACME", stop_sms=True)
    text = "Fête <b>chez nous</b>\n{name|vous} : 06 12 34 56 78"
    db.render(session, run, "send", {"message": text, "sql": "SELECT '+33612345678'"})
    session.commit()

    html = client_of("ann").get(url("spoken_text", "manual__1")).text

    [bubble] = re.findall(r'data-bubble="text">(.*?)</p>', html, re.DOTALL)
    assert bubble == (
        'F<mark title="ê → e">e</mark>te &lt;b&gt;chez nous&lt;/b&gt;\n'
        '<span class="field" title="or vous">name</span> : •• •• •• 78'
    )
    assert "ACME" in html
    assert "SMS Partner adds the STOP mention" in html
    assert "12345678" not in html
    assert (
        client_of("ann").get(url("spoken_text", "manual__1", "?task_id=delivery")).text.count("bubble=") == 0
    )


def test_the_texts_of_a_dry_run_are_shown(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="rehearsal", run_id="manual__1", at=AT)
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
    preview = [{"to": f"+3361234567{n}", "text": f"<i>{n}</i>"} for n in range(5)]
    told = db.result(5, 1, at=AT, dry_run=True, preview=preview)
    db.push(session, run, "send", {"_link_CampaignPageLink": "x"} | told)
    db.add_task(session, run, task_id="approval", operator="ApprovalOperator", state="deferred")
    session.commit()

    html = client_of("ann").get(url("rehearsal", "manual__1")).text

    assert re.findall(r'data-bubble="sample">(.*?)</p>', html) == [
        f"&lt;i&gt;{n}&lt;/i&gt;" for n in range(3)
    ]
    assert "to +33 6 •• •• •• 72" in html
    assert "1234567" not in html
    assert 'data-asking="approval"' in html
    assert 'href="/af/dags/rehearsal/runs/manual__1/tasks/approval/required_actions"' in html


def test_a_run_without_sms_says_so(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="etl", run_id="manual__1", at=AT)
    db.add_task(session, run, task_id="load", operator="BashOperator", state="success")
    session.commit()

    assert "No task of this run sends SMS" in client_of("ann").get(url("etl", "manual__1")).text
    assert "This task sends no SMS" in client_of("ann").get(url("etl", "manual__1", "?task_id=load")).text


def test_a_run_that_sends_refreshes_itself(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="running", run_id="manual__1", at=AT, state="running")
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="running")
    session.commit()

    assert (
        '<main id="page" tabindex="-1" data-refresh="3">'
        in client_of("ann").get(url("running", "manual__1")).text
    )


@needs_task_state_store
def test_all_batches_can_be_paged_through(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="paged", run_id="manual__1", at=AT)
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
    db.remember(session, run, "send", db.notes_of(230, at=AT), at=AT)
    session.commit()
    client, seen, path = client_of("ann"), [], url("paged", "manual__1", "?task_id=send&batches=1")

    while path:
        html = client.get(path).text
        seen += re.findall(r"<td class=\"n\">(512\d{3})</td>", html)
        following = re.findall(r'id="older" href="([^"]+)"', html)
        path = following[0].replace("&amp;", "&") if following else ""

    assert seen == [str(512_000 + n) for n in range(230)]


def test_a_run_without_a_store_says_so(
    session: Session, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(session, "older_airflow")
    for module in ("store", "runs"):
        monkeypatch.setattr(f"airflow_provider_smspartner.plugins.reading.{module}.HAS_STORE", False)

    html = client_of("ann").get(url("older_airflow", "manual__1")).text

    assert 'id="no-store"' in html
    assert "SMS Partner has accepted 1,500 of 1,500 people" in html


def test_the_overview_has_the_last_thirty_days_newest_first(session: Session, client_of: ClientOf) -> None:
    now = datetime.now(UTC)
    for days in (31, 29, 1, 12):
        run = db.add_run(session, dag_id="monthly", run_id=f"day_{days}", at=now - timedelta(days=days))
        db.add_task(session, run, task_id="send", operator="Mine", state="success")
        db.push(session, run, "send", db.campaign(1500, at=now) | db.result(1500, 3, at=now))
    session.commit()

    html = client_of("ann").get("/af/smspartner/?dag_id=monthly").text

    assert re.findall(r"runs/(day_\d+)\"", html) == ["day_1", "day_12", "day_29"]
    assert all("1,500" in row and "57.00 EUR" in row and "Sent" in row for row in rows(html))


@needs_task_state_store
def test_a_failed_campaign_shows_what_it_sent(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="half", run_id="manual__1", at=AT, state="failed")
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="failed")
    db.push(session, run, "send", db.campaign(1500, at=AT, sandbox=True))
    db.remember(session, run, "send", db.notes_of(3, at=AT, states={2: "unknown"}), at=AT)
    session.commit()

    (row,) = rows(client_of("ann").get("/af/smspartner/?dag_id=half").text)

    for told in ("Failed", "1,000 of 1,500", "38.00 EUR", "sandbox", 'data-outcome="bad"'):
        assert told in row


def test_the_overview_leaves_alone_what_other_tasks_return(session: Session, client_of: ClientOf) -> None:
    run = sent(session, "crowded")
    db.add_task(session, run, task_id="audience", operator="PythonOperator", state="success")
    db.push(session, run, "audience", {"return_value": ["as large as an audience"]})
    illegible = {"value": "no JSON", "task": "audience", "run": "manual__1"}  # fails whoever reads it
    session.execute(sql(SPOIL_PUSHED), illegible)
    session.commit()

    (row,) = rows(client_of("ann").get("/af/smspartner/?dag_id=crowded").text)

    assert "1,500" in row


@pytest.mark.parametrize("page", ["0", "-1", "-99999999", "x"])
def test_a_page_that_cannot_be_is_the_first(
    session: Session, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr("airflow_provider_smspartner.plugins.reading.history.RUNS_PER_PAGE", 1)
    sent(session, "turned", "run_1")
    sent(session, "turned", "run_2")

    html = client_of("ann").get(f"/af/smspartner/?dag_id=turned&page={page}").text

    assert 'id="older" href="/af/smspartner/?dag_id=turned&amp;page=2"' in html


def test_an_empty_overview_says_how_to_fill_it(client_of: ClientOf) -> None:
    assert "No such campaign" in client_of("ann").get("/af/smspartner/?dag_id=nowhere").text


def test_more_than_a_page_is_paged(
    session: Session, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_smspartner.plugins.reading.history.RUNS_PER_PAGE", 2)
    for n in range(5):
        run = db.add_run(session, dag_id="often", run_id=f"run_{n}", at=AT + timedelta(minutes=n))
        db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
        db.push(session, run, "send", {CAMPAIGN_KEY: "not one of ours"})
    session.commit()
    client, seen, path = client_of("ann"), [], "/af/smspartner/?dag_id=often"

    while path:
        html = client.get(path).text
        seen += re.findall(r"runs/(run_\d+)\"", html)
        following = re.findall(r'id="older" href="([^"]+)"', html)
        path = following[0].replace("&amp;", "&") if following else ""

    assert seen == ["run_4", "run_3", "run_2", "run_1", "run_0"]
