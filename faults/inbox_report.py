"""The part of ``docs/faults.md`` about the inbox, out of the rows of its results file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- inbox: begin -->", "<!-- inbox: end -->"
HEAD = (
    *("receiver", "runs", "receivers killed", "databases killed", "readers killed", "blocks cut short"),
    *("posts", "messages", "lost", "counted twice", "statuses gone back", "misread", "unfinished"),
)


def write_part(rows: Sequence[dict[str, Any]], page: Path) -> str:
    """Write the table between its marks, and return it."""
    table = table_of(rows)
    before, found, rest = page.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"{page} has no place for figures between {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
    return table


def table_of(rows: Sequence[dict[str, Any]]) -> str:
    """Add the rows up, with a spool and without."""
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    for spooled, name in ((False, "without a spool"), (True, "with a spool")):
        alike = [row for row in rows if row["spooled"] is spooled]
        killed = [
            sum(row["kills"].get(victim, 0) for row in alike) for victim in ("receiver", "database", "reader")
        ]
        names = ("cut_short", "posts", "messages", "lost", "twice", "back", "misread", "unfinished")
        sums = [sum(row[name] for row in alike) for name in names]
        cells = [name, *(f"{number:,}" for number in (len(alike), *killed, *sums))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
