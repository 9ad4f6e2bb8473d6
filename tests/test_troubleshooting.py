"""The page for when something goes wrong: it quotes what the code says, and answers in every row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import airflow_provider_smspartner
from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidRequestError, NotFoundError
from tests.pages import DOCS, codes, prose, rows

PAGE = DOCS / "troubleshooting.md"
FRENCH = DOCS / "fr" / "troubleshooting.md"
VARIES = "\N{REPLACEMENT CHARACTER}"
"""What stands in a sentence of the code for a value that is put in."""


@cache
def sentences() -> set[str]:
    """Every text of the package, with the values that are put in left out."""
    folder = Path(airflow_provider_smspartner.__file__).parent
    sources = [path for path in folder.rglob("*.py") if "simulator" not in path.parts]
    return {text for path in sources for text in texts(ast.parse(path.read_text()))}


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else VARIES for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"%(?:\.\d)?[sfd]", VARIES, node.value)  # as a logger's texts have them


def quotes() -> list[str]:
    """What the page sets in code and is no name: it has several words."""
    spans = re.findall(r"`([^`]+)`", prose(PAGE).replace("\n", " "))
    return sorted({span for span in spans if span.count(" ") > 1})


def is_said(quote: str, said: set[str]) -> bool:
    """Tell whether a text of the code holds the quote, … standing for what is put in."""
    parts = map(re.escape, quote.strip("… ").split("…"))
    pattern = re.compile(f"[^.]*{VARIES}[^.]*".join(parts))
    return any(pattern.search(text) for text in said)


def test_the_french_page_quotes_the_same_sentences_in_the_same_order() -> None:
    def quoted(page: Path) -> list[str]:
        first = [cells[0] for cells in rows(page.read_text())]
        return [span for cell in first for span in re.findall(r"`([^`]+)`", cell)]

    assert quoted(FRENCH) == quoted(PAGE)
    assert [len(cells) for cells in rows(FRENCH.read_text())] == [4] * len(rows(PAGE.read_text()))


@pytest.mark.parametrize("quote", quotes())
def test_the_code_says_what_the_page_quotes(quote: str) -> None:
    assert is_said(quote, sentences())


def test_a_sentence_that_nobody_says_is_noticed() -> None:
    said = {f"Tag {VARIES} is lost: {VARIES} people", "Tag is here"}

    assert is_said("Tag … is lost", said)
    assert is_said("is lost: … people", said)
    assert not is_said("Tag … is here", said)
    assert not is_said("Tag … was lost", said)
    assert len(quotes()) > 30


def test_every_row_answers_what_it_means_whether_it_doubles_and_what_to_do() -> None:
    table = rows(PAGE.read_text())

    assert {len(row) for row in table} == {4}
    assert [row for row in table if not all(row)] == []
    assert {re.split(r"[ ,]", row[2])[0] for row in table} == {"no", "yes"}


def test_the_page_knows_every_code_that_has_an_error_of_its_own() -> None:
    refused = PAGE.read_text().split("## SMS Partner refused")[1].split("\n## ")[0]
    told = {code for first, *_ in rows(refused) for code in codes(first)}

    of_the_arguments = (InvalidRequestError, NotFoundError)
    known = {code for code, kind in api.SENDING.items() if kind not in of_the_arguments}
    assert known - told == set()
