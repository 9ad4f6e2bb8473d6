"""The app of the plugin: who may see what, hostile names, headers, and what a page shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from sqlalchemy import text as sql

from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY, DELIVERY_KEY
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, WAIT_KEY, Failure, Wait
from benchmarks import campaigns_db as db
from tests.airflow_versions import needs_task_state_store
from tests.plugins.rights import CLOSED, WITHOUT

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.testclient import TestClient

    ClientOf = Callable[[str | None], TestClient]

pytestmark = pytest.mark.airflow

AT = datetime.now(UTC) - timedelta(hours=2)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); //",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    "a/../../etc/passwd",
    "+33612345678 et 06 12 34 56 78",
]


def url(dag_id: str, run_id: str, query: str = "") -> str:
    return f"/af/smspartner/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}{query}"


def sent(session: Session, dag_id: str, run_id: str = "manual__1", **more: Any) -> int:
    """A run with a send of three batches that is over, and its delivery."""
    run = db.add_run(session, dag_id=dag_id, run_id=run_id, at=AT)
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
    db.push(session, run, "send", db.campaign(1500, at=AT, **more) | db.result(1500, 3, at=AT))
    db.remember(session, run, "send", db.notes_of(3, at=AT), at=AT)
    db.add_task(session, run, task_id="delivery", operator="DeliveryStatusSensor", state="success")
    db.push(session, run, "delivery", db.delivery(1500, at=AT))
    session.commit()
    return run


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
    run = sent(session, "bad_json", "manual__bad")
    sent(session, "bad_json", "manual__good")
    session.execute(sql("UPDATE xcom SET value = :v WHERE dag_run_id = :r"), {"v": text, "r": run})
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


# ---- a DAG -----------------------------------------------------------------------------------------


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


# ---- the overview ----------------------------------------------------------------------------------


def rows(html: str) -> list[str]:
    return re.findall(r'<tr data-dag="[^"]*".*?</tr>', html, re.DOTALL)


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
    illegible = "UPDATE xcom SET value = 'no JSON' WHERE task_id = 'audience'"  # fails whoever reads it
    session.execute(sql(illegible))
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


def test_totals_stand_above_the_campaigns(session: Session, client_of: ClientOf) -> None:
    sent(session, "summed", "run_1")
    sent(session, "summed", "run_2")

    html = client_of("ann").get("/af/smspartner/?dag_id=summed").text
    totals = html.split('class="figures totals"')[1].split("</dl>")[0]

    assert re.findall(r"<dd>([^<\n]+)", totals) == ["2", "3,000", "97 %", "14", "114.00 EUR", "60"]


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
