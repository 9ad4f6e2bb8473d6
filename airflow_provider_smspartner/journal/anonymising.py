"""Old campaigns lose their names: in place of each number stays a tombstone, which still counts.

In small transactions, on rows of campaigns that nobody has sent for long: a running campaign never waits.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, delete, func, not_, or_, select, update

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.journal.opening import open_ledger
from airflow_provider_smspartner.journal.table import PRIMARY_KEY, SENDS, Ledger, moment, tombstone
from airflow_provider_smspartner.rules.arguments import shown
from airflow_provider_smspartner.rules.people import ERASED
from airflow_provider_smspartner.rules.sending_states import DECIDED, FREE

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

AT_ONCE: Final = 500
"""Rows of one transaction."""
IS_SETTLED: Final = or_(*(SENDS.c.state == state for state in DECIDED))
"""Nothing is still to be found out under a number.

Not IN, whose values no statement for many rows can have.
"""
OF_ROW: Final = tuple(SENDS.c[name] == bindparam(f"of_{name}") for name in PRIMARY_KEY)


def anonymise(
    *, ledger_conn_id: str, older_than: timedelta, smspartner_conn_id: str = "smspartner_default"
) -> int:
    """Take the names out of a ledger's old campaigns, and return how many rows that were.

    A campaign is old when its last claim lies further back than ``older_than``. In place of each number, and
    of its event, stays the keyed hash that ``erase`` leaves: a later run of the campaign texts nobody again,
    as long as the connection keeps its key. Rows of people who were never texted are dropped, and rows in
    doubt stay until a run has settled them. What a kill leaves undone, the next call does.

    :raises InvalidMessage: ``older_than`` is no time above zero.
    :raises SMSPartnerError: the ledger cannot be written.
    """
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

    given: object = older_than
    if not isinstance(given, timedelta) or given <= timedelta(0):
        raise InvalidMessage(
            f"older_than: {shown(given)} is no time above zero; give a timedelta, such as timedelta(days=365)"
        )
    secret = SMSPartnerHook(smspartner_conn_id).settings.api_key
    ledger, before = open_ledger(ledger_conn_id), moment(time.time() - given.total_seconds())
    old = ledger.transact(partial(old_campaigns, conn_id=smspartner_conn_id, before=before))
    return sum(anonymise_one(ledger, campaign, before=before, secret=secret) for campaign in old)


def old_campaigns(connection: Connection, *, conn_id: str, before: datetime) -> list[Any]:
    """Return the campaigns of a connection of which nothing has left since a moment, nor is to leave."""
    key = (SENDS.c.connection, SENDS.c.sandbox, SENDS.c.campaign)
    latest = func.max(func.coalesce(SENDS.c.scheduled_for, SENDS.c.claimed_at))
    grouped = select(*key).where(SENDS.c.connection == conn_id).group_by(*key)
    old = grouped.having(and_(func.max(SENDS.c.claimed_at) < before, latest < before))
    return list(connection.execute(old))


def anonymise_one(ledger: Ledger, campaign: Row[Any], *, before: datetime, secret: str) -> int:
    """Take the names out of one campaign, some rows at a time."""
    done = 0
    while some := ledger.transact(partial(replace_some, campaign=campaign, before=before, secret=secret)):
        done += some
    return done


def replace_some(connection: Connection, *, campaign: Row[Any], before: datetime, secret: str) -> int:
    """Put tombstones in the place of some people, and return how many rows that were; 0 when all are done."""
    # A run that has begun meanwhile has claimed its people anew, and keeps them
    theirs = (SENDS.c.claimed_at < before, IS_SETTLED)
    named = not_(SENDS.c.number.startswith(ERASED, autoescape=True))
    of_campaign = [SENDS.c[name] == getattr(campaign, name) for name in ("connection", "sandbox", "campaign")]
    rows = connection.execute(select(SENDS).where(*of_campaign, named, *theirs).limit(AT_ONCE)).all()
    stones = {tombstone((row.number, row.event), secret): row for row in rows if row.state not in FREE}
    known = set(
        connection.scalars(select(SENDS.c.number).where(*of_campaign, SENDS.c.number.in_(sorted(stones))))
    )
    moved = [key_of(row) | {"stone": stone} for stone, row in sorted(stones.items()) if stone not in known]
    dropped = [key_of(row) for row in rows if row.state in FREE]
    dropped += [key_of(stones[stone]) for stone in sorted(known)]
    if moved:
        statement = update(SENDS).where(*OF_ROW, *theirs)
        connection.execute(statement.values(number=bindparam("stone"), event=""), moved)
    if dropped:
        connection.execute(delete(SENDS).where(*OF_ROW, *theirs), dropped)
    return len(rows)


def key_of(row: Row[Any]) -> dict[str, Any]:
    """Return a row's key, as the values of ``OF_ROW``."""
    return {f"of_{name}": row._mapping[name] for name in PRIMARY_KEY}
