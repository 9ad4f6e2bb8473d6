"""The pages under axe-core: nothing that somebody cannot read or reach, in each theme and language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from airflow_provider_smspartner.plugins.drawing.language import Reader, languages, read_by
from airflow_provider_smspartner.plugins.facts import Answer, Answers, RunFact, TextFact
from airflow_provider_smspartner.plugins.reading.history import History
from airflow_provider_smspartner.tracking.stops import Failure
from tests.plugins.facts import AT, batch, follow, run, send, told

pytestmark = pytest.mark.airflow

FAILURE = Failure(at=AT, kind="InsufficientCreditError", sentence="no credit", code=11)
TEXT = TextFact(message="Fête des mères : {first_name|Cliente}, -20 % jusqu’à dimanche\nÀ bientôt ça ira")
DONE = {"recipients": 1500, "batches": 3, "segments": 1500, "cost": "57.000", "currency": "EUR"}
WELL = run(
    send("success", [batch(n) for n in range(3)], told(invalid=3), result=DONE, logged=True, started=AT),
    follow(stop=4),
    state="success",
)
ANSWERS = Answers(
    times=[(AT + timedelta(minutes=n), "stop" if n % 5 == 0 else "reply") for n in range(20)],
    last=[
        Answer(kind="reply", at=AT, number="+33 6 •• •• •• 01", text="Oui, <b>merci</b> ! " + "x" * 90),
        Answer(kind="stop", at=AT, number="+33 6 •• •• •• 02", text="STOP"),
    ],
)
WELL = replace(
    WELL,
    asking=[("approval", -1)],
    tasks=[replace(WELL.tasks[0], text=TEXT, answers=ANSWERS), *WELL.tasks[1:]],
)
BADLY = run(
    *(
        replace(
            send("failed", [batch(0), batch(1, "unknown"), batch(2, "refused")], told(sandbox=True)),
            map_index=n,
            failure=FAILURE,
            logged=True,
        )
        for n in range(2)
    ),
    follow("upstream_failed"),
    state="failed",
)
LIVE = run(
    send("running", [batch(0), batch(1, "claimed")], told(), logged=True), follow("deferred", final=False)
)
RUNS = {"well": WELL, "badly": BADLY, "live": LIVE, "nothing": run(state="success")}


def page_of(name: str) -> str:
    """The HTML of a run, of the overview of all of them, or of their DAG."""
    from starlette.requests import Request

    from airflow_provider_smspartner.plugins import routes

    template = f"{name}.html" if name in ("overview", "dag") else "run.html"
    values = {"overview": of_overview, "dag": of_dag}.get(name, lambda: of_run(RUNS[name]))()
    request = Request({"type": "http", "root_path": "/smspartner"})
    return bytes(routes.answer(request, template, **values).body).decode()


def of_overview() -> dict[str, Any]:
    from airflow_provider_smspartner.plugins.drawing.campaigns import campaign_row
    from airflow_provider_smspartner.plugins.drawing.filters import OUTCOMES, Filters
    from airflow_provider_smspartner.plugins.drawing.totals import totals

    history = History(runs=list(RUNS.values()), dag_ids=["d"], page=2, more=True)
    rows = [campaign_row(each, now=AT) for each in history.runs]
    values = {"history": history, "rows": rows, "totals": totals(rows), "wanted": Filters(), "days": 30}
    return values | {"connections": ["c"], "outcomes": OUTCOMES, "refresh": None}


def of_dag() -> dict[str, Any]:
    from airflow_provider_smspartner.plugins.drawing.campaigns import campaign_row
    from airflow_provider_smspartner.plugins.drawing.comparing import compared

    rows = [campaign_row(each, now=AT) for each in (LIVE, WELL, WELL, BADLY)]
    return {"story": compared(rows), "dag_id": "d", "refresh": None}


def of_run(shown: RunFact) -> dict[str, Any]:
    from airflow_provider_smspartner.plugins import routes
    from airflow_provider_smspartner.plugins.drawing.story import run_story

    story = run_story(shown, now=AT)
    listed = routes.listed(shown, 1) if shown is WELL else None
    values = {"story": story, "run": shown, "task_id": "", "airflow_version": "3.3.2"}
    return values | {"refresh": story.refresh, "listed": listed}


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a theme, at a width, without an Airflow around it."""
    contexts = []

    def open_page(html: str, *, dark: bool, width: int) -> Page:
        context = browser.new_context(
            color_scheme="dark" if dark else "light", viewport={"width": width, "height": 860}
        )
        contexts.append(context)

        def answer(route: Route) -> None:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")

        context.route("**/*", answer)
        page = context.new_page()
        page.goto("http://campaign.test/smspartner/")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", [*RUNS, "overview", "dag"])
def test_axe_finds_nothing(name: str, language: str, show: Callable[..., Page]) -> None:
    with read_by(Reader(language=language, zone=UTC)):
        html = page_of(name)

    for dark in (False, True):
        for width in (1280, 400):
            page = show(html, dark=dark, width=width)
            found = Axe().run(page).response["violations"]
            told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
            assert told == [], f"{'dark' if dark else 'light'}, {width} pixels wide"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
