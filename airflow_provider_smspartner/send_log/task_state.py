"""The log in Airflow's task state store (3.3): shared by all tries of a task instance, and a fence.

Keys are zero-padded, so that the "Task State Store" tab lists them in order: ``claims:000000`` holds the
people of some batches, as keyed hashes; ``batch:000000`` what became of one. No number, no text.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_provider_smspartner.rules.people import Person, Recogniser
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.send_log import Batch, Memory, Receipt, StaleProcess

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

HEADER = "campaign"
LARGEST_CLAIMS = 60_000
"""Bytes of hashes in base 85 that one value holds; the store takes values of 64 KB."""
PATIENCE = 300.0
"""Seconds that a write waits for an API server that restarts."""


class TaskStateLog:
    """Remembers the batches of one task instance over its tries."""

    durable = True
    confirms_always = False
    excluded = 0

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

    # ---- reading -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Note that there is a log, before anything else can fail."""
        if self._get(HEADER) is None:
            self._set(HEADER, {"begun": True})

    def load(self) -> Memory | None:
        """Return what earlier tries left. "Not there" is what a stale process reads, too: the caller looks
        at the platform before it believes it, and its first claim fails."""
        if self._get(HEADER) is None:
            return None
        memory = Memory()
        while (group := self._get(claims_key(len(memory.batches)))) is not None:
            memory.comparable = memory.comparable and group["check"] == self._recogniser.check
            for tag, hashes in zip(group["tags"], group["people"], strict=True):
                ordinal = len(memory.batches)
                batch = Batch(ordinal=ordinal, tag=tag, hashes=unpacked(hashes), claimed_at=group["at"])
                memory.batches.append(self._with_outcome(batch))
        return memory

    def _with_outcome(self, batch: Batch) -> Batch:
        if (kept := self._get(batch_key(batch.ordinal))) is not None:
            batch.state = BatchState(kept["state"])
            batch.claimed_at = kept.get("at", batch.claimed_at)
            batch.rejected = unpacked(kept.get("rejected", ""))
            batch.receipt = receipt(kept) if batch.state is BatchState.ACCEPTED else None
        return batch

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave nobody out: this log knows only its own task."""
        return iter(people)

    def freed(self) -> None:
        """Nobody is waited for."""

    # ---- writing -----------------------------------------------------------------------------------

    def open(self, memory: Memory) -> None:
        """Begin the log, with the batches that were found by tag."""
        if memory.batches:
            self._write_claims(memory.batches)
            for batch in memory.batches:
                self.record(batch)
        self._set(HEADER, {"begun": True})

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
        value = {
            "at": group[0].claimed_at,
            "check": self._recogniser.check,  # of each group: a key may be changed, and changed back
            "tags": [batch.tag for batch in group],  # a user's tag may render otherwise on the next try
            "people": [packed(batch.hashes) for batch in group],
        }
        self._set(claims_key(group[0].ordinal), value)

    def confirm(self, batch: Batch) -> None:
        """Write the claim anew, which fails when another process has taken over."""
        self._set(batch_key(batch.ordinal), {"state": BatchState.CLAIMED.value, "at": batch.claimed_at})

    def keep(self) -> None:
        """Nothing to keep: a claim here holds until another try takes over."""

    def record(self, batch: Batch) -> None:
        """Write what became of a batch."""
        value: dict[str, Any] = {"state": batch.state.value, "people": batch.size, "tag": batch.tag}
        value["at"] = batch.claimed_at
        if batch.rejected:
            value["rejected"] = packed(batch.rejected)
        if batch.receipt:
            kept = batch.receipt
            value |= {"people": kept.people, "segments": kept.segments, "cost": str(kept.cost)}
            value |= {"message_id": kept.message_id or "", "currency": kept.currency or ""}
        self._set(batch_key(batch.ordinal), value)

    # ---- the store ---------------------------------------------------------------------------------

    def _get(self, key: str) -> Any:
        # One at a time: under `dags test` the store answers whichever thread asks first
        with self._one_at_a_time:
            return self._store.get(key)

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
    return base64.b85decode(text)


def receipt(kept: dict[str, Any]) -> Receipt:
    """Read the receipt of an accepted batch; a person may have edited it in the UI."""
    return Receipt(
        people=int(kept.get("people", 0)),
        message_id=str(kept["message_id"]) if kept.get("message_id") else None,
        segments=int(kept.get("segments", 0)),
        cost=Decimal(str(kept.get("cost", 0))),
        currency=kept.get("currency") or None,
    )
