"""The log in Airflow's task state store (3.3): shared by all tries of a task instance, and a fence.

Keys are zero-padded, so that the "Task State Store" tab lists them in order: ``claims:000000`` holds the
people of some batches, as keyed hashes; ``batch:000000`` what became of one. No number, no text.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.journal import Batch, Memory, Receipt, StaleProcess
from airflow_provider_smspartner.journal.seals import is_ours, sealed
from airflow_provider_smspartner.journal.world import World, later, moment_of, world_of, written
from airflow_provider_smspartner.rules.people import HASH_SIZE, Person, Recogniser, each
from airflow_provider_smspartner.rules.sending_states import FREE, OPEN, BatchState, Event, after

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

HEADER = "campaign"
INTENT = "cancel"
"""What the header calls the time, in seconds since the epoch, from which a try meant to cancel."""
IN_LEDGER = "in_ledger"
"""What the header calls the number of ordinals that were claimed in a ledger."""
LARGEST_CLAIMS = 60_000
"""Bytes of hashes in base 85 that one value holds; the store takes values of 64 KB."""
PATIENCE = 300.0
"""Seconds that a write waits for an API server that restarts."""


class TaskStateLog:
    """Remembers the batches of one task instance over its tries."""

    durable = True
    confirms_always = False
    ledger = None
    excluded = 0
    excluded_by: Mapping[str, int] = MappingProxyType({})

    def __init__(
        self,
        store: TaskStateStoreAccessor,
        recogniser: Recogniser,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._recogniser = recogniser
        self._pause = pause
        self._one_at_a_time = threading.Lock()
        self._one_header = threading.Lock()
        self._header: dict[str, Any] = {}
        """As this try has read or written it."""

    # ---- reading -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Note that there is a log, before anything else can fail."""
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
            is_ours(self._recogniser, HEADER, header)
            intent = None if header.get(INTENT) is None else float(header[INTENT])
            claims = int(header.get(IN_LEDGER, 0))
            memory = Memory(cancelling=intent is not None, world=world_of(header), in_ledger=claims > 0)
        while (group := self._get(key := claims_key(len(memory.batches)))) is not None:
            with legible(key):
                is_ours(self._recogniser, key, group)
                is_comparable = group["check"] == self._recogniser.check
                for batch in claimed(group, memory):
                    batch.comparable = is_comparable
                    memory.batches.append(self._with_outcome(batch, intent))
        memory.same_account = memory.comparable
        memory.cancelling |= any(batch.state is BatchState.CANCELLING for batch in memory.batches)
        return memory

    def _with_outcome(self, batch: Batch, intent: float | None) -> Batch:
        key = batch_key(batch.ordinal)
        if (kept := self._get(key)) is not None:
            with legible(key):
                read_outcome(batch, kept, is_proved=is_ours(self._recogniser, key, kept))
        if intent is not None and batch.is_cancellable(intent):
            batch.state = after(batch.state, Event.INTENT)
        return batch

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave nobody out: this log knows only its own task."""
        return iter(people)

    def left_out(self, people: Iterable[Person]) -> Mapping[str, int]:
        """Count nobody: this log knows only its own task."""
        return {}

    def freed(self) -> None:
        """Nobody is waited for."""

    # ---- writing -----------------------------------------------------------------------------------

    def open(self, memory: Memory) -> None:
        """Begin the log, with the batches that were found by tag."""
        if memory.batches:
            self._write_claims(memory.batches)
            for batch in memory.batches:
                self.record(batch)
        self._write_header({})

    def note(self, world: World) -> None:
        """Write it into the header, beside what was true of the tries before."""
        with legible(HEADER):
            so_far = later(world_of(self._header), world)
        self._write_header(so_far.as_dict())

    def count_claims(self, ordinals: int) -> None:
        """Note how many ordinals have been claimed in a ledger, whose loss would not show by itself.

        :raises StaleProcess: another process has taken over this task.
        """
        self._write_header({IN_LEDGER: max(ordinals, int(self._header.get(IN_LEDGER, 0)))})

    def _write_header(self, changes: dict[str, Any], *, without: str = "") -> None:
        """Change the header; threads that claim and that cancel may both do so at the same moment."""
        with self._one_header:
            kept = {name: value for name, value in self._header.items() if name != without}
            self._header = sealed(self._recogniser, HEADER, {**kept, "begun": True, **changes})
            self._set(HEADER, self._header)

    def claim(self, batches: Sequence[Batch]) -> list[Batch]:
        """Write who is in the next batches; a process that may not write may not send."""
        self._write_claims(batches)
        return list(batches)

    def _write_claims(self, batches: Sequence[Batch]) -> None:
        group: list[Batch] = []
        size = 0
        for batch in batches:
            length = len(batch.hashes) * 5 // 4 + len(batch.tag) + 8
            if group and size + length > LARGEST_CLAIMS:
                self._write_group(group)
                group, size = [], 0
            group.append(batch)
            size += length
        self._write_group(group)

    def _write_group(self, group: Sequence[Batch]) -> None:
        value: dict[str, Any] = {
            "at": group[0].claimed_at,
            "tags": [batch.tag for batch in group],  # a user's tag may render otherwise on the next try
            "people": [packed(batch.hashes) for batch in group],
        }
        value |= unseen(group[0])
        self._write(claims_key(group[0].ordinal), value)

    def confirm(self, batch: Batch) -> None:
        """Write the claim anew, which fails when another process has taken over."""
        value = {"state": BatchState.CLAIMED.value, "at": batch.claimed_at, **unseen(batch)}
        self._write(batch_key(batch.ordinal), value)

    def keep(self) -> None:
        """Nothing to keep: a claim here holds until another try takes over."""

    def record(self, batch: Batch) -> None:
        """Write what became of a batch."""
        value: dict[str, Any] = {"state": batch.state.value, "people": batch.size, "tag": batch.tag}
        value |= {"at": batch.claimed_at, **unseen(batch)}
        if batch.rejected:
            value["rejected"] = packed(batch.rejected)
        if batch.forgiven:
            value["forgiven"] = packed(batch.forgiven)
        if batch.receipt:
            kept = batch.receipt
            value |= {"people": kept.people, "segments": kept.segments, "cost": str(kept.cost)}
            value |= {"message_id": kept.message_id or "", "currency": kept.currency or ""}
            if kept.scheduled_for is not None:
                value["scheduled_for"] = kept.scheduled_for
        self._write(batch_key(batch.ordinal), value)

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
        """Return what says that the log is whole.

        :raises StaleProcess: it is not there: another try has taken over, or what was found by tags is still
            being written, and what says so too early would make the next try take a part for all of it.
        """
        header: dict[str, Any] | None = self._get(HEADER)
        if header is None:
            raise StaleProcess(
                "This try has no whole log: another one has taken over, or what was found by tags is still "
                "being written."
            )
        return header

    def record_cancel(self, batch: Batch) -> None:
        """Write it as any other state."""
        self.record(batch)

    def forget_intent(self) -> None:
        """Take it out of the header."""
        self._write_header({}, without=INTENT)

    # ---- the store ---------------------------------------------------------------------------------

    def _get(self, key: str) -> Any:
        # One at a time: under `dags test` the store answers whichever thread asks first
        with self._one_at_a_time:
            return self._store.get(key)

    def _write(self, key: str, value: dict[str, Any]) -> None:
        self._set(key, sealed(self._recogniser, key, value))

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
                if waited >= PATIENCE:
                    raise
            self._pause(delay)
            waited, delay = waited + delay, min(delay * 2, 15.0)


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
        "was there. Without it nobody knows who was sent to, and so nothing was sent."
    )


def claimed(group: dict[str, Any], memory: Memory) -> list[Batch]:
    """Return the batches of one value, which follow those of the memory."""
    claims = list(zip(group["tags"], group["people"], strict=True))
    if not claims:
        raise ValueError("a group of no batches would be read for ever")
    first, at, hidden = len(memory.batches), float(group["at"]), moment_of(group.get("unseen"))
    return [
        Batch(ordinal=ordinal, tag=str(tag), hashes=unpacked(hashes), claimed_at=at, unseen_until=hidden)
        for ordinal, (tag, hashes) in enumerate(claims, start=first)
    ]


def is_stale(error: AirflowRuntimeError) -> bool:
    """Tell a task instance that is gone from an API server that cannot be reached or has failed."""
    detail = error.error.detail or {}
    status = detail.get("status_code")
    return status is not None and 400 <= status < 500


def claims_key(ordinal: int) -> str:
    """Name the claims whose first batch has this ordinal."""
    return f"claims:{ordinal:06d}"


def batch_key(ordinal: int) -> str:
    """Name what became of a batch."""
    return f"batch:{ordinal:06d}"


def packed(hashes: bytes) -> str:
    """Write hashes as text; base 85 is a sixth shorter than base 64, and JSON escapes none of it."""
    return base64.b85encode(hashes).decode()


def unpacked(text: str) -> bytes:
    """Read hashes back."""
    hashes = base64.b85decode(text)
    if len(hashes) % HASH_SIZE:
        raise ValueError("half a hash")
    return hashes


def unseen(batch: Batch) -> dict[str, Any]:
    """Write until when nobody can see a batch, for those of whom there is something to write."""
    return {} if batch.unseen_until is None else {"unseen": written(batch.unseen_until)}


def read_outcome(batch: Batch, kept: dict[str, Any], *, is_proved: bool) -> None:
    """Take in what became of a claimed batch."""
    batch.state = believed(kept, is_proved=is_proved)
    batch.claimed_at = float(kept.get("at", batch.claimed_at))
    batch.unseen_until = moment_of(kept.get("unseen", written(batch.unseen_until)))
    batch.rejected = unpacked(kept.get("rejected", ""))
    batch.forgiven = unpacked(kept.get("forgiven", ""))
    if batch.forgiven and batch.state not in OPEN:  # they are nobody's, whatever became of the others
        free = set(each(batch.forgiven))
        batch.hashes = b"".join(hashed for hashed in each(batch.hashes) if hashed not in free)
    on_platform = batch.state in (BatchState.ACCEPTED, BatchState.CANCELLING)
    batch.receipt = receipt(kept) if on_platform else None


def believed(kept: dict[str, Any], *, is_proved: bool) -> BatchState:
    """Return what a written state counts as: an edit must not make people free, who would be texted twice.

    An earlier version has written no seals, and neither does a person who edits the store. What proves
    nothing counts as what it came from, and the platform is asked.
    """
    state = BatchState(kept["state"])
    if is_proved or state not in FREE:
        return state
    by_id = state is BatchState.CANCELLED and kept.get("message_id")
    return BatchState.CANCELLING if by_id else BatchState.CLAIMED


def receipt(kept: dict[str, Any]) -> Receipt:
    """Read the receipt of an accepted batch; a person may have edited it in the UI."""
    return Receipt(
        people=int(kept.get("people", 0)),
        message_id=str(kept["message_id"]) if kept.get("message_id") else None,
        segments=int(kept.get("segments", 0)),
        cost=Decimal(str(kept.get("cost", 0))),
        currency=kept.get("currency") or None,
        scheduled_for=float(kept["scheduled_for"]) if kept.get("scheduled_for") else None,
    )
