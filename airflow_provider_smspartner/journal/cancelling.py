"""Batches that are to be cancelled on the platform: who may do so, one write that means to, the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, or_, select, update

from airflow_provider_smspartner.journal.batch import LAST_CANCEL, Batch
from airflow_provider_smspartner.journal.claims import mine
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.moves import brought, can, moved
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.journal.table import moment
from airflow_provider_smspartner.rules.sending_states import OPEN, Event, names

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

CANCELLING: Final = can(Event.CANCEL, Event.TOO_LATE)


def intend(
    connection: Connection, claimant: Claimant, now: float, *of_those: ColumnElement[bool]
) -> set[int]:
    """Mean to cancel whatever this try can, and return the ordinals of all that is to be cancelled."""
    by_id = (BATCHES.c.message_id.is_not(None), BATCHES.c.scheduled_for > moment(now + LAST_CANCEL))
    connection.execute(moved(Event.INTENT).where(*mine(claimant, *by_id, *of_those)))
    # Read back rather than returned: what an earlier try meant to cancel is asked for as well
    intended = select(BATCHES.c.ordinal).where(*mine(claimant, CANCELLING))
    return set(connection.scalars(intended))


def write_answer(connection: Connection, batch: Batch, claimant: Claimant) -> None:
    """Write what the platform answered for a batch, into its row, if this try may still decide on it."""
    ours = mine(claimant, BATCHES.c.ordinal == batch.ordinal, CANCELLING)
    connection.execute(brought(batch.state).where(*ours))


def take_over(connection: Connection, claimant: Claimant, now: float) -> None:
    """Make this try the owner of what its task has left open, and of what may still be cancelled."""
    rows = update(BATCHES).where(BATCHES.c.task == claimant.task)
    lease = {"owner": claimant.owner, "lease_until": claimant.lease_until(now)}
    connection.execute(rows.where(BATCHES.c.state.in_(names(OPEN))).values(lease))
    on_schedule = or_(CANCELLING, and_(can(Event.INTENT), BATCHES.c.scheduled_for > moment(now)))
    connection.execute(
        rows.where(on_schedule).values(owner=claimant.owner)
    )  # no try before may cancel any more
