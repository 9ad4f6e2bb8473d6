"""The people of whole batches, read together, and people found by the batches that they are in.

An audience comes in the same order again and again, so that its neighbours are neighbours in the ledger. The
people of a batch lie side by side there; to look at each of them alone takes a page of the index for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from airflow_provider_smspartner.journal.schema import PEOPLE
from airflow_provider_smspartner.journal.sets import FORMS, find, find_members
from airflow_provider_smspartner.journal.table import Key
from airflow_provider_smspartner.rules.batches import BATCH_LIMIT
from airflow_provider_smspartner.rules.people import Person, people_of

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.engine import Connection

Kind = tuple[int, str | None]
"""What people have in common: their batch, and what happened to them alone."""

Members = defaultdict[str | None, list[Person]]
"""The people of a batch, by what happened to them alone; None: nothing."""

APART: Final = BATCH_LIMIT // 2
"""From one of those who are looked at alone to the next: no whole batch lies between them."""


def found_together(
    connection: Connection, people: Sequence[Key], of_campaign: Select[Any]
) -> dict[Kind, set[str]]:
    """Return the numbers of those who are in the batches of some of them, by what they have in common.

    The others may have a row all the same. Nobody is looked for in this way where people have events, where
    they come in another order than before, and where the database cannot write many numbers as one value.

    :param of_campaign: a query of ``PEOPLE`` in the campaign, which returns batch and state.
    """
    form = FORMS.get(connection.dialect.name)
    has_events = any(event for _, event in people)
    if form is None or form.joins is None or has_events or len(people) <= APART:
        return {}
    some = [*people[::APART], people[-1]]
    batches = {row.batch for row in find(connection, of_campaign, some)}
    # In another order, the batches of some hold few of the others
    if not batches or len(batches) * BATCH_LIMIT > 2 * len(people):
        return {}
    asked = {number for number, _ in people}
    query = of_campaign.add_columns(numbers_by(form.joins)).where(PEOPLE.c.event == "")
    members: list[Any] = find_members(connection, query.group_by(PEOPLE.c.batch, PEOPLE.c.state), batches)
    found = {(batch, state): asked.intersection(them.split(" ")) for batch, state, them in members}
    return {kind: ours for kind, ours in found.items() if ours}


def members_of(connection: Connection, batches: Collection[int]) -> dict[int, Members]:
    """Return the people of batches.

    Where the database can write many numbers as one value, a person costs a third of what a row does. One
    statement reads them all: who is erased between two would be in neither.
    """
    members = {batch: Members(list) for batch in batches}
    form = FORMS.get(connection.dialect.name)
    columns = (PEOPLE.c.batch, PEOPLE.c.state, PEOPLE.c.event)
    if form and form.joins:
        query = select(*columns, numbers_by(form.joins)).group_by(*columns)
    else:
        query = select(*columns, PEOPLE.c.number)
    for batch, state, event, them in connection.execute(query.where(PEOPLE.c.batch.in_(sorted(batches)))):
        numbers = them.split(" ")
        members[batch][state] += (
            [Person(number, event) for number in numbers] if event else people_of(numbers)
        )
    return members


def numbers_by(joins: str) -> ColumnElement[str]:
    """Return the numbers of those who are alike, as one value."""
    numbers: ColumnElement[str] = getattr(func, joins)(PEOPLE.c.number, " ")
    return numbers
