"""The app of the plugin: who may see what, hostile names, headers, and values that nobody can have pushed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text as sql

from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY, DELIVERY_KEY
from benchmarks import campaigns_db as db
from tests.airflow_versions import SPOIL_PUSHED, needs_task_state_store
from tests.plugins.rights import CLOSED, WITHOUT
from tests.plugins.sends import AT, rows, sent, url

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.testclient import TestClient

    ClientOf = Callable[[str | None], TestClient]

pytestmark = pytest.mark.airflow
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); //",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    "a/../../etc/passwd",
    "+33612345678 et 06 12 34 56 78",
]


# ---- rights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/af/smspartner/", url("any", "run"), url("any", "run", "?dag_id=open")])
def test_nobody_sees_anything_without_a_login(client_of: ClientOf, path: str) -> None:
    answer = client_of(None).get(path)

    assert answer.status_code == 401
    assert "Please log in" in answer.text


def test_a_token_that_is_none_is_refused(client_of: ClientOf) -> None:
    client = client_of(None)
    client.cookies.set("_token", "nonsense")

    assert client.get("/af/smspartner/").status_code in (401, 403)


def test_a_user_sees_the_dags_they_may_read(session: Session, client_of: ClientOf) -> None:
    sent(session, "open_sale")
    sent(session, f"{CLOSED}_sale")
    ann, vic = client_of("ann"), client_of("vic")

    assert vic.get(url("open_sale", "manual__1")).status_code == 200
    assert ann.get(url(f"{CLOSED}_sale", "manual__1")).status_code == 200
    refused = vic.get(url(f"{CLOSED}_sale", "manual__1", "?dag_id=open_sale"))
    assert refused.status_code == 403
    assert "1,500" not in refused.text
    assert f"{CLOSED}_sale" in ann.get("/af/smspartner/").text
    assert f"{CLOSED}_sale" not in vic.get("/af/smspartner/").text
    assert f"{CLOSED}_sale" not in vic.get(f"/af/smspartner/?dag_id={CLOSED}_sale").text


@pytest.mark.parametrize("prefix", WITHOUT)
def test_task_instances_and_xcoms_are_asked_for(session: Session, client_of: ClientOf, prefix: str) -> None:
    sent(session, f"{prefix}_sale")

    assert client_of("ann").get(url(f"{prefix}_sale", "manual__1")).status_code == 200
    assert f"{prefix}_sale" in client_of("ann").get("/af/smspartner/").text
    refused = client_of("vic").get(url(f"{prefix}_sale", "manual__1"))
    assert refused.status_code == 403
    assert "1,500" not in refused.text
    assert f"{prefix}_sale" not in client_of("vic").get("/af/smspartner/").text


@pytest.mark.parametrize("dag_id", ["~", "..", "nothing", f"{CLOSED}%2Fsale", *HOSTILE])
def test_an_id_of_no_dag_leads_nowhere(session: Session, client_of: ClientOf, dag_id: str) -> None:
    sent(session, f"{CLOSED}_ids")

    answer = client_of("vic").get(url(dag_id, "manual__1"))

    assert answer.status_code in (403, 404)
    assert "1,500" not in answer.text


@pytest.mark.parametrize("path", ["docs", "redoc", "openapi.json"])
def test_there_is_no_description_of_the_app(client_of: ClientOf, path: str) -> None:
    assert client_of("ann").get(f"/af/smspartner/{path}").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(client_of: ClientOf, method: str) -> None:
    assert client_of("ann").request(method, "/af/smspartner/").status_code == 405


# ---- what a browser is told ------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/af/smspartner/", url("nothing", "here"), "/af/smspartner/nowhere"])
def test_a_page_loads_nothing_from_elsewhere(client_of: ClientOf, path: str) -> None:
    answers = [client_of("ann").get(path) for _ in range(2)]
    first, second = ({**answer.headers} for answer in answers)
    nonce = re.findall("'nonce-([^']+)'", first["content-security-policy"])

    assert "default-src 'none'" in first["content-security-policy"]
    assert "frame-ancestors 'self'" in first["content-security-policy"]
    assert first["content-security-policy"] != second["content-security-policy"]
    assert first["x-content-type-options"] == "nosniff"
    assert first["cache-control"] == "no-store"
    assert first["referrer-policy"] == "no-referrer"
    tags = re.findall("<(?:script|style)[^>]*>", answers[0].text)
    assert len(tags) == 3
    assert all(f'nonce="{nonce[0]}"' in tag for tag in tags)
    assert not re.search(r"\ssrc=|@import|style=|\son\w+=", answers[0].text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_text(session: Session, client_of: ClientOf, text: str) -> None:
    number = HOSTILE.index(text)
    sent(session, f"hostile_{number}", run_id=text, tag=text, campaign=text)

    page = client_of("ann").get(url(f"hostile_{number}", text))
    overview = client_of("ann").get("/af/smspartner/", params={"dag_id": f"hostile_{number}"})

    assert page.status_code == overview.status_code == 200
    assert "1,500" in page.text
    for html in (page.text, overview.text):
        assert "<img" not in html
        assert html.count("<script") == 2
        assert "49" not in re.findall(r"<h1>.*?</h1>", html, re.DOTALL)[0]
        assert 'href="javascript:' not in html
        for spelling in ("12345678", "12 34 56", "12%2034%2056", "12+34+56"):
            assert spelling not in html


@pytest.mark.parametrize("query", ["?task_id=%3Cb%3E", "?task_id=x&map_index=%7BMAP_INDEX%7D", "?batches=-1"])
def test_hostile_questions_are_answered(session: Session, client_of: ClientOf, query: str) -> None:
    sent(session, f"asked_{abs(hash(query))}")

    answer = client_of("ann").get(url(f"asked_{abs(hash(query))}", "manual__1", query))

    assert answer.status_code == 200
    assert "<b>" not in answer.text.split("<h1>")[1].split("</header>")[0]


# ---- values that nobody can have pushed -------------------------------------------------------------

ODD: list[Any] = [
    *(None, True, -1, 10**30, 1e308, "", "x", "9" * 5000, "1E+999999", "1E-999999", [], [[]], {}, {"": {}}),
    *(
        "+33612345678",
        "06 12 34 56 78",
        "\x00\ud800"[:1],
        "٣",
        {"segments": "x", "cost": "NaN"},
        "2026-11-20",
    ),
    *("9999-12-31T23:59:59+00:00", "z" * 300_000, [[0, 0]] * 10_000),
]


def test_a_value_that_nobody_can_have_pushed_fails_no_page(session: Session, client_of: ClientOf) -> None:
    good = db.campaign(1500, at=AT) | db.result(1500, 3, at=AT) | db.delivery(1500, at=AT)
    cases = [
        (key, {**value, name: odd})
        for key, value in good.items()
        if isinstance(value, dict)
        for name in value
        for odd in ODD
    ]
    counts = good[DELIVERY_KEY]["result"]
    cases += [
        (DELIVERY_KEY, {**good[DELIVERY_KEY], "result": counts | {name: odd}})
        for name in counts
        for odd in ODD
    ]
    run = db.add_run(session, dag_id="odd", run_id="manual__1", at=AT)
    for n, (key, value) in enumerate(cases):
        follows = key == DELIVERY_KEY
        operator = "DeliveryStatusSensor" if follows else "SendSmsOperator"
        db.add_task(session, run, task_id="t", map_index=n, operator=operator, state="success")
        db.push(session, run, "t", {"_link_CampaignPageLink": "", key: value}, map_index=n)
    sent(session, "odd", "manual__2")
    session.commit()

    page = client_of("ann").get(url("odd", "manual__1"))
    overview = client_of("ann").get("/af/smspartner/?dag_id=odd")

    assert (page.status_code, overview.status_code) == (200, 200)
    assert "cannot be read and is left out" in page.text
    assert len(page.text) < 4_000 * len(cases)
    assert any("1,500" in row and "illegible" not in row for row in rows(overview.text))
    assert any("illegible" in row for row in rows(overview.text))
    assert "12345678" not in page.text + overview.text


@pytest.mark.parametrize("text", ["no JSON", "[" * 100_000, '{"batches": ' + "9" * 10_000 + "}", "NaN"])
def test_a_value_that_is_no_json_is_one_bad_row(session: Session, client_of: ClientOf, text: str) -> None:
    for run in ("manual__bad", "manual__good"):
        sent(session, "bad_json", run)
    for task in ("send", "delivery"):
        session.execute(sql(SPOIL_PUSHED), {"value": text, "task": task, "run": "manual__bad"})
    session.commit()

    overview = client_of("ann").get("/af/smspartner/?dag_id=bad_json")

    assert client_of("ann").get(url("bad_json", "manual__bad")).status_code == 200
    assert overview.status_code == 200
    assert sorted("illegible" in row for row in rows(overview.text)) == [False, True]


@needs_task_state_store
def test_claims_that_somebody_has_made_up_make_no_large_page(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="made_up", run_id="manual__1", at=AT, state="failed")
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="failed")
    made_up = {"at": 1, "tags": ["a"] * 9_000, "people": [""] * 9_000}
    notes = {"campaign": {"begun": True}} | {f"claims:{7_500 * n:06d}": made_up for n in range(80)}
    db.remember(session, run, "send", notes, at=AT)
    session.commit()

    page = client_of("ann").get(url("made_up", "manual__1"))

    assert page.status_code == 200
    assert "Stopped on the way" in page.text
    assert len(page.text) < 100_000


def test_values_in_an_object_store_are_said_to_be_there(session: Session, client_of: ClientOf) -> None:
    run = db.add_run(session, dag_id="stored", run_id="manual__1", at=AT)
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
    keys = ("_link_CampaignPageLink", CAMPAIGN_KEY, "return_value")
    db.push(session, run, "send", dict.fromkeys(keys, "file:///var/xcom/stored/1.json"))
    session.commit()

    assert "xcom_objectstorage_threshold" in client_of("ann").get(url("stored", "manual__1")).text
    assert "XComs kept elsewhere" in client_of("ann").get("/af/smspartner/?dag_id=stored").text
