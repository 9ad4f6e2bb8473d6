"""Several batches at once: their claims are confirmed, and their answers written, as if one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal import Batch, StaleProcess, recording
from airflow_provider_smspartner.journal.ledger import LedgerJournal
from airflow_provider_smspartner.journal.rows import write_accepted
from airflow_provider_smspartner.journal.table import RefusedValue
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.journal.conftest import LEASE, RECEIPT, Campaign, batch_of, claim, people


def several(campaign: Campaign, log: LedgerJournal, count: int = 3) -> list[Batch]:
    """Batches of five people each, claimed together."""
    plan = campaign.plan("monday")
    groups = [people(5, first=5 * ordinal) for ordinal in range(count)]
    return log.claim([batch_of(plan, ordinal, group) for ordinal, group in enumerate(groups)])


def test_when_one_of_several_claims_does_not_hold_nobody_of_them_is_texted(campaign: Campaign) -> None:
    slow, other = campaign.log("monday"), campaign.log("tuesday")
    batches = several(campaign, slow)
    slow.confirm(*batches)
    campaign.clock.time += LEASE + 1
    lost = batches[1].people[0]
    assert list(other.unsent([lost])) == [lost]
    claim(campaign, other, "tuesday", 0, lost)

    with pytest.raises(StaleProcess, match=batches[1].tag):
        slow.confirm(*batches)

    free = [person.number for batch in batches for person in batch.people if person != lost]
    assert {campaign.states()[number] for number in free} == {"absent"}
    assert campaign.states()[lost.number] == "claimed"


def test_what_became_of_several_batches_is_written_in_its_order(campaign: Campaign) -> None:
    log = campaign.log("monday")
    first, second, third = several(campaign, log)
    reject = campaign.plan("monday").pseudonymizer.hashes(first.people[:1])
    receipts = [replace(RECEIPT, people=5, message_id=str(n), segments=7) for n in range(5120, 5123)]

    log.record(
        replace(first, state=BatchState.ACCEPTED, people=(), rejected=reject, receipt=receipts[0]),
        replace(second, state=BatchState.UNKNOWN),
        replace(second, state=BatchState.ACCEPTED, people=(), receipt=receipts[1]),
        replace(third, state=BatchState.ACCEPTED, people=(), receipt=receipts[2]),
    )

    states = Counter(campaign.states().values())
    assert states == {"rejected": 1, "accepted": 14}
    rows = campaign.rows().values()
    assert sum(row["segments"] or 0 for row in rows) == 21
    assert {row["message_id"] for row in rows} == {None, "5120", "5121", "5122"}


def test_an_answer_that_the_database_refuses_keeps_no_other_from_being_known(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = campaign.log("monday")
    batches = several(campaign, log)

    def refused(connection: Any, some: Sequence[Batch], *more: Any) -> None:
        if batches[1].ordinal in {batch.ordinal for batch in some}:
            raise sa.exc.DataError("", None, Exception("too long"))
        write_accepted(connection, some, *more)

    monkeypatch.setattr(recording, "write_accepted", refused)
    answered = [
        replace(batch, state=BatchState.ACCEPTED, people=(), receipt=replace(RECEIPT, people=5))
        for batch in batches
    ]

    with pytest.raises(RefusedValue):
        log.record(*answered)

    assert Counter(campaign.states().values()) == {"accepted": 10, "claimed": 5}
