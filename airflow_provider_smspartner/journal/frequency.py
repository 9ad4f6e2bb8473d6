"""Whom a connection has texted often enough: counted in the ledger, inside the transaction of the claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select, update

from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.schema import (
    BATCHES,
    CAMPAIGNS,
    IDENTITY,
    IS_AS_BATCH,
    OF_CAMPAIGN,
    PEOPLE,
)
from airflow_provider_smspartner.journal.sets import AT_ONCE, find_numbers
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
    texted = (IS_AS_BATCH, BATCHES.c.state.not_in(names(FREE)))  # who was refused for good had none
    lately = or_(BATCHES.c.claimed_at >= moment(since), BATCHES.c.scheduled_for >= moment(since))
    of_connection = (
        CAMPAIGNS.c.connection == claimant.connection,
        CAMPAIGNS.c.sandbox == claimant.sandbox,
    )
    columns = (PEOPLE.c.number, PEOPLE.c.event, PEOPLE.c.campaign)
    query = select(*columns).select_from(OF_CAMPAIGN).where(*of_connection, *texted, lately)
    for row in find_numbers(connection, query, sorted(whose)):
        if row.campaign != claimant.campaign_id or (row.number, row.event) not in own:
            texts[whose[row.number]] += 1
    return texts
