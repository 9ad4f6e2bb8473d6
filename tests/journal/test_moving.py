"""People who leave a batch for another one, and what becomes of either."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal import claims
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.journal.conftest import ANN, BOB, EVE, RECEIPT, Campaign, claim, record


def sizes(campaign: Campaign) -> dict[tuple[str, int], tuple[int, int]]:
    """How many people each batch counts, and how many who were refused, by task and ordinal."""
    with campaign.ledger.engine.connect() as connection:
        rows = connection.execute(sa.select(BATCHES)).all()
    return {(row.task, row.ordinal): (row.people, row.rejected) for row in rows}


def test_batches_count_who_comes_and_who_goes(campaign: Campaign) -> None:
    monday, tuesday = campaign.log("monday"), campaign.log("tuesday")
    pseudonymizer = campaign.plan("tuesday").pseudonymizer
    record(monday, claim(campaign, monday, "monday", 0, ANN, BOB), BatchState.ABSENT)
    assert sizes(campaign) == {("monday", 0): (2, 0)}

    batch = claim(campaign, tuesday, "tuesday", 0, BOB, EVE)
    assert sizes(campaign) == {("monday", 0): (1, 0), ("tuesday", 0): (2, 0)}

    record(tuesday, batch, BatchState.ACCEPTED, rejected=pseudonymizer.hash(EVE), receipt=RECEIPT)
    assert sizes(campaign) == {("monday", 0): (1, 0), ("tuesday", 0): (1, 1)}

    tuesday.forgive(batch)
    assert sizes(campaign) == {("monday", 0): (1, 0), ("tuesday", 0): (1, 0)}


def test_whoever_was_forgiven_is_taken_out_of_a_batch_that_left(campaign: Campaign) -> None:
    monday, tuesday = campaign.log("monday"), campaign.log("tuesday")
    batch = claim(campaign, monday, "monday", 0, ANN, BOB)
    refused = campaign.plan("monday").pseudonymizer.hash(BOB)
    record(monday, batch, BatchState.ACCEPTED, rejected=refused, receipt=replace(RECEIPT, people=1))
    monday.forgive(batch)

    assert claim(campaign, tuesday, "tuesday", 0, ANN, BOB).people == (BOB,)
    assert campaign.states() == {ANN.number: "accepted", BOB.number: "claimed"}


def test_whoever_moves_brings_nothing_along(campaign: Campaign) -> None:
    monday, tuesday = campaign.log("monday"), campaign.log("tuesday")
    batch = claim(campaign, monday, "monday", 0, ANN, BOB)
    receipt = replace(RECEIPT, people=2, cost=Decimal("0.000001"), scheduled_for=campaign.clock.time + 9_999)
    batch = replace(batch, state=BatchState.ACCEPTED, receipt=receipt)
    monday.record(batch)
    monday.intend([batch], campaign.clock.time)
    monday.record_cancel(replace(batch, state=BatchState.CANCELLED))

    claim(campaign, tuesday, "tuesday", 0, ANN)

    row = campaign.rows()[ANN.number]
    of_before = ("message_id", "segments", "cost", "accepted_at", "scheduled_for", "status", "stop")
    assert [row[name] for name in of_before] == [None] * len(of_before)


def test_a_batch_without_anybody_is_none(campaign: Campaign) -> None:
    monday, tuesday = campaign.log("monday"), campaign.log("tuesday")
    claim(campaign, monday, "monday", 0, ANN)

    assert claim(campaign, tuesday, "tuesday", 0, ANN).people == ()

    memory = campaign.log("tuesday", owner="tuesday 2").load()
    assert memory is not None
    assert ([batch.state for batch in memory.batches], memory.lost) == (["absent"], False)
    assert campaign.states() == {ANN.number: "claimed"}


def test_whoever_is_left_under_an_ordinal_is_not_of_the_batch_that_takes_it(campaign: Campaign) -> None:
    first = campaign.log("monday")
    record(first, claim(campaign, first, "monday", 0, ANN, BOB), BatchState.ABSENT)
    second = campaign.log("monday", owner="monday 2")
    second.load()

    record(second, claim(campaign, second, "monday", 0, EVE), BatchState.ACCEPTED, receipt=RECEIPT)

    assert campaign.states() == {ANN.number: "absent", BOB.number: "absent", EVE.number: "accepted"}
    assert claim(campaign, campaign.log("tuesday"), "tuesday", 0, ANN, EVE).people == (ANN,)


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)  # SQLite has one writer at a time
def test_an_answer_that_comes_while_people_are_taken_out_keeps_them(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monday, tuesday = campaign.log("monday"), campaign.log("tuesday")
    batch = claim(campaign, monday, "monday", 0, ANN, BOB)
    record(monday, batch, BatchState.ABSENT)
    hold, late = claims.hold, [batch]

    def answered_first(*arguments: Any) -> None:
        if late:
            record(monday, late.pop(), BatchState.ACCEPTED, receipt=RECEIPT)
        hold(*arguments)

    monkeypatch.setattr(claims, "hold", answered_first)

    assert claim(campaign, tuesday, "tuesday", 0, BOB, EVE).people == (EVE,)
    assert campaign.states() == {ANN.number: "accepted", BOB.number: "accepted", EVE.number: "claimed"}
