"""What the task state store holds of a batch: what is read in full and what is only shown agree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.journal import Batch, Receipt
from airflow_provider_smspartner.journal.store_format import (
    BATCH,
    CLAIMS,
    batch_key,
    claimed_in,
    claims_key,
    claims_outlined,
    claims_written,
    count_in,
    ordinal_in,
    outcome_written,
    outline,
    packed,
    with_outcome,
)
from airflow_provider_smspartner.rules.people import HASH_SIZE
from airflow_provider_smspartner.rules.sending_states import ON_PLATFORM, BatchState

RECEIPT = Receipt(people=3, message_id="5120", segments=6, cost=Decimal("0.270"), currency="EUR")


def batch(people: int = 3, *, ordinal: int = 7, **changes: Any) -> Batch:
    hashes = b"".join(n.to_bytes(HASH_SIZE) for n in range(people))
    return Batch(ordinal=ordinal, tag="doors-abc", hashes=hashes, claimed_at=1_700_000_000.5, **changes)


@given(st.integers(0, 1_200))
def test_people_are_counted_without_being_read(people: int) -> None:
    assert count_in(packed(bytes(HASH_SIZE * people))) == people


@pytest.mark.parametrize("state", BatchState)
def test_an_outline_says_what_the_journal_reads(state: BatchState) -> None:
    rejected = bytes(HASH_SIZE)
    written = outcome_written(
        batch(state=state, rejected=rejected, receipt=RECEIPT if state in ON_PLATFORM else None)
    )

    shown, read = outline(written), with_outcome(batch(), written, is_proved=True)

    assert (shown.state, shown.people, shown.tag, shown.rejected) == (read.state, read.size, read.tag, 1)
    assert shown.claimed_at == read.claimed_at
    receipt = read.receipt or Receipt(people=0)
    assert (shown.message_id, shown.segments) == (receipt.message_id, receipt.segments)
    assert (Decimal(shown.cost), shown.currency or None) == (receipt.cost, receipt.currency)


def test_claims_are_outlined_in_their_order() -> None:
    group = [batch(people, ordinal=7 + people) for people in range(1, 4)]
    written = claims_written(group)

    shown, read = claims_outlined(written), claimed_in(written, first=8, is_comparable=True)

    assert [(each.people, each.tag, each.claimed_at) for each in shown] == [
        (each.size, each.tag, each.claimed_at) for each in read
    ]


@pytest.mark.parametrize(("prefix", "key"), [(CLAIMS, claims_key(12)), (BATCH, batch_key(12))])
def test_a_key_tells_its_ordinal(prefix: str, key: str) -> None:
    assert ordinal_in(key, prefix) == 12


@pytest.mark.parametrize(
    "key", ["campaign", "claims", "claims:", "claims:1a", "batch:000001", "claims:1234567890"]
)
def test_other_keys_tell_none(key: str) -> None:
    assert ordinal_in(key, CLAIMS) is None


@pytest.mark.parametrize("kept", [{}, {"state": "lost"}])
def test_what_is_none_of_ours_has_no_outline(kept: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        outline(kept)
