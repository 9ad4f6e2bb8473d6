"""What became of batches, written into their rows: of several at once, which costs little more than one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.journal.cancelling import intend
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.moves import brought
from airflow_provider_smspartner.journal.rows import of_batch, write_accepted, write_rejected
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.journal.table import moment
from airflow_provider_smspartner.rules.people import Pseudonymizer
from airflow_provider_smspartner.rules.sending_states import OPEN, BatchState, names

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

IS_OPEN: Final = BATCHES.c.state.in_(names(OPEN))


def write_states(
    connection: Connection,
    batches: Sequence[Batch],
    claimant: Claimant,
    pseudonymizer: Pseudonymizer,
    *,
    now: float,
    is_cancelling: bool,
) -> None:
    """Write the states that batches have reached, in the order in which they have reached them.

    :param is_cancelling: whether what is accepted now is to be cancelled with the rest.
    """
    for is_accepted, alike in groupby(batches, lambda batch: batch.state is BatchState.ACCEPTED):
        some = list(alike)
        if not is_accepted:
            for batch in some:
                write_open(connection, batch, claimant, pseudonymizer)
            continue
        for batch in some:  # a fact, whoever owns the batch by now
            write_rejected(connection, batch, claimant, pseudonymizer)
        write_accepted(connection, some, claimant, moment(now))
        for batch in some if is_cancelling else ():  # nobody may come back to ask for it
            intend(connection, claimant, now, of_batch(batch, claimant))


def write_open(
    connection: Connection, batch: Batch, claimant: Claimant, pseudonymizer: Pseudonymizer
) -> None:
    """Write that the platform has not accepted a batch, or may not have."""
    # What another process has found on the platform meanwhile stays so
    ours = (of_batch(batch, claimant), BATCHES.c.owner == claimant.owner, IS_OPEN)
    if connection.scalar(select(BATCHES.c.id).where(*ours).with_for_update()) is None:
        return
    write_rejected(connection, batch, claimant, pseudonymizer)
    connection.execute(brought(batch.state).where(*ours))
