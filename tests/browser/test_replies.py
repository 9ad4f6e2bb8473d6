"""What people have answered, where an inbox and a ledger tell: on the campaign page and in the overview."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.inbox.posts import write
from airflow_provider_smspartner.journal.table import Ledger
from scripts.local_airflow import LocalAirflow
from tests.browser.conftest import SignIn
from tests.browser.setting import LEDGER
from tests.browser.test_campaign_page import figure
from tests.inbox.conftest import reply

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAG_ID, RUN_ID = "spring_campaign", "spring-open-day"
TEXTS = {"+33600000081": "YES, with two friends", "+33600000083": "<b>NO</b>"}


@pytest.fixture(scope="module", autouse=True)
def _answers(airflow: LocalAirflow) -> None:
    """Text three people, of whom two reply and one of the two has a STOP."""
    airflow.trigger(DAG_ID, run_id=RUN_ID)
    assert airflow.wait(DAG_ID, RUN_ID) == "success"
    message_id = airflow.xcom(DAG_ID, RUN_ID, "send")["message_ids"][0]
    now = datetime.now(UTC).replace(tzinfo=None)
    answers = [*TEXTS.items(), ("+33600000083", "STOP")]
    with ledger_of(airflow) as ledger:
        write(
            ledger,
            [reply(text, number, now, connection="sms", message_id=message_id) for number, text in answers],
        )


@contextmanager
def ledger_of(airflow: LocalAirflow) -> Iterator[Ledger]:
    engine = sa.create_engine(f"sqlite:///{airflow.home.parent / LEDGER}")
    yield inbox_in(engine)
    engine.dispose()


def shown(page: Page, address: str) -> Page:
    page.goto(f"/smspartner{address}")
    return page


def test_the_overview_counts_replies(sign_in: SignIn) -> None:
    page = shown(sign_in("admin"), f"/?dag={DAG_ID}")

    expect(figure(page, "Replies")).to_have_text(re.compile(r"^2\s*and 1 STOP, to 1 campaign with an inbox"))


def test_the_page_of_a_run_shows_replies_as_text(sign_in: SignIn) -> None:
    page = shown(sign_in("admin"), f"/dags/{DAG_ID}/runs/{RUN_ID}")

    for text in TEXTS.values():
        expect(page.get_by_text(text)).to_be_visible()
    assert "+33600000081" not in page.content()


def test_a_french_reader_is_told_in_french(sign_in: SignIn) -> None:
    page = shown(sign_in("admin", locale="fr-FR", width=400, dark=True), f"/?dag={DAG_ID}")

    expect(figure(page, "Réponses")).to_have_text(re.compile(r"^2\s*et 1 STOP"))
