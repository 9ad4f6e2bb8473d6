"""Databases of the tests: which ones there are, how they are emptied, and a ledger written by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool, Pool

from airflow_provider_smspartner.journal.schema import (
    BATCHES,
    CAMPAIGNS,
    PEOPLE,
    SENDS,
    STOPPED,
    batch_id,
    campaign_id,
)
from airflow_provider_smspartner.journal.sets import FORMS
from airflow_provider_smspartner.rules.sending_states import REJECTED
from faults.empty_ledger import empty_ledger

DATABASES = ("sqlite", "postgresql", "mariadb", "plain")
"""Where a ledger is tried; "plain" is SQLite, told as a database of which nothing is known."""

in_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For what is asked of our own logic, and not of a database: four times would only take longer."""
on_servers = pytest.mark.parametrize("url", ["sqlite", "postgresql", "mariadb"], indirect=True)
"""For what is asked of processes, which know the databases by themselves."""

OF_CAMPAIGNS: set[str] = set()
"""Databases whose last test was one of a campaign or an inbox, which changes rows and no table."""

OF_BATCH = ("task", "ordinal", "tag", "owner", "invisible", "claimed_at", "lease_until")
OF_MESSAGE = ("message_id", "currency", "accepted_at", "scheduled_for")
OF_PERSON = ("number", "event", "status", "reported_at")


def empty_database(request: pytest.FixtureRequest, file: Path) -> str:
    """Return the URL of a database that is one of ``DATABASES``, without any row of ours.

    For a test of a ``campaign`` or a ``ledger``, which make the tables that are missing, those that are there
    stay: to make them anew takes longer than most of these tests. For any other one there are no tables.
    """
    may_stay = not {"campaign", "ledger"}.isdisjoint(request.fixturenames)
    if request.param == "plain":
        request.getfixturevalue("monkeypatch").delitem(FORMS, "sqlite")
    if request.param in ("sqlite", "plain"):
        if may_stay:
            file.write_bytes(empty_ledger())
        return f"sqlite:///{file}"
    location: str = request.getfixturevalue(f"{request.param.removesuffix('ql')}_url")
    if may_stay and location in OF_CAMPAIGNS:
        empty_tables(location)
    else:
        drop_tables(location)
    if may_stay:
        OF_CAMPAIGNS.add(location)
    return location


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each kind that a ledger may be in."""
    return empty_database(request, tmp_path / "ledger.db")


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, hide_parameters=True)
    yield engine
    engine.dispose()


class Connections(set[object]):
    """Those that are open."""

    opened = 0


@contextmanager
def open_connections() -> Iterator[Connections]:
    """Give the connections of all engines that are opened in the block and not closed yet."""
    connections = Connections()

    def add(connection: object, _: object) -> None:
        connections.add(connection)
        connections.opened += 1

    def remove(connection: object, _: object) -> None:
        connections.discard(connection)

    sa.event.listen(Pool, "connect", add)
    sa.event.listen(Pool, "close", remove)
    try:
        yield connections
    finally:
        sa.event.remove(Pool, "connect", add)
        sa.event.remove(Pool, "close", remove)


def empty_tables(location: str) -> None:
    """Forget everybody in a ledger, and its name."""
    engine = sa.create_engine(location, poolclass=NullPool)
    with engine.begin() as connection:
        for name in sa.inspect(connection).get_table_names():
            if name.startswith("smspartner_"):
                connection.execute(sa.text(f"DELETE FROM {name}"))


def drop_tables(location: str) -> None:
    """Take a ledger away, and an inbox."""
    OF_CAMPAIGNS.discard(location)
    engine = sa.create_engine(location, poolclass=NullPool)
    with engine.begin() as connection:
        inspector = sa.inspect(connection)
        views, tables = inspector.get_view_names(), inspector.get_table_names()
        for kind, names in (("VIEW", views), ("TABLE", tables)):
            for name in filter(lambda name: name.startswith("smspartner_"), names):
                connection.execute(sa.text(f"DROP {kind} {name}"))


def write_sends(connection: sa.engine.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write people into a ledger as its view shows them."""
    known = set(connection.scalars(sa.select(CAMPAIGNS.c.id)))
    batches = defaultdict[int, list[dict[str, Any]]](list)
    people: list[dict[str, Any]] = []
    for row in rows:
        names = {name: row[name] for name in ("connection", "sandbox", "campaign")}
        if (campaign := campaign_id(**names)) not in known:
            connection.execute(sa.insert(CAMPAIGNS), {**names, "id": campaign, "erased": False})
            known.add(campaign)
        batch = batch_id(row["task"], row["ordinal"])
        own = REJECTED if row["state"] == REJECTED else None
        person = {name: row.get(name) for name in OF_PERSON}
        marks = STOPPED if row.get("stop") else None
        people.append({**person, "campaign": campaign, "batch": batch, "state": own, "marks": marks})
        batches[batch].append({**row, "campaign": campaign})
    connection.execute(sa.insert(PEOPLE), people)
    for batch, members in batches.items():
        connection.execute(sa.insert(BATCHES), {"id": batch, **batch_row(members)})


def batch_row(members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of a batch whose people are these."""
    taken = [row for row in members if row["state"] != REJECTED]
    first = (taken or members)[0]
    cost = Decimal(first.get("cost") or 0)
    return {
        **{name: first[name] for name in (*OF_BATCH, "campaign")},
        **{name: first.get(name) for name in OF_MESSAGE},
        "state": first["state"] if taken else "absent",
        "people": len(taken),
        "rejected": len(members) - len(taken),
        "segments": sum(row.get("segments") or 0 for row in taken),
        "cost": cost * len(taken),
        "each_segments": first.get("segments"),
        "each_cost": cost,
    }


def show(engine: sa.Engine) -> list[sa.RowMapping]:
    """Return the people of a ledger, as its view shows them."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(SENDS)).mappings())
