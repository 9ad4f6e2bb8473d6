"""The batches of one task: read back with their people, and what became of a batch written into its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, func, select, update

from airflow_provider_smspartner.journal import Batch, Receipt
from airflow_provider_smspartner.journal.columns import MILLIONTH, fitting
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.moves import forgiven
from airflow_provider_smspartner.journal.neighbours import members_of
from airflow_provider_smspartner.journal.schema import (
    BATCHES,
    BOTH,
    HAS_STOPPED,
    IS_AS_BATCH,
    PAYS_REST,
    PEOPLE,
)
from airflow_provider_smspartner.journal.sets import for_each, is_person, wrote_all
from airflow_provider_smspartner.journal.table import moment
from airflow_provider_smspartner.journal.told import Told
from airflow_provider_smspartner.journal.visibility import unseen_until
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer, each
from airflow_provider_smspartner.rules.sending_states import (
    CALLED_BACK,
    DOUBTED,
    FREE,
    ON_PLATFORM,
    REJECTED,
    BatchState,
    names,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Row

BATCHES_AT_ONCE: Final = 16


def of_batch(batch: Batch, claimant: Claimant) -> ColumnElement[bool]:
    """Return the row of a batch, as a condition."""
    return BATCHES.c.id == claimant.batch_id(batch.ordinal)


def recount(connection: Connection, batches: Iterable[int]) -> None:
    """Count the people of batches anew, after some have come, gone or been refused."""
    of_it = select(func.count()).select_from(PEOPLE).where(PEOPLE.c.batch == BATCHES.c.id)
    people = of_it.where(IS_AS_BATCH).scalar_subquery()
    rejected = of_it.where(PEOPLE.c.state == REJECTED).scalar_subquery()
    of_batches = update(BATCHES).where(BATCHES.c.id.in_(sorted(batches)))
    connection.execute(of_batches.values(people=people, rejected=rejected))


# ---- reading -------------------------------------------------------------------------------------------


def read_batches(
    connection: Connection, claimant: Claimant, pseudonymizer: Pseudonymizer, tag_of: Callable[[int], str]
) -> list[Batch]:
    """Return the batches of a task by ordinal; one whose people have all moved on is absent.

    Nothing is known of a task whose batches count people of whom none is there.
    """
    of_task = select(BATCHES).where(BATCHES.c.task == claimant.task).order_by(BATCHES.c.ordinal)
    rows = connection.execute(of_task).all()
    batches: list[Batch] = []
    is_known = not any(row.people or row.rejected for row in rows)
    for start in range(0, len(rows), BATCHES_AT_ONCE):
        some = rows[start : start + BATCHES_AT_ONCE]
        members = members_of(connection, [row.id for row in some])
        is_known = is_known or any(members.values())
        for row in some:
            # Nobody was granted there, so that it has no row, and nothing has left under its tag
            while len(batches) < row.ordinal:
                gap = len(batches)
                batches.append(Batch(ordinal=gap, tag=tag_of(gap), state=BatchState.ABSENT))
            batches.append(batch_of(row, members[row.id], claimant, pseudonymizer))
    return batches if is_known else []


def batch_of(
    row: Row[Any],
    people: Mapping[str | None, Sequence[Person]],
    claimant: Claimant,
    pseudonymizer: Pseudonymizer,
) -> Batch:
    """Build a batch out of its row and its people, by what happened to them alone."""
    # Of a free batch only the refused are still its people: the others are anybody's
    sent = () if row.state in FREE else people.get(None, ())
    refused = people.get(REJECTED, ())
    taken = [*sent, *refused]
    # A no may be untrue: whoever it was about is looked for with the others
    members = taken if row.state in DOUBTED else sent
    state = BatchState(row.state) if members else BatchState.ABSENT
    on_platform = state in ON_PLATFORM
    return Batch(
        ordinal=row.ordinal,
        tag=row.tag,
        state=state,
        claimed_at=row.claimed_at.replace(tzinfo=UTC).timestamp(),
        unseen_until=unseen_until(row),
        # A look by tag brings numbers without events, which hashes could not be compared with
        people=() if on_platform else tuple(members),
        hashes=pseudonymizer.hashes(taken) if members else b"",
        rejected=pseudonymizer.hashes(refused),
        receipt=receipt_of(row, len(sent), claimant) if on_platform else None,
    )


def receipt_of(row: Row[Any], people: int, claimant: Claimant) -> Receipt:
    """Return what is known of an accepted batch."""
    return Receipt(
        people=1 if claimant.redirect_to else people,
        message_id=row.message_id,
        segments=row.segments or 0,
        cost=row.cost or Decimal(0),
        currency=row.currency,
        scheduled_for=row.scheduled_for and row.scheduled_for.replace(tzinfo=UTC).timestamp(),
    )


# ---- writing -------------------------------------------------------------------------------------------


def write_accepted(
    connection: Connection, batches: Sequence[Batch], claimant: Claimant, at: datetime
) -> None:
    """Write that the platform has batches, and what everybody's share of their bills is."""
    take_back_refusals(
        connection, *(claimant.batch_id(batch.ordinal) for batch in batches if not batch.rejected)
    )
    rows = [accepted(batch, claimant, at, people=batch.size - batch.rejections) for batch in batches]
    if accept(connection, rows):
        return
    for batch, row in zip(batches, rows, strict=True):
        if accept(connection, [row]):
            continue
        # Some of its people have gone elsewhere meanwhile, or it is not there at all
        of_it = select(BATCHES.c.people).where(of_batch(batch, claimant))
        if (people := connection.scalar(of_it.with_for_update())) is not None:
            accept(connection, [accepted(batch, claimant, at, people=people)])


