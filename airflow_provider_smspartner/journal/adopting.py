"""People who were found by tag are taken into the ledger, which has lost them or is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from airflow_provider_smspartner.exceptions import NeedsPerson, SMSPartnerError
from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.journal.claims import mine, write_claims
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.orphans import TagLook
from airflow_provider_smspartner.journal.rows import of_batch, write_accepted
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.journal.table import moment
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.rules.sending_states import BatchState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def with_people(
    batches: Sequence[Batch], claimant: Claimant, look: TagLook, who: Pseudonymizer
) -> list[Batch]:
    """Return batches that were found by tag with their people, by a second look; the first has left hashes.

    :raises NeedsPerson: the texts are for events, of which the platform knows nothing.
    :raises SMSPartnerError: the platform lists others than a moment ago.
    """
    if batches and claimant.by_event:
        raise NeedsPerson(
            "event_column: the ledger has lost what this task sent, and the platform lists people "
            f"without their events (tag {batches[0].tag}), so nobody can tell who is left. Restore the "
            "ledger, or send to the others with another task."
        )
    return [members(batch, look, who) for batch in batches]


def members(batch: Batch, look: TagLook, who: Pseudonymizer) -> Batch:
    """Return a batch with who is under its tag."""
    people = tuple(map(Person, sorted(look(batch.tag, ()) or ())))
    hashes = who.hashes(people)
    if hashes != batch.hashes:
        raise SMSPartnerError(f"SMS Partner lists other people under tag {batch.tag} than a moment ago.")
    return replace(batch, people=people, hashes=hashes)


def adopt(connection: Connection, batches: Sequence[Batch], claimant: Claimant, now: float) -> None:
    """Write batches that the platform has, with their people."""
    for batch in batches:
        done = (of_batch(batch, claimant), BATCHES.c.state == BatchState.ACCEPTED.value)
        if connection.scalar(select(BATCHES.c.id).where(*mine(claimant, *done))) is not None:
            continue  # this transaction, which is done anew: nobody could tell whether it had ended well
        write_claims(connection, [batch], claimant, now)
        write_accepted(connection, [batch], claimant, moment(now))
