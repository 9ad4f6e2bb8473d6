"""Rows that are to be cancelled on the platform: who may do so, one write that means to, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, or_, select, update

from airflow_provider_smspartner.journal.batch import LAST_CANCEL, Batch
from airflow_provider_smspartner.journal.claims import mine
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.moves import brought, can, moved
from airflow_provider_smspartner.journal.table import SENDS, moment
from airflow_provider_smspartner.rules.sending_states import OPEN, Event, names

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

CANCELLING: Final = can(Event.CANCEL, Event.TOO_LATE)


def intend(
    connection: Connection, claimant: Claimant, now: float, *of_those: ColumnElement[bool]
) -> set[int]:
    """Mean to cancel whatever this try can, and return the ordinals of all that is to be cancelled."""
    by_id = (SENDS.c.message_id.is_not(None), SENDS.c.scheduled_for > moment(now + LAST_CANCEL))
    connection.execute(moved(Event.INTENT).where(*mine(claimant, *by_id, *of_those)))
    intended = select(SENDS.c.ordinal).where(*mine(claimant, CANCELLING)).distinct()
    return set(connection.scalars(intended))


def write_answer(connection: Connection, batch: Batch, claimant: Claimant) -> None:
    """Write what the platform answered for a batch, into the rows that this try may still decide on."""
    ours = mine(claimant, SENDS.c.ordinal == batch.ordinal, CANCELLING)
    connection.execute(brought(batch.state).where(*ours))


def take_over(connection: Connection, claimant: Claimant, now: float) -> None:
    """Make this try the owner of what its task has left open, and of what may still be cancelled."""
    rows = update(SENDS).where(SENDS.c.task == claimant.task)
    lease = {"owner": claimant.owner, "lease_until": claimant.lease_until(now)}
    connection.execute(rows.where(SENDS.c.state.in_(names(OPEN))).values(lease))
    on_schedule = or_(CANCELLING, and_(can(Event.INTENT), SENDS.c.scheduled_for > moment(now)))
    connection.execute(
        rows.where(on_schedule).values(owner=claimant.owner)
    )  # no try before may cancel any more
