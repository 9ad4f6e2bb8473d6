"""Posts are written once, in the order of their commits, and change what the ledger knows of people."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_smspartner.inbox.messages import Received, inbox_in
from airflow_provider_smspartner.inbox.posts import Written, join_late, write
from airflow_provider_smspartner.journal.inbox import INBOX, PARTS, forget_person
from airflow_provider_smspartner.journal.schema import BATCHES, PEOPLE, SENDS
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
    MINUTE,
    NOON,
    add,
    part,
    people,
    received,
    reply,
    report,
    rows,
    sent,
)

LATER = 1896111962 + 60


def test_a_post_is_a_row_with_all_that_it_tells(ledger: Ledger, engine: sa.Engine) -> None:
    assert add(ledger, reply("Déjà vu 😀"), report()) == Written(new=2)

    first, second = rows(engine)
    assert (first["position"], first["kind"], first["number"], first["text"]) == (
        1,
        "reply",
        ANN,
        "Déjà vu 😀",
    )
    assert (first["campaign"], first["tag"], first["message_id"]) == ("autumn", "autumn-0", "5120")
    assert (second["position"], second["kind"], second["status"]) == (2, "report", "delivered")
    assert (first["connection"], first["received_at"]) == (CONN, NOON)


# ---- once ----------------------------------------------------------------------------------------------


@in_sqlite
@pytest.mark.parametrize(
    "post", [reply(), report(), reply("STOP"), report("waiting")], ids=["reply", "report", "stop", "open"]
)
def test_a_repeat_is_no_second_row(ledger: Ledger, engine: sa.Engine, post: Received) -> None:
    again = Received(post=post.post, connection=CONN, received_at=NOON + MINUTE, receipt="another")
    assert add(ledger, post) == Written(new=1)
    assert add(ledger, again) == Written(repeats=1)
    assert len(rows(engine)) == 1


@in_sqlite
def test_repeats_in_one_group_are_one_row(ledger: Ledger, engine: sa.Engine) -> None:
    assert add(ledger, reply(), reply(), reply()) == Written(new=1, repeats=2)
    assert len(rows(engine)) == 1


@in_sqlite
@pytest.mark.parametrize(("minutes", "count"), [(0, 1), (9, 1), (10, 2), (-9, 1), (-10, 2)])
def test_two_equal_answers_at_different_times_are_two(
    ledger: Ledger, engine: sa.Engine, minutes: int, count: int
) -> None:
    add(ledger, reply())
    add(ledger, reply(at=NOON + minutes * MINUTE))  # out of a spool, it may be older than what is there
    assert len(rows(engine)) == count


@in_sqlite
def test_a_post_that_has_a_date_is_the_same_for_good(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, report())
    late = Received(post=report().post, connection=CONN, received_at=NOON + timedelta(days=2), receipt="late")
    assert add(ledger, late) == Written(repeats=1)


@in_sqlite
def test_equal_answers_of_two_people_are_two(ledger: Ledger, engine: sa.Engine) -> None:
    assert add(ledger, reply(number=ANN), reply(number=BOB)) == Written(new=2)


def test_a_delivery_that_is_written_again_after_a_crash_is_one(ledger: Ledger, engine: sa.Engine) -> None:
    group = [reply(receipt="one"), reply("NON", receipt="two"), report(receipt="three")]
    write(ledger, group)
    assert write(ledger, group).new == 0
    assert write(ledger, [*group, reply("later", receipt="four")]).new == 1
    assert [row["position"] for row in rows(engine)] == [1, 2, 3, 4]


def test_receivers_at_once_give_no_position_twice(ledger: Ledger, engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")  # its file is locked as a whole
    ledgers = [inbox_in(sa.create_engine(engine.url), patience=30) for _ in range(4)]

    def fill(ledger: Ledger, first: int) -> None:
        for n in range(10):
            write(ledger, [reply(f"{first} {n}"), reply("the same")])

    threads = [threading.Thread(target=fill, args=pair) for pair in zip(ledgers, range(4), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in ledgers:
        one.engine.dispose()
    written = rows(engine)
    assert [row["position"] for row in written] == list(range(1, 42))
    assert sum(row["text"] == "the same" for row in written) == 1


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
        text = connection.execute(sa.select(PEOPLE).where(PEOPLE.c.number == ANN)).one()
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


# ---- parts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
@pytest.mark.parametrize("at_once", [True, False])
def test_parts_are_one_reply(
    ledger: Ledger, engine: sa.Engine, order: tuple[int, ...], at_once: bool
) -> None:
    texts = {1: "one ", 2: "two ", 3: "three"}
    parts = [part(n, texts[n], of=3) for n in order]
    for group in [parts] if at_once else [[one] for one in parts]:
        write(ledger, group)
    assert [row["text"] for row in rows(engine)] == ["one two three"]


@in_sqlite
def test_repeated_parts_are_repeats(ledger: Ledger, engine: sa.Engine) -> None:
    assert add(ledger, part(1, "a"), part(1, "a"), part(2, "b"), part(2, "b")) == Written(
        new=1, parts=2, repeats=2
    )
    assert add(ledger, part(1, "a", at=NOON + MINUTE)) == Written(repeats=1)
    assert [row["text"] for row in rows(engine)] == ["ab"]


@in_sqlite
def test_parts_that_are_written_again_after_a_crash_are_one(ledger: Ledger, engine: sa.Engine) -> None:
    parts = [part(1, "a", receipt="1"), part(2, "b", receipt="2")]
    write(ledger, parts)
    join_late(ledger, NOON + timedelta(days=1))
    write(ledger, parts)
    join_late(ledger, NOON + timedelta(days=4))
    write(ledger, parts)
    assert [row["text"] for row in rows(engine)] == ["ab"]


@in_sqlite
def test_a_reply_that_stays_incomplete_is_given_with_a_gap_and_what_comes_later_follows(
    ledger: Ledger, engine: sa.Engine
) -> None:
    add(ledger, part(1, "a", of=3), part(3, "c", of=3))
    assert join_late(ledger, NOON + 9 * MINUTE).new == 0
    assert join_late(ledger, NOON + 11 * MINUTE).new == 1
    add(ledger, part(2, "b", of=3, at=NOON + 12 * MINUTE))
    join_late(ledger, NOON + 40 * MINUTE)
    assert [row["text"] for row in rows(engine)] == ["a … c", "b"]


@in_sqlite
def test_a_reference_that_comes_again_much_later_is_another_reply(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, part(1, "a"), part(2, "b"))
    later = NOON + timedelta(hours=2)
    add(ledger, part(1, "c", at=later), part(2, "d", at=later))
    assert [row["text"] for row in rows(engine)] == ["ab", "cd"]


def test_a_reply_of_fifty_long_parts_fits(ledger: Ledger, engine: sa.Engine) -> None:
    write(ledger, [part(n, "é" * 10_000, of=50) for n in range(1, 51)])
    assert [len(row["text"]) for row in rows(engine)] == [10_000]


# ---- people who are to be forgotten --------------------------------------------------------------------


def test_who_is_forgotten_has_left_nothing(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, reply(), report(), reply(number=BOB), part(1, "a"))
    assert ledger.transact(lambda connection: forget_person(connection, conn_id=CONN, number=ANN)) == 3
    assert [row["number"] for row in rows(engine)] == [BOB]
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(PARTS)) == 0


@in_sqlite
def test_positions_are_not_given_again_when_rows_are_deleted(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, reply("a"), reply("b"))
    ledger.transact(lambda connection: connection.execute(sa.delete(INBOX)))
    add(ledger, reply("c"))
    assert [row["position"] for row in rows(engine)] == [3]


@in_sqlite
def test_a_ledger_without_an_inbox_forgets_people_too(engine: sa.Engine) -> None:
    ledger = Ledger(engine=engine, patience=0)
    assert ledger.transact(lambda connection: forget_person(connection, conn_id=CONN, number=ANN)) == 0


def hostile() -> list[dict[str, Any]]:
    return [
        {"text": "'; DROP TABLE smspartner_inbox; --"},
        {"text": "{{ 1 + 1 }} %s %(a)s \\ \x1b[31m"},
        {"text": "\u202e\ud800\0"},
        {"tag": "x" * 500},
        {"message_id": "9" * 500},
        {"message_id": "\0"},
        {"concat-ref": "r" * 500, "concat-total": "2", "concat-part": "1"},
    ]


@pytest.mark.parametrize("fields", hostile(), ids=range(len(hostile())))
def test_hostile_fields_are_rows_like_others(
    ledger: Ledger, engine: sa.Engine, fields: dict[str, Any]
) -> None:
    assert add(ledger, received(**{"phone_number": ANN, "text": "x", "type": "response"} | fields)).new == 1
    assert len(rows(engine)) == 1
