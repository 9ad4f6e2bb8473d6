"""What earlier tries have left of a task, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_smspartner.journal.batch import Batch
from airflow_provider_smspartner.journal.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a journal holds about this task."""

    batches: tuple[Batch, ...] = ()
    """By ordinal; without gaps, unless it is lost."""
    same_account: bool = False
    """Whether the key of the connection is known to be that of all earlier tries, or one of its account."""
    cancelling: bool = False
    """Whether an earlier try meant to cancel; batches of which nobody knows whether it did are CANCELLING."""
    world: World | None = None
    """What it was made under; None when nothing was written about it."""
    claimed: int = 0
    """How many ordinals of this task were used up with a ledger, as the task state store has counted them."""
    lost: bool = False
    """Whether it held more than it does: what is missing has to be found by tags."""

    @property
    def in_ledger(self) -> bool:
        """Whether people of this task were claimed in a ledger."""
        return self.claimed > 0

    @property
    def comparable(self) -> bool:
        """Whether all hashes were made with today's secret; if not, only the tags can tell."""
        return all(batch.comparable for batch in self.batches)
