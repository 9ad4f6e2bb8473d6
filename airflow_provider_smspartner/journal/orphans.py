"""What a dead run left open: looked up by its tag once its lease is over, so that it loses nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.journal.batch import CLOCK_MARGIN, LOOKS_APART
from airflow_provider_smspartner.journal.eligibility import Claimant, Seen
from airflow_provider_smspartner.journal.moves import moved
from airflow_provider_smspartner.journal.rows import take_back_refusals
from airflow_provider_smspartner.journal.schema import BATCHES, PEOPLE
from airflow_provider_smspartner.journal.table import Ledger, moment
from airflow_provider_smspartner.journal.visibility import is_as_hidden, is_seen
from airflow_provider_smspartner.rules.people import ERASED
from airflow_provider_smspartner.rules.sending_states import BatchState, Event, after

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

log = logging.getLogger(__name__)

CONTROL_WITHIN = timedelta(days=7)
"""How old a batch of another task may be that is to be found where a dead run's is not."""

TagLook = Callable[[str, Collection[str]], frozenset[str] | None]
"""Returns who is listed under a tag, of whom national forms are read as these; None when nobody is."""
REMEDY = (
    f"Look it up in the customer area of SMS Partner, then set the state of its row in {BATCHES.name} to "
    "'accepted' or 'absent'."
)


def resolve(row: Seen, claimant: Claimant, ledger: Ledger, look: TagLook, now: Callable[[], float]) -> bool:
    """Find out what became of the batch of this row, and write it unless somebody was faster.

    Return False when nobody can tell.

    :raises SMSPartnerError: the look by tag failed.
    :raises NeedsPerson: a person has to decide.
    """
    event = judge(row, claimant, ledger, look, now)
    if event is None:
        log.warning("Tag %s of a run that died: nobody can tell whether it left", row.tag)
        return False
    at = moment(now())
    state = after(BatchState(row.state), event)
    # Compare-and-swap: who has renewed the lease is alive, and who was faster has moved the batch on
    swap = moved(event).where(BATCHES.c.id == row.batch, BATCHES.c.lease_until < at)
    accepted = swap.values(accepted_at=at if state is BatchState.ACCEPTED else None)
    of_batch = select(func.max(BATCHES.c.people)).where(BATCHES.c.id == row.batch)

    def write(connection: Connection) -> int:
        if state is BatchState.ACCEPTED:
            take_back_refusals(connection, row.batch)
        return int((connection.execute(accepted).rowcount and connection.scalar(of_batch)) or 0)

    people = ledger.transact(write)
    log.warning("Tag %s of a run that died: its %s people are %s", row.tag, people, state.value)
    return True


def judge(
    row: Seen, claimant: Claimant, ledger: Ledger, look: TagLook, now: Callable[[], float]
) -> Event | None:
    """Return what has happened to a batch; None when its absence cannot be proved."""
    if claimant.on_unknown == "fail":
        raise NeedsPerson(
            f'on_unknown="fail": a run that died left tag {row.tag} without an answer. {REMEDY}'
        )
    if claimant.on_unknown == "resend":
        return Event.RESEND
    of_batch = select(PEOPLE.c.number).where(PEOPLE.c.batch == row.batch)
    numbers = ledger.transact(lambda connection: set(connection.scalars(of_batch)))
    listing = look(row.tag, numbers)
    if listing is None:
        if not is_proof(row, claimant, ledger, look, now):
            return None
        # A list slips once more often than twice
        ledger.pause(LOOKS_APART)
        if (listing := look(row.tag, numbers)) is None:
            return Event.NOT_FOUND
    if not listing:  # a list that counts people and names none proves nothing
        return None
    # Who was erased cannot be compared with a list: the tag, which nobody else has, decides
    is_ours = any(number.startswith(ERASED) for number in numbers)
    if not is_ours and listing.isdisjoint({*numbers, claimant.redirect_to}):
        raise NeedsPerson(f"Tag {row.tag} holds other people on the platform than in the ledger. {REMEDY}")
    return Event.FOUND


def is_proof(row: Seen, claimant: Claimant, ledger: Ledger, look: TagLook, now: Callable[[], float]) -> bool:
    """Whether "not found" can be believed: the same look must find what was certainly sent, and what is no
    easier to see.
    """
    seen = is_seen(row, by=now() - claimant.verify_timeout - CLOCK_MARGIN)
    control = ledger.transact(partial(control_of, row=row, claimant=claimant, seen=seen))
    if control is None:
        return seen
    return look(control, ()) is not None


def control_of(connection: Connection, *, row: Seen, claimant: Claimant, seen: bool) -> str | None:
    """Return the tag of a batch that was certainly sent: of the same task, or else the last one before of the
    campaign, because a key of another account, too, shows nobody of a task that has heard of nothing.
    """
    sent = select(BATCHES.c.tag).where(BATCHES.c.state == BatchState.ACCEPTED.value)
    if not seen:
        sent = sent.where(is_as_hidden(row))
    oldest = row.lease_until - CONTROL_WITHIN  # nobody knows for how long the platform lists a tag
    before = BATCHES.c.claimed_at.between(oldest, row.lease_until)
    for whose in ((BATCHES.c.task == row.task,), (BATCHES.c.campaign == claimant.campaign_id, before)):
        last = sent.where(*whose).order_by(BATCHES.c.claimed_at.desc()).limit(1)
        if (tag := connection.scalar(last)) is not None:
            return str(tag)
    return None
