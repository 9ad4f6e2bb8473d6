"""Hooks of MkDocs: pages that are written for GitHub become a site, `make docs`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

SOURCE = "https://github.com/airflow-provider-smspartner/airflow-provider-smspartner/blob/main"
COMMENT = re.compile(r"\n[ \t]*<!--.*?-->(?=\n|\Z)|[ \t]*<!--.*?-->", re.DOTALL)
FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
NESTED = re.compile(r"^  (?=- )", re.MULTILINE)
"""GitHub nests a list by two blanks, MkDocs by four."""
ROW = re.compile(r"^\| \[(?P<title>[^]]+)\]\((?P<page>[\w./-]+\.md)\) \|", re.MULTILINE)


def navigation(docs: Path) -> list[Any]:
    """Return the index pages' tables as a menu: a section for each heading, and one for the French pages."""
    _, *parts = re.split(r"^## (.+)$", (docs / "index.md").read_text(), flags=re.MULTILINE)
    sections = [{title: _menu(text)} for title, text in zip(parts[::2], parts[1::2], strict=True)]
    french = [{"Présentation": "fr/index.md"}, *_menu((docs / "fr" / "index.md").read_text(), folder="fr/")]
    return [{"Overview": "index.md"}, *sections, {"En français": french}]


def _menu(text: str, *, folder: str = "") -> list[dict[str, str]]:
    return [{row["title"]: folder + row["page"]} for row in ROW.finditer(text)]


def for_the_site(text: str, path: str) -> str:
    """Return a page without its comments, whose links out of docs/ lead to the source.

    :param path: of the page, from docs/.
    """
    outside = "](" + "../" * (path.count("/") + 1)
    text = COMMENT.sub("", text).replace(outside, f"]({SOURCE}/")
    return "".join(part if n % 2 else NESTED.sub("    ", part) for n, part in enumerate(FENCE.split(text)))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the menu from the index pages, so that a page is listed once."""
    config.nav = navigation(Path(config.docs_dir))
    return config


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Make a page of GitHub one of the site."""
    return for_the_site(markdown, page.file.src_uri)


def on_page_content(html: str, **_: Any) -> str:
    """Show a bar in the code of a table as a bar; MkDocs keeps the backslash that GitHub asks for."""
    return re.sub(r"<code>[^<]*</code>", lambda code: code[0].replace(r"\|", "|"), html)


def on_post_page(output: str, *, page: Page, **_: Any) -> str:
    """Say of the French pages that they are French: a browser reads them aloud so."""
    french = page.file.src_uri.startswith("fr/")
    return output.replace('<html lang="en"', '<html lang="fr"', 1) if french else output