def accepted(batch: Batch, claimant: Claimant, at: datetime, *, people: int) -> dict[str, Any]:
    """Return what is written of a batch that has so many people, and what it is known by."""
    bill = fitting(batch.receipt) if batch.receipt else None
    values: dict[str, Any] = {"state": BatchState.ACCEPTED.value, "accepted_at": at}
    if bill and bill.scheduled_for:
        values["scheduled_for"] = moment(bill.scheduled_for)
    values |= shares_of(bill, people) if bill and people > 0 else {}
    of_it = {"of_id": claimant.batch_id(batch.ordinal), "of_people": people}
    return of_it | {f"new_{name}": value for name, value in values.items()}


def accept(connection: Connection, rows: Sequence[dict[str, Any]]) -> bool:
    """Write it, if all of the batches have as many people as is said; else it may be written of some."""
    named = set(map(tuple, rows))
    if len(named) != 1:  # of some we know no bill
        return False
    # What a later try has taken back since stays so: this transaction may be done anew after a lost answer
    # One by one, because a list of values cannot be part of a statement for many rows
    is_there = [BATCHES.c.state != state for state in names(CALLED_BACK)]
    of_it = (BATCHES.c.id == bindparam("of_id"), BATCHES.c.people == bindparam("of_people"), *is_there)
    columns = [name for name in named.pop() if name.startswith("new_")]
    values: dict[str, Any] = {name.removeprefix("new_"): bindparam(name) for name in columns}
    written = update(BATCHES).where(*of_it).values(values)
    if not (
        wrote_all(connection, written, rows)
        or (len(rows) == 1 and connection.execute(written, rows[0]).rowcount)
    ):
        return False
    for row in rows:
        shares = [
            (row.get(f"new_first_{what}"), row.get(f"new_each_{what}")) for what in ("segments", "cost")
        ]
        if any(first != each for first, each in shares):
            have_pay_rest(connection, row["of_id"])
    return True


def shares_of(receipt: Receipt, people: int) -> dict[str, Any]:
    """Return a bill, and the shares of it that add up to it: that of each, and that of the first one."""
    if receipt.message_id is None:  # found by its tag: the platform's list has no prices
        return {}
    segments, cost = receipt.segments // people, (receipt.cost / people).quantize(MILLIONTH, ROUND_DOWN)
    return {
        "message_id": receipt.message_id,
        "currency": receipt.currency,
        "segments": receipt.segments,
        "cost": receipt.cost,
        "each_segments": segments,
        "each_cost": cost,
        "first_segments": receipt.segments - segments * (people - 1),
        "first_cost": receipt.cost - cost * (people - 1),
    }


def have_pay_rest(connection: Connection, batch: int) -> None:
    """Have one person of a batch pay what does not divide."""
    key = (PEOPLE.c.number, PEOPLE.c.event, PEOPLE.c.campaign)
    members = select(*key).where(PEOPLE.c.batch == batch, IS_AS_BATCH)
    first = connection.execute(members.order_by(PEOPLE.c.number, PEOPLE.c.event).limit(1)).first()
    if first is not None:
        of_first = {"number": first.number, "event": first.event, "campaign": first.campaign}
        marked = case((HAS_STOPPED, BOTH), else_=PAYS_REST)
        connection.execute(update(PEOPLE).where(*is_person(of_first)).values(marks=marked))


def write_rejected(
    connection: Connection, batch: Batch, claimant: Claimant, pseudonymizer: Pseudonymizer
) -> None:
    """Write which people of a batch were refused for good."""
    rejected = set(each(batch.rejected))
    if not rejected:
        return
    number = claimant.batch_id(batch.ordinal)
    connection.execute(select(BATCHES.c.id).where(BATCHES.c.id == number).with_for_update())
    # In the campaign that they were claimed under: a later try may have another name for it
    members = select(PEOPLE.c.number, PEOPLE.c.event, PEOPLE.c.campaign).where(PEOPLE.c.batch == number)
    whose = [
        (row.number, row.event, row.campaign, number)
        for row in connection.execute(members.where(IS_AS_BATCH))
        if pseudonymizer.hash(Person(row.number, row.event)) in rejected
    ]
    for_each(
        connection,
        Told(("number", "event", "campaign", "batch"), whose),
        lambda of: update(PEOPLE).where(*is_person(of), PEOPLE.c.batch == of["batch"]).values(state=REJECTED),
    )
    recount(connection, [number])


def take_back_refusals(connection: Connection, *batches: int) -> None:
    """Write that nobody of batches was refused, because they are found on the platform after all."""
    doubted = select(BATCHES.c.id).where(BATCHES.c.id.in_(batches), BATCHES.c.state.in_(names(DOUBTED)))
    for batch in connection.scalars(doubted.order_by(BATCHES.c.id).with_for_update()).all():
        refused = update(PEOPLE).where(PEOPLE.c.batch == batch, PEOPLE.c.state == REJECTED)
        if connection.execute(refused.values(state=None)).rowcount:
            recount(connection, [batch])


def write_forgiven(connection: Connection, batch: Batch, claimant: Claimant) -> None:
    """Write that whoever was refused of a batch may be asked for again."""
    number = claimant.batch_id(batch.ordinal)
    connection.execute(select(BATCHES.c.id).where(BATCHES.c.id == number).with_for_update())
    connection.execute(forgiven().where(PEOPLE.c.batch == number))
    recount(connection, [number])
