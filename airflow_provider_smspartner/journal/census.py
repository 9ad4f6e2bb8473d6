"""What the ledger knows of some thousands of people: of each one, or how many of them are alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, func, not_, or_, select

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal.eligibility import Claimant, Rows, Seen
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, PEOPLE
from airflow_provider_smspartner.journal.sets import find, find_ids, tally
from airflow_provider_smspartner.journal.table import Key, tombstone
from airflow_provider_smspartner.rules.sending_states import OPEN, names

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

OF_PERSON: Final = ("number", "event", "batch", "state")
OF_BATCH: Final = ("state", "task", "ordinal", "tag", "owner", "lease_until", "invisible", "unseen_until")

Kind = tuple[int, str | None]
"""What people have in common: their batch, and what happened to them alone."""


class Others(NamedTuple):
    """What other tasks have in the campaign; the same again while none of them goes on."""

    batches: int
    latest: datetime | None
    """When the latest was claimed."""


def others_of(connection: Connection, claimant: Claimant) -> Others:
    """Return what other tasks have in the campaign, or an earlier try of this one has left open."""
    by_this_try = or_(BATCHES.c.owner == claimant.owner, BATCHES.c.state.not_in(names(OPEN)))
    is_ours = and_(BATCHES.c.task == claimant.task, by_this_try)
    theirs = (BATCHES.c.campaign == claimant.campaign_id, not_(is_ours))
    counts = select(func.count(), func.max(BATCHES.c.claimed_at)).where(*theirs)
    return Others(*connection.execute(counts).one())


def rows_of(connection: Connection, keys: Sequence[Key], claimant: Claimant) -> Rows:
    """Return the rows of people in the campaign, be they under a number or a tombstone.

    :raises SMSPartnerError: some have no batch: the rows of batches were deleted without those of people.
    """
    stones: dict[Key, Key] = {}
    if has_tombstones(connection, claimant):
        stones = {(tombstone(key, claimant.secret), ""): key for key in keys}
    query = of_campaign(claimant, *(PEOPLE.c[name] for name in OF_PERSON))
    names = {*keys, *stones}
    looked_up: list[Any] = find(connection, query, list(names))
    found = [row for row in looked_up if row[:2] in names]
    kinds = alike(connection, {(batch, state) for _, _, batch, state in found})
    rows = {(number, event): kinds[batch, state] for number, event, batch, state in found}
    # Tombstones last, where they win: who was erased stays left out if the number has come back since
    erased = {key: rows[stone]._replace(is_erased=True) for stone, key in stones.items() if stone in rows}
    return {key: rows[key] for key in keys if key in rows} | erased


def tally_of(connection: Connection, keys: Sequence[Key], claimant: Claimant) -> dict[Seen, int] | None:
    """Return what is known of how many people, under their numbers; None where that cannot be counted.

    :raises SMSPartnerError: some have no batch.
    """
    counts: list[Any] | None = tally(connection, of_campaign(claimant, PEOPLE.c.batch, PEOPLE.c.state), keys)
    if counts is None:
        return None
    kinds = alike(connection, {(batch, state) for batch, state, _ in counts})
    return {kinds[batch, state]: people for batch, state, people in counts}


def of_campaign(claimant: Claimant, *columns: Any) -> Select[Any]:
    """Return a query of the people of the campaign."""
    return select(*columns).where(PEOPLE.c.campaign == claimant.campaign_id)


def alike(connection: Connection, kinds: Collection[Kind]) -> dict[Kind, Seen]:
    """Return what is known of people by what they have in common.

    The batches take a look of their own: PostgreSQL, before it has counted its rows, might join them with all
    of their people, and only then leave out those whom nobody has asked for.
    """
    columns = (BATCHES.c.id, *(BATCHES.c[name] for name in OF_BATCH))
    of_batches: list[Any] = find_ids(connection, select(*columns), {batch for batch, _ in kinds})
    batches = {row[0]: row[1:] for row in of_batches}
    if any(batch not in batches for batch, _ in kinds):
        raise SMSPartnerError(
            f"The ledger has people whose batch was deleted: delete those rows of {PEOPLE.name}, too"
        )
    return {
        (batch, state): Seen(batch, state or batches[batch][0], False, *batches[batch])
        for batch, state in kinds
    }


def has_tombstones(connection: Connection, claimant: Claimant) -> bool:
    """Tell whether people of the campaign may stand under tombstones: to make those takes its time.

    Where a transaction claims, ``claims.enter_campaign`` keeps that as it is.
    """
    flag = select(CAMPAIGNS.c.erased).where(CAMPAIGNS.c.id == claimant.campaign_id)
    return bool(connection.scalar(flag))
