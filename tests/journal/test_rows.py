"""The ledger as a log: what is recorded of answers, and what a later try reads back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.journal import Memory, Receipt, StaleProcess
from airflow_provider_smspartner.journal.rows import shares_of
from airflow_provider_smspartner.journal.schema import PEOPLE, SENDS
from airflow_provider_smspartner.rules.people import ERASED, Person, Pseudonymizer, each
from airflow_provider_smspartner.rules.sending_states import DOUBTED, BatchState
from tests.databases import in_sqlite
from tests.journal.conftest import (
    ANN,
    BOB,
    EVE,
    KIM,
    LEASE,
    RECEIPT,
    Campaign,
    Clock,
    Fence,
    batch_of,
    claim,
    record,
)

# ---- what is recorded -----------------------------------------------------------------------------


def test_an_answer_counts_for_those_only_who_are_still_in_its_batch(campaign: Campaign) -> None:
    former, later = campaign.log("monday"), campaign.log("monday", owner="monday 2")
    batch = claim(campaign, former, "monday", 0, ANN, BOB)
    later.load()
    record(later, batch, BatchState.ABSENT)
    claim(campaign, later, "monday", 1, BOB)

    record(former, batch, BatchState.ACCEPTED, receipt=RECEIPT)

    assert campaign.states() == {ANN.number: "accepted", BOB.number: "claimed"}


def test_somebody_erased_on_the_way_does_not_reopen_a_batch(campaign: Campaign) -> None:
    log = campaign.log("monday")
    batch = claim(campaign, log, "monday", 0, ANN, BOB)
    with campaign.ledger.engine.begin() as connection:
        gone = sa.update(PEOPLE).where(PEOPLE.c.number == BOB.number)
        connection.execute(gone.values(number=f"{ERASED}1"))

    record(log, batch, BatchState.ACCEPTED)

    assert campaign.states() == {ANN.number: "accepted", f"{ERASED}1": "accepted"}


def test_a_former_try_does_not_undo_what_a_later_one_found_out(campaign: Campaign) -> None:
    former, later = campaign.log("monday"), campaign.log("monday", owner="monday 2")
    batch = claim(campaign, former, "monday", 0, ANN)
    later.load()
    record(later, batch, BatchState.ACCEPTED, receipt=None)

    record(former, batch, BatchState.UNKNOWN)

    assert campaign.states() == {ANN.number: "accepted"}


@in_sqlite
def test_a_late_no_undoes_nothing_that_a_later_try_found_out(campaign: Campaign) -> None:
    former, later = campaign.log("monday"), campaign.log("monday", owner="monday 2")
    former.load()
    batch = claim(campaign, former, "monday", 0, ANN, BOB, EVE)
    later.load()
    record(later, batch, BatchState.ACCEPTED, receipt=Receipt(people=3))

    refused = campaign.plan("monday").pseudonymizer.hash(ANN)
    record(former, batch, BatchState.REFUSED, rejected=refused)

    assert campaign.states() == dict.fromkeys((ANN.number, BOB.number, EVE.number), "accepted")


@in_sqlite
def test_an_acceptance_that_is_written_anew_does_not_undo_a_cancellation(
    campaign: Campaign, clock: Clock
) -> None:
    former, later = campaign.log("monday"), campaign.log("monday", owner="monday 2")
    former.load()
    batch = claim(campaign, former, "monday", 0, ANN, BOB, EVE)
    receipt = replace(RECEIPT, scheduled_for=clock.time + 10_000)
    record(former, batch, BatchState.ACCEPTED, receipt=receipt)  # of which it does not hear
    former.intend([], clock.time)
    memory = later.load()
    assert memory is not None
    [known] = memory.batches
    later.record_cancel(replace(known, state=BatchState.CANCELLED))

    record(former, batch, BatchState.ACCEPTED, receipt=receipt)

    assert claim(campaign, later, "monday", 1, ANN, BOB, EVE).size == 3


def test_what_another_run_found_on_the_platform_stays_texted(campaign: Campaign) -> None:
    batch = campaign.die_sending("monday", [ANN], posted=True)
    campaign.clock.time += LEASE + 1
    assert list(campaign.log("tuesday").unsent([ANN])) == []

    record(campaign.log("monday"), batch, BatchState.ABSENT)  # looked for before the platform had it

    assert campaign.states() == {ANN.number: "accepted"}


def test_a_row_holds_what_a_pipeline_joins(campaign: Campaign) -> None:
    log = campaign.log("monday")
    batch = claim(campaign, log, "monday", 0, ANN, BOB)
    record(log, batch, BatchState.ACCEPTED, receipt=replace(RECEIPT, people=2, segments=2))

    at = datetime.fromtimestamp(campaign.clock.time, UTC).replace(tzinfo=None)
    row = campaign.rows()[BOB.number]
    assert (row["message_id"], row["segments"], row["cost"], row["currency"]) == (
        "5120",
        1,
        Decimal("0.0675"),
        "EUR",
    )
    assert (row["claimed_at"], row["accepted_at"], row["tag"]) == (at, at, batch.tag)
    with campaign.ledger.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.sum(SENDS.c.cost))) == Decimal("0.135")


@given(
    segments=st.integers(0, 5_000),
    cost=st.decimals(0, 1_000, places=6),
    count=st.integers(1, 500),
)
def test_shares_add_up_to_the_bill(segments: int, cost: Decimal, count: int) -> None:
    bill = Receipt(people=count, message_id="1", segments=segments, cost=cost)

    shares = shares_of(bill, count)

    assert shares["each_segments"] * (count - 1) + shares["first_segments"] == segments
    assert shares["each_cost"] * (count - 1) + shares["first_cost"] == cost


def test_the_shares_of_people_add_up_to_what_does_not_divide(campaign: Campaign) -> None:
    log = campaign.log("monday")
    batch = claim(campaign, log, "monday", 0, ANN, BOB, EVE)
    record(log, batch, BatchState.ACCEPTED, receipt=replace(RECEIPT, segments=4, cost=Decimal("0.1")))

    rows = campaign.rows()
    assert [rows[person.number]["segments"] for person in (ANN, BOB, EVE)] == [2, 1, 1]
    with campaign.ledger.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.sum(SENDS.c.cost))) == Decimal("0.1")


def test_what_became_of_people_is_written_whatever_their_campaign_is_called_by_now(
    campaign: Campaign,
) -> None:
    batch = claim(campaign, campaign.log("monday"), "monday", 0, ANN, BOB, EVE)
    later = campaign.log("monday", owner="monday 2", campaign="autumn")
    later.load()
    refused = campaign.plan("monday").pseudonymizer.hash(EVE)

    record(later, batch, BatchState.ACCEPTED, rejected=refused, receipt=replace(RECEIPT, people=2))

    assert campaign.states() == {ANN.number: "accepted", BOB.number: "accepted", EVE.number: "rejected"}
    rows = campaign.rows()
    assert [rows[person.number]["segments"] for person in (ANN, BOB)] == [2, 1]


# ---- what a later try reads back ------------------------------------------------------------------


@in_sqlite
@pytest.mark.parametrize("until", [2_000_030_000.0, math.inf])
def test_a_later_try_knows_until_when_a_batch_cannot_be_seen(until: float, campaign: Campaign) -> None:
    batch = batch_of(campaign.plan("monday"), 0, [ANN])
    campaign.log("monday").claim([replace(batch, unseen_until=until)])  # of a task that began by day

    memory = campaign.log("monday", owner="monday 2").load()

    assert memory is not None
    assert [known.unseen_until for known in memory.batches] == [until]
    assert campaign.rows()[ANN.number]["invisible"]


@pytest.mark.parametrize("state", sorted({*BatchState} - {BatchState.CANCELLING, BatchState.CANCELLED}))
@pytest.mark.parametrize("rejected", [(), (ANN,), (ANN, BOB, EVE)])
def test_a_later_try_reads_what_was_recorded(
    state: BatchState, rejected: tuple[Person, ...], campaign: Campaign
) -> None:
    log, pseudonymizer = campaign.log("monday"), campaign.plan("monday").pseudonymizer
    batch = claim(campaign, log, "monday", 2, ANN, BOB, EVE)
    record(log, batch, state, rejected=pseudonymizer.hashes(rejected), receipt=RECEIPT)
    claim(campaign, campaign.log("tuesday"), "tuesday", 0, KIM)

    memory = campaign.log("monday", owner="monday 2").load()

    assert memory is not None
    assert [batch.state for batch in memory.batches[:2]] == [BatchState.ABSENT] * 2
    [read] = memory.batches[2:]
    # Of those whom a no was about, nobody is left out of a batch that is still to be looked for
    gone = state == BatchState.ABSENT or (len(rejected) == 3 and state not in DOUBTED)
    assert read.state == (BatchState.ABSENT if gone else state)
    assert set(each(read.rejected)) == set(each(pseudonymizer.hashes(rejected)))
    assert set(each(read.hashes)) == set(each(b"" if gone else batch.hashes))  # a database has no order
    assert (read.tag, read.claimed_at) == (batch.tag, campaign.clock.time)
    billed = None if gone else replace(RECEIPT, people=3 - len(rejected))
    assert read.receipt == (billed if state == BatchState.ACCEPTED else None)


@pytest.mark.parametrize(
    ("owner", "is_stale"),
    [
        ("1:01a0", True),
        ("2:01a1", False),  # the same one, which goes on after a wait
        ("3:01a2", False),
        ("1:01a2", False),  # of a run that was deleted and made again, and counts anew
        ("3:01a0", False),  # made by a machine whose clock is behind
    ],
)
def test_a_process_that_wakes_up_after_its_successor_takes_nothing_over(
    owner: str, is_stale: bool, campaign: Campaign
) -> None:
    successor = campaign.log("monday", owner="2:01a1")
    claim(campaign, successor, "monday", 0, ANN)
    log = campaign.log("monday", owner=owner)

    if is_stale:
        with pytest.raises(StaleProcess):
            log.load()
    else:
        log.load()

    owners = {row.owner for row in campaign.rows().values()}
    assert owners == {"2:01a1" if is_stale else owner}


def test_a_changed_key_changes_nothing(campaign: Campaign) -> None:
    log = campaign.log("monday")
    batch = claim(campaign, log, "monday", 0, ANN, BOB)
    record(log, batch, BatchState.ACCEPTED, receipt=RECEIPT)
    plan = replace(campaign.plan("monday"), pseudonymizer=Pseudonymizer("another", ["monday"]))

    memory = campaign.log("monday", owner="monday 2", plan=plan, secret="another").load()

    assert memory is not None
    assert memory.comparable
    assert set(each(memory.batches[0].hashes)) == set(map(plan.pseudonymizer.hash, [ANN, BOB]))
    assert list(campaign.log("tuesday", secret="another").unsent([ANN, BOB, EVE])) == [EVE]


def test_airflows_store_tells_an_empty_log_from_a_lost_one(campaign: Campaign) -> None:
    fence = Fence()
    log = campaign.log("monday", fence=fence)

    assert log.load() is None
    log.begin()
    assert log.load() == Memory()


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"currency": "ABCDEFGHI"}, {"currency": None}),
        ({"currency": "EU\n"}, {"currency": None}),
        ({"currency": "E\0R"}, {"currency": None}),
        ({"message_id": "5" * 65}, {"message_id": None, "segments": None}),
        ({"segments": 10**12}, {"segments": 2**31 - 1}),
        ({"segments": -(10**12)}, {"segments": 0}),
        ({"cost": Decimal("1e30")}, {"cost": Decimal("99999999")}),
        ({"cost": Decimal("-1e30")}, {"cost": Decimal("-99999999")}),
        ({"cost": Decimal("NaN")}, {"cost": Decimal(0)}),
        ({"cost": Decimal("Infinity")}, {"cost": Decimal(0)}),
    ],
)
def test_an_accepted_batch_is_written_whatever_its_bill_says(
    changes: dict[str, Any], kept: dict[str, Any], campaign: Campaign
) -> None:
    log = campaign.log("monday")
    batch = claim(campaign, log, "monday", 0, ANN)

    record(log, batch, BatchState.ACCEPTED, receipt=replace(RECEIPT, people=1, **changes))

    row = campaign.rows()[ANN.number]
    assert row["state"] == "accepted"
    assert {name: row[name] for name in kept} == kept
