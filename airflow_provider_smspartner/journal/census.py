"""What the ledger knows of some thousands of people: of each one, or how many of them are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal.eligibility import Claimant, Rows, Seen
from airflow_provider_smspartner.journal.neighbours import Kind, found_together
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, PEOPLE
from airflow_provider_smspartner.journal.sets import find, find_ids, tally
from airflow_provider_smspartner.journal.table import Key, tombstone

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

OF_PERSON: Final = ("number", "event", "batch", "state")
OF_BATCH: Final = ("state", "task", "ordinal", "tag", "owner", "lease_until", "invisible", "unseen_until")


class Others(NamedTuple):
    """What other tasks have in the campaign; the same again while none of them goes on."""

    batches: int
    latest: datetime | None
    """When the latest was claimed."""


def others_of(connection: Connection, claimant: Claimant) -> Others:
    """Return what other tasks have in the campaign; what this one has left, its own memory knows."""
    theirs = (BATCHES.c.campaign == claimant.campaign_id, BATCHES.c.task != claimant.task)
    counts = select(func.count(), func.max(BATCHES.c.claimed_at)).where(*theirs)
    return Others(*connection.execute(counts).one())


def rows_of(connection: Connection, keys: Sequence[Key], claimant: Claimant) -> Rows:
    """Return the rows of people in the campaign, be they under a number or a tombstone.

    :raises SMSPartnerError: some have no batch: the rows of batches were deleted without those of people.
    """
    stones: dict[Key, Key] = {}
    if has_tombstones(connection, claimant):
        stones = {(tombstone(key, claimant.secret), ""): key for key in keys}
    found, rest = looked_up_together(connection, keys, claimant)
    query = of_campaign(claimant, *(PEOPLE.c[name] for name in OF_PERSON))
    looked_up: list[Any] = find(connection, query, [*rest, *stones])
    of_kinds = {(number, event): (batch, state) for number, event, batch, state in looked_up}
    for kind, numbers in found.items():
        of_kinds |= dict.fromkeys(zip(numbers, repeat("")), kind)
    names = {key: of_kinds[key] for key in (*keys, *stones) if key in of_kinds}
    kinds = alike(connection, set(names.values()))
    # Tombstones last, where they win: who was erased stays left out if the number has come back since
    erased = {
        stones[key]: kinds[kind]._replace(is_erased=True) for key, kind in names.items() if key in stones
    }
    return {key: kinds[kind] for key, kind in names.items() if key not in stones} | erased


def tally_of(connection: Connection, keys: Sequence[Key], claimant: Claimant) -> Counter[Seen] | None:
    """Return what is known of how many people, under their numbers; None where that cannot be counted.

    :raises SMSPartnerError: some have no batch.
    """
    found, rest = looked_up_together(connection, keys, claimant)
    counts: list[Any] | None = tally(connection, of_campaign(claimant, PEOPLE.c.batch, PEOPLE.c.state), rest)
    if counts is None:
        return None
    people = Counter({kind: len(numbers) for kind, numbers in found.items()})
    people.update({(batch, state): of_kind for batch, state, of_kind in counts})
    kinds, alike_ones = alike(connection, people), Counter[Seen]()
    for kind, of_kind in people.items():
        alike_ones[kinds[kind]] += of_kind
    return alike_ones


def looked_up_together(
    connection: Connection, keys: Sequence[Key], claimant: Claimant
) -> tuple[dict[Kind, set[str]], Sequence[Key]]:
    """Return the numbers of those who are found batch by batch, and the others, who are to be looked for."""
    found = found_together(connection, keys, of_campaign(claimant, PEOPLE.c.batch, PEOPLE.c.state))
    if sum(map(len, found.values())) == len(keys):  # as in a second run, of people by the hundred thousand
        return found, []
    known = set[str]().union(*found.values())
    return found, [key for key in keys if key[0] not in known]


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
