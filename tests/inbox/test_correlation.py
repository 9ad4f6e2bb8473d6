"""Whom of the ledger a report, a reply or a STOP is about, and what it changes there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_smspartner.inbox.messages import Received
from airflow_provider_smspartner.inbox.posts import Written, write
from airflow_provider_smspartner.journal.schema import BATCHES, HAS_STOPPED, PEOPLE, SENDS
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.journal.upkeep import record_reports
from airflow_provider_smspartner.rules.delivery import FINAL, DeliveryStatus, Report
from tests.databases import in_sqlite, write_sends
from tests.inbox.conftest import (
    ANN,
    BOB,
    CONN,
    EVE,
    MAX,
    NOON,
    add,
    people,
    reply,
    report,
    rows,
    sent,
)

LATER = 1896111962 + 60


# ---- statuses ------------------------------------------------------------------------------------------


def test_reports_reach_the_people(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, report("delivered", ANN), report("delivered", BOB), report("not delivered", EVE))
    assert people(engine) == {
        ANN: ("delivered", False),
        BOB: ("delivered", False),
        EVE: ("not delivered", False),
    }


@pytest.mark.parametrize(
    ("posts", "status"),
    [
        ([report("delivered", date=LATER), report("waiting")], "delivered"),
        ([report("delivered"), report("waiting", date=LATER)], "delivered"),
        ([report("waiting", date=LATER), report("delivered")], "delivered"),
        ([report("not delivered"), report("delivered", date=LATER)], "delivered"),
        ([report("delivered", date=LATER), report("not delivered")], "delivered"),
        ([report("not delivered"), report("delivered")], "delivered"),
        ([report("delivered"), report("not delivered")], "delivered"),
        ([report("delivered"), report("nonsense", date=LATER)], "delivered"),
        ([report("waiting", date=None), report("delivered", date=None)], "delivered"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_no_status_goes_back(
    ledger: Ledger, engine: sa.Engine, posts: list[Received], status: str, at_once: bool
) -> None:
    for group in [posts] if at_once else [[post] for post in posts]:
        write(
            ledger,
            [
                Received(post=one.post, connection=CONN, received_at=NOON, receipt=one.receipt)
                for one in group
            ],
        )
    assert people(engine)[ANN][0] == status


@in_sqlite
def test_what_the_sensor_reads_does_not_take_a_status_back_either(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, report("delivered"), reply("STOP"))
    seen = Report(number=ANN, status=DeliveryStatus.WAITING, stop=False, reported_at=None)
    record_reports(ledger, connection=CONN, reports={"5120": [seen]})
    assert people(engine)[ANN] == ("delivered", True)


STATUSES = st.sampled_from(["delivered", "not delivered", "ko", "waiting", "nonsense"])


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(STATUSES, st.integers(1, 4)), min_size=1, max_size=8), data=st.data())
def test_the_order_in_which_reports_come_does_not_matter_once_one_is_final(
    ledger: Ledger, engine: sa.Engine, told: list[tuple[str, int]], data: st.DataObject
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM smspartner_inbox"))
        connection.execute(sa.update(PEOPLE).values(status=None, reported_at=None))
    was_final = False
    for status, minute in data.draw(st.permutations(told)):
        add(ledger, report(status, date=LATER + minute))
        is_final = people(engine)[ANN][0] in FINAL
        assert is_final >= was_final
        was_final = is_final
    finals = [(minute, status == "delivered") for status, minute in told if status in FINAL]
    if finals:
        best = max(finals)
        assert (people(engine)[ANN][0] == "delivered") == best[1]


@in_sqlite
@pytest.mark.parametrize(
    "post",
    [
        report(number=MAX),
        report(msgId="9999"),
        report(msgId=None),
        report(connection="smspartner_other"),
        report(number="36180"),
    ],
    ids=["number", "message", "no message", "connection", "short code"],
)
def test_a_report_about_nobody_is_counted_and_changes_nothing(
    ledger: Ledger, engine: sa.Engine, post: Received
) -> None:
    assert add(ledger, post) == Written(new=1, strangers=1)
    assert set(people(engine).values()) == {(None, None)}


@in_sqlite
def test_a_batch_that_was_found_by_its_tag_is_known_by_it(ledger: Ledger, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.update(BATCHES).values(message_id=None))
    assert add(ledger, report(msgId="777", tag="autumn-0")) == Written(new=1)
    assert people(engine)[ANN][0] == "delivered"
    assert rows(engine)[0]["campaign"] == "autumn"


@in_sqlite
def test_the_national_number_of_another_country_is_read_among_the_people(
    ledger: Ledger, engine: sa.Engine
) -> None:
    assert add(ledger, report(number="07911123456"), reply(number="07911 123456")) == Written(new=2)
    assert people(engine)[EVE][0] == "delivered"
    assert {row["number"] for row in rows(engine)} == {EVE}


# ---- replies and STOP ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("post", "told"), [(report(), None), (reply("STOP"), True)], ids=["report", "stop"])
def test_a_late_report_of_a_text_is_not_that_of_the_one_that_takes_its_place(
    ledger: Ledger, engine: sa.Engine, post: Received, told: bool | None
) -> None:
    replaced: list[str] = []

    def replace(connection: sa.Connection, _: Any, statement: str, *__: Any) -> None:
        """Claim the person for another batch, as a task does, right before what became of them is written."""
        if statement.startswith("UPDATE smspartner_people") and not replaced:
            replaced.append(statement)
            connection.execute(sa.update(PEOPLE).where(PEOPLE.c.number == ANN).values(batch=1))

    sa.event.listen(engine, "before_cursor_execute", replace)
    add(ledger, post)

    assert replaced
    with engine.connect() as connection:
        own = sa.select(PEOPLE.c.status, HAS_STOPPED.label("stop")).where(PEOPLE.c.number == ANN)
        text = connection.execute(own).one()
    assert (text.status, text.stop) == (None, told)


def test_a_stop_marks_the_person_of_the_message(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, reply("STOP"))
    assert people(engine) == {ANN: (None, True), BOB: (None, None), EVE: (None, None)}


@in_sqlite
def test_a_stop_without_our_message_marks_the_last_text(ledger: Ledger, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        before = {"task": "s" * 32, "message_id": "4000", "accepted_at": NOON - timedelta(days=90)}
        write_sends(connection, [sent(ANN, campaign="summer", **before)])
    add(ledger, reply("STOP", message_id="0200000001"))
    with engine.connect() as connection:
        marked = connection.execute(sa.select(SENDS.c.campaign).where(SENDS.c.stop.is_(True))).all()
    assert marked == [("autumn",)]


@in_sqlite
def test_a_report_after_a_stop_leaves_it(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, reply("STOP"))
    add(ledger, report())
    assert people(engine)[ANN] == ("delivered", True)


@in_sqlite
def test_the_reply_of_another_number_belongs_to_the_campaign_of_its_message(
    ledger: Ledger, engine: sa.Engine
) -> None:
    add(ledger, reply(number=MAX))  # of a connection that redirects
    assert rows(engine)[0]["campaign"] == "autumn"
