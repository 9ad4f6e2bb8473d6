"""Whole batches are read with their people, and people who were texted together found by their batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal.neighbours import members_of
from airflow_provider_smspartner.journal.schema import PEOPLE, batch_id
from airflow_provider_smspartner.rules.batches import BATCH_LIMIT
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import FORGIVEN, REJECTED, BatchState
from tests.journal.conftest import ANN, BOB, EVE, KIM, RECEIPT, Campaign, batch_of, claim, people, record
from tests.journal.groups import in_groups

HAD = people(1_300)
NEW = people(1_300, first=50_000)

ORDERS: Final[dict[str, Callable[[Sequence[Person]], list[Person]]]] = {
    "the same": list,
    "the last ones first": lambda had: [*reversed(had)],
    "none": lambda had: random.Random(5).sample(had, len(had)),
    "a third has gone": lambda had: [person for at, person in enumerate(had) if at % 3],
    "the first ones have gone": lambda had: [*had[630:]],
    "a newcomer after each": lambda had: [one for pair in zip(had, NEW, strict=True) for one in pair],
    "newcomers before and after": lambda had: [*NEW[:450], *had, *NEW[450:]],
    "everybody new": lambda _: NEW,
}


def text(campaign: Campaign, task: str, everybody: Sequence[Person], *, of: str = "sale") -> None:
    """Have a campaign sent to people, in their order."""
    log, plan = campaign.log(task, campaign=of), campaign.plan(task)
    batches = [
        batch_of(plan, ordinal, some) for ordinal, some in enumerate(in_groups(everybody, of=BATCH_LIMIT))
    ]
    for batch in log.claim(batches):
        record(log, batch, BatchState.ACCEPTED, receipt=RECEIPT)


@pytest.mark.parametrize("order", ORDERS)
def test_whoever_has_had_it_is_left_out_in_whatever_order(order: str, campaign: Campaign) -> None:
    audience, had = ORDERS[order](HAD), set(HAD)
    text(campaign, "monday", HAD)
    text(campaign, "another", [*NEW, *HAD], of="another")
    log = campaign.log("tuesday")

    counted = log.left_out(audience)

    assert counted.total() == sum(person in had for person in audience)
    assert list(log.unsent(audience)) == [person for person in audience if person not in had]


def test_what_has_happened_to_one_of_a_batch_counts_for_them_alone(campaign: Campaign) -> None:
    text(campaign, "monday", HAD)
    free = [HAD[at] for at in (0, 3, 700, 1_299)]
    with campaign.ledger.engine.begin() as connection:
        theirs = PEOPLE.c.number.in_([person.number for person in free])
        connection.execute(sa.update(PEOPLE).where(theirs).values(state=FORGIVEN.value))
    log = campaign.log("tuesday")

    assert log.left_out(HAD) == {"campaign": len(HAD) - len(free)}
    assert list(log.unsent(HAD)) == free


def test_two_events_of_one_person_are_kept_apart(campaign: Campaign) -> None:
    text(campaign, "monday", people(600, event="order 1"))
    log = campaign.log("tuesday")
    both = [*people(600, event="order 1"), *people(600, event="order 2"), *people(600)]

    assert log.left_out(both) == {"campaign": 600}
    assert list(log.unsent(both)) == both[600:]


def test_batches_are_read_in_one_statement_so_that_nobody_who_is_erased_falls_between_two(
    campaign: Campaign, looks: list[str]
) -> None:
    claim(campaign, campaign.log("monday"), "monday", 0, ANN, Person(BOB.number, "order 1"))
    looks.clear()

    with campaign.ledger.engine.connect() as connection:
        members = members_of(connection, [batch_id("monday", 0)])

    assert {*members[batch_id("monday", 0)][None]} == {ANN, Person(BOB.number, "order 1")}
    assert len(looks) == 1


def test_a_batch_is_read_with_those_who_have_events_and_those_who_were_refused_alone(
    campaign: Campaign,
) -> None:
    ordered, log = Person(ANN.number, "order 1"), campaign.log("monday")
    claim(campaign, log, "monday", 0, ANN, ordered, BOB, EVE)
    claim(campaign, log, "monday", 1, KIM)
    with campaign.ledger.engine.begin() as connection:
        theirs = PEOPLE.c.number == BOB.number
        connection.execute(sa.update(PEOPLE).where(theirs).values(state=REJECTED))
        first, second, none = (batch_id("monday", ordinal) for ordinal in range(3))

        members = members_of(connection, [first, second, none])

    found = {batch: {state: set(some) for state, some in kinds.items()} for batch, kinds in members.items()}
    assert found == {first: {None: {ANN, ordered, EVE}, REJECTED: {BOB}}, second: {None: {KIM}}, none: {}}
