"""What the campaign page knows of a run: plain values, between the database and the words of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID

from airflow_provider_smspartner.tracking.handover import Campaign, Delivery
from airflow_provider_smspartner.tracking.stops import Failure

MOST_BATCHES: Final = 20_000
"""Batches that a page takes in of a task: those of ten million people."""
MOST_SHOWN: Final = 20
"""Answers of people that a page shows, the newest ones."""
UNREADABLE = "unreadable"
"""The state of a batch whose row in the store is none of ours any more: a person may have edited it."""


class BatchFact(NamedTuple):
    """One batch, as a journal holds it. A tuple is made faster than a dataclass: a page has thousands."""

    ordinal: int
    state: str
    """A value of ``rules.sending_states.BatchState``, or ``UNREADABLE``."""
    people: int | None
    """None when nothing tells."""
    tag: str | None = None
    claimed_at: datetime | None = None
    changed_at: datetime | None = None
    message_id: str | None = None
    segments: int = 0
    cost: Decimal = Decimal(0)
    currency: str | None = None
    rejected: int = 0
    """People of it whom the platform refused for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The batches of a task in one state, and what they come to."""

    batches: Sequence[BatchFact] = ()
    """By ordinal."""
    people: int = 0
    segments: int = 0
    cost: Decimal = Decimal(0)
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFact:
    """What a send says, as its DAG's author wrote it and Airflow rendered it."""

    message: str = field(repr=False)
    map_index: int = -1
    """Of the shard whose text it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody has answered."""

    kind: str
    """``reply`` or ``stop``."""
    at: datetime
    number: str = field(repr=False)
    """Masked."""
    text: str = field(repr=False)
    """Its beginning, with what may be a number masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What people have answered to a send, as the inbox beside its ledger holds it."""

    times: Sequence[tuple[datetime, str]] = ()
    """When each of them came, and its kind; the oldest first."""
    last: Sequence[Answer] = ()
    """The newest ones, the newest first."""
    cut: bool = False
    """Whether older ones may lie further back than is looked."""
    fault: str | None = None
    """Why the inbox could not be read."""


@dataclass(frozen=True, kw_only=True)
class TaskFact:
    """One task instance of a run that sends, or that follows a delivery."""

    task_id: str
    map_index: int = -1
    sends: bool
    """Whether it sends; otherwise it follows a delivery."""
    state: str | None = None
    """Airflow's; None before it is scheduled."""
    try_number: int = 0
    most_tries: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    campaign: Campaign | None = None
    result: Mapping[str, Any] | None = None
    """The return value."""
    delivery: Delivery | None = None
    batches: Sequence[BatchFact] = ()
    """By ordinal."""
    logged: bool = False
    """Whether a journal of it could be read; without one, no batches does not mean that nothing was sent."""
    cancelling: bool = False
    """Whether a person has stopped it, and what is scheduled is to be cancelled."""
    ledger_fault: str | None = None
    """Why the ledger could not be read."""
    answers: Answers | None = None
    """What people have answered to it; None where its ledger has no inbox."""
    answered: Mapping[str, int] | None = None
    """How many answers of each kind there are, as an overview shows them; None when nothing tells."""
    failure: Failure | None = None
    """Why it failed, as it has told."""
    waits_until: datetime | None = None
    """Until when it waits, while it is deferred."""
    text: TextFact | None = field(default=None, repr=False)
    """What it says, where Airflow keeps it; of a mapped send, the first shard alone has it."""
    illegible: bool = False
    """Whether it has pushed what cannot be read, or somebody else in its name."""
    elsewhere: bool = False
    """Whether it has pushed what Airflow's database only points to."""
    version: UUID | None = None
    """Of the DAG that it is of, as Airflow has bound it."""

    @cached_property
    def by_state(self) -> Mapping[str, Tally]:
        """Return the batches by state, added up once: a page asks many times, and there are thousands."""
        found: dict[str, list[BatchFact]] = {}
        for batch in self.batches:
            found.setdefault(batch.state, []).append(batch)
        return {state: tally_of(batches) for state, batches in found.items()}


def tally_of(batches: Sequence[BatchFact]) -> Tally:
    """Add batches up."""
    return Tally(
        batches=batches,
        people=sum(batch.people or 0 for batch in batches),
        segments=sum(batch.segments for batch in batches),
        cost=sum((batch.cost for batch in batches), Decimal(0)),
        rejected=sum(batch.rejected for batch in batches),
    )


NO_BATCHES: Final = Tally()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFact:
    """One DAG run."""

    dag_id: str
    run_id: str
    state: str | None = None
    after: datetime | None = None
    """Airflow's ``run_after``: from when it might begin."""
    tasks: Sequence[TaskFact] = ()
    asking: Sequence[tuple[str, int]] = ()
    """Tasks that wait for a person's answer, by id and map index."""
    has_store: bool = True
    """Whether this Airflow has a task state store, which lists the batches."""
