"""The rows of one task: batches read back out of them, and what became of a batch written into them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, false, or_, select, update

from airflow_provider_smspartner.journal import Batch, Receipt
from airflow_provider_smspartner.journal.columns import MILLIONTH, fitting
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.table import SENDS, moment
from airflow_provider_smspartner.rules.people import ERASED, Person, Recogniser, each
from airflow_provider_smspartner.rules.sending_states import FREE, ON_PLATFORM, REJECTED, BatchState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

ROWS_AT_ONCE: Final = 5_000


def of_batch(batch: Batch, claimant: Claimant) -> tuple[Any, ...]:
    """Return the rows that are still a batch's, as conditions: those sent again belong to another one."""
    return (SENDS.c.task == claimant.task, SENDS.c.ordinal == batch.ordinal)


def is_person(person: Person) -> tuple[Any, ...]:
    """Return a person of a batch, as conditions."""
    return (SENDS.c.number == person.number, SENDS.c.event == person.event)


def person_of(row: Row[Any]) -> Person:
    """Return whose row it is."""
    return Person(row.number, row.event)


# ---- reading -------------------------------------------------------------------------------------------


def read_batches(
    connection: Connection, claimant: Claimant, recogniser: Recogniser, tag_of: Callable[[int], str]
) -> list[Batch]:
    """Return the batches of a task by ordinal; one whose people have all moved on is absent."""
    rows = connection.execute(
        select(SENDS)
        .where(SENDS.c.task == claimant.task)
        .order_by(SENDS.c.ordinal)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    batches: list[Batch] = []
    for ordinal, group in groupby(rows, key=lambda row: int(row.ordinal)):
        while len(batches) < ordinal:
            gap = len(batches)
            batches.append(Batch(ordinal=gap, tag=tag_of(gap), state=BatchState.ABSENT))
        batches.append(batch_of(list(group), claimant, recogniser))
    return batches


def batch_of(rows: Sequence[Row[Any]], claimant: Claimant, recogniser: Recogniser) -> Batch:
    """Build a batch out of its rows."""
    taken = [row for row in rows if row.state not in FREE]
    sent = [row for row in taken if row.state != REJECTED]
    state = BatchState(sent[0].state) if sent else BatchState.ABSENT
    on_platform = state in ON_PLATFORM
    return Batch(
        ordinal=rows[0].ordinal,
        tag=rows[0].tag,
        state=state,
        claimed_at=max(row.claimed_at for row in rows).replace(tzinfo=UTC).timestamp(),
        # A look by tag brings numbers without events, which hashes could not be compared with
        people=() if on_platform else tuple(map(person_of, sent)),
        hashes=recogniser.hashes(map(person_of, taken)) if sent else b"",
        rejected=recogniser.hashes(person_of(row) for row in taken if row.state == REJECTED),
        receipt=receipt_of(sent, claimant) if on_platform else None,
    )


def receipt_of(rows: Sequence[Row[Any]], claimant: Claimant) -> Receipt:
    """Add the bill of a batch up."""
    return Receipt(
        people=1 if claimant.redirect_to else len(rows),
        message_id=rows[0].message_id,
        segments=sum(row.segments or 0 for row in rows),
        cost=sum((row.cost or Decimal(0) for row in rows), Decimal(0)),
        currency=rows[0].currency,
        scheduled_for=rows[0].scheduled_for and rows[0].scheduled_for.replace(tzinfo=UTC).timestamp(),
    )


# ---- writing -------------------------------------------------------------------------------------------


def write_accepted(
    connection: Connection, batch: Batch, claimant: Claimant, recogniser: Recogniser, at: datetime
) -> None:
    """Write that the platform has a batch, without those whose own row it refused, and everybody's share of
    its bill.

    Another process of this task may have claimed others under the same ordinal: the platform has not.
    """
    scope = of_batch(batch, claimant)
    people = [person_of(row) for row in connection.execute(select(SENDS).where(*scope))]
    members = set(each(batch.hashes)) - set(each(batch.rejected))
    ours = [p for p in people if p.number.startswith(ERASED) or recogniser.hash(p) in members]
    if len(ours) < len(people):
        people = ours
        scope = (*scope, or_(false(), *(and_(*is_person(person)) for person in people)))
    if not people:
        return
    values: dict[str, Any] = {"state": BatchState.ACCEPTED.value, "accepted_at": at}
    bill = fitting(batch.receipt) if batch.receipt else None
    if bill and bill.scheduled_for:
        values["scheduled_for"] = moment(bill.scheduled_for)
    for share, whose in shares(bill, sorted(people)):
        connection.execute(update(SENDS).where(*scope, *whose).values(**values, **share))


def shares(
    receipt: Receipt | None, people: Sequence[Person]
) -> Iterator[tuple[dict[str, Any], tuple[Any, ...]]]:
    """Yield everybody's share of a bill, then that of the first one, who has what does not divide."""
    if receipt is None or receipt.message_id is None:  # found by its tag: the platform's list has no prices
        yield {}, ()
        return
    count = len(people)
    segments, cost = receipt.segments // count, (receipt.cost / count).quantize(MILLIONTH, ROUND_DOWN)
    share: dict[str, Any] = {"message_id": receipt.message_id, "currency": receipt.currency}
    yield share | {"segments": segments, "cost": cost}, ()
    rest = {"segments": receipt.segments - segments * (count - 1), "cost": receipt.cost - cost * (count - 1)}
    yield share | rest, is_person(people[0])


def write_rejected(connection: Connection, batch: Batch, claimant: Claimant, recogniser: Recogniser) -> None:
    """Write which people of a batch were refused for good."""
    rejected = set(each(batch.rejected))
    scope = of_batch(batch, claimant)
    everybody: Iterable[Row[Any]] = connection.execute(select(SENDS).where(*scope)).all() if rejected else ()
    for person in map(person_of, everybody):
        if recogniser.hash(person) in rejected:
            connection.execute(update(SENDS).where(*scope, *is_person(person)).values(state=REJECTED))
