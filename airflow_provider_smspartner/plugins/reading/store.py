"""Reads the batches of a send out of Airflow's task state store, which 3.3 brought.

A claim holds the people of some ten batches as hashes and is large; it is loaded only for batches of which
nothing else is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, null, select

from airflow_provider_smspartner.journal.store_format import (
    BATCH,
    BEGUN,
    CLAIMS,
    HEADER,
    INTENT,
    LARGEST_CLAIMS,
    Outline,
    claims_key,
    claims_outlined,
    ordinal_in,
    outline,
)
from airflow_provider_smspartner.plugins.facts import MOST_BATCHES, UNREADABLE, BatchFact
from airflow_provider_smspartner.rules.people import HASH_SIZE
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.tracking.handover import count, currency, money, text

try:
    from airflow.models.task_state_store import TaskStateStoreModel
except ImportError:
    TaskStateStoreModel = None  # type: ignore[assignment, misc]  # Airflow below 3.3

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

JSON: Final = json.JSONDecoder()
HAS_STORE: Final = TaskStateStoreModel is not None
POSITION: Final[Any] = getattr(
    TaskStateStoreModel, "region_index", getattr(TaskStateStoreModel, "map_index", None)
)
"""Column of the map index; from Airflow 3.4 on, of the iteration of a task in a loop too."""
MOST_CLAIMS: Final = 100
"""Claims of one task that are loaded for one page; batches of further ones count without their people."""
MOST_IN_A_GROUP: Final = LARGEST_CLAIMS // HASH_SIZE
"""Batches whose claims one value can hold; a key that somebody has made up may lie as far as it likes."""


@dataclass(slots=True, kw_only=True)
class Notes:
    """What the store holds of one task instance."""

    task_id: str
    map_index: int
    begun: bool = False
    cancelling: bool = False
    claims: list[int] = field(default_factory=list)
    """The ordinals at which groups of claims start."""
    rows: dict[int, BatchFact] = field(default_factory=dict)

    def batches(self, session: Session, run: int, *, finished: bool) -> list[BatchFact]:
        """Return all batches by ordinal, those that are only claimed too.

        :param finished: the task has succeeded, so that nothing of it is only claimed.
        """
        starts = sorted(self.claims)
        bare = {ordinal for ordinal, batch in self.rows.items() if batch.people is None}
        wanted = []
        for start, end in zip_longest(starts, starts[1:]):
            if end is None:
                incomplete = not finished
            else:
                room = max(0, MOST_BATCHES - len(self.rows))
                group = range(start, min(end, start + min(MOST_IN_A_GROUP, room)))
                incomplete = any(n not in self.rows or n in bare for n in group)
                self.rows |= {n: only_claimed(n) for n in group if n not in self.rows}
            if incomplete:
                wanted.append(start)
        for claims in self._groups(session, run, wanted[-MOST_CLAIMS:]):
            for batch in claims[: max(0, MOST_BATCHES - len(self.rows))]:
                known = self.rows.get(batch.ordinal, batch)
                if known.people is None:
                    known = known._replace(people=batch.people, tag=batch.tag)
                self.rows[batch.ordinal] = known._replace(claimed_at=known.claimed_at or batch.claimed_at)
        return self.known()

    def known(self) -> list[BatchFact]:
        """Return the batches of which something is written beside their claim."""
        return [self.rows[ordinal] for ordinal in sorted(self.rows)]

    def _groups(self, session: Session, run: int, starts: Sequence[int]) -> Iterable[list[BatchFact]]:
        store = TaskStateStoreModel
        rows = session.execute(
            select(store.key, store.value).where(
                store.dag_run_id == run,
                store.task_id == self.task_id,
                self.map_index == POSITION,
                store.key.in_([claims_key(start) for start in starts]),
            )
        )
        return [claimed(key, value) for key, value in rows] if starts else []


def read_store(
    session: Session, runs: Sequence[int], *, most: int | None = None
) -> dict[int, dict[tuple[str, int], Notes]]:
    """Return what sends have written into the store, by run, task id and map index.

    :param most: read no more rows than these; the run in whose middle they end is left out.
    """
    found: dict[int, dict[tuple[str, int], Notes]] = {}
    if not HAS_STORE:
        return found
    store = TaskStateStoreModel
    is_claims = store.key.like(f"{CLAIMS}%")
    # Of claims neither: the time stands behind the large value, which SQLite would read to come there
    value, changed_at = (case((is_claims, null()), else_=each) for each in (store.value, store.updated_at))
    rows = session.execute(
        select(store.dag_run_id, store.task_id, POSITION, store.key, changed_at, value)
        .where(store.dag_run_id.in_(runs))
        .where(is_claims | store.key.like(f"{BATCH}%") | (store.key == HEADER))
        .order_by(store.dag_run_id.desc())
        .limit(most)
    ).all()
    for run, task_id, map_index, key, changed, written in rows:
        tasks, where = found.setdefault(run, {}), (task_id, map_index)
        notes = tasks.get(where) or tasks.setdefault(where, Notes(task_id=task_id, map_index=map_index))
        if (ordinal := ordinal_in(key, BATCH)) is not None:
            notes.rows[ordinal] = batch_of(ordinal, written, changed)
        elif (start := ordinal_in(key, CLAIMS)) is not None:
            notes.claims.append(start)
        elif key == HEADER:
            header = as_mapping(written)
            notes.begun, notes.cancelling = header.get(BEGUN) is True, INTENT in header
    if most is not None and len(rows) == most:
        del found[rows[-1].dag_run_id]
    # other people's tasks may use such keys as well, but not with our header
    return {
        run: {where: notes for where, notes in tasks.items() if notes.begun} for run, tasks in found.items()
    }


def batch_of(ordinal: int, written: str, changed_at: datetime) -> BatchFact:
    """Read what became of a batch; a person may have edited it in the UI."""
    try:
        return fact_of(ordinal, outline(as_mapping(written)), changed_at)
    except (ArithmeticError, KeyError, OSError, TypeError, ValueError):
        return BatchFact(ordinal=ordinal, state=UNREADABLE, people=None, changed_at=changed_at)


def claimed(key: str, written: str) -> list[BatchFact]:
    """Read the batches of a group of claims; none when it is none of ours any more."""
    start = ordinal_in(key, CLAIMS) or 0
    try:
        group = enumerate(claims_outlined(as_mapping(written)), start)
        return [fact_of(ordinal, each) for ordinal, each in group]
    except (ArithmeticError, KeyError, OSError, TypeError, ValueError):
        return []


def fact_of(ordinal: int, batch: Outline, changed_at: datetime | None = None) -> BatchFact:
    """Return what a page shows of a batch; what it cannot show raises."""
    return BatchFact(
        ordinal=ordinal,
        state=batch.state.value,
        people=None if batch.people is None else count(batch.people),
        tag=text(batch.tag),
        claimed_at=moment(batch.claimed_at),
        changed_at=changed_at,
        message_id=text(batch.message_id),
        segments=count(batch.segments),
        cost=money(batch.cost),
        currency=currency(batch.currency),
        rejected=batch.rejected,
    )


def only_claimed(ordinal: int) -> BatchFact:
    """Return a batch of which nothing is written but its claim."""
    return BatchFact(ordinal=ordinal, state=BatchState.CLAIMED.value, people=None)


def as_mapping(written: str) -> dict[str, Any]:
    """Read a value of the store; empty when it is none of ours."""
    try:
        value = JSON.decode(written)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def moment(seconds: Any) -> datetime | None:
    """Read seconds since the epoch."""
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None
