"""The ledger as a log: claims, confirmations, records, and what a later try reads back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.rules.people import Person, Recogniser
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.send_log import LAST_CANCEL, Batch, Memory, Receipt, StaleProcess
from airflow_provider_smspartner.send_log.rows import shares
from airflow_provider_smspartner.send_log.sql import SqlLog
from airflow_provider_smspartner.send_log.table import ERASED, SENDS
from tests.send_log.conftest import LEASE, Campaign, batch_of, people

ANN, BOB, EVE, KIM = people(4)
RECEIPT = Receipt(people=3, message_id="5120", segments=3, cost=Decimal("0.135"), currency="EUR")


def claim(campaign: Campaign, log: SqlLog, task: str, ordinal: int, *some: Person) -> Batch:
    [batch] = log.claim([batch_of(campaign.plan(task), ordinal, some)])
    return batch


def record(log: SqlLog, batch: Batch, state: BatchState, **changes: Any) -> None:
    log.record(replace(batch, state=state, **changes))


# ---- claims ---------------------------------------------------------------------------------------


def test_a_person_is_granted_to_one_task(campaign: Campaign) -> None:
    first, second = campaign.log("monday"), campaign.log("tuesday")

    assert claim(campaign, first, "monday", 0, ANN, BOB).people == (ANN, BOB)
    granted = claim(campaign, second, "tuesday", 0, BOB, EVE)

    assert granted.people == (EVE,)
    assert granted.hashes == campaign.plan("tuesday").recogniser.hash(EVE)


def test_what_was_let_go_of_is_granted_anew(campaign: Campaign) -> None:
    first = campaign.log("monday")
    record(first, claim(campaign, first, "monday", 0, ANN, BOB), BatchState.ABSENT)

    assert claim(campaign, campaign.log("tuesday"), "tuesday", 0, BOB, EVE).people == (BOB, EVE)
    assert campaign.states() == {ANN.number: "absent", BOB.number: "claimed", EVE.number: "claimed"}


@pytest.mark.parametrize("known", [False, True])
def test_who_is_claimed_between_a_look_and_its_claim_is_not_granted(known: bool, campaign: Campaign) -> None:
    if known:
        before = campaign.log("sunday")
        record(before, claim(campaign, before, "sunday", 0, ANN, BOB), BatchState.ABSENT)
    log, rival = campaign.log("monday"), campaign.log("tuesday")
    batch = batch_of(campaign.plan("monday"), 0, [ANN, BOB, EVE])

    def meanwhile() -> None:
        campaign.clock.asked = lambda: None
        claim(campaign, rival, "tuesday", 0, BOB)

    campaign.clock.asked = meanwhile
    [granted] = log.claim([batch])

    assert granted.people == (ANN, EVE)
    assert campaign.rows()[BOB.number]["task"] == "tuesday"


def test_people_sent_again_leave_their_batch(campaign: Campaign) -> None:
    log = campaign.log("monday")
    before = claim(campaign, log, "monday", 0, ANN, BOB, EVE)

    half = claim(campaign, log, "monday", 1, ANN, BOB)
    record(log, before, BatchState.ABSENT)
    record(log, half, BatchState.ACCEPTED, receipt=RECEIPT)

    assert campaign.states() == {ANN.number: "accepted", BOB.number: "accepted", EVE.number: "absent"}
    batches = campaign.log("monday", owner="monday 2").load().batches  # type: ignore[union-attr]
    assert [(batch.state, batch.size) for batch in batches] == [("absent", 0), ("accepted", 2)]


def test_an_audience_is_read_some_people_at_a_time(campaign: Campaign) -> None:
    read = 0

    def source() -> Iterator[Person]:
        nonlocal read
        for person in people(5_000):
            read += 1
            yield person

    next(campaign.log("monday").unsent(source()))

    assert read == 500


def test_an_event_or_a_campaign_that_the_table_cannot_hold_is_refused(campaign: Campaign) -> None:
    log = campaign.log("monday", by_event=True)

    with pytest.raises(InvalidMessage, match=r"event_column: .* 200 characters"):
        claim(campaign, log, "monday", 0, ANN._replace(event="x" * 201))
    assert claim(campaign, log, "monday", 0, ANN._replace(event="é" * 200)).size == 1
    for name in ("", " ", "x" * 201):
        with pytest.raises(InvalidMessage, match=f"campaign: {len(name)} characters"):
            campaign.log("monday", campaign=name)


# ---- a process that is not alone ------------------------------------------------------------------


def test_a_later_try_takes_over_and_the_former_one_may_not_send(campaign: Campaign) -> None:
    former = campaign.log("monday")
    batch = claim(campaign, former, "monday", 0, ANN, BOB)
    former.confirm(batch)

    campaign.log("monday", owner="monday 2").load()

    with pytest.raises(StaleProcess, match=batch.tag):
        former.confirm(batch)


def test_a_claim_whose_people_were_taken_over_after_the_lease_may_not_be_sent(campaign: Campaign) -> None:
    slow, other = campaign.log("monday"), campaign.log("tuesday")
    batch = claim(campaign, slow, "monday", 0, ANN, BOB)
    campaign.clock.time += LEASE + 1

    assert list(other.unsent([BOB])) == [BOB]
    claim(campaign, other, "tuesday", 0, BOB)

    with pytest.raises(StaleProcess):
        slow.confirm(batch)
    assert campaign.rows()[BOB.number]["task"] == "tuesday"


def test_a_tag_that_another_process_has_is_not_claimed(campaign: Campaign) -> None:
    former, later = campaign.log("monday"), campaign.log("monday", owner="monday 2")
    later.load()
    batch = claim(campaign, former, "monday", 0, ANN)

    with pytest.raises(StaleProcess):
        claim(campaign, later, "monday", 0, BOB)
    former.confirm(batch)

    assert campaign.states() == {ANN.number: "claimed"}


def test_two_processes_that_claim_at_once_under_one_tag_do_not_both_send(campaign: Campaign) -> None:
    former, later = campaign.log("monday"), campaign.log("monday", owner="monday 2")
    later.load()
    batch = claim(campaign, former, "monday", 0, ANN)
    with campaign.ledger.engine.begin() as connection:  # as if neither had seen the other's rows
        hidden = connection.execute(sa.select(SENDS)).mappings().one()
        connection.execute(sa.delete(SENDS))
    collided = claim(campaign, later, "monday", 0, BOB)
    with campaign.ledger.engine.begin() as connection:
        connection.execute(sa.insert(SENDS), [dict(hidden)])

    with pytest.raises(StaleProcess):
        later.confirm(collided)
    former.confirm(batch)

    assert campaign.states() == {ANN.number: "claimed", BOB.number: "absent"}


def test_an_answer_counts_for_those_only_who_were_in_the_request(campaign: Campaign) -> None:
    former = campaign.log("monday")
    batch = claim(campaign, former, "monday", 0, ANN)
    with campaign.ledger.engine.begin() as connection:
        row = dict(connection.execute(sa.select(SENDS)).mappings().one())
        others = ({"number": BOB.number}, {"event": "another order"})
        connection.execute(sa.insert(SENDS), [row | {"owner": "monday 2"} | other for other in others])
    batch.state, batch.people = BatchState.ACCEPTED, ()

    former.record(batch)

    with campaign.ledger.engine.connect() as connection:
        rows = connection.execute(sa.select(SENDS)).all()
    assert [(row.number, row.event) for row in rows if row.state == "accepted"] == [(ANN.number, "")]
    assert len(rows) == 3


def test_somebody_erased_on_the_way_does_not_reopen_a_batch(campaign: Campaign) -> None:
    log = campaign.log("monday")
    batch = claim(campaign, log, "monday", 0, ANN, BOB)
    with campaign.ledger.engine.begin() as connection:
        gone = sa.update(SENDS).where(SENDS.c.number == BOB.number)
        connection.execute(gone.values(number=f"{ERASED}1"))

    record(log, batch, BatchState.ACCEPTED)

    assert campaign.states() == {ANN.number: "accepted", f"{ERASED}1": "accepted"}


def test_leases_are_renewed_while_the_process_lives(campaign: Campaign) -> None:
    log, other = campaign.log("monday"), campaign.log("tuesday")
    claim(campaign, log, "monday", 0, ANN)
    for _ in range(10):
        campaign.clock.time += LEASE / 2
        log.keep()

    assert list(other.unsent([ANN])) == []
    assert campaign.states() == {ANN.number: "claimed"}


class Fence:
    """Airflow's store, as the ledger uses it."""

    def __init__(self, memory: Memory | None = None, *, stale: bool = False) -> None:
        self.memory = memory
        self.stale = stale

    def load(self) -> Memory | None:
        return self.memory

    def begin(self) -> None:
        self.memory = Memory()

    def open(self, memory: Memory) -> None:
        if self.stale:
            raise StaleProcess("gone")
        self.memory = memory


