"""From a table of a PostgreSQL to batches, against fetching the same rows in the same way for nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import CONN_ID, QUERY, warehouse

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook

COMMAND = "python -m benchmarks reading"
TARGET = 2.5


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure reading, cleaning and batching together."""
    from airflow_provider_smspartner.operators.arguments import warehouse as hook_of

    with warehouse(sizes.recipients):
        hook = hook_of(CONN_ID)
        bare, whole = [], []
        for _ in range(sizes.rounds):
            bare.append(fetch(hook, sizes.recipients))
            whole.append(prepare(hook, sizes.recipients))
    ratio = median(whole) / median(bare)
    yield Figure(
        what=f"{sizes.recipients:,} rows in PostgreSQL → batches ready",
        measured=spell(ratio, "×"),
        against="fetching the same rows through the same engine (psycopg 3) and throwing them away "
        f"({spell(median(bare), 's')}; ours {spell(median(whole), 's')})",
        target=f"≤ {TARGET} ×",
        met=ratio <= TARGET,
        command=COMMAND,
    )


def fetch(hook: DbApiHook, expected: int, query: str = QUERY) -> float:
    """Return the seconds it takes to throw the rows away."""
    from airflow_provider_smspartner.audience.rows import ROWS_AT_ONCE

    options = {"stream_results": True, "yield_per": ROWS_AT_ONCE, "no_parameters": True}
    began = time.perf_counter()
    engine = hook.get_sqlalchemy_engine()
    with engine.connect().execution_options(**options) as connection:
        found = sum(len(part) for part in connection.exec_driver_sql(query).partitions())
    engine.dispose()
    return checked(time.perf_counter() - began, found, expected)


def prepare(hook: DbApiHook, expected: int) -> float:
    """Return the seconds it takes to have every batch in hand, one after the other."""
    from airflow_provider_smspartner import audience
    from airflow_provider_smspartner.rules.batches import split_people

    began = time.perf_counter()
    found = audience.read_sql(hook, QUERY, None, audience.Columns("phone_number"), audience.Rules())
    people = sum(len(batch) for batch in split_people(found.people))
    return checked(time.perf_counter() - began, people, expected)


def checked(seconds: float, found: int, expected: int) -> float:
    """Return the time of a run that did all of its work."""
    if found != expected:
        raise SystemExit(f"{found} of {expected} people came out")
    return seconds
