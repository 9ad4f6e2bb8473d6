"""The machine's own Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from scripts.system import BROWSERS

QUIET = [  # it runs as root, without a screen, and asks nobody on the network
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium with a profile of its own and end it, and the profile, at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), headless=True, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


def executable() -> str | None:
    """Return where Chromium is, if it is anywhere."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)
