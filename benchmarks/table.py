"""The table of figures: a row for each claim, for the terminal and for ``docs/benchmarks.md``."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

BEGIN: Final = "<!-- figures: begin -->"
END: Final = "<!-- figures: end -->"
HEAD: Final = ("what", "measured", "against", "target", "met", "command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured; figures of other sizes than these are printed and not kept."""

    recipients: int = 1_000_000
    """Rows of the warehouse, and people of the large campaign."""
    untidy: int = 200_000
    """Rows of the untidy warehouse."""
    personal: int = 100_000
    """People of the campaign of personal texts."""
    audience: int = 20_000
    """People of the campaign that is sent in other ways too."""
    ledger: int = 1_000_000
    """People of the sends with a PostgreSQL ledger."""
    small_ledger: int = 100_000
    """People of the sends with a ledger in SQLite, and of those that a large one is compared with."""
    growth: int = 1_000_000
    """People of the send whose time a person, and memory, are those of a large one with a ledger."""
    rounds: int = 3
    """How often each time is taken; the figure is the ratio of the medians."""
    concurrency: int = 8
    """Requests in flight."""
    latency: float = 0.1
    """Seconds that the platform takes for a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row."""

    what: str
    """The claim. A run replaces the row of the same claim."""
    measured: str
    """What came out, in figures that do not depend on the machine: a ratio, or a difference."""
    against: str
    """What it is compared with, and what both took here."""
    target: str = ""
    """What was aimed at; empty for a figure that is only reported."""
    met: bool | None = None
    """Whether it was reached; None without a target."""
    command: str
    """What measures it again."""

    def cells(self) -> tuple[str, ...]:
        """Return the row under ``HEAD``."""
        met = {True: "yes", False: "no", None: ""}[self.met]
        return (self.what, self.measured, self.against, self.target, met, f"`{self.command}`")


def median(seconds: Sequence[float]) -> float:
    """Return the median, the name of the figure in every row."""
    return statistics.median(seconds)


def spell(value: float, unit: str) -> str:
    """Write a figure with three digits: no timing here is known any better."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")
    return f"{digits} {unit}"


def markdown(figures: Iterable[Figure]) -> list[str]:
    """Return the lines of rows, without the head."""
    return ["| " + " | ".join(figure.cells()) + " |" for figure in figures]


def machine() -> str:
    """Say where the figures come from."""
    python, airflow = platform.python_version(), version("apache-airflow")
    today = datetime.now(UTC).date().isoformat()
    return f"Last run {today}: {os.cpu_count()} cores, Python {python}, Airflow {airflow}."


def keep(path: Path, figures: Iterable[Figure]) -> None:
    """Write the rows into the page, over those of the same claims; the other rows stay."""
    text = path.read_text()
    before, found, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    if not found or not _:
        raise SystemExit(f"{path} has no place for figures between {BEGIN} and {END}")
    rows = {line.split(" | ")[0]: line for line in kept.splitlines() if line.startswith("| ")}
    rows.pop(f"| {HEAD[0]}", None)
    rows |= {line.split(" | ")[0]: line for line in markdown(figures)}
    head = ["| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|"]
    table = "\n".join([BEGIN, machine(), "", *head, *rows.values(), END])
    path.write_text(before + table + after)
