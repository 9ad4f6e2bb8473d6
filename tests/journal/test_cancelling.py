"""The ledger as a log: cancellations, written before the platform is asked and after it has answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_smspartner.journal import LAST_CANCEL, Batch
from airflow_provider_smspartner.journal.ledger import LedgerJournal
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.journal.conftest import ANN, BOB, EVE, RECEIPT, Campaign, claim


def accept_scheduled(
    campaign: Campaign, log: LedgerJournal, ordinal: int, *some: Person, seconds: float
) -> Batch:
    batch = claim(campaign, log, "monday", ordinal, *some)
    when = campaign.clock.now() + seconds
    receipt = replace(RECEIPT, people=len(some), scheduled_for=when)
    batch = replace(batch, state=BatchState.ACCEPTED, receipt=receipt)
    log.record(batch)
    return batch


def test_what_is_to_be_cancelled_is_written_before_and_the_answer_after(campaign: Campaign) -> None:
    log, now = campaign.log("monday"), campaign.clock.now()
    late = accept_scheduled(campaign, log, 0, ANN, BOB, seconds=LAST_CANCEL + 1)
    soon = accept_scheduled(campaign, log, 1, EVE, seconds=LAST_CANCEL)

    assert log.intend([late, soon], now) == [late]

    assert campaign.states() == {
        ANN.number: "cancelling",
        BOB.number: "cancelling",
        EVE.number: "accepted",
    }
    memory = campaign.log("monday", owner="monday 2").load()
    assert memory is not None
    assert memory.cancelling
    assert [batch.state for batch in memory.batches] == [BatchState.CANCELLING, BatchState.ACCEPTED]
    assert memory.batches[0].receipt == late.receipt


def test_what_is_accepted_after_the_last_look_is_left_to_the_next_try_to_cancel(campaign: Campaign) -> None:
    log = campaign.log("monday")
    log.intend([], campaign.clock.now())

    accept_scheduled(campaign, log, 0, ANN, seconds=LAST_CANCEL + 1)
    accept_scheduled(campaign, log, 1, BOB, seconds=LAST_CANCEL)

    assert campaign.states() == {ANN.number: "cancelling", BOB.number: "accepted"}


def test_a_try_that_was_replaced_neither_intends_nor_records_a_cancellation(campaign: Campaign) -> None:
    first, now = campaign.log("monday"), campaign.clock.now()
    asked = accept_scheduled(campaign, first, 0, ANN, seconds=LAST_CANCEL + 1)
    not_yet = accept_scheduled(campaign, first, 1, BOB, seconds=LAST_CANCEL + 1)
    assert first.intend([asked], now) == [asked]
    campaign.log("monday", owner="monday 2").load()

    first.record_cancel(replace(asked, state=BatchState.CANCELLED))

    assert first.intend([not_yet], now) == []
    assert campaign.states()[ANN.number] == "cancelling"


@pytest.mark.parametrize("answer", [BatchState.CANCELLED, BatchState.ACCEPTED])
def test_only_a_cancellation_makes_people_free_again(answer: BatchState, campaign: Campaign) -> None:
    log, other = campaign.log("monday"), campaign.log("tuesday")
    batch = accept_scheduled(campaign, log, 0, ANN, seconds=LAST_CANCEL + 1)
    log.intend([batch], campaign.clock.now())
    assert list(other.unsent([ANN])) == []

    log.record_cancel(replace(batch, state=answer))

    assert list(other.unsent([ANN])) == ([ANN] if answer is BatchState.CANCELLED else [])
