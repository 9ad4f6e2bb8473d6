"""How PostgreSQL goes about the statements of a send: it never reads all people for the sake of some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal.schema import PEOPLE, campaign_id
from airflow_provider_smspartner.journal.sets import AT_ONCE, insert_missing
from airflow_provider_smspartner.journal.upkeep import record_reports
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report
from airflow_provider_smspartner.rules.frequency import Frequency
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.databases import write_sends
from tests.journal.conftest import ANN, BOB, LEASE, RECEIPT, Campaign, claim, people, record

OTHERS = 100_000
"""People of other campaigns."""
AT = datetime(2030, 1, 31, 12)
OLD = {
    "connection": "smspartner_default",
    "sandbox": False,
    "campaign": "old",
    "event": "",
    "task": "old",
    "ordinal": 0,
    "tag": "old-0",
    "owner": "1:a",
    "state": "accepted",
    "invisible": False,
    "claimed_at": AT,
    "lease_until": AT,
    "message_id": "1",
}

in_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def plans(campaign: Campaign) -> Iterator[list[str]]:
    """How each statement about people was carried out, with many of them in the ledger."""
    engine, plans = campaign.ledger.engine, list[str]()
    with engine.begin() as connection:
        write_sends(connection, [{**OLD, "number": "+33700000000"}])
        old = campaign_id("smspartner_default", sandbox=False, campaign="old")
        fill = (
            "INSERT INTO smspartner_people (campaign, batch, number, event) "
            f"SELECT {old}, n / 500, '+337' || (10000000 + n), '' "
            f"FROM generate_series(1, {OTHERS}) AS n"
        )
        connection.exec_driver_sql(fill)
        connection.exec_driver_sql("ANALYZE")

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        if PEOPLE.name in statement and statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            cursor.execute(
                f"EXPLAIN {statement}", parameters[0] if isinstance(parameters, list) else parameters
            )
            plans.append("\n".join([statement, *(line for (line,) in cursor.fetchall())]))

    sa.event.listen(engine, "before_cursor_execute", explain)
    yield plans
    sa.event.remove(engine, "before_cursor_execute", explain)


def reads_all(plan: str) -> bool:
    """Tell whether a table of people is read as a whole, or an index of it."""
    lines = [line.strip() for line in plan.splitlines()]
    # A heap scan of a bitmap reads what its index scan has found, which stands below it
    scans = [
        at
        for at, line in enumerate(lines)
        if "Scan" in line and PEOPLE.name in line and "Bitmap Heap Scan" not in line
    ]
    return any("Index" not in lines[at] or "Index Cond" not in " ".join(lines[at : at + 2]) for at in scans)


@in_postgresql
def test_no_statement_of_a_send_reads_all_people(campaign: Campaign, plans: list[str]) -> None:
    often = Frequency(texts=9, seconds=3_600)
    campaign.send("monday", people(1_200), at_most=often)
    campaign.send("monday", people(1_200), attempt=2)
    campaign.send("tuesday", people(1_500), at_most=often)
    campaign.die_sending("friday", people(2, first=1_500), posted=False)
    campaign.clock.time += LEASE + 1
    campaign.send("saturday", people(1_502))
    list(campaign.log("monday", owner="monday 3").unsent(people(AT_ONCE)))
    campaign.log("thursday").left_out(people(AT_ONCE))
    log, pseudonymizer = campaign.log("sunday", campaign="another"), campaign.plan("sunday").pseudonymizer
    batch = claim(campaign, log, "sunday", 0, ANN, BOB)
    record(
        log, batch, BatchState.ACCEPTED, rejected=pseudonymizer.hash(ANN), receipt=replace(RECEIPT, people=1)
    )
    log.forgive(batch)

    assert len(plans) > 8
    assert [plan for plan in plans if reads_all(plan)] == []


@in_postgresql
def test_no_statement_about_statuses_reads_all_people(campaign: Campaign, plans: list[str]) -> None:
    [message_id, *_] = campaign.send("monday", people(1_200)).message_ids
    plans.clear()
    at = AT.replace(tzinfo=UTC) + timedelta(hours=1)
    reports = [
        Report(number=person.number, status=DeliveryStatus.DELIVERED, stop=True, reported_at=at)
        for person in people(500)
    ]

    record_reports(campaign.ledger, connection="smspartner_default", reports={message_id: reports})

    assert len(plans) == 2
    assert [plan for plan in plans if reads_all(plan)] == []


@in_postgresql
def test_a_campaign_that_has_grown_since_it_was_counted_is_not_read_as_a_whole(
    campaign: Campaign, plans: list[str]
) -> None:
    key = campaign_id("smspartner_default", sandbox=False, campaign="sale")
    with campaign.ledger.engine.begin() as connection:
        insert_missing(connection, key, {one[:2]: 1 for one in people(40_000)})
    plans.clear()

    list(campaign.log("monday").unsent(people(AT_ONCE, first=40_000)))

    assert len(plans) == 2
    assert [plan for plan in plans if reads_all(plan)] == []
