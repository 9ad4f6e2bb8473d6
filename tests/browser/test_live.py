"""The page that keeps itself up to date: what a reader has folded, opened or focused stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from airflow_provider_smspartner.plugins import smspartner

pytestmark = pytest.mark.airflow

SCRIPT = Path(smspartner.__file__).parent / "drawing" / "templates" / "live.js"
PAGE = """<!doctype html><main id="page" data-refresh="1"><p id="look">look {look}</p>
<details id="few" open><summary id="few-summary">ten batches</summary></details>
<details id="many"><summary id="many-summary">a thousand batches</summary></details></main>
<span id="live"></span><script>{script}</script>"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Our script in a page that says how often it was looked at."""
    context = browser.new_context()
    looks = iter(range(1, 1000))

    def answer(route: Route) -> None:
        body = PAGE.format(look=next(looks), script=SCRIPT.read_text())
        route.fulfill(body=body, content_type="text/html")

    context.route("**/*", answer)
    page = context.new_page()
    page.goto("http://campaign.test/")
    yield page
    context.close()


def test_what_a_reader_has_folded_or_opened_stays_so(page: Page) -> None:
    page.locator("#few-summary").click()
    page.locator("#many-summary").click()
    before = page.locator("#look").inner_text()

    expect(page.locator("#look")).not_to_have_text(before)
    assert page.locator("#few").get_attribute("open") is None
    assert page.locator("#many").get_attribute("open") is not None
    assert page.evaluate("document.activeElement.id") == "many-summary"
