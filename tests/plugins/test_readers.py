"""A page is in the language and the time zone of whoever asks, and leaves no word in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from airflow_provider_smspartner.plugins.drawing import language
from airflow_provider_smspartner.plugins.drawing.language import Reader, read_by
from airflow_provider_smspartner.tracking.handover import DELIVERY_KEY
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, Failure
from benchmarks import campaigns_db as db

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.testclient import TestClient

    ClientOf = Callable[[str | None], TestClient]

pytestmark = pytest.mark.airflow

AT = datetime.now(UTC) - timedelta(hours=2)
NO_CREDIT = Failure(at=AT, kind="InsufficientCreditError", sentence="no credit", code=11)


@pytest.fixture
def runs(session: Session) -> list[str]:
    """The addresses of a run that is over, of one that has failed, and of the overview."""
    good = db.add_run(session, dag_id="spoken", run_id="manual__1", at=AT)
    db.add_task(session, good, task_id="send", operator="SendSmsOperator", state="success")
    db.push(session, good, "send", db.campaign(1500, at=AT) | db.result(1500, 3, at=AT))
    db.remember(session, good, "send", db.notes_of(3, at=AT), at=AT)
    db.add_task(session, good, task_id="delivery", operator="DeliveryStatusSensor", state="success")
    db.push(session, good, "delivery", db.delivery(1500, at=AT))
    bad = db.add_run(session, dag_id="spoken", run_id="manual__2", at=AT, state="failed")
    for n in range(2):
        db.add_task(session, bad, task_id="send", map_index=n, operator="SendSmsOperator", state="failed")
        told = db.campaign(1500, at=AT, sandbox=True) | {FAILURE_KEY: NO_CREDIT.as_dict()}
        db.push(session, bad, "send", told, map_index=n)
    db.remember(session, bad, "send", db.notes_of(3, at=AT, states={2: "unknown"}), at=AT)
    both = db.add_run(session, dag_id="spoken", run_id="manual__3", at=AT)
    gates = {"settled": 0.8, "min_delivery_rate": 0.99, "max_stop_rate": 0.1}
    for name in ("price", "gift"):
        db.add_task(session, both, task_id=name, operator="SendSmsOperator", state="success")
        named = db.campaign(500, at=AT, campaign="promo", ledger="books", sandbox=True)
        left_out = {"held_out": 480, "excluded_by": {"stop_list": 20, "campaign": 1}}
        db.push(session, both, name, named | db.result(500, 1, at=AT, **left_out))
        follows = f"{name}_delivery"
        db.add_task(session, both, task_id=follows, operator="DeliveryStatusSensor", state="success")
        pushed = db.delivery(500, at=AT)
        pushed[DELIVERY_KEY] |= {"follows": [name], "gates": gates}
        db.push(session, both, follows, pushed)
    session.commit()
    dags = "/af/smspartner/dags"
    return [
        f"{dags}/spoken/runs/manual__1",
        f"{dags}/spoken/runs/manual__2",
        f"{dags}/spoken/runs/manual__1?task_id=send&batches=1",
        f"{dags}/spoken/runs/manual__1?task_id=other",
        f"{dags}/spoken/runs/manual__3",
        f"{dags}/spoken/runs/none",
        "/af/smspartner/?dag_id=spoken",
        "/af/smspartner/?dag_id=nowhere",
        f"{dags}/spoken/runs",
    ]


def test_a_page_is_in_the_language_that_airflow_is_set_to(client_of: ClientOf, runs: list[str]) -> None:
    client = client_of("ann")
    client.cookies.set("smspartner_language", "fr")

    html = client.get(runs[0], headers={"Accept-Language": "en"}).text

    assert '<html lang="fr"' in html
    assert "SMS reçu par 1\u202f455 des 1\u202f500 personnes." in html
    assert "57,00\u00a0€" in html
    assert "Campagnes SMS" in client.get(runs[6]).text


def test_without_it_the_language_is_that_of_the_request(client_of: ClientOf, runs: list[str]) -> None:
    french = client_of("ann").get(runs[0], headers={"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.8"}).text

    assert '<html lang="fr"' in french
    assert '<html lang="en"' in client_of("ann").get(runs[0]).text
    assert "Connectez-vous" in client_of(None).get(runs[0], headers={"Accept-Language": "fr"}).text


def test_times_are_those_of_the_zone_that_airflow_is_set_to(client_of: ClientOf, runs: list[str]) -> None:
    client = client_of("ann")
    assert "Times are those of UTC." in client.get(runs[0]).text
    client.cookies.set("smspartner_zone", quote("Asia/Tokyo", safe=""))

    html = client.get(runs[0]).text

    assert 'data-zone="Asia/Tokyo"' in html
    assert "Times are those of Asia/Tokyo." in html
    times = re.findall(r"<time [^>]*>([^<]+)</time>", html)
    assert times
    assert all(text.endswith(" JST") for text in times)


@pytest.mark.parametrize("name", ["smspartner_language", "smspartner_zone"])
@pytest.mark.parametrize("value", ["%22%3E%3Cscript%3E", "..%2F..%2Fetc%2Fpasswd", "%00", "%FF"])
def test_a_hostile_cookie_changes_nothing(
    client_of: ClientOf, runs: list[str], name: str, value: str
) -> None:
    client = client_of("ann")
    client.cookies.set(name, value)

    html = client.get(runs[0]).text

    assert '<html lang="en" data-zone="UTC"' in html


# ---- nothing is left in English --------------------------------------------------------------------


class Marked(NullTranslations):
    """A language that puts brackets around all that it says."""

    def gettext(self, message: str) -> str:
        return message if "MMM" in message or "#" in message else f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class Texts(HTMLParser):
    """Collects what a page shows, and what it says to who cannot see it."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.spoken: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in ("style", "script", "time", "code")
        spoken = ("aria-label", "title", "data-label", "data-live", "data-silent")
        self.spoken += [value for name, value in attrs if tag != "time" and name in spoken and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.shown.append(data)


def outside(text: str) -> Iterator[str]:
    """Yield the words of a text that stand in no brackets."""
    depth, word = 0, ""
    for letter in text + " ":
        depth += {"⟦": 1, "⟧": -1}.get(letter, 0)
        if depth == 0 and letter.isalpha():
            word += letter
        elif word:
            yield word
            word = ""


OWN_NAMES = {
    "price",
    "gift",
    "books",
    "DAG",
    "CSV",
    "smspartner",
    "default",
    "EUR",
    "SMS",
    "promo",
    "STOP",
    "send",
    "delivery",
    "spoken",
    "nowhere",
    "manual",
    "other",
    "k",
}


def test_no_word_of_a_page_is_left_out_of_the_catalogues(
    client_of: ClientOf, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "catalogue", lambda _: Marked())
    left = {}
    for path in runs:
        page = Texts()
        page.feed(client_of("ann").get(path).text)
        left[path] = set(outside("\n".join([*page.spoken, *page.shown]))) - OWN_NAMES

    assert {path: words for path, words in left.items() if words} == {}


def test_the_page_waits_for_no_catalogue_that_is_read_anew() -> None:
    with read_by(Reader(language="fr")):
        language.say("Delivered")
        before = language.catalogue.cache_info().misses
        language.say("Accepted")

    assert language.catalogue.cache_info().misses == before
