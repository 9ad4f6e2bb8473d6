"""The journal in a SQL table that remembers across runs: a person gets a campaign, or an event of it, once.

The database refuses a person's second row. Rows hold numbers: they join, and outlive the connection's key.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from airflow_provider_smspartner.journal import Batch, Memory, StaleProcess, claims
from airflow_provider_smspartner.journal.adopting import adopt, with_people
from airflow_provider_smspartner.journal.cancelling import intend, take_over, write_answer
from airflow_provider_smspartner.journal.eligibility import Claimant, Rows, check_events
from airflow_provider_smspartner.journal.frequency import capped_of, take_turn
from airflow_provider_smspartner.journal.orphans import TagLook
from airflow_provider_smspartner.journal.recording import IS_OPEN, write_states
from airflow_provider_smspartner.journal.rows import read_batches, write_forgiven
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.journal.screening import Screening
from airflow_provider_smspartner.journal.table import Key, Ledger, RefusedValue, who
from airflow_provider_smspartner.journal.tries import Before, begin_try, may_go_on, note_world, replaced
from airflow_provider_smspartner.journal.union import Ordinals, ordinals, united
from airflow_provider_smspartner.journal.world import UNNAMED, World
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.rules.sending_states import BatchState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from airflow_provider_smspartner.journal.task_state import TaskStateJournal

log = logging.getLogger(__name__)

RENEW_EVERY: Final = 30.0  # seconds


class LedgerJournal:
    """Remembers the people of a campaign over all of its runs and tasks.

    ``fence`` is the journal in Airflow's task state store: who may not write to it may not send.
    ``intend`` and ``record_cancel`` run in the thread of the shutdown, ``record`` in the recorder's,
    ``unsent`` in the main one, all else in that which claims; transactions of a process follow each other.
    """

    durable = True
    confirms_always = True

    def __init__(
        self,
        ledger: Ledger,
        claimant: Claimant,
        pseudonymizer: Pseudonymizer,
        tag_of: Callable[[int], str],
        look: TagLook,
        *,
        fence: TaskStateJournal | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._me = claimant
        self._pseudonymizer = pseudonymizer
        self._tag_of = tag_of
        self._look = look
        self._fence = fence
        self._now = now
        self._renewed_at = now()
        self._has_begun = self._is_cancelling = False
        self._known = Ordinals()
        self._screening = Screening(ledger, claimant, look, now)

    @property
    def ledger(self) -> str:
        """Which ledger it uses, by the ledger's own identity."""
        return self._ledger.identity or UNNAMED

    # ---- what this task did before -----------------------------------------------------------------

    def begin(self) -> None:
        """Note it in the fence; the tables need no beginning."""
        if self._fence:
            self._fence.begin()

    def load(self) -> Memory | None:
        """Return what this task has left, and take over what its earlier tries were about to send.

        :raises StaleProcess: a later try has begun, which this process did not live to see.
        """
        before = self._begin_try()  # MySQL would read what follows as of this moment
        batches = self._ledger.transact(self._take_over)
        of_fence = self._fence.load() if self._fence else None
        memory = united(batches, of_fence, before=before, has_store=self._fence is not None)
        if memory and memory.lost:
            log.warning("Somebody whom this task had claimed is forgotten: it is looked up by tag")
        self._known = ordinals(batches, of_fence, memory)
        return memory

    def _begin_try(self) -> Before:
        before = self._ledger.transact(lambda connection: begin_try(connection, self._me, self._now()))
        self._has_begun = True
        return before

    def _take_over(self, connection: Connection) -> list[Batch]:
        self._check_turn(connection)
        take_over(connection, self._me, self._now())
        return read_batches(connection, self._me, self._pseudonymizer, self._tag_of)

    def _check_turn(self, connection: Connection, *, batches: int = 0) -> None:
        if not may_go_on(connection, self._me, self._now(), batches=batches):
            raise replaced()

    def open(self, memory: Memory) -> None:
        """Begin the journal, with the people who were found by tag.

        :raises NeedsPerson: the texts are for events, of which the platform knows nothing.
        """
        sent = (batch for batch in memory.batches if batch.state is BatchState.ACCEPTED)
        lacking = [batch for batch in sent if batch.ordinal not in self._known.of_all]
        adopted = with_people(lacking, self._me, self._look, self._pseudonymizer)
        self._ledger.transact(partial(self._adopt, batches=adopted))
        if self._fence:
            self._fence.open(Memory())
            in_ledger = self._known.of_all - self._known.of_store | {batch.ordinal for batch in lacking}
            self._fence.count_claims(1 + max(in_ledger, default=-1))

    def note(self, world: World) -> None:
        """Write it into the ledger, and into the fence, which a lost or replaced ledger cannot contradict."""
        if self._fence:
            self._fence.note(world)
        self._ledger.transact(lambda connection: note_world(connection, self._me, world))
        if of_store := self._known.of_store:  # or a run that is deleted and made again would seem to be new
            self._ledger.transact(partial(self._check_turn, batches=1 + max(of_store)))

    def _adopt(self, connection: Connection, *, batches: Sequence[Batch]) -> None:
        # All or none: the next try would take some for all of them
        self._check_turn(connection, batches=max((batch.ordinal + 1 for batch in batches), default=0))
        adopt(connection, batches, self._me, self._now())

    # ---- who is left -------------------------------------------------------------------------------

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave out who is done, and keep back whom somebody else is about to text; see ``freed``."""
        return self._screening.unsent(people)

    @property
    def excluded_by(self) -> Counter[str]:
        """How many of them for each reason, as a result names them."""
        return self._screening.excluded_by

    def left_out(self, people: Iterable[Person]) -> Counter[str]:
        """Count by reason whom the ledger leaves out for certain; who is waited for does not count yet."""
        return self._screening.left_out(people)

    def freed(self) -> list[Person] | None:
        """Return those kept back whom the others have let go of; None when nobody is kept back any more."""
        return self._screening.freed()

    # ---- claims ------------------------------------------------------------------------------------

    def claim(self, batches: Sequence[Batch]) -> list[Batch]:
        """Write who is about to be texted, in one transaction; whom others have claimed is left out.

        :raises StaleProcess: another process has taken over this task.
        :raises InvalidMessage: an event is too long for the table.
        """
        for batch in batches:
            check_events(batch.people)
        if not self._has_begun:
            self._begin_try()
        refused, capped = self._ledger.transact(lambda connection: self._claim(connection, batches))
        self._screening.count_capped(capped)
        granted = [self._granted(claims.without(batch, capped), refused) for batch in batches]
        self._count_in_fence(granted)
        return granted

    def _count_in_fence(self, granted: Sequence[Batch]) -> None:
        """Count what the ledger has by now, before any of it leaves: one that has less has lost some."""
        if not self._fence:
            return
        try:
            self._fence.count_claims(max((each.ordinal + 1 for each in granted if each.people), default=0))
        except StaleProcess:
            self._drop(granted)
            raise

    def _granted(self, batch: Batch, refused: Rows) -> Batch:
        """Return a batch without those whom others have claimed in between, who are counted or kept back."""
        for person in batch.people if refused else ():
            if who(person) in refused:
                self._screening.admit(person, refused[who(person)])
        granted = claims.without(batch, refused)
        if len(granted.people) == len(batch.people) and batch.hashes:
            return batch  # as almost all are, and hashes take their time
        return replace(granted, hashes=self._pseudonymizer.hashes(granted.people))

    def _claim(self, connection: Connection, batches: Sequence[Batch]) -> tuple[Rows, set[Key]]:
        if self._me.at_most is not None:
            take_turn(connection)
        self._check_turn(connection, batches=1 + max(batch.ordinal for batch in batches))
        now, everybody = self._now(), (person for batch in batches for person in batch.people)
        capped = capped_of(connection, everybody, self._me, now)
        left = [claims.without(batch, capped) for batch in batches]
        return claims.write_claims(connection, left, self._me, now), capped

    def confirm(self, *batches: Batch) -> None:
        """Make sure that this process holds all people of batches, and nobody else any under their tags.

        :raises StaleProcess: it does not; nobody of any of them is texted.
        """
        lost = self._ledger.transact(lambda to: claims.renew_claims(to, batches, self._me, self._now()))
        if lost:
            self._drop(batches)
            raise claims.taken_over(lost[0])

    def _drop(self, batches: Sequence[Batch]) -> None:
        # What never leaves must not count as sent when another's batch is found under the same tag
        self._ledger.transact(partial(claims.drop_claims, batches=batches, claimant=self._me))

    def keep(self) -> None:
        """Renew the claims of this process from time to time."""
        now = self._now()
        if now - self._renewed_at < RENEW_EVERY:
            return
        self._renewed_at = now
        renewal = update(BATCHES).where(*claims.mine(self._me, IS_OPEN))
        lease = renewal.values(lease_until=self._me.lease_until(now))
        self._ledger.transact(lambda connection: connection.execute(lease))

    # ---- what became of them -----------------------------------------------------------------------

    def record(self, *batches: Batch) -> None:
        """Write what became of batches, whoever of their people has gone elsewhere meanwhile."""
        ours = [batch for batch in batches if not self._is_of_store(batch)]
        for batch in batches:
            if self._fence and self._is_of_store(batch):
                self._fence.record(batch)  # its people are known there, by hashes that no row can be made of
        if not ours:
            return
        try:
            self._record(ours)
        except RefusedValue:
            if len(ours) == 1:
                raise
            try:  # the others are known, whatever is refused of one
                self.record(ours[0])
            finally:
                self.record(*ours[1:])

    def _record(self, batches: Sequence[Batch]) -> None:
        write = partial(write_states, claimant=self._me, pseudonymizer=self._pseudonymizer)
        self._ledger.transact(
            lambda connection: write(connection, batches, now=self._now(), is_cancelling=self._is_cancelling)
        )

    def _is_of_store(self, batch: Batch) -> bool:
        return self._fence is not None and batch.ordinal in self._known.of_store

    def forgive(self, batch: Batch) -> None:
        """Free the people of a batch whose refusal is not for good."""
        if self._fence and self._is_of_store(batch):
            self._fence.forgive(batch)
            return
        self._ledger.transact(partial(write_forgiven, batch=batch, claimant=self._me))

    # ---- cancelling --------------------------------------------------------------------------------

    def intend(self, batches: Sequence[Batch], now: float) -> list[Batch]:
        """Write it into the batches that this try owns: a try that has taken over owns them all."""
        if self._fence:
            self._fence.header()
            self._fence.count_claims(0)
        ours = self._ledger.transact(lambda connection: intend(connection, self._me, now))
        self._is_cancelling = True
        return [batch for batch in batches if batch.ordinal in ours]

    def record_cancel(self, batch: Batch) -> None:
        """Write the answer into a batch of which nobody else has taken note of it."""
        if self._fence and self._is_of_store(batch):
            self._fence.record_cancel(batch)
            return
        self._ledger.transact(partial(write_answer, batch=batch, claimant=self._me))

    def forget_intent(self) -> None:
        """Forget that of the store, where a try without the ledger has written it; each row has its own."""
        if self._fence:
            self._fence.forget_intent()

    def close(self) -> None:
        """Give the database its connections back."""
        self._ledger.close()
