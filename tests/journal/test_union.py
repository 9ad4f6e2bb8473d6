"""What a ledger and a task state store know of one task, as one: what counts, and when something is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from airflow_provider_smspartner.journal import Batch, Memory
from airflow_provider_smspartner.journal.tries import Before
from airflow_provider_smspartner.journal.union import Ordinals, ordinals, united
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.rules.sending_states import BatchState

OF_LEDGER, OF_STORE = World(connection="as the ledger says"), World(connection="as the store says")


def batches(whose: str, *sizes: int) -> tuple[Batch, ...]:
    """Batches of these sizes, each with a tag that says who knows it, and as what."""
    return tuple(
        Batch(ordinal=ordinal, tag=f"{whose} {ordinal}", hashes=bytes(8 * size))
        for ordinal, size in enumerate(sizes)
    )


def store(*sizes: int, claimed: int = 0, lost: bool = False) -> Memory:
    return Memory(batches=batches("store", *sizes), claimed=claimed, lost=lost, world=OF_STORE)


def tags(memory: Memory | None) -> list[str]:
    assert memory is not None
    return [batch.tag for batch in memory.batches]


@pytest.mark.parametrize("has_store", [False, True])
def test_where_nobody_has_begun_there_is_no_memory(has_store: bool) -> None:
    assert united([], None, before=Before(), has_store=has_store) is None


@pytest.mark.parametrize(
    ("of_ledger", "claimed", "known", "lost"),
    [
        ((1, 1), 2, ["ledger 0", "ledger 1"], False),
        ((1, 0), 2, ["ledger 0", "ledger 1"], False),
        ((), 2, [], True),
    ],
)
def test_without_a_store_the_ledger_tells_all_unless_it_has_lost_its_rows(
    of_ledger: Sequence[int], claimed: int, known: list[str], lost: bool
) -> None:
    before = Before(claimed, OF_LEDGER)

    memory = united(batches("ledger", *of_ledger), None, before=before, has_store=False)

    assert memory is not None
    assert (tags(memory), memory.lost) == (known, lost)
    assert (memory.claimed, memory.world) == (claimed, OF_LEDGER)


@pytest.mark.parametrize("of_store", [None, store()])
@pytest.mark.parametrize(
    ("of_ledger", "known", "lost"),
    [((1, 1), ["ledger 0", "ledger 1"], False), ((0, 1), ["ledger 1"], True)],
)
def test_a_store_that_has_forgotten_the_ledger_makes_an_ordinal_without_people_one_to_look_for(
    of_store: Memory | None, of_ledger: Sequence[int], known: list[str], lost: bool
) -> None:
    before = Before(2, OF_LEDGER)

    memory = united(batches("ledger", *of_ledger), of_store, before=before, has_store=True)

    assert memory is not None
    assert (tags(memory), memory.lost, memory.world) == (known, lost, OF_LEDGER)


@pytest.mark.parametrize(
    ("of_ledger", "of_store", "claimed", "known", "lost"),
    [
        ((), store(1, 1), 0, ["store 0", "store 1"], False),
        ((0, 1), store(1, claimed=1), 2, ["store 0", "ledger 1"], False),
        ((0, 0, 1), store(1, claimed=2), 3, ["store 0", "ledger 1", "ledger 2"], False),
        ((0, 0, 1), store(1, 1), 3, ["store 0", "store 1", "ledger 2"], False),
        ((1,), store(1, 1, claimed=1), 1, ["ledger 0", "store 1"], False),
        ((1,), store(claimed=2), 1, ["ledger 0"], True),
        ((1,), store(1, claimed=1, lost=True), 1, ["ledger 0"], True),
        ((), store(1, 1), 2, ["store 0", "store 1"], False),
        ((), store(1, 1), 3, ["store 0", "store 1"], True),
        ((), None, 1, [], True),
    ],
)
def test_each_ordinal_is_known_by_who_has_its_people_and_fewer_than_were_claimed_are_a_loss(
    of_ledger: Sequence[int], of_store: Memory | None, claimed: int, known: list[str], lost: bool
) -> None:
    before = Before(claimed, OF_LEDGER)

    memory = united(batches("ledger", *of_ledger), of_store, before=before, has_store=True)

    assert memory is not None
    assert (tags(memory), memory.lost) == (known, lost)
    assert memory.world == (OF_STORE if of_store else OF_LEDGER)


@pytest.mark.parametrize("of_ledger", BatchState)
@pytest.mark.parametrize("of_store", [False, True])
def test_who_meant_to_cancel_is_told_by_either(of_ledger: BatchState, of_store: bool) -> None:
    kept = Memory(claimed=1, cancelling=of_store)
    ledger = [Batch(ordinal=0, tag="a", hashes=bytes(8), state=of_ledger)]

    memory = united(ledger, kept, before=Before(1), has_store=True)

    assert memory is not None
    assert memory.cancelling is (of_store or of_ledger is BatchState.CANCELLING)


@pytest.mark.parametrize(("sizes", "expected"), [((), False), ((1,), True)])
def test_a_store_vouches_for_the_account_only_of_batches_that_it_has_seen(
    sizes: Sequence[int], expected: bool
) -> None:
    kept = Memory(batches=batches("store", *sizes), claimed=1, same_account=True)

    memory = united(batches("ledger", 1), kept, before=Before(1), has_store=True)

    assert memory is not None
    assert memory.same_account is expected


@pytest.mark.parametrize(
    ("of_ledger", "of_store", "of_all", "of_store_alone"),
    [
        ((), None, set(), set()),
        ((1, 1), store(claimed=2), {0, 1}, set()),
        ((0, 1), store(1, claimed=1), {0, 1}, {0}),
        ((1,), store(1, 1, claimed=1), {0, 1}, {1}),
    ],
)
def test_ordinals_of_the_store_alone_are_those_of_which_the_ledger_has_nobody(
    of_ledger: Sequence[int], of_store: Memory | None, of_all: set[int], of_store_alone: set[int]
) -> None:
    ledger = batches("ledger", *of_ledger)
    both = united(ledger, of_store, before=Before(), has_store=True)

    expected = Ordinals(of_all=frozenset(of_all), of_store=frozenset(of_store_alone))
    assert ordinals(ledger, of_store, both) == expected
