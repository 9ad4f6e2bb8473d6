"""How many alerts have left lately: a few rows for each key, taken and given back atomically.

The table never grows beyond ``at_most`` rows for a key: a row is a slot, taken again when its time is over.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    Table,
    delete,
    insert,
    select,
    update,
)

from airflow_provider_smspartner.journal.columns import Exact, Moment
from airflow_provider_smspartner.journal.opening import prepare_table
from airflow_provider_smspartner.journal.schema import LONGEST_CONNECTION
from airflow_provider_smspartner.journal.table import Conflict, Ledger, moment

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Engine

PATIENCE: Final = 8.0
"""Seconds that an alert waits for a database that is away; Airflow stops a DAG's callback after 50."""
LONGEST_KEY: Final = 250
"""Characters of a key; as many as Airflow allows to a DAG id."""

NOTICES: Final = Table(
    "smspartner_notices",
    MetaData(),
    Column("connection", Exact(LONGEST_CONNECTION), primary_key=True),
    Column("sandbox", Boolean, primary_key=True),
    Column("key", Exact(LONGEST_KEY), primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("taken_at", Moment, nullable=False),
    mysql_engine="InnoDB",
)
"""One row for each of the latest alerts of a key; ``docs/notifier.md`` says what each column means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """So many alerts of a key in any stretch of time as long as ``period``."""

    connection: str
    sandbox: bool
    key: str
    at_most: int
    period: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The right to send one alert."""

    number: int
    taken_at: datetime


def take(
    engine: Engine,
    budget: Budget,
    *,
    now: Callable[[], float] = time.time,
    pause: Callable[[float], object] = time.sleep,
) -> Slot | None:
    """Take a slot, or None while all are taken.

    Counted on this machine's clock, in whole seconds, rounded so that a period is never too short.

    :raises InvalidMessage: the database has another table of that name.
    :raises SMSPartnerError: the database cannot be reached, or refuses.
    """

    def work(connection: Connection) -> Slot | None:
        at = now()
        return _take(connection, budget, over=moment(at) - budget.period, at=moment(math.ceil(at)))

    prepare_table(engine, NOTICES)
    return Ledger(engine=engine, pause=pause, patience=PATIENCE).transact(work)


def give_back(
    engine: Engine, budget: Budget, slot: Slot, *, pause: Callable[[float], object] = time.sleep
) -> None:
    """Free a slot whose alert certainly never left.

    :raises SMSPartnerError: the database cannot be reached, or refuses.
    """
    taken = delete(NOTICES).where(
        *_of(budget), NOTICES.c.slot == slot.number, NOTICES.c.taken_at == slot.taken_at
    )
    ledger = Ledger(engine=engine, pause=pause, patience=PATIENCE)
    ledger.transact(lambda connection: connection.execute(taken))


def _take(connection: Connection, budget: Budget, *, over: datetime, at: datetime) -> Slot | None:
    """Write ``at`` into the first slot that is free, or was taken at ``over`` or before."""
    slots = select(NOTICES.c.slot, NOTICES.c.taken_at).where(*_of(budget))
    taken = {row.slot: row.taken_at for row in connection.execute(slots)}
    number = next((n for n in range(budget.at_most) if n not in taken or taken[n] <= over), None)
    if number is None:
        return None
    if number not in taken:
        # Another process may be doing the same: the primary key refuses the later one, which then starts anew
        values = {"connection": budget.connection, "sandbox": budget.sandbox, "key": budget.key}
        connection.execute(insert(NOTICES).values(**values, slot=number, taken_at=at))
    else:
        old = (*_of(budget), NOTICES.c.slot == number, NOTICES.c.taken_at == taken[number])
        if connection.execute(update(NOTICES).where(*old).values(taken_at=at)).rowcount != 1:
            raise Conflict
    return Slot(number=number, taken_at=at)


def _of(budget: Budget) -> tuple[ColumnElement[bool], ...]:
    columns = NOTICES.c
    return (
        columns.connection == budget.connection,
        columns.sandbox == budget.sandbox,
        columns.key == budget.key,
    )
