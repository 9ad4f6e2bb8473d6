"""The journal in Airflow's task state store (3.3): shared by all tries of a task instance, and a fence.

Keys are zero-padded, so that the "Task State Store" tab lists them in order: ``claims:000000`` holds the
people of some batches, as keyed hashes; ``batch:000000`` what became of one. No number, no text.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.journal import Batch, Memory, StaleProcess
from airflow_provider_smspartner.journal.seals import CHECK, is_ours, sealed
from airflow_provider_smspartner.journal.store_format import (
    BEGUN,
    HEADER,
    IN_LEDGER,
    INTENT,
    batch_key,
    claim_written,
    claimed_in,
    claims_key,
    claims_written,
    groups,
    outcome_written,
    with_outcome,
)
from airflow_provider_smspartner.journal.world import World, later, world_of
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.rules.sending_states import BatchState, Event

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

PATIENCE = 300.0
"""Seconds that a write waits for an API server that restarts."""


class TaskStateJournal:
    """Remembers the batches of one task instance over its tries.

    ``intend``, ``record_cancel`` run in the thread of the shutdown, ``record`` in the recorder's, all else in
    that which claims. The header is the one value that two of them write, and so it has a lock of its own.
    """

    durable = True
    confirms_always = False
    ledger = None
    excluded_by: Mapping[str, int] = MappingProxyType({})

    def __init__(
        self,
        store: TaskStateStoreAccessor,
        pseudonymizer: Pseudonymizer,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._pseudonymizer = pseudonymizer
        self._pause = pause
        self._one_at_a_time = threading.Lock()
        self._one_header = threading.Lock()
        self._header: dict[str, Any] = {}
        """As this try has read or written it."""

    # ---- reading -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Note that there is a journal, before anything else can fail."""
        if self._get(HEADER) is None:
            self._write_header({})

    def load(self) -> Memory | None:
        """Return what earlier tries left. "Not there" is what a stale process reads, too: the caller looks
        at the platform before it believes it, and its first claim fails."""
        header = self._get(HEADER)
        self._header = {} if header is None else header
        if header is None:
            return None
        with legible(HEADER):
            is_ours(self._pseudonymizer, HEADER, header)
            intent = None if header.get(INTENT) is None else float(header[INTENT])
            claims = int(header.get(IN_LEDGER, 0))
            world = world_of(header)
        batches: list[Batch] = []
        # Claims are written in order and without gaps: the first key that is missing is the end
        while (group := self._get(key := claims_key(len(batches)))) is not None:
            with legible(key):
                is_ours(self._pseudonymizer, key, group)
                is_comparable = group["check"] == self._pseudonymizer.check
                claimed = claimed_in(group, first=len(batches), is_comparable=is_comparable)
                batches += [self._with_outcome(batch, intent) for batch in claimed]
        # An outcome behind the end of the claims is that of a claim which somebody has deleted
        is_cut = self._get(batch_key(len(batches))) is not None
        is_cancelling = any(batch.state is BatchState.CANCELLING for batch in batches)
        return Memory(
            batches=tuple(batches),
            same_account=all(batch.comparable for batch in batches),
            cancelling=intent is not None or is_cancelling,
            world=world,
            claimed=claims,
            lost=is_cut,
        )

    def _with_outcome(self, batch: Batch, intent: float | None) -> Batch:
        key = batch_key(batch.ordinal)
        if (value := self._get(key)) is not None:
            with legible(key):
                batch = with_outcome(batch, value, is_proved=is_ours(self._pseudonymizer, key, value))
        is_intended = intent is not None and batch.is_cancellable(intent)
        return batch.after(Event.INTENT) if is_intended else batch

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave nobody out: this journal knows only its own task."""
        return iter(people)

    def left_out(self, people: Iterable[Person]) -> Mapping[str, int]:
        """Count nobody: this journal knows only its own task."""
        return {}

    def freed(self) -> None:
        """Nobody is waited for."""

    # ---- writing -----------------------------------------------------------------------------------

    def open(self, memory: Memory) -> None:
        """Begin the journal, with the batches that were found by tag."""
        if memory.batches:
            self._write_claims(memory.batches)
            for batch in memory.batches:
                self.record(batch)
        # Last: it says that the journal is whole, and the process may die at any write before
        self._write_header({})

    def note(self, world: World) -> None:
        """Write it into the header, beside what was true of the tries before."""
        with legible(HEADER):
            so_far = later(world_of(self._header), world)
        self._write_header(so_far.as_dict())

    def count_claims(self, ordinals: int) -> None:
        """Note how many ordinals a ledger has by now, whose loss would not show by itself.

        :raises StaleProcess: another process has taken over this task.
        """
        # Never less than before: a try that has claimed little must not hide what the others claimed
        self._write_header({IN_LEDGER: max(ordinals, int(self._header.get(IN_LEDGER, 0)))})

    def _write_header(self, changes: dict[str, Any], *, without: str = "") -> None:
        """Change the header; threads that claim and that cancel may both do so at the same moment."""
        with self._one_header:
            rest = {name: value for name, value in self._header.items() if name != without}
            self._header = sealed(self._pseudonymizer, HEADER, {**rest, BEGUN: True, **changes})
            self._set(HEADER, self._header)

    def claim(self, batches: Sequence[Batch]) -> list[Batch]:
        """Write who is in the next batches; a process that may not write may not send."""
        self._write_claims(batches)
        return list(batches)

    def _write_claims(self, batches: Sequence[Batch]) -> None:
        for group in groups(batches):
            self._write(claims_key(group[0].ordinal), claims_written(group))

    def confirm(self, *batches: Batch) -> None:
        """Write the claims anew, which fails when another process has taken over."""
        for batch in batches:
            self._write(batch_key(batch.ordinal), claim_written(batch))

    def keep(self) -> None:
        """Nothing to keep: a claim here holds until another try takes over."""

    def record(self, *batches: Batch) -> None:
        """Write what became of batches: of those that were handed over, whatever has become of them since."""
        for batch in batches:
            self._write(batch_key(batch.ordinal), outcome_written(batch))

    def forgive(self, batch: Batch) -> None:
        """Write it as any other state."""
        self.record(batch)

    # ---- cancelling --------------------------------------------------------------------------------

    def intend(self, batches: Sequence[Batch], now: float) -> list[Batch]:
        """Write it into the header, for all batches: one write each would take longer than there is.

        It stands for every batch that could be cancelled when it was first written, also for those whose
        answer is recorded after it, until ``forget_intent``.
        """
        before = self.header().get(INTENT, now)
        self._write_header({INTENT: min(before, now)})
        return list(batches)

    def header(self) -> dict[str, Any]:
        """Return what says that the journal is whole.

        :raises StaleProcess: it is not there: another try has taken over, or what was found by tags is still
            being written, and what says so too early would make the next try take a part for all of it.
        """
        header: dict[str, Any] | None = self._get(HEADER)
        if header is None:
            raise StaleProcess(
                "This try has no whole journal: another one has taken over, or what was found by tags is "
                "still being written."
            )
        return header

    def record_cancel(self, batch: Batch) -> None:
        """Write it as any other state."""
        self.record(batch)

    def forget_intent(self) -> None:
        """Take it out of the header."""
        self._write_header({}, without=INTENT)

    def close(self) -> None:
        """Nothing to give back: the store is Airflow's."""

    # ---- the store ---------------------------------------------------------------------------------

    def _get(self, key: str) -> Any:
        # One at a time: under `dags test` the store answers whichever thread asks first
        with self._one_at_a_time:
            return self._store.get(key)

    def _write(self, key: str, value: dict[str, Any]) -> None:
        self._set(key, sealed(self._pseudonymizer, key, value))

    def _set(self, key: str, value: dict[str, Any]) -> None:
        from airflow.sdk import NEVER_EXPIRE  # type: ignore[attr-defined]  # 3.3 and later

        waited, delay = 0.0, 1.0
        while True:
            try:
                with self._one_at_a_time:
                    self._store.set(key, value, retention=NEVER_EXPIRE)
                return
            except AirflowRuntimeError as error:
                if is_stale(error):
                    raise StaleProcess(
                        "Airflow no longer knows this try of the task: another one has taken over. "
                        "This process stops; the other try knows what was sent."
                    ) from error
                # Until then it may be a restart; to give up would lose an answer that has come
                if waited >= PATIENCE:
                    raise
            self._pause(delay)
            waited, delay = waited + delay, min(delay * 2, 15.0)


def begun_under(store: TaskStateStoreAccessor) -> str | None:
    """Return the check value of the secret under which earlier tries have hashed people; None for none."""
    header = store.get(HEADER)
    for value in (header, store.get(claims_key(0)) if header is not None else None):
        if isinstance(value, Mapping) and isinstance(check := value.get(CHECK), str):
            return check
    return None


@contextmanager
def legible(key: str) -> Iterator[None]:
    """Say which value cannot be read: a person may have edited it in the UI."""
    try:
        yield
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as fault:
        reason = type(fault).__name__
    else:
        return
    raise NeedsPerson(
        f"The task state store holds something under {key!r} that cannot be read ({reason}): put back what "
        "was there. Without it nobody knows who was texted, so nothing was sent."
    )


def is_stale(error: AirflowRuntimeError) -> bool:
    """Tell a task instance that is gone from an API server that cannot be reached or has failed."""
    detail = error.error.detail or {}
    status = detail.get("status_code")
    return status is not None and 400 <= status < 500
