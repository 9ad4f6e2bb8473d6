"""The page about the example DAGs shows what they hold."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from scripts.customers import TABLES
from scripts.shop import DAGS

PAGE = (Path(__file__).parents[2] / "docs" / "dags.md").read_text()
FRAGMENT = re.compile(r"^ *# \[START (\w+)\]\n(.*?\n)\n{0,2}^ *# \[END \1\]$", re.MULTILINE | re.DOTALL)
"""Without the blank lines that the formatter puts behind a function."""


def shown(language: str) -> list[str]:
    """Return the page's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_fragment_is_shown_under_its_dag() -> None:
    for path in DAGS.glob("*.py"):
        [section] = re.findall(rf"^## {path.stem}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
        fragments = [dedent(code) for _, code in FRAGMENT.findall(path.read_text())]
        assert fragments
        assert [code for code in fragments if f"```py\n{code}```" not in section] == []


def test_nothing_else_is_shown() -> None:
    files = [path.read_text() for path in DAGS.glob("*.py")]
    fragments = {dedent(code) for text in files for _, code in FRAGMENT.findall(text)}
    assert set(shown("py")) == fragments


def test_the_table_is_that_of_the_example_warehouse() -> None:
    assert [table for table in shown("sql") if table not in TABLES] == []
    assert shown("sql")
