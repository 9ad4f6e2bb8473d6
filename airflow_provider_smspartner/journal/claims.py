"""Claims in the ledger: who is about to be texted, by whom. The database decides; nothing here waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from airflow_provider_smspartner.journal import Batch, StaleProcess
from airflow_provider_smspartner.journal.eligibility import (
    Claimant,
    Rows,
    Standing,
    rows_of,
    standing,
)
from airflow_provider_smspartner.journal.moves import moved
from airflow_provider_smspartner.journal.table import PRIMARY_KEY, SENDS, Conflict, Key, moment, who
from airflow_provider_smspartner.rules.sending_states import FREE, BatchState, Event, is_settled, names

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

SEEN: Final = (*PRIMARY_KEY, "task", "ordinal", "owner", "state")
CLAIM: Final = tuple(column.name for column in SENDS.columns if not column.primary_key)
SWAP: Final = (
    update(SENDS)
    .where(*(SENDS.c[name] == bindparam(f"seen_{name}") for name in SEEN))
    .values({name: bindparam(f"new_{name}") for name in CLAIM})
)
"""Changes a row only if it still is as it was seen."""
CLAIMED: Final = SENDS.c.state == BatchState.CLAIMED.value


def mine(claimant: Claimant, *conditions: Any) -> tuple[Any, ...]:
    """Return the rows of this try, as conditions."""
    return (SENDS.c.task == claimant.task, SENDS.c.owner == claimant.owner, *conditions)


def write_claims(connection: Connection, batches: Sequence[Batch], claimant: Claimant, now: float) -> Rows:
    """Claim whom the table grants, and return the rows of the others.

    :raises StaleProcess: another try goes on under the same ordinals, and so under the same tags: with two
        groups of people under one tag, nobody could tell later whom the platform has.
    :raises Conflict: a row has changed in between; the transaction has to be done anew. So it is when the
        database refuses a second row of a person.
    """
    refused: Rows = {}
    fresh: dict[Key, dict[str, Any]] = {}
    known: dict[Key, dict[str, Any]] = {}
    for batch in batches:
        rows, claim = rows_of(connection, batch.people, claimant), claim_of(batch, claimant, now)
        refused |= {key: row for key, row in rows.items() if not is_claimable(row, claimant, now)}
        for key in map(who, batch.people):
            if key not in rows:
                fresh[key] = claim | {"number": key[0], "event": key[1]}
            elif key not in refused:
                known[key] = swap(rows[key], claim)
    if connection.scalar(select(func.count()).where(*of_others(batches, claimant))):
        raise StaleProcess(
            "Another process has claimed people under the same tags of this task: this one stops, and a "
            "later try sends to those who are still missing."
        )
    # In one order everywhere, so that two tasks with the same audience do not wait for each other
    if fresh:
        connection.execute(insert(SENDS), [fresh[key] for key in sorted(fresh)])
    if known:
        connection.execute(SWAP, [known[key] for key in sorted(known)])
        granted = mine(claimant, SENDS.c.ordinal.in_([batch.ordinal for batch in batches]), CLAIMED)
        if connection.scalar(select(func.count()).where(*granted)) != len(fresh) + len(known):
            raise Conflict
    return refused


def of_others(batches: Sequence[Batch], claimant: Claimant) -> tuple[Any, ...]:
    """Return what other tries of this task have under the ordinals of some batches, as conditions."""
    ordinals = SENDS.c.ordinal.in_([batch.ordinal for batch in batches])
    taken = SENDS.c.state.not_in(names(FREE))
    return (SENDS.c.task == claimant.task, ordinals, SENDS.c.owner != claimant.owner, taken)


def is_claimable(row: Row[Any], claimant: Claimant, now: float) -> bool:
    """Tell whether a person may be claimed; whoever this try has claimed before may change batches."""
    is_now = standing(row, claimant, now)
    return is_now is Standing.FREE or (is_now is Standing.OURS and not is_settled(row.state))


def claim_of(batch: Batch, claimant: Claimant, now: float) -> dict[str, Any]:
    """Return a claim, for a row that may have had another life before."""
    return dict.fromkeys(CLAIM) | {
        "connection": claimant.connection,
        "sandbox": claimant.sandbox,
        "campaign": claimant.campaign,
        "task": claimant.task,
        "ordinal": batch.ordinal,
        "tag": batch.tag,
        "owner": claimant.owner,
        "state": BatchState.CLAIMED.value,
        "invisible": claimant.invisible,
        "claimed_at": moment(now),
        "lease_until": claimant.lease_until(now),
    }


def swap(row: Row[Any], claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return what SWAP needs to put a claim in the place of what a row holds."""
    seen = {f"seen_{name}": row._mapping[name] for name in SEEN}
    return seen | {f"new_{name}": claim[name] for name in CLAIM}


def renew_claim(connection: Connection, batch: Batch, claimant: Claimant, now: float) -> bool:
    """Renew the claim of a batch; False unless this try holds all of its people, and nobody else any."""
    claimed = update(SENDS).where(*mine(claimant, SENDS.c.ordinal == batch.ordinal, CLAIMED))
    times = {"claimed_at": moment(now), "lease_until": claimant.lease_until(now)}
    renewed = connection.execute(claimed.values(times)).rowcount
    others = select(func.count()).where(*of_others([batch], claimant))
    return renewed == batch.size and not connection.scalar(others)


def drop_claim(connection: Connection, batch: Batch, claimant: Claimant) -> None:
    """Free the people of a batch that certainly does not leave."""
    freed = moved(Event.NEVER_LEFT).where(*mine(claimant, SENDS.c.ordinal == batch.ordinal))
    connection.execute(freed)
