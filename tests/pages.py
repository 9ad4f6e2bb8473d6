"""README and docs as tests read them: pages, their sections, tables and fenced blocks."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCED.sub("", page.read_text())


def section(page: Path, title: str) -> str:
    return page.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = [n for n, line in enumerate(lines) if set(line) <= set("|- ")]
    headings = {n - 1 for n in rules}
    body = [line for n, line in enumerate(lines) if n not in {*rules, *headings}]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in body]


def names(cell: str) -> list[str]:
    """What a cell sets in code."""
    return re.findall(r"`([^`]+)`", cell)


def codes(cell: str) -> set[int]:
    """The codes that a cell names, one by one or as a span."""
    numbers = re.findall(r"\d+(?:–\d+)?", "" if cell.startswith("HTTP") else cell)
    spans = [[int(end) for end in number.split("–")] for number in numbers]
    return {code for span in spans for code in range(span[0], span[-1] + 1)}
