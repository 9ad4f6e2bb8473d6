"""Claims in the ledger: who is about to be texted, by whom. The database decides; nothing here waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, exists, insert, or_, select, update

from airflow_provider_smspartner.journal import Batch, StaleProcess
from airflow_provider_smspartner.journal.census import rows_of
from airflow_provider_smspartner.journal.eligibility import Claimant, Rows, Seen, Standing, standing
from airflow_provider_smspartner.journal.moves import moved
from airflow_provider_smspartner.journal.rows import recount
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, IS_AS_BATCH, PEOPLE, TASKS
from airflow_provider_smspartner.journal.sets import for_each, insert_missing, is_person, wrote_all
from airflow_provider_smspartner.journal.table import Conflict, Key, moment, who
from airflow_provider_smspartner.journal.told import Told
from airflow_provider_smspartner.journal.visibility import unseen_written
from airflow_provider_smspartner.rules.sending_states import (
    FORGIVEN,
    FREE,
    REJECTED,
    BatchState,
    Event,
    is_settled,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

CLAIMED: Final = BATCHES.c.state == BatchState.CLAIMED.value
UNTOLD: Final = dict.fromkeys(("state", "status", "reported_at", "marks"))
"""What nobody has told yet of a person who is claimed anew."""


def mine(claimant: Claimant, *conditions: Any) -> tuple[Any, ...]:
    """Return the batches of this try, as conditions."""
    return (BATCHES.c.task == claimant.task, BATCHES.c.owner == claimant.owner, *conditions)


def write_claims(connection: Connection, batches: Sequence[Batch], claimant: Claimant, now: float) -> Rows:
    """Claim whom the table grants, and return the rows of the others.

    :raises StaleProcess: another try goes on under the same ordinals, and so under the same tags: with two
        groups of people under one tag, nobody could tell later whom the platform has.
    :raises Conflict: a row has changed in between; the transaction has to be done anew.
    """
    has_stones = enter_campaign(connection, claimant)
    filled = [batch for batch in batches if batch.people]
    begin_batches(connection, filled, claimant, now)
    wanted: dict[Key, int] = {}
    for batch in filled:
        wanted |= dict.fromkeys(map(who, batch.people), claimant.batch_id(batch.ordinal))
    ours, erased = set(wanted.values()), Rows()
    # Before anything is inserted: a person under a tombstone would get a second row, under their number
    if has_stones:
        known = rows_of(connection, list(wanted), claimant)
        erased = {key: row for key, row in known.items() if row.is_erased}
        wanted = {key: batch for key, batch in wanted.items() if key not in erased}
    inserted = insert_missing(connection, claimant.campaign_id, wanted)
    # The usual case, in as few statements as it can be: nobody of them had a row
    if inserted == len(wanted) and not erased:
        return {}
    others = take_out(connection, wanted, claimant, now) if inserted < len(wanted) else {}
    correct_sizes(connection, ours, claimant, granted=len(wanted) - len(others))
    return erased | others


def note_campaign(connection: Connection, claimant: Claimant) -> None:
    """Give the campaign its row; of two processes, the primary key refuses the later."""
    number = claimant.campaign_id
    if connection.scalar(select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.id == number)) is None:
        named = {name: getattr(claimant, name) for name in ("connection", "sandbox", "campaign")}
        connection.execute(insert(CAMPAIGNS), named | {"id": number, "erased": False})


def enter_campaign(connection: Connection, claimant: Claimant) -> bool:
    """Hold off whoever would erase people of the campaign; tell whether somebody has done so before."""
    held = select(CAMPAIGNS.c.erased).where(CAMPAIGNS.c.id == claimant.campaign_id)
    erased = connection.scalar(held.with_for_update(read=True))
    if erased is None:
        note_campaign(connection, claimant)
    return bool(erased)


def begin_batches(connection: Connection, batches: Sequence[Batch], claimant: Claimant, now: float) -> None:
    """Write the rows of batches; of two processes, the primary key refuses the later."""
    claims = [claim_of(batch, claimant, now) for batch in batches]
    columns: list[Any] = [BATCHES.c.id, BATCHES.c.owner, BATCHES.c.state]
    seen = select(*columns)
    ours = seen.where(BATCHES.c.id.in_([claim["id"] for claim in claims]))
    known = {row.id: row for row in connection.execute(ours)}
    if fresh := [claim for claim in claims if claim["id"] not in known]:
        connection.execute(insert(BATCHES), fresh)
    for claim in claims:
        if row := known.get(claim["id"]):
            begin_again(connection, row, claim, claimant)


def begin_again(connection: Connection, row: Row[Any], claim: dict[str, Any], claimant: Claimant) -> None:
    """Take a batch's row that is there already, unless another try still has people under it."""
    people = PEOPLE.c.batch == row.id
    # A batch without people is one that a ledger has lost, whoever has taken it over since
    has_people = row.state not in FREE and connection.scalar(select(exists().where(people)))
    if has_people and (row.owner, row.state) == (claimant.owner, BatchState.CLAIMED):
        return  # this transaction, which is done anew: nobody could tell whether it had ended well
    if has_people:
        raise StaleProcess(
            "Another process has claimed people under the same tags of this task: this one stops, and a "
            "later try sends to those who are still missing."
        )
    as_seen = (BATCHES.c.id == row.id, BATCHES.c.owner == row.owner, BATCHES.c.state == row.state)
    if connection.execute(update(BATCHES).where(*as_seen).values(claim)).rowcount != 1:
        raise Conflict
    # Whoever is left there is free for themselves now, and not of the new batch
    connection.execute(update(PEOPLE).where(people, IS_AS_BATCH).values(state=FORGIVEN.value))


