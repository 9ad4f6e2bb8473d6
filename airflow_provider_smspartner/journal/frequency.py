"""Whom a connection has texted often enough: counted in the ledger, inside the transaction of the claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select, update

from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.schema import (
    BATCHES,
    CAMPAIGNS,
    IDENTITY,
    IS_AS_BATCH,
    PEOPLE,
)
from airflow_provider_smspartner.journal.sets import AT_ONCE, find_ids, find_numbers
from airflow_provider_smspartner.journal.table import Key, moment, tombstone, who
from airflow_provider_smspartner.rules.sending_states import FREE, names

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from airflow_provider_smspartner.rules.people import Person

CAPPED: Final = "capped"
"""Why somebody is left out who was texted often enough."""


def take_turn(connection: Connection) -> None:
    """Let the claims of tasks that count follow each other; call it before the transaction reads anything.

    Two tasks would else both count before either has claimed. The row that names the ledger is written as it
    is: that locks it in every database, is SQLite's one writer, and comes before MySQL's view of the data.
    """
    connection.execute(update(IDENTITY).values(one=IDENTITY.c.one))


def capped_of(connection: Connection, people: Iterable[Person], claimant: Claimant, now: float) -> set[Key]:
    """Return those of the people, in their order, for whom another text would be one too many."""
    if claimant.at_most is None:
        return set()
    keys, capped = list(map(who, people)), set[Key]()
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        texts = texts_of(connection, some, claimant, since=now - claimant.at_most.seconds)
        for number, event in some:
            if texts[number] >= claimant.at_most.texts:
                capped.add((number, event))
            texts[number] += 1  # the next event of the same person comes on top
    return capped


def texts_of(
    connection: Connection, keys: Sequence[Key], claimant: Claimant, *, since: float
) -> Counter[str]:
    """Count, by number, the texts that people had or are about to have besides those of these keys.

    Erased people count: who was texted once for each campaign is known by one tombstone in all of them. The
    tombstone of an event holds the event, so that it counts for that event alone.
    """
    whose = {tombstone((number, event), claimant.secret): number for number, event in keys}
    whose |= {tombstone((number, ""), claimant.secret): number for number, _ in keys}
    whose |= {number: number for number, _ in keys}
    own, texts = set(keys), Counter[str]()
    columns = (PEOPLE.c.number, PEOPLE.c.event, PEOPLE.c.campaign, PEOPLE.c.batch)
    # Who was refused for good had no text
    rows = find_numbers(connection, select(*columns).where(IS_AS_BATCH), sorted(whose))
    counted = batches_since(connection, {row.batch for row in rows}, claimant, since=since)
    for row in rows:
        is_own = row.campaign == claimant.campaign_id and (row.number, row.event) in own
        if row.batch in counted and not is_own:
            texts[whose[row.number]] += 1
    return texts


def batches_since(
    connection: Connection, batches: Collection[int], claimant: Claimant, *, since: float
) -> set[int]:
    """Return those of some batches that the connection sent since a moment, may have sent, or is to."""
    lately = or_(BATCHES.c.claimed_at >= moment(since), BATCHES.c.scheduled_for >= moment(since))
    of_connection = BATCHES.join(CAMPAIGNS, BATCHES.c.campaign == CAMPAIGNS.c.id)
    query = (
        select(BATCHES.c.id)
        .select_from(of_connection)
        .where(
            CAMPAIGNS.c.connection == claimant.connection,
            CAMPAIGNS.c.sandbox == claimant.sandbox,
            BATCHES.c.state.not_in(names(FREE)),
            lately,
        )
    )
    return {row.id for row in find_ids(connection, query, batches)}
