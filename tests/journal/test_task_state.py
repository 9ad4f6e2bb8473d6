"""The journal in the task state store: what it keeps, what it never shows, and who may write to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.journal import LAST_CANCEL, Batch, Receipt, StaleProcess
from airflow_provider_smspartner.journal.task_state import TaskStateJournal
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.rules.sending_states import BatchState
from faults.campaign import Campaign, people, with_task_state
from faults.store import Store, StoreOfTry, failure
from tests.airflow_versions import needs_task_state_store
from tests.thorough import is_thorough

pytestmark = needs_task_state_store
RECOGNISER = Pseudonymizer("secret", ["campaign"])
MOST_BYTES = 65_535
"""What Airflow takes as one value."""


def log_of(store: StoreOfTry, pause: Callable[[float], object] = lambda _: None) -> TaskStateJournal:
    return TaskStateJournal(store, RECOGNISER, pause=pause)  # type: ignore[arg-type]


def batch(ordinal: int, size: int = 500) -> Batch:
    """A batch of that many people, with a tag of the greatest length."""
    members = tuple(map(Person, people(size, start=1000 * ordinal)))
    tag = batch_tag(["campaign"], ordinal, "spring-sale")
    return Batch(ordinal=ordinal, tag=tag, people=members, hashes=RECOGNISER.hashes(members), claimed_at=1e9)


@pytest.mark.parametrize("concurrency", [1, 8, 16, 64])
def test_a_group_of_claims_fits_into_the_values_that_airflow_takes(concurrency: int) -> None:
    store, batches = Store(), [batch(ordinal) for ordinal in range(2 * concurrency)]
    log = log_of(store.new_try())
    log.begin()

    log.claim(batches)

    assert max(len(text.encode()) for text in store.texts().values()) <= MOST_BYTES
    memory = log.load()
    assert memory is not None
    assert [(kept.ordinal, kept.tag, kept.hashes) for kept in memory.batches] == [
        (claimed.ordinal, claimed.tag, claimed.hashes) for claimed in batches
    ]


@pytest.mark.parametrize("concurrency", [16, *([8] if is_thorough() else [])])
def test_the_store_holds_no_number_and_no_text_and_no_large_value(concurrency: int) -> None:
    sent = Campaign(with_task_state, concurrency=concurrency)
    everybody = people(11_000)
    sent.stage.add_to_stop_list(*everybody[::2_000])

    sent.attempt(everybody)

    texts = sent.store.texts()
    assert max(len(text.encode()) for text in texts.values()) <= MOST_BYTES
    everything = json.dumps(texts)
    assert "Hello" not in everything
    digits = " ".join(re.findall(r"\d{9,}", everything))  # to look through all of it for each takes seconds
    assert not [number for number in everybody if number[3:] in digits]


def test_keys_stand_in_the_order_of_the_ordinals() -> None:
    store = Store()
    log = log_of(store.new_try())
    for ordinal in range(12):
        log.claim([batch(ordinal, size=1)])
        log.record(batch(ordinal, size=1))

    ordinals = [int(match[1]) for key in store.texts() if (match := re.fullmatch(r"batch:(\d{6})", key))]
    assert ordinals == list(range(12))


def test_a_log_that_nobody_began_is_told_from_an_empty_one() -> None:
    log = log_of(Store().new_try())
    assert log.load() is None

    log.begin()

    memory = log.load()
    assert memory is not None
    assert (memory.batches, memory.comparable) == ((), True)


STATES = st.sampled_from(BatchState)


@given(st.lists(st.tuples(STATES, st.integers(0, 3), st.booleans()), max_size=6))
def test_what_is_recorded_comes_back(lives: list[tuple[BatchState, int, bool]]) -> None:
    store = Store()
    log = log_of(store.new_try())
    log.begin()
    batches = [batch(ordinal, size=3) for ordinal in range(len(lives))]
    if batches:
        log.claim(batches)
    for ordinal, (state, rejected, with_id) in enumerate(lives):
        known: dict[str, Any] = {"message_id": "7", "scheduled_for": 3e9} if with_id else {}
        receipt = Receipt(people=3, segments=3, currency="EUR", **known)
        batches[ordinal] = replace(
            batches[ordinal],
            state=state,
            rejected=RECOGNISER.hashes(batches[ordinal].people[:rejected]),
            receipt=receipt if state in (BatchState.ACCEPTED, BatchState.CANCELLING) else None,
        )
        log.record(batches[ordinal])

    memory = log_of(store.new_try()).load()

    assert memory is not None
    for read, written in zip(memory.batches, batches, strict=True):
        assert (read.state, read.rejected, read.receipt) == (written.state, written.rejected, written.receipt)
        assert (read.hashes, read.size, read.claimed_at) == (written.hashes, 3, 1e9)


NOW = 1e9
SOON, LATE = NOW + LAST_CANCEL, NOW + LAST_CANCEL + 1


def test_one_write_means_to_cancel_whatever_is_scheduled_under_an_id_for_later() -> None:
    store = Store()
    log = log_of(store.new_try())
    log.begin()
    known: list[dict[str, Any]] = [{}, {"scheduled_for": SOON}, {"scheduled_for": LATE}]
    receipts = [Receipt(people=3, message_id=id_, **more) for id_ in (None, "7") for more in known]
    batches = [batch(ordinal, size=3) for ordinal in range(len(receipts) + 1)]
    log.claim(batches)

    def accept(written: Batch, receipt: Receipt) -> None:
        log.record(replace(written, state=BatchState.ACCEPTED, receipt=receipt))

    for written, receipt in zip(batches, receipts, strict=False):
        accept(written, receipt)
    before = store.values()
    log.intend([], NOW)
    log.intend([], NOW + 1000)  # once more by the same stop: what was meant before stays so
    changed = {key for key, value in store.values().items() if before.get(key) != value}
    assert changed == {"campaign"}
    accept(batches[-1], Receipt(people=3, message_id="8", scheduled_for=LATE))  # was in flight meanwhile

    memory = log_of(store.new_try()).load()

    assert memory is not None
    assert memory.cancelling
    found = [read.ordinal for read in memory.batches if read.state is BatchState.CANCELLING]
    assert found == [len(receipts) - 1, len(receipts)]
    log_of(store.new_try()).forget_intent()
    memory = log_of(store.new_try()).load()
    assert memory is not None
    assert not memory.cancelling
    assert {read.state for read in memory.batches} == {BatchState.ACCEPTED}


def test_hashes_of_another_secret_cannot_be_compared() -> None:
    store = Store()
    log = log_of(store.new_try())
    log.begin()
    log.claim([batch(0)])
    other = Pseudonymizer("other", ["campaign"])

    memory = TaskStateJournal(store.new_try(), other).load()  # type: ignore[arg-type]

    assert memory is not None
    assert not memory.comparable


def test_a_confirmed_claim_has_the_new_time() -> None:
    store = Store()
    log = log_of(store.new_try())
    log.begin()
    log.claim([claimed := batch(0)])

    log.confirm(replace(claimed, claimed_at=2e9))

    memory = log.load()
    assert memory is not None
    assert (memory.batches[0].state, memory.batches[0].claimed_at) == (BatchState.CLAIMED, 2e9)


@pytest.mark.parametrize(
    "write",
    [
        TaskStateJournal.begin,
        lambda log: log.claim([batch(0)]),
        lambda log: log.confirm(batch(0)),
        lambda log: log.record(batch(0)),
        lambda log: log.intend([], 1e9),
        lambda log: log.record_cancel(batch(0)),
        TaskStateJournal.forget_intent,
    ],
    ids=["begin", "claim", "confirm", "record", "intend", "record_cancel", "forget_intent"],
)
def test_a_process_that_another_try_has_replaced_may_not_write(
    write: Callable[[TaskStateJournal], object],
) -> None:
    store = Store()
    stale = log_of(store.new_try())
    store.new_try()

    with pytest.raises(StaleProcess, match="another one has taken over"):
        write(stale)
    assert not store.texts()


@pytest.mark.parametrize("status", [None, 500, 502, 503])
def test_an_api_server_that_restarts_is_waited_for(status: int | None) -> None:
    store, waits = Store(), list[float]()
    of_try = store.new_try()
    of_try.faults = [failure(status)] * 5
    log = log_of(of_try, waits.append)

    log.record(batch(0))

    assert len(store.texts()) == 1
    assert sum(waits) > 11


def test_an_api_server_that_is_gone_ends_the_try_after_minutes() -> None:
    of_try, waits = Store().new_try(), list[float]()
    of_try.faults = [failure(None)] * 1000

    with pytest.raises(AirflowRuntimeError):
        log_of(of_try, waits.append).record(batch(0))
    assert 240 <= sum(waits) <= 600
