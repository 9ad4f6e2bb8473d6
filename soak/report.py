"""What came of a soak: its verdict, and its part of ``docs/faults.md``."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from faults.report import SOAKED
from soak.chaos import Campaign
from soak.watch import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that a soak found out."""

    seconds: float
    """How long things happened."""
    seed: int
    happened: Mapping[str, int]
    """How often what was done, by its name."""
    campaigns: int
    people: int
    twice: int
    """People with more than one text."""
    lost: int
    """People without any."""
    unfinished: int
    """Campaigns that did not end well in time."""
    left: int
    """Processes that should have ended."""
    levels: Sequence[Level]

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong."""
        wrong = self.twice or self.lost or self.unfinished or self.left
        return not wrong and bool(self.campaigns) and all(level.is_level for level in self.levels)


def count(campaigns: Sequence[Campaign], texts: Counter[str]) -> tuple[int, int]:
    """Return how many people of the campaigns have more than one text, and how many have none."""
    numbers = [number for campaign in campaigns for number in campaign.numbers]
    return sum(texts[number] > 1 for number in numbers), sum(not texts[number] for number in numbers)


def markdown(found: Found) -> str:
    """Return the figures as they stand on the page."""
    today = datetime.now(UTC).date().isoformat()
    python, airflow = platform.python_version(), version("apache-airflow")
    sums = {
        "campaigns": found.campaigns,
        "people texted": found.people,
        **dict(sorted(found.happened.items())),
        "**people texted twice**": found.twice,
        "**people lost**": found.lost,
        "**campaigns unfinished**": found.unfinished,
        "**processes left**": found.left,
    }
    return "\n".join(
        [
            f"Last run {today}: {found.seconds / 60:.0f} minutes, seed {found.seed}, {os.cpu_count()} cores, "
            f"Python {python}, Airflow {airflow}.",
            "",
            "| what | how often |",
            "|---|---|",
            *(f"| {name} | {times:,} |" for name, times in sums.items()),
            "",
            "| service | longest life | memory, first to last third | open files | level |",
            "|---|---|---|---|---|",
            *map(row_of, found.levels),
        ]
    )


def row_of(level: Level) -> str:
    """Return the line of a service."""
    memory, files = ("{:.0f} → {:.0f}".format(*pair) for pair in (level.memory, level.files))
    yes = "yes" if level.is_level else "**no**"
    return f"| {level.service} | {level.seconds:.0f} s | {memory} MB | {files} | {yes} |"


def keep(path: Path, text: str) -> None:
    """Write the figures into the page.

    Raises `ValueError` when the page has no place for them.
    """
    page = path.read_text()
    before, begin, rest = page.partition(SOAKED[0])
    _, end, after = rest.partition(SOAKED[1])
    if not begin or not end:
        raise ValueError(f"{path} has no place for figures between {' and '.join(SOAKED)}; run `make faults`")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")
