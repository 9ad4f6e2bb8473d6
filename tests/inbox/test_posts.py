"""Posts are written once, in the order of their commits, whatever is in them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.inbox.messages import Received, inbox_in
from airflow_provider_smspartner.inbox.posts import Written, write
from airflow_provider_smspartner.journal import inbox
from airflow_provider_smspartner.journal.inbox import INBOX, PARTS, forget_person, forget_posts
from airflow_provider_smspartner.journal.table import Ledger
from tests.databases import in_sqlite
from tests.inbox.conftest import (
    ANN,
    BOB,
    CONN,
    EVE,
    MINUTE,
    NOON,
    add,
    part,
    received,
    reply,
    report,
    rows,
)


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


# ---- people who are to be forgotten --------------------------------------------------------------------


def test_who_is_forgotten_has_left_nothing(ledger: Ledger, engine: sa.Engine) -> None:
    add(ledger, reply(), report(), reply(number=BOB), part(1, "a"))
    assert ledger.transact(lambda connection: forget_person(connection, conn_id=CONN, number=ANN)) == 3
    assert [row["number"] for row in rows(engine)] == [BOB]
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(PARTS)) == 0


def test_what_came_long_ago_is_forgotten_some_posts_at_a_time(
    ledger: Ledger, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "POSTS_AT_ONCE", 2)
    day = timedelta(days=1)
    old = [reply("a"), report(), reply("b", number=BOB), part(1, "c"), reply("e", at=NOON + day)]
    kept = [reply("f", number=EVE, at=NOON + 2 * day), reply("g", connection="another")]
    add(ledger, *old, *kept)

    assert forget_posts(ledger, conn_id=CONN, before=NOON + 2 * day) == len(old)
    assert forget_posts(ledger, conn_id=CONN, before=NOON + 2 * day) == 0

    assert [row["text"] for row in rows(engine)] == ["f", "g"]
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
    assert forget_posts(ledger, conn_id=CONN, before=NOON) == 0


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
