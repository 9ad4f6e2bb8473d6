"""The report: ``docs/faults.md``, out of the rows of the results file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

SERIES = {
    "in process": "faults in one process",
    "no answers": "every answer lost",
    "killed": "processes killed with SIGKILL",
}
COUNTS = ("faults", "recipients", "twice", "lost", "to_a_person", "miscounted", "unfinished")
PAGE = """# Faults

`make faults` wrote this page. It lets campaigns go wrong and counts texts at the simulator, which knows what
really left. Nobody may have two texts, and nobody of the last audience with a good number may have none.

{table}

- **Faults in one process**: answers, requests and looks are lost, requests arrive when the client has long
  given up, a send can be found by its tag only after minutes, a refusal was not true, the platform asks for
  patience, a process dies between any two of its steps, the task state store is emptied, people join and
  leave the audience, numbers are refused; then the task is tried again until it succeeds. All of it stays
  within the waiting time: what comes later is a [limit](how-it-works.md#its-limits). The clock is simulated,
  a batch has five people, 1 to 8 requests are in flight.
- **Every answer lost**: the platform takes each batch on, and no answer ever comes back.
- **Processes killed**: `SendSmsOperator` in a process of its own sends {people} texts over HTTP; SIGKILL
  comes up to three times in a task, mostly while it sends, else while it begins.
- **Handed to a person**: tries that failed for good, so that somebody had to look and to clear the task.
- **Wrong results**: tasks whose result does not count what really left, over all of their tries.
- **Unfinished**: tasks that had not succeeded after many tries.

What remembers: the **task state** store of Airflow 3.3, the **ledger** (a SQL table), or **neither**: then
the platform's lists by tag are all there is.
"""
PEOPLE_OF_A_KILLED_TASK = "6,000"


def write_page(rows: Iterable[dict[str, Any]], path: Path) -> str:
    """Write the page and return its table."""
    table = table_of(list(rows))
    path.write_text(PAGE.format(table=table, people=PEOPLE_OF_A_KILLED_TASK))
    return table


def table_of(rows: list[dict[str, Any]]) -> str:
    """Add the rows up by series and log."""
    lines = [
        "| what goes wrong | what remembers | campaigns | faults | people texted | texted twice | lost "
        "| handed to a person | wrong results | unfinished |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for series, log in dict.fromkeys((row["series"], row["log"]) for row in sorted(rows, key=place)):
        of_both = [row for row in rows if (row["series"], row["log"]) == (series, log)]
        sums = [sum(row[name] for row in of_both) for name in COUNTS]
        cells = [SERIES[series], log, *(f"{number:,}" for number in (len(of_both), *sums))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def place(row: dict[str, Any]) -> tuple[int, str]:
    """Sort by series in the order of the page, then by log."""
    return list(SERIES).index(row["series"]), row["log"]
