"""Which try of a task instance may go on, and under which connection its tries send: one row for each.

A process that was frozen, and wakes up when its successor has ended, finds nobody's claim in its way: who is
left in its own audience may have left the successor's. The row is what keeps it out, on any Airflow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import case, insert, select, update

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.journal import StaleProcess
from airflow_provider_smspartner.journal.claims import note_campaign
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.schema import TASKS
from airflow_provider_smspartner.journal.table import Conflict, moment
from airflow_provider_smspartner.journal.world import World, later, world_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row


class Before(NamedTuple):
    """What the tries before have left in the row of their task."""

    claimed: int = 0
    """How many ordinals they have used up."""
    world: World | None = None
    """What they ran under; None where none has come so far as to note it."""


def begin_try(connection: Connection, claimant: Claimant, now: float) -> Before:
    """Let this try go on instead of those before, and return what they have left.

    :raises StaleProcess: a later try has begun, which this process did not live to see.
    :raises NeedsPerson: they sent under another connection, or to nobody in a sandbox.
    :raises Conflict: a try before has claimed something in between; the transaction has to be done anew.
    """
    note_campaign(connection, claimant)
    of_instance = select(TASKS).where(TASKS.c.instance == claimant.known_as).with_for_update()
    seen = connection.execute(of_instance).one_or_none()
    named = {"connection": claimant.connection, "sandbox": claimant.sandbox, "owner": claimant.owner}
    if seen is None:  # the primary key refuses the later one of two
        new = {"instance": claimant.known_as, "batches": 0, "seen_at": moment(now)}
        connection.execute(insert(TASKS), named | new)
        return Before()
    if claimant.is_older_than(seen.owner):
        raise StaleProcess(
            "A later try of this task has taken over: this process stops, and leaves the rest to it."
        )
    if seen.batches:
        check_world(seen, claimant)
    as_seen = (TASKS.c.owner == seen.owner, TASKS.c.batches == seen.batches)
    taken = update(TASKS).where(TASKS.c.instance == claimant.known_as, *as_seen)
    if connection.execute(taken.values(**named, seen_at=moment(now))).rowcount != 1:
        raise Conflict
    return Before(int(seen.batches), noted_in(seen))


def check_world(seen: Row[Any], claimant: Claimant) -> None:
    """Refuse to go on where the people of earlier tries would count as never texted."""
    if seen.connection != claimant.connection:
        raise NeedsPerson(
            f"smspartner_conn_id: earlier tries of this task sent with {seen.connection!r}, and this one has "
            f"{claimant.connection!r}. Put {seen.connection!r} back to send to the others, or take another "
            "task for them; nothing was sent by this try."
        )
    if bool(seen.sandbox) != claimant.sandbox:
        raise NeedsPerson(
            f"sandbox: earlier tries of this task sent with sandbox={bool(seen.sandbox)}, and this one has "
            f"{claimant.sandbox}. Put it back, or take another task; nothing was sent by this try."
        )


def may_go_on(connection: Connection, claimant: Claimant, now: float, *, batches: int = 0) -> bool:
    """Tell whether no other try has taken over, and hold that off until this transaction ends.

    :param batches: so many ordinals this try has claimed then.
    """
    counted = case((TASKS.c.batches < batches, batches), else_=TASKS.c.batches)
    held = update(TASKS).where(TASKS.c.instance == claimant.known_as, TASKS.c.owner == claimant.owner)
    return connection.execute(held.values(batches=counted, seen_at=moment(now))).rowcount == 1


def replaced() -> StaleProcess:
    """Make the error of a try that another one has taken over."""
    return StaleProcess(
        "Another process has taken over this task: this one stops, and a later try sends to those who are "
        "still missing."
    )


def note_world(connection: Connection, claimant: Claimant, world: World) -> None:
    """Note what this try runs under, beside what was true of those before.

    A task state store holds the same, where there is one; on an Airflow without, nothing else knows under
    whose key the batches of the ledger have left.

    :raises StaleProcess: another try has taken over.
    """
    mine = (TASKS.c.instance == claimant.known_as, TASKS.c.owner == claimant.owner)
    if (seen := connection.execute(select(TASKS.c.world).where(*mine)).one_or_none()) is None:
        raise replaced()
    text = json.dumps(later(noted_in(seen), world).as_dict())
    if connection.execute(update(TASKS).where(*mine).values(world=text)).rowcount != 1:
        raise replaced()


def noted_in(row: Row[Any]) -> World | None:
    """Read what tries have noted of what they run under."""
    return world_of(json.loads(row.world)) if row.world else None
