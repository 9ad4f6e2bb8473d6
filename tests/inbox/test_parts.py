"""Replies that come in parts are one reply, in whatever order, and however often, they come."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.inbox.posts import Written, join_late, write
from airflow_provider_smspartner.journal.table import Ledger
from tests.databases import in_sqlite
from tests.inbox.conftest import (
    MINUTE,
    NOON,
    add,
    part,
    rows,
)


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