def claim_of(batch: Batch, claimant: Claimant, now: float) -> dict[str, Any]:
    """Return the row of a batch that is claimed, which may have had another life before."""
    return dict.fromkeys(BATCHES.c.keys()) | {
        "id": claimant.batch_id(batch.ordinal),
        "campaign": claimant.campaign_id,
        "task": claimant.task,
        "ordinal": batch.ordinal,
        "tag": batch.tag,
        "owner": claimant.owner,
        "state": BatchState.CLAIMED.value,
        **unseen_written(batch, claimant),
        "claimed_at": moment(now),
        "lease_until": claimant.lease_until(now),
        "people": batch.size,
        "rejected": 0,
    }


def take_out(connection: Connection, wanted: Mapping[Key, int], claimant: Claimant, now: float) -> Rows:
    """Take those who are free out of the batches that they are in, and return the rows of the others."""
    rows = rows_of(connection, list(wanted), claimant)
    if len(rows) < len(wanted):  # somebody is changing them, or has hidden them from this transaction
        raise Conflict
    elsewhere = {key: row for key, row in rows.items() if not is_in(row, wanted[key])}
    free = {key: row for key, row in elsewhere.items() if is_claimable(row, claimant, now)}
    if free:
        hold(connection, list(free.values()))
        moves = [(*key, claimant.campaign_id, wanted[key], row.batch) for key, row in sorted(free.items())]
        for_each(
            connection,
            Told(("number", "event", "campaign", "batch", "seen"), moves),
            lambda of: (
                update(PEOPLE)
                .where(*is_person(of), PEOPLE.c.batch == of["seen"], is_not_rejected())
                .values(batch=of["batch"], **UNTOLD)
            ),
        )
        recount(connection, {row.batch for row in free.values()})
    return {key: row for key, row in elsewhere.items() if key not in free}


def is_in(row: Seen, batch: int) -> bool:
    """Tell whether a batch that is claimed has somebody; of its former life it may have left people over."""
    return bool(row.batch == batch and row.state == BatchState.CLAIMED.value)


def is_not_rejected() -> Any:
    """Return the condition that nobody has refused a person meanwhile."""
    return or_(PEOPLE.c.state.is_(None), PEOPLE.c.state != REJECTED)


