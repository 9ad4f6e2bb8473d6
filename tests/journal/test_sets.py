"""Thousands of people in one statement, whatever their events are made of, in each form of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.schema import PEOPLE
from airflow_provider_smspartner.journal.sets import (
    AT_ONCE,
    FORMS,
    find,
    for_each,
    insert_missing,
    is_person,
    tally,
)
from airflow_provider_smspartner.journal.told import Told

ODD = [
    "",
    " ",
    '"',
    "\\",
    '\\"',
    "{a,b}",
    "NULL",
    "null",
    "é😀",
    "it's",
    "a:b",
    "%s",
    ":name",
    "50 %",
    "\n",
    "\t",
]


CAMPAIGN = 2**62


def people_in(connection: sa.engine.Connection) -> set[tuple[str, str, int]]:
    columns = sa.select(PEOPLE.c.number, PEOPLE.c.event, PEOPLE.c.batch)
    return set(map(tuple, connection.execute(columns)))


def test_events_of_any_characters_come_in_and_are_found_and_changed(engine: sa.Engine) -> None:
    prepare(engine)
    number = "+33600000001"
    everybody = [(number, event) for event in ODD]
    with engine.begin() as connection:
        assert insert_missing(connection, CAMPAIGN, dict.fromkeys(everybody, 1)) == len(ODD)
        found = find(connection, sa.select(PEOPLE.c.event), everybody)
        for_each(
            connection,
            Told(
                ("number", "event", "campaign", "batch"),
                [(number, event, CAMPAIGN, 2**60 + at) for at, event in enumerate(ODD)],
            ),
            lambda of: sa.update(PEOPLE).where(*is_person(of)).values(batch=of["batch"]),
        )
        assert people_in(connection) == {(number, event, 2**60 + at) for at, event in enumerate(ODD)}

    assert sorted(event for (event,) in found) == sorted(ODD)


@pytest.mark.parametrize("known", [0, 1, AT_ONCE + 1, AT_ONCE + 7])
def test_whoever_has_a_row_keeps_it(known: int, engine: sa.Engine) -> None:
    prepare(engine)
    everybody = [(f"+336{n:08}", "") for n in range(AT_ONCE + 7)]
    with engine.begin() as connection:
        if known:
            assert insert_missing(connection, CAMPAIGN, dict.fromkeys(everybody[:known], 1)) == known
        inserted = insert_missing(connection, CAMPAIGN, dict.fromkeys(everybody[::-1], 2))
        written = people_in(connection)

    assert inserted == len(everybody) - known
    assert written == {(*key, 1 if at < known else 2) for at, key in enumerate(everybody)}


@pytest.mark.parametrize("known", [0, 1, AT_ONCE + 3])
def test_people_who_are_alike_are_counted_where_nobody_else_is_found(known: int, engine: sa.Engine) -> None:
    prepare(engine)
    everybody = [(f"+336{n:08}", event) for n in range(known) for event in ("", "a")]
    query = sa.select(PEOPLE.c.batch, PEOPLE.c.state)
    with engine.begin() as connection:
        batch_of = {key: 1 + at % 2 for at, key in enumerate(everybody)}
        insert_missing(connection, CAMPAIGN, batch_of)
        asked = [("+33700000000", ""), *(key for key in everybody if key[1])]
        counts: list[Any] | None = tally(connection, query, asked)

    if engine.dialect.name in FORMS:
        assert counts is not None
        found = Counter[int]()
        for batch, state, count in counts:
            assert state is None
            found[batch] += count
        assert found == Counter({2: known} if known else {})
    else:
        assert counts is None
