"""The report: ``docs/faults.md``, out of the rows of the results file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

from faults.inbox_report import BEGIN, END

SERIES = {
    "in process": "faults in one process",
    "no answers": "every answer lost",
    "changed": "changes between tries",
    "killed": "processes killed with SIGKILL",
    "stopped": "scheduled tasks stopped in one process",
    "terminated": "scheduled tasks stopped with SIGTERM",
}
COUNTS = ("faults", "recipients", "twice", "lost", "to_a_person", "miscounted", "unfinished")
PAGE = """# Faults

`make faults` wrote this page. It lets campaigns go wrong and counts texts at the simulator, which knows what
really left. Nobody may have two texts, and nobody of the last audience with a good number may have none.

{table}

{kinds}

- **Faults in one process**: answers, requests and looks are lost, requests arrive when the client has long
  given up, a send can be found by its tag only after minutes, a refusal was not true, the platform asks for
  patience, a process dies between any two of its steps, the task state store is emptied, people join and
  leave the audience, numbers are refused; then the task is tried again until it succeeds. All of it stays
  within the waiting time: what comes later is a [limit](how-it-works.md#its-limits). The clock is simulated,
  a batch has five people, 1 to 8 requests are in flight.
- **Every answer lost**: the platform takes each batch on, and no answer ever comes back.
- **Changes between tries**: all that the second table counts, mixed with each other and with most of the
  faults above. Two to four tries go wrong, and between them a person changes something. When an error for
  good names the change, it is put back and the task is cleared; at the end everything goes well, and the
  rest must be sent, and nothing but it. Four memories: **ledger alone** is an Airflow below 3.3. What
  nothing can tell is not asked for: lists are whole where they alone remember, a look slips once and not
  twice in a row at the same tag, nor after one that came before the list had caught up, a deleted run is
  made again only when what it sent can be seen, and before a try has used a ledger only when one of its first
  ordinals was sent, an older copy of the ledger is put in its place only while the store is whole, an untrue
  no is listed within a second, a list does not lag where a clock is further behind than clocks may differ,
  and with no memory a changed key is one of the same account. The ledger is SQLite.
- **Processes killed**: `SendSmsOperator` in a process of its own sends {people} texts over HTTP; SIGKILL
  comes up to three times in a task, mostly while it sends, else while it begins.
- **Scheduled tasks stopped**, with `cancel_on_kill`: in one process with all of the faults above, and with
  requests to cancel, and their answers, that are lost, late or throttled; and in processes of their own that
  get SIGTERM, as from Airflow, and SIGKILL up to two seconds after it. Counted is what leaves in the end.
- **Handed to a person**: tries that failed for good, so that somebody had to look and to clear the task.
- **Wrong results**: tasks whose result does not count what really left, over all of their tries.
- **Unfinished**: tasks that had not succeeded after many tries.

What remembers: the **task state** store of Airflow 3.3, the **ledger** (a SQL table, with that store as its
fence), or **neither**: then
the platform's lists by tag are all there is.

## The inbox

`python -m faults.inbox` wrote the table of this part. In each run, ten people of a campaign report and
answer, some with a STOP; the simulated platform posts as it may: once or up to three times, in order or
not, as JSON or as a form, long answers in parts, and again half a second later what nobody acknowledged.
Meanwhile up to four processes are killed with SIGKILL: the receiver, the database with all of its
processes, and the reader, mostly while it reads. Then everything may finish, and it is counted.

{inbox}

- **Lost**: messages that were acknowledged and are not in the inbox. **Counted twice**: messages that are
  there more than once, although the platform only repeated them.
- **Statuses gone back**: people whose final status another one replaced, at any look of a process that
  looks all the time, or who do not have theirs at the end.
- **Misread**: messages that the consumer was not given, that it was given again after it had finished with
  them or out of order, and those of a reader that died that no later one read again.
- **Unfinished**: runs in which something had not come in, or had not been read, a minute later.

## Endurance

`make soak` wrote the figures of this part. A real Airflow (scheduler with LocalExecutor, triggerer, DAG
processor, API server, PostgreSQL) runs campaigns of 1 to 6,000 people, with a ledger or without, up to four
at a time. Meanwhile, at random, tasks are killed, services restarted or killed, runs cleared, and the
platform fails. Then nothing more happens, and everybody must have one text. `make soak MINUTES=60` goes on
for an hour; a seed repeats what the dice say, not the moment at which it strikes.

{endurance}

- **Memory and open files**: of the processes that were there all through the longest life of a service, but
  for its first half minute; the medians of the first and of the last third. Level is at most 15% more memory,
  and 10 more files, as pools of connections fill.
- **Processes left**: of tasks, when all runs had ended; of any kind, when Airflow had stopped.
"""
SOAKED = ("<!-- soak: begin -->", "<!-- soak: end -->")
"""What stands around the figures of ``make soak``."""
INBOX = (BEGIN, END)
"""The same of ``python -m faults.inbox``."""
PEOPLE_OF_A_KILLED_TASK = "6,000"


def kinds_of(rows: list[dict[str, Any]]) -> str:
    """Say how often each change was made and each fate met, in the campaigns that count them."""
    changes, fates = (
        sum((Counter(row.get(name, {})) for row in rows), Counter()) for name in ("changes", "fates")
    )
    put_back = sum(row.get("put_back", 0) for row in rows)
    lines = [
        "| between two tries, and in lists | times | of a request or a look | times |",
        "|---|---|---|---|",
    ]
    columns = [sorted(counter.items(), key=lambda item: (-item[1], item[0])) for counter in (changes, fates)]
    for change, fate in zip_longest(*columns, fillvalue=None):
        lines.append(f"| {cells_of(change)} | {cells_of(fate)} |")
    return "\n".join([*lines, "", f"Put back because an error named it: {put_back:,} changes."])


def cells_of(counted: tuple[str, int] | None) -> str:
    """Return two cells of a table, empty ones for nothing."""
    return f"{counted[0]} | {counted[1]:,}" if counted else " | "


def write_page(rows: Iterable[dict[str, Any]], path: Path) -> str:
    """Write the page, but for the figures of other commands, and return its table."""
    known_rows = list(rows)
    table, kinds = table_of(known_rows), kinds_of(known_rows)
    known = path.read_text() if path.exists() else ""
    path.write_text(
        PAGE.format(
            table=table,
            kinds=kinds,
            people=PEOPLE_OF_A_KILLED_TASK,
            inbox=kept_of(known, INBOX),
            endurance=kept_of(known, SOAKED),
        )
    )
    return table


def kept_of(known: str, marks: tuple[str, str]) -> str:
    """Return what another command wrote into the page, with its marks."""
    return (known.partition(marks[0])[2].partition(marks[1])[0] or "\n").join(marks)


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
