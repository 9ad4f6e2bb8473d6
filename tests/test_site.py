"""The docs as a site: `make docs` builds it whole, and its readers' browsers fetch nothing from elsewhere."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.site import SOURCE, for_the_site, navigation
from tests.pages import DOCS, ROOT, names, rows

FETCHED = re.compile(
    r'<(?:script|img|iframe|source)\b[^>]*\bsrc="(https?:[^"]+)|<link\b[^>]*\bhref="(https?:[^"]+)'
)
REFERENCE = (DOCS / "reference.md").read_text()
PUBLIC = re.findall(r"^::: airflow_provider_smspartner\.(\S+)$", REFERENCE, re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, in a folder of the test; no warning is let pass."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    offline = {
        "NO_MKDOCS_2_WARNING": "1",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | offline, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.mark.airflow
def test_every_page_is_on_the_site_and_fetches_nothing(site: Path) -> None:
    pages = {str(path.relative_to(site)): path.read_text() for path in site.rglob("*.html")}
    expected = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md")}
    assert pages.keys() - {"404.html"} == expected
    assert {name: FETCHED.findall(page) for name, page in pages.items() if FETCHED.search(page)} == {}
    assert [name for name, page in pages.items() if "tests/" in page and "::test_" in page] == []


@pytest.mark.airflow
def test_the_reference_holds_what_the_docstrings_say(site: Path) -> None:
    page = (site / "reference.html").read_text()
    shown = [*PUBLIC, "exceptions.OutcomeUnknownError"]
    shown.remove("exceptions")  # a module: its classes are what is shown
    assert [name for name in shown if f'id="airflow_provider_smspartner.{name}"' not in page] == []
    assert "Send a text to many people, in batches of 500, each person once." in page


@pytest.mark.airflow
def test_the_french_pages_say_that_they_are_french(site: Path) -> None:
    languages = {
        str(path.relative_to(site)): re.findall(r'<html lang="(\w+)"', path.read_text())
        for path in site.rglob("*.html")
    }
    assert languages == {name: ["fr" if name.startswith("fr/") else "en"] for name in languages}


def test_the_menu_has_every_page_once() -> None:
    def pages(menu: object) -> list[str]:
        if isinstance(menu, dict | list):
            return [
                page for part in (menu.values() if isinstance(menu, dict) else menu) for page in pages(part)
            ]
        return [str(menu)]

    assert sorted(pages(navigation(DOCS))) == sorted(
        str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_the_reference_names_what_there_is(name: str) -> None:
    module, _, attribute = f"airflow_provider_smspartner.{name}".rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)


def test_the_reference_has_all_that_the_readme_names() -> None:
    told = re.split(r"\n## What is there\n", (ROOT / "README.md").read_text())[1].split("\n## ")[0]
    assert {names(row[0])[0] for row in rows(told)} <= set(PUBLIC)


@pytest.mark.parametrize(
    ("page", "path", "shown"),
    [
        ("Sent once. <!-- test: tests/a.py::test_b -->", "a.md", "Sent once."),
        ("Sent\n<!-- test: tests/a.py::test_b -->\n\nonce", "a.md", "Sent\n\nonce"),
        ("- a\n  - b\n    <!-- x -->\n  - c", "a.md", "- a\n    - b\n    - c"),
        ("```yaml\n  - a\n```", "a.md", "```yaml\n  - a\n```"),
        ("[it](../README.md) [us](law.md)", "a.md", f"[it]({SOURCE}/README.md) [us](law.md)"),
        ("[it](../../README.md) [us](../law.md)", "fr/a.md", f"[it]({SOURCE}/README.md) [us](../law.md)"),
    ],
)
def test_a_page_of_github_becomes_one_of_the_site(page: str, path: str, shown: str) -> None:
    assert for_the_site(page, path) == shown
