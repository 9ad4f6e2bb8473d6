"""The script that tells the server which language and time zone Airflow's UI is set to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from airflow_provider_smspartner.plugins import smspartner

pytestmark = pytest.mark.airflow

SCRIPT = (Path(smspartner.__file__).parent / "drawing" / "templates" / "reader.js").read_text()
PAGE = """<!doctype html><html lang="{language}" data-zone="{zone}" data-home="/af/smspartner"><head>
<script>{script}</script></head><body><p id="look">look {look}</p></body></html>"""
OUTSIDE = """<!doctype html><iframe src="/af/smspartner/"></iframe>"""
KEPT = {"i18nextLng": "fr", "timezone": '"Asia/Tokyo"'}

Open = Callable[..., tuple[Page, list[dict[str, str]]]]


def cookies_of(request: Request) -> dict[str, str]:
    read = SimpleCookie(request.all_headers().get("cookie", ""))
    return {name: morsel.value for name, morsel in read.items()}


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open Airflow with our page in its frame; return both, and the cookies of each request for ours."""
    contexts = []

    def open_it(kept: dict[str, str], *, zone: str = "Europe/Paris") -> tuple[Page, list[dict[str, str]]]:
        context = browser.new_context(timezone_id=zone)
        contexts.append(context)
        asked: list[dict[str, str]] = []

        def answer(route: Route) -> None:
            if "/smspartner" not in route.request.url:
                route.fulfill(body=OUTSIDE, content_type="text/html")
                return
            asked.append(cookies_of(route.request))
            language = asked[-1].get("smspartner_language", "en")
            body = PAGE.format(
                language=language if language in ("en", "fr") else "en",
                zone=asked[-1].get("smspartner_zone", "UTC").replace("%2F", "/"),
                script=SCRIPT,
                look=len(asked),
            )
            route.fulfill(body=body, content_type="text/html")

        context.route("**/*", answer)
        for name, value in kept.items():
            context.add_init_script(
                f"localStorage.getItem({name!r}) ?? localStorage.setItem({name!r}, {value!r})"
            )
        page = context.new_page()
        page.goto("http://campaign.test/af/")
        return page, asked

    yield open_it
    for context in contexts:
        context.close()


def looks(page: Page, count: int) -> None:
    expect(page.frame_locator("iframe").locator("#look")).to_have_text(f"look {count}")


def test_the_server_learns_the_language_and_the_zone_of_airflow(open_page: Open) -> None:
    page, asked = open_page(KEPT)

    looks(page, 2)
    assert asked == [{}, {"smspartner_language": "fr", "smspartner_zone": "Asia%2FTokyo"}]
    frame = page.frame_locator("iframe").locator("html")
    expect(frame).to_have_attribute("lang", "fr")
    expect(frame).to_have_attribute("data-zone", "Asia/Tokyo")


def test_a_change_in_airflow_changes_the_page(open_page: Open) -> None:
    page, asked = open_page(KEPT)
    looks(page, 2)

    page.evaluate("localStorage.setItem('i18nextLng', 'en')")

    looks(page, 3)
    assert asked[-1]["smspartner_language"] == "en"


def test_a_language_that_we_have_not_is_asked_for_once(open_page: Open) -> None:
    page, asked = open_page({"i18nextLng": "de", "timezone": '"UTC"'})
    looks(page, 2)

    page.reload()

    looks(page, 3)
    page.wait_for_load_state("networkidle")
    assert [one.get("smspartner_language") for one in asked] == [None, "de", "de"]


def test_without_a_choice_the_zone_is_that_of_the_browser_as_in_airflow(open_page: Open) -> None:
    page, asked = open_page({}, zone="America/New_York")

    looks(page, 2)
    assert asked[-1] == {"smspartner_zone": "America%2FNew_York"}


def test_a_browser_that_keeps_no_cookie_does_not_load_again_and_again(open_page: Open) -> None:
    page, asked = open_page({**KEPT})
    looks(page, 2)
    forgetful = "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set: () => {}})"
    page.context.add_init_script(forgetful)
    page.context.clear_cookies()

    page.reload()

    looks(page, 3)
    page.wait_for_load_state("networkidle")
    assert len(asked) == 3


def test_a_page_of_its_own_learns_it_too(open_page: Open) -> None:
    page, asked = open_page(KEPT)
    looks(page, 2)
    page.context.clear_cookies()

    page.goto("http://campaign.test/af/smspartner/")

    expect(page.locator("#look")).to_have_text("look 4")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert asked[2:] == [{}, {"smspartner_language": "fr", "smspartner_zone": "Asia%2FTokyo"}]
