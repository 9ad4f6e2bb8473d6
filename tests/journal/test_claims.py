"""The ledger as a log: who is granted to whom, which claims may be sent, and a database that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.journal import Batch, StaleProcess
from airflow_provider_smspartner.journal.schema import BATCHES, TASKS
from airflow_provider_smspartner.journal.screening import LOOKED_AT
from airflow_provider_smspartner.journal.table import first_line, set_limits
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.journal.conftest import (
    ANN,
    BOB,
    EVE,
    LEASE,
    RECEIPT,
    Campaign,
    Fence,
    batch_of,
    claim,
    people,
    record,
)

# ---- claims ---------------------------------------------------------------------------------------


def test_a_person_is_granted_to_one_task(campaign: Campaign) -> None:
    first, second = campaign.log("monday"), campaign.log("tuesday")

    assert claim(campaign, first, "monday", 0, ANN, BOB).people == (ANN, BOB)
    granted = claim(campaign, second, "tuesday", 0, BOB, EVE)

    assert granted.people == (EVE,)
    assert granted.hashes == campaign.plan("tuesday").pseudonymizer.hash(EVE)


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
        for person in people(2 * LOOKED_AT):
            read += 1
            yield person

    next(campaign.log("monday").unsent(source()))

    assert read == LOOKED_AT


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
    former.load()
    granted: list[Batch] = []

    def meanwhile() -> (
        None
    ):  # the former one begins a second time, between the later one's look and its claim
        campaign.clock.asked = lambda: None
        with campaign.ledger.engine.begin() as connection:
            connection.execute(sa.update(TASKS).values(owner="monday 1"))
        granted.append(claim(campaign, former, "monday", 0, ANN))
        with campaign.ledger.engine.begin() as connection:
            connection.execute(sa.update(TASKS).values(owner="monday 2"))

    later.load()
    campaign.clock.asked = meanwhile
    with pytest.raises(StaleProcess):
        claim(campaign, later, "monday", 0, BOB)

    assert campaign.states() == {ANN.number: "claimed"}
    with campaign.ledger.engine.begin() as connection:
        connection.execute(sa.update(TASKS).values(owner="monday 1"))
    former.confirm(*granted)


def test_leases_are_renewed_while_the_process_lives(campaign: Campaign) -> None:
    log, other = campaign.log("monday"), campaign.log("tuesday")
    claim(campaign, log, "monday", 0, ANN)
    for _ in range(10):
        campaign.clock.time += LEASE / 2
        log.keep()

    assert list(other.unsent([ANN])) == []
    assert campaign.states() == {ANN.number: "claimed"}


def test_who_may_not_write_to_airflows_store_holds_nobody(campaign: Campaign) -> None:
    with pytest.raises(StaleProcess):
        claim(campaign, campaign.log("monday", fence=Fence(stale=True)), "monday", 0, ANN)

    other = campaign.log("tuesday")
    assert list(other.unsent([ANN])) == [ANN]
    claim(campaign, other, "tuesday", 0, ANN)
    assert [(row["task"], row["state"]) for row in campaign.rows().values()] == [("tuesday", "claimed")]


# ---- a database that fails ------------------------------------------------------------------------


def test_a_database_that_comes_back_is_waited_for(campaign: Campaign, url: str) -> None:
    log = campaign.log("monday")
    breaker = sa.create_engine(url, poolclass=NullPool)
    connection = breaker.connect()
    if url.startswith("sqlite"):
        sa.event.listen(campaign.ledger.engine, "connect", impatient)
        campaign.ledger.engine.dispose()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif url.startswith("mysql"):
        campaign.ledger.engine.connect().close()  # one that will be found dead
        others = "SELECT id FROM information_schema.processlist WHERE id <> connection_id()"
        for number in connection.exec_driver_sql(f"{others} AND db = database()").scalars().all():
            with suppress(sa.exc.OperationalError):  # it has ended by itself
                connection.exec_driver_sql(f"KILL {number}")
    else:
        campaign.ledger.engine.connect().close()
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.exec_driver_sql(f"{others} AND datname = current_database()")
    campaign.clock.meanwhile = connection.close

    assert claim(campaign, log, "monday", 0, ANN).people == (ANN,)
    assert campaign.clock.waited == [1.0]


def impatient(connection: Any, _: object) -> None:
    connection.execute("PRAGMA busy_timeout = 0")


def test_no_error_names_a_number(campaign: Campaign) -> None:
    log = campaign.log("monday")
    with campaign.ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW smspartner_sends")
        connection.exec_driver_sql("DROP TABLE smspartner_people")

    with pytest.raises(SMSPartnerError) as caught:
        claim(campaign, log, "monday", 0, ANN)

    assert ANN.number not in str(caught.value)
    assert caught.value.__suppress_context__
    assert sum(campaign.clock.waited) < 400


@pytest.mark.parametrize("event", ["order\0", "order \ud83d", "x" * 201])
def test_an_event_that_no_database_keeps_is_refused_before_anybody_is_claimed(
    event: str, campaign: Campaign
) -> None:
    audience = [*people(600, event="1"), Person(ANN.number, event)]
    log = campaign.log("monday", by_event=True)

    with pytest.raises(InvalidMessage, match=r"^event_column: "):
        log.left_out(audience)
    with pytest.raises(InvalidMessage, match=r"^event_column: "):
        list(log.unsent(audience))

    assert campaign.rows() == {}


@pytest.mark.parametrize(
    "changes", [{"campaign": "sale\0"}, {"campaign": "\ud83d"}, {"connection": "c" * 101}]
)
def test_a_name_that_no_database_keeps_is_refused(changes: dict[str, Any], campaign: Campaign) -> None:
    with pytest.raises(InvalidMessage, match=r"^(campaign|smspartner_conn_id): "):
        campaign.log("monday", **changes)


def test_a_number_in_a_databases_words_is_masked() -> None:
    error = sa.exc.DataError("SELECT 1", {}, Exception('value "+33600009999" is out of range\nDETAIL: more'))

    assert first_line(error) == 'value "+33 6 •• •• •• 99" is out of range'


# The lock of SQLite ends with its process
@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_a_transaction_whose_host_has_vanished_holds_nobody_up_for_ever(
    campaign: Campaign, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("airflow_provider_smspartner.journal.table.LONGEST_LOCK", 1)
    monkeypatch.setattr("airflow_provider_smspartner.journal.table.LONGEST_IDLE", 2)
    log = campaign.log("monday")
    claim(campaign, log, "monday", 0, ANN)
    engine = sa.create_engine(url, poolclass=NullPool)
    vanished = engine.connect()
    vanished.begin()
    set_limits(vanished)
    vanished.execute(sa.update(BATCHES).values(lease_until=BATCHES.c.lease_until))

    # Waits are told, and not made, by the clock of the tests: a lock's own patience is what passes
    record(log, batch_of(campaign.plan("monday"), 0, [ANN]), BatchState.ACCEPTED, receipt=RECEIPT)

    assert campaign.states() == {ANN.number: "accepted"}
    assert campaign.clock.waited
    assert "The ledger does not respond, and is asked again" in caplog.text
    vanished.invalidate()
    engine.dispose()
