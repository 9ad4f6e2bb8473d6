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

`make faults` writes this page. It makes campaigns fail in every way that we know, and counts the texts at the
simulator, which knows what really left. Nobody may get two texts, and everybody in the last audience who has
a good number must get one.

{table}

{kinds}

- **Faults in one process**: the line loses answers, requests and looks; a request arrives long after the
  client has given up; a send shows under its tag only after minutes; the platform refuses what it has
  accepted, or asks for patience; the process dies between any two of its steps; somebody empties the task
  state store; people join and leave the audience; numbers are refused. Then the task is tried again until it
  succeeds. All of this happens within the waiting time: what comes later is a
  [limit](how-it-works.md#its-limits). The clock is simulated, a batch has five people, and 1 to 8 requests
  are in flight.
- **Every answer lost**: the platform accepts each batch, and no answer ever comes back.
- **Changes between tries**: everything in the second table, mixed with most of the faults above. Two to four
  tries go wrong, and between them somebody changes something. When an error that is final names the change,
  it is put back and the task is cleared. At the end all goes well, and exactly those who have no text yet
  must get one. **Ledger alone** is an Airflow below 3.3. The ledgers are SQLite.
- **Processes killed**: `SendSmsOperator`, in a process of its own, sends {people} texts over HTTP. SIGKILL
  comes up to three times in a task, mostly while it sends, otherwise while it starts.
- **Scheduled tasks stopped**, with `cancel_on_kill`: in one process, with all of the faults above, and with
  cancel requests and their answers lost, late or throttled; and in processes of their own, which get SIGTERM,
  as Airflow sends it, and SIGKILL up to two seconds later. What counts is what leaves in the end.
- **Handed to a person**: tries that failed for good, so that somebody had to look and clear the task.
- **Wrong results**: tasks whose result does not count what really left over all of their tries.
- **Unfinished**: tasks that had not succeeded after many tries.

What remembers is the **task state** store of Airflow 3.3, the **ledger** (a SQL database, with that store as
its fence), or **neither**: then the platform's lists by tag
are all there is.

Changes between tries leave out what nothing could notice; these are [limits](how-it-works.md#its-limits) too:

- Where lists by tag are the only memory, they are whole.
- A look does not slip twice in a row at one tag, nor right after a look that came before the list had caught
  up.
- A deleted run is made again only when what it sent can be seen. Before any try has used a ledger, one of its
  first ordinals must have been sent.
- An older copy of the ledger takes its place only while the task state store is whole.
- What the platform accepts and then refuses shows in its lists within a second.
- Lists do not lag while a clock is further behind than clocks may differ.
- Without any memory, a changed key is a key of the same account.

## The inbox

`python -m faults.inbox` writes the table of this part. In each run, the phones of ten people report, and the
people answer, some with STOP. The simulated platform posts each message one to three times, in any order, as
JSON or as a form, long answers in parts; whatever nobody acknowledges it posts again half a second later.
Meanwhile up to four processes get SIGKILL: the receiver, the database with all of its processes, and the
reader, mostly while it reads. Then everything may finish, and the messages are counted.

{inbox}

- **Lost**: messages that were acknowledged and are not in the inbox. **Counted twice**: messages that are
  there more than once, although the platform only repeated them.
- **Statuses gone back**: people whose final status was replaced, as a process that watches all the time has
  seen it, or who lack theirs at the end.
- **Misread**: messages that the consumer never got, got out of order, or got again after it had finished with
  them; and messages of a reader that died which no later one has read.
- **Unfinished**: runs in which something had not come in, or had not been read, a minute later.

## Endurance

`make soak` writes the figures of this part. A real Airflow (scheduler with LocalExecutor, triggerer, DAG
processor, API server, PostgreSQL) runs campaigns of 1 to 6,000 people, with or without a ledger, up to four
at a time. Meanwhile, at random, tasks are killed, services are restarted or killed, runs are cleared, and the
platform fails. Then the faults end, and everybody must have one text. `make soak MINUTES=60` goes on for an
hour. A seed repeats which faults are chosen, not the moment at which they strike.

{endurance}

- **Memory and open files**: those of the processes that lived through the longest life of a service, without
  its first half minute: the medians of the first and of the last third. "Level" allows for 15% more memory
  and 10 more files, because connection pools fill.
- **Processes left**: those of tasks after all runs had ended, and of any kind after Airflow had stopped.
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
