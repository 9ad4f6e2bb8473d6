"""The French pages have the structure of the English ones, and each leads to the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import DOCS, FENCED, ROOT

PAGES = {path.name: DOCS / path.name for path in sorted((DOCS / "fr").glob("*.md"))} | {
    "index.md": ROOT / "README.md"
}
TRANSLATED = [name for name in PAGES if name != "index.md"]


def shape(page: Path) -> list[str]:
    """The levels of headings, the kinds of blocks, and the pictures, in their order."""
    text = FENCED.sub(lambda block: f"\n@{block[1]}\n", page.read_text())
    return re.findall(r"^(#+|@\w*|!)", re.sub(r"^!\[", "!", text, flags=re.MULTILINE), re.MULTILINE)


def test_what_is_there_in_french() -> None:
    names = ("index", "tutorial", "connection", "operators", "law", "troubleshooting")
    assert set(PAGES) == {f"{name}.md" for name in names}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_leads_to_the_other(name: str) -> None:
    english, french = PAGES[name], DOCS / "fr" / name
    there = re.findall(r"\[En français\]\((\S+)\)", english.read_text())
    back = re.findall(r"\[English\]\((\S+)\)", french.read_text())
    assert [(english.parent / path).resolve() for path in there] == [french]
    assert [(french.parent / path).resolve() for path in back] == [english]


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_french_page_has_the_structure_of_the_english_one(name: str) -> None:
    detail = {"operators.md": ["###"]}  # what arrives of a text is told in English
    english = [part for part in shape(PAGES[name]) if part not in detail.get(name, [])]
    assert shape(DOCS / "fr" / name) == english