def hold(connection: Connection, rows: Sequence[Seen]) -> None:
    """Keep batches as they were seen until this transaction ends.

    :raises Conflict: one has changed in between.
    """
    seen = {row.batch: row for row in rows}
    states = (BATCHES.c.id, BATCHES.c.owner, BATCHES.c.state)
    # Locked in one order everywhere: two tasks that hold each other's batches would wait in a circle
    of_batches = select(*states).where(BATCHES.c.id.in_(sorted(seen))).order_by(BATCHES.c.id)
    for now in connection.execute(of_batches.with_for_update()).all():
        before = seen[now.id]
        if (now.owner, now.state in FREE) != (before.owner, before.batch_state in FREE):
            raise Conflict


def correct_sizes(connection: Connection, ours: Collection[int], claimant: Claimant, *, granted: int) -> None:
    """Count the people granted to each batch, and let go of batches that were granted nobody.

    :raises Conflict: they are not as many as were granted.
    """
    recount(connection, ours)
    sizes = select(BATCHES.c.people).where(BATCHES.c.id.in_(sorted(ours)))
    # Between two statements others may commit: somebody has come or gone
    if sum(connection.scalars(sizes)) != granted:
        raise Conflict
    nobody = (BATCHES.c.id.in_(sorted(ours)), BATCHES.c.people == 0)
    connection.execute(moved(Event.NEVER_LEFT).where(*mine(claimant, *nobody)))


def is_claimable(row: Seen, claimant: Claimant, now: float) -> bool:
    """Tell whether a person may be claimed; whoever this try has claimed before may change batches."""
    is_now = standing(row, claimant, now)
    return is_now is Standing.FREE or (is_now is Standing.OURS and not is_settled(row.state))


def renew_claims(
    connection: Connection, batches: Sequence[Batch], claimant: Claimant, now: float
) -> list[Batch]:
    """Renew the claims of batches, and return those that do not hold: others have people of them, or another
    try goes on.

    One row each is written: a later try that begins at this moment takes it over, and looks the batch up.
    """
    this_try = (TASKS.c.instance == claimant.known_as, TASKS.c.owner == claimant.owner)
    goes_on = select(TASKS.c.instance).where(*this_try).exists()
    # The count, too: a person whom another task has taken over would be texted by both
    whole = (BATCHES.c.id == bindparam("of_id"), BATCHES.c.people == bindparam("of_people"), CLAIMED, goes_on)
    hidden: dict[str, Any] = {name: bindparam(f"now_{name}") for name in ("invisible", "unseen_until")}
    times = {"claimed_at": moment(now), "lease_until": claimant.lease_until(now), **hidden}
    renewal = update(BATCHES).where(*mine(claimant, *whole)).values(times)
    of = [renewed(batch, claimant) for batch in batches]
    if wrote_all(connection, renewal, of):
        return []
    pairs = zip(batches, of, strict=True)
    return [batch for batch, values in pairs if connection.execute(renewal, values).rowcount != 1]


def renewed(batch: Batch, claimant: Claimant) -> dict[str, Any]:
    """Return what a claim that is renewed is known by, and what is written into it."""
    hidden = {f"now_{name}": value for name, value in unseen_written(batch, claimant).items()}
    return {"of_id": claimant.batch_id(batch.ordinal), "of_people": batch.size, **hidden}


def drop_claims(connection: Connection, batches: Sequence[Batch], claimant: Claimant) -> None:
    """Free the people of batches that certainly do not leave."""
    of_them = BATCHES.c.id.in_(sorted(claimant.batch_id(batch.ordinal) for batch in batches))
    connection.execute(moved(Event.NEVER_LEFT).where(*mine(claimant, of_them)))


def taken_over(batch: Batch) -> StaleProcess:
    """Make the error of a try whose people another process holds by now."""
    return StaleProcess(
        f"Another process has taken over people of batch {batch.ordinal}, tag {batch.tag}: this one stops, "
        "and a later try sends to those who are still missing."
    )


def without(batch: Batch, keys: Collection[Key]) -> Batch:
    """Return a batch without some people."""
    if not keys:
        return batch
    return replace(batch, people=tuple(person for person in batch.people if who(person) not in keys))