def test_who_may_not_write_to_airflows_store_may_not_claim(campaign: Campaign) -> None:
    with pytest.raises(StaleProcess):
        claim(campaign, campaign.log("monday", fence=Fence(stale=True)), "monday", 0, ANN)

    assert campaign.rows() == {}


def test_airflows_store_tells_an_empty_log_from_a_lost_one(campaign: Campaign) -> None:
    fence = Fence()
    log = campaign.log("monday", fence=fence)

    assert log.load() is None
    log.begin()
    assert log.load() == Memory()


# ---- what became of them --------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted({*BatchState} - {BatchState.CANCELLING, BatchState.CANCELLED}))
@pytest.mark.parametrize("rejected", [(), (ANN,), (ANN, BOB, EVE)])
def test_a_later_try_reads_what_was_recorded(
    state: BatchState, rejected: tuple[Person, ...], campaign: Campaign
) -> None:
    log, recogniser = campaign.log("monday"), campaign.plan("monday").recogniser
    batch = claim(campaign, log, "monday", 2, ANN, BOB, EVE)
    record(log, batch, state, rejected=recogniser.hashes(rejected), receipt=RECEIPT)
    claim(campaign, campaign.log("tuesday"), "tuesday", 0, KIM)

    memory = campaign.log("monday", owner="monday 2").load()

    assert memory is not None
    assert [batch.state for batch in memory.batches[:2]] == [BatchState.ABSENT] * 2
    [read] = memory.batches[2:]
    gone = state == BatchState.ABSENT or len(rejected) == 3
    assert read.state == (BatchState.ABSENT if gone else state)
    assert read.rejected == recogniser.hashes(rejected)
    assert read.hashes == (b"" if gone else batch.hashes)
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


