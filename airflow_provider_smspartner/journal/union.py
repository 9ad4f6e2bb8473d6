"""Memories add up: what a ledger and Airflow's task state store know of one task, as one.

A ledger may be added between two tries, and be lost. Whoever one of the two knows was sent to was sent to; a
ledger that knows of fewer batches than the store says were claimed in it is lost, and not new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from airflow_provider_smspartner.journal import Batch, Memory
from airflow_provider_smspartner.journal.tries import Before
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.rules.sending_states import BatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinals:
    """Which batches the memories of a task know."""

    of_all: frozenset[int] = frozenset()
    """Those that need not be looked for."""
    of_store: frozenset[int] = frozenset()
    """Those that a try without the ledger has left in the task state store."""


def united(
    of_ledger: Sequence[Batch], of_store: Memory | None, *, before: Before, has_store: bool
) -> Memory | None:
    """Return what both know; None when nobody has begun either.

    :param of_ledger: by ordinal; those whose people have all moved on hold nobody.
    :param before: what the ledger knows of the tries beside their people.
    :param has_store: whether there is a store, which should know that people were claimed in the ledger.
    """
    claimed = before.claimed
    if not has_store and (of_ledger or claimed):
        alone = remembered(of_ledger, Memory(world=before.world, claimed=claimed))
        return replace(alone, lost=not of_ledger)
    # A try that died before it counted what it had claimed leaves a store that knows nothing of the ledger
    if of_ledger and has_store and not (of_store and (of_store.in_ledger or of_store.batches)):
        return store_lost(of_ledger, before.world)
    memory = added_up(of_ledger, of_store)
    # Those of a store count, too, once the ledger was added: a run that is made again has a store without any
    if not of_ledger and claimed > (len(of_store.batches) if of_store else 0):
        return replace(memory or Memory(world=before.world), lost=True)
    return memory


def added_up(of_ledger: Sequence[Batch], of_store: Memory | None) -> Memory | None:
    """Return the batches of both; None when nobody has begun either."""
    if of_store is None:
        return remembered(of_ledger, Memory()) if of_ledger else None
    pairs = zip_longest(of_ledger, of_store.batches)
    memory = remembered([chosen(ours, theirs) for ours, theirs in pairs], of_store)
    # One that knows less than the other says is lost, or an older copy, and not new
    return replace(memory, lost=of_store.lost or of_store.claimed > len(of_ledger))


def store_lost(of_ledger: Sequence[Batch], world: World | None) -> Memory:
    """Return what a ledger knows whose store has forgotten that people were claimed in it.

    An ordinal of which it knows nobody may be one that was sent before the ledger was added: it is looked up.

    :param world: what the ledger knows of the circumstances in which they left.
    """
    known = [batch for batch in of_ledger if batch.size or batch.rejected]
    return replace(remembered(known, Memory(world=world)), lost=len(known) < len(of_ledger))


def remembered(batches: Sequence[Batch], of_store: Memory) -> Memory:
    """Return the batches as a memory, with what the store says beside its own."""
    is_cancelling = any(batch.state is BatchState.CANCELLING for batch in batches)
    return Memory(
        batches=tuple(batches),
        # A store without batches says yes for nobody: it has seen no key
        same_account=of_store.same_account and bool(of_store.batches),
        cancelling=of_store.cancelling or is_cancelling,
        world=of_store.world,
        claimed=of_store.claimed,
    )


def chosen(of_ledger: Batch | None, of_store: Batch | None) -> Batch:
    """Return the batch of an ordinal: the store's where the ledger has nobody, for it was there before."""
    batch = of_store if of_ledger is None or (of_store and not of_ledger.size) else of_ledger
    assert batch is not None  # noqa: S101  # the longer list has one
    return batch


def ordinals(of_ledger: Sequence[Batch], of_store: Memory | None, of_both: Memory | None) -> Ordinals:
    """Return which batches are known, and which of them only to the store."""
    held = {batch.ordinal for batch in of_ledger if batch.size}
    return Ordinals(of_all=numbers(of_both), of_store=numbers(of_store) - held)


def numbers(memory: Memory | None) -> frozenset[int]:
    """Return the ordinals of a memory."""
    return frozenset(batch.ordinal for batch in (memory.batches if memory else ()))
