"""A campaign with a PostgreSQL ledger: its time, a second run of it, the statuses, and what a person takes.

The sends are those of the row "campaign", which differ in what remembers them alone.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg

from benchmarks import shortest
from benchmarks.campaign import MESSAGE, check, run
from benchmarks.platform import platform
from benchmarks.reading import fetch
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import CONN_ID, VARIABLE, warehouse

COMMAND = "python -m benchmarks ledger"
SHORTEST_TARGET, STORE_TARGET, AGAIN_TARGET, STATUS_TARGET, BYTES_TARGET = 1.35, 1.2, 4.0, 30_000, 220


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure sends of campaigns that nobody has had, and then of one that everybody has had."""
    from airflow_provider_smspartner.operators.arguments import warehouse as hook_of

    people = min(sizes.recipients, sizes.ledger)
    ours, stored, bare, again, fetched, told, taken = (list[float]() for _ in range(7))
    with warehouse(people), platform(sizes.latency) as address:
        run(address, 1, sizes)  # compiles what the next ones load
        for number in range(sizes.rounds):
            fetching = fetch(hook_of(CONN_ID), people)
            posting = shortest.send(address, people, sizes.concurrency, MESSAGE)
            check(address, people)
            bare.append(fetching + posting)
            fetched.append(fetching)
            stored.append(run(address, people, sizes)["seconds"])
            before = bytes_taken()
            ours.append(run(address, people, sizes, campaign=f"campaign {number}")["seconds"])
            again.append(run(address, people, sizes, campaign=f"campaign {number}", new=0)["seconds"])
            told.append(tell_statuses(f"campaign {number}", people))
            taken.append((bytes_taken() - before) / people)
    yield compare(people, ours, bare, "bare `http.client`, plus fetching the same rows", SHORTEST_TARGET)
    yield compare(people, ours, stored, "the same send with the task state journal", STORE_TARGET)
    yield second_run(people, again, fetched)
    yield statuses(people, told)
    yield size(people, taken)


def compare(people: int, ours: list[float], others: list[float], what: str, target: float) -> Figure:
    """Compare with another way to send the same."""
    ratio = median(ours) / median(others)
    short = "the shortest client" if "bare" in what else "the task state journal"
    return Figure(
        what=f"{people:,} recipients with a PostgreSQL ledger, against {short}",
        measured=spell(ratio, "×"),
        against=f"{what} ({spell(median(others), 's')}; ours {spell(median(ours), 's')})",
        target=f"≤ {target} ×",
        met=ratio <= target,
        command=COMMAND,
    )


def second_run(people: int, again: list[float], fetched: list[float]) -> Figure:
    """Compare a run that leaves everybody out with reading who they are."""
    ratio = median(again) / median(fetched)
    return Figure(
        what=f"a second run of the same {people:,} recipients, whom the ledger all leaves out",
        measured=spell(ratio, "×"),
        against=f"fetching the rows alone ({spell(median(fetched), 's')}; ours {spell(median(again), 's')})",
        target=f"≤ {AGAIN_TARGET:g} ×",
        met=ratio <= AGAIN_TARGET,
        command=COMMAND,
    )


def statuses(people: int, told: list[float]) -> Figure:
    """Say how quickly a sensor's statuses are written."""
    pace = people / median(told)
    return Figure(
        what=f"statuses of {people:,} people into a PostgreSQL ledger",
        measured=spell(pace, "people/s"),
        against=f"reports that were read before ({spell(median(told), 's')})",
        target=f"≥ {STATUS_TARGET:,} people/s",
        met=pace >= STATUS_TARGET,
        command=COMMAND,
    )


def size(people: int, taken: list[float]) -> Figure:
    """Say what a person takes."""
    return Figure(
        what="a person in a PostgreSQL ledger, with indexes, after the statuses",
        measured=spell(median(taken), "bytes"),
        against=f"{people:,} people, nothing vacuumed",
        target=f"≤ {BYTES_TARGET} bytes",
        met=median(taken) <= BYTES_TARGET,
        command=COMMAND,
    )


def connect() -> psycopg.Connection:
    """Connect to the ledger."""
    form = json.loads(os.environ[VARIABLE])
    return psycopg.connect(host=form["host"], user=form["login"], dbname=form["schema"])


def bytes_taken() -> int:
    """Return the size of all of the ledger's tables."""
    with connect() as connection:
        size = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r'"
        [(found,)] = connection.execute(f"{size} AND relname LIKE 'smspartner_%'").fetchall()
    return int(found)


def tell_statuses(campaign: str, people: int) -> float:
    """Write that everybody has got their text; return the seconds it took."""
    from airflow_provider_smspartner.journal.opening import open_ledger
    from airflow_provider_smspartner.journal.upkeep import record_reports
    from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report

    at = datetime.now(UTC)
    reports = defaultdict[str, list[Report]](list)
    with connect() as connection:
        query = "SELECT message_id, number FROM smspartner_sends WHERE campaign = %s"
        for message_id, number in connection.execute(query, (campaign,)):
            report = Report(number=number, status=DeliveryStatus.DELIVERED, stop=False, reported_at=at)
            reports[message_id].append(report)
    ledger = open_ledger(CONN_ID)
    began = time.perf_counter()
    record_reports(ledger, connection="smspartner_default", reports=reports)
    seconds = time.perf_counter() - began
    with connect() as connection:
        query = "SELECT count(*) FROM smspartner_sends WHERE campaign = %s AND status = 'delivered'"
        [(written,)] = connection.execute(query, (campaign,)).fetchall()
    ledger.engine.dispose()
    if written != people:
        raise SystemExit(f"{written} of {people} people have a status")
    return seconds