def test_a_former_try_does_not_undo_what_a_later_one_found_out(campaign: Campaign) -> None:
    former, later = campaign.log("monday"), campaign.log("monday", owner="monday 2")
    batch = claim(campaign, former, "monday", 0, ANN)
    later.load()
    record(later, batch, BatchState.ACCEPTED, receipt=None)

    record(former, batch, BatchState.UNKNOWN)

    assert campaign.states() == {ANN.number: "accepted"}


def test_what_another_run_found_on_the_platform_stays_texted(campaign: Campaign) -> None:
    batch = campaign.die_sending("monday", [ANN], posted=True)
    campaign.clock.time += LEASE + 1
    assert list(campaign.log("tuesday").unsent([ANN])) == []

    record(campaign.log("monday"), batch, BatchState.ABSENT)  # looked for before the platform had it

    assert campaign.states() == {ANN.number: "accepted"}


def test_a_changed_key_changes_nothing(campaign: Campaign) -> None:
    log = campaign.log("monday")
    batch = claim(campaign, log, "monday", 0, ANN, BOB)
    record(log, batch, BatchState.ACCEPTED, receipt=RECEIPT)
    plan = replace(campaign.plan("monday"), recogniser=Recogniser("another", ["monday"]))

    memory = campaign.log("monday", owner="monday 2", plan=plan, secret="another").load()

    assert memory is not None
    assert memory.comparable
    assert memory.batches[0].hashes == plan.recogniser.hashes([ANN, BOB])
    assert list(campaign.log("tuesday", secret="another").unsent([ANN, BOB, EVE])) == [EVE]


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

    [(everybody, _), (first, _)] = shares(bill, [ANN] * count)

    assert everybody["segments"] * (count - 1) + first["segments"] == segments
    assert everybody["cost"] * (count - 1) + first["cost"] == cost


# ---- a database that fails ------------------------------------------------------------------------


def test_a_database_that_comes_back_is_waited_for(campaign: Campaign, url: str) -> None:
    log = campaign.log("monday")
    breaker = sa.create_engine(url, poolclass=NullPool)
    connection = breaker.connect()
    if url.startswith("sqlite"):
        sa.event.listen(campaign.ledger.engine, "connect", impatient)
        campaign.ledger.engine.dispose()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        campaign.ledger.engine.connect().close()  # one that will be found dead
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.exec_driver_sql(f"{others} AND backend_type = 'client backend'")
    campaign.clock.meanwhile = connection.close

    assert claim(campaign, log, "monday", 0, ANN).people == (ANN,)
    assert campaign.clock.waited == [1.0]


def impatient(connection: Any, _: object) -> None:
    connection.execute("PRAGMA busy_timeout = 0")


def test_no_error_names_a_number(campaign: Campaign) -> None:
    log = campaign.log("monday")
    with campaign.ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE smspartner_sends")

    with pytest.raises(SMSPartnerError) as caught:
        claim(campaign, log, "monday", 0, ANN)

    assert ANN.number not in str(caught.value)
    assert caught.value.__suppress_context__
    assert sum(campaign.clock.waited) < 400


# ---- cancelling -----------------------------------------------------------------------------------


def accept_scheduled(campaign: Campaign, log: SqlLog, ordinal: int, *some: Person, seconds: float) -> Batch:
    batch = claim(campaign, log, "monday", ordinal, *some)
    when = campaign.clock.now() + seconds
    batch.state, batch.receipt = BatchState.ACCEPTED, replace(RECEIPT, people=len(some), scheduled_for=when)
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
