"""Old campaigns lose their names: in place of each number stays a tombstone, which still counts.

What people wrote as long ago is deleted from the inbox. All of it in small transactions, on rows of campaigns
that nobody has sent for long: a running campaign never waits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, func, not_, select, update

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.journal.burying import bury, drop
from airflow_provider_smspartner.journal.inbox import forget_posts
from airflow_provider_smspartner.journal.opening import open_ledger
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, OF_BATCH, PEOPLE, STATE
from airflow_provider_smspartner.journal.table import Ledger, moment
from airflow_provider_smspartner.rules.arguments import shown
from airflow_provider_smspartner.rules.people import ERASED
from airflow_provider_smspartner.rules.sending_states import DECIDED, FREE

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

BATCHES_AT_ONCE: Final = 8
"""Batches of one transaction: some thousands of people."""


def anonymise(
    *, ledger_conn_id: str, older_than: timedelta, smspartner_conn_id: str = "smspartner_default"
) -> int:
    """Take the names out of a ledger's old campaigns and of its inbox, and return how many rows that were.

    A campaign is old when its last claim lies further back than ``older_than``. In place of each number, and
    of its event, stays the keyed hash that ``erase`` leaves: a later run of the campaign texts nobody again,
    as long as the connection keeps its key. Rows of people who were never texted are dropped, and rows in
    doubt stay until a run has settled them. What a kill leaves undone, the next call does.

    Replies, STOP and reports that the inbox received longer ago than ``older_than`` are deleted, read or not.

    :raises InvalidMessage: ``older_than`` is not a time above zero.
    :raises SMSPartnerError: the ledger cannot be written.
    """
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

    given: object = older_than
    if not isinstance(given, timedelta) or given <= timedelta(0):
        raise InvalidMessage(
            f"older_than: {shown(given)} is not a time above zero; give a timedelta, such as "
            f"timedelta(days=365)"
        )
    secret = SMSPartnerHook(smspartner_conn_id).settings.api_key
    before = moment(time.time() - given.total_seconds())
    with closing(open_ledger(ledger_conn_id)) as ledger:
        old = ledger.transact(partial(old_campaigns, conn_id=smspartner_conn_id, before=before))
        done = sum(anonymise_one(ledger, campaign, before=before, secret=secret) for campaign in old)
        return done + forget_posts(ledger, conn_id=smspartner_conn_id, before=before)


def old_campaigns(connection: Connection, *, conn_id: str, before: datetime) -> list[int]:
    """Return the campaigns of a connection of which nothing has left since a moment, nor is to leave."""
    of_connection = BATCHES.join(CAMPAIGNS, BATCHES.c.campaign == CAMPAIGNS.c.id)
    latest = func.max(func.coalesce(BATCHES.c.scheduled_for, BATCHES.c.claimed_at))
    grouped = select(BATCHES.c.campaign).select_from(of_connection).group_by(BATCHES.c.campaign)
    old = grouped.having(and_(func.max(BATCHES.c.claimed_at) < before, latest < before))
    return list(connection.scalars(old.where(CAMPAIGNS.c.connection == conn_id)))


def anonymise_one(ledger: Ledger, campaign: int, *, before: datetime, secret: str) -> int:
    """Take the names out of one campaign, some batches at a time."""
    of_campaign = select(BATCHES.c.id).where(BATCHES.c.campaign == campaign).order_by(BATCHES.c.id)
    batches = ledger.transact(lambda connection: connection.scalars(of_campaign).all())
    done = 0
    for start in range(0, len(batches), BATCHES_AT_ONCE):
        some = batches[start : start + BATCHES_AT_ONCE]
        replace = partial(replace_some, campaign=campaign, batches=some, before=before, secret=secret)
        done += ledger.transact(replace)
    return done


def replace_some(
    connection: Connection, *, campaign: int, batches: Sequence[int], before: datetime, secret: str
) -> int:
    """Put tombstones in place of the people of some batches, and return how many rows that were."""
    # First, and so it waits for whoever claims: a claim looks for tombstones where this says so
    connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign).values(erased=True))
    # A run that has begun meanwhile has claimed its people anew, and keeps them
    old = (BATCHES.c.id.in_(batches), BATCHES.c.claimed_at < before, BATCHES.c.state.in_(DECIDED))
    settled = connection.scalars(select(BATCHES.c.id).where(*old).with_for_update()).all()
    named = not_(PEOPLE.c.number.startswith(ERASED, autoescape=True))
    columns = (PEOPLE.c.number, PEOPLE.c.event, PEOPLE.c.campaign, PEOPLE.c.batch, STATE.label("state"))
    of_batches = select(*columns).select_from(OF_BATCH).where(PEOPLE.c.batch.in_(settled), named)
    rows = connection.execute(of_batches).all()
    free = [row for row in rows if row.state in FREE]
    bury(connection, [row for row in rows if row.state not in FREE], secret)
    drop(connection, free)
    return len(rows)
