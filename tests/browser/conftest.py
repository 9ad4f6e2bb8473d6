"""One Airflow, one SMS Partner and one browser for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from airflow_provider_smspartner.simulator import Settings, Simulator
from scripts.local_airflow import LocalAirflow
from tests.browser.chromium import chromium, executable
from tests.browser.setting import FOLDER, decide_fates, open_airflow

PICTURES = FOLDER.parents[1] / "docs" / "pictures"
PATIENCE = 30_000  # milliseconds; the machine may be busy
DESK_WIDTH, HEIGHT = 1280, 860


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs a browser where there is none: `make test` has said so in its first line."""
    if executable() is None:
        absent = pytest.mark.skip(reason="no Chromium on this machine; on Debian: apt-get install chromium")
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(absent)


@pytest.fixture(scope="package")
def simulator() -> Iterator[Simulator]:
    """An SMS Partner that answers the processes of Airflow."""
    with Simulator(Settings(balance=Decimal(10_000))) as running:
        decide_fates(running)
        yield running


@pytest.fixture(scope="package")
def airflow(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """A whole Airflow with the DAGs of this folder."""
    with open_airflow(tmp_path_factory.mktemp("browser"), simulator) as running:
        yield running


@pytest.fixture
def no_connections(airflow: LocalAirflow) -> Iterator[None]:
    """Delete what connections a test has saved."""
    yield
    airflow.forget_connections()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    expect.set_options(timeout=PATIENCE)
    with chromium() as running:
        yield running


class SignIn(Protocol):
    """Opens a page of the browser for a user of Airflow; None is nobody."""

    def __call__(
        self, user: str | None, *, width: int = ..., dark: bool = ..., locale: str = ...
    ) -> Page: ...


@pytest.fixture(scope="package")
def _cookies() -> dict[str, object]:
    """What the browser was given when each user signed in."""
    return {}


@pytest.fixture
def sign_in(browser: Browser, airflow: LocalAirflow, _cookies: dict[str, object]) -> Iterator[SignIn]:
    """Sign in through Airflow's own form, once per user; the pages close with the test."""
    opened: list[BrowserContext] = []

    def open_page(
        user: str | None, *, width: int = DESK_WIDTH, dark: bool = False, locale: str = "en-GB"
    ) -> Page:
        context = browser.new_context(
            base_url=airflow.url,
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            locale=locale,
            timezone_id="Europe/Paris",
        )
        opened.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        if user in _cookies:
            context.add_cookies(_cookies[user])  # type: ignore[arg-type]
        elif user is not None:
            fill_in_login(page, user, airflow.password_of(user))
            _cookies[user] = context.cookies()
        return page

    yield open_page
    for context in opened:
        context.close()


def fill_in_login(page: Page, user: str, password: str) -> None:
    """Sign in as a person does."""
    page.goto("/")
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Dags").first.wait_for()


class TakePicture(Protocol):
    """Keeps what a page shows, under a name."""

    def __call__(
        self, page: Page, name: str, *, of: Locator | None = ..., width: int = ..., height: int = ...
    ) -> None: ...


@pytest.fixture
def picture(tmp_path: Path) -> TakePicture:
    """Take a picture; into the docs when `make pictures` asks for it, else for nobody."""
    folder = PICTURES if os.environ.get("SMSPARTNER_PICTURES") else tmp_path

    def take(
        page: Page,
        name: str,
        *,
        of: Locator | None = None,
        width: int = DESK_WIDTH,
        height: int = HEIGHT,
    ) -> None:
        page.set_viewport_size({"width": width, "height": height})
        (of or page).screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")

    return take
