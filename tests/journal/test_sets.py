"""Thousands of people in one statement, whatever their events are made of, in each form of it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.schema import PEOPLE
from airflow_provider_smspartner.journal.sets import AT_ONCE, find, for_each, insert_missing, is_person

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


def row(number: str, event: str = "", batch: int = 1) -> dict[str, object]:
    return {"number": number, "event": event, "campaign": 2**62, "batch": batch}


def people_in(connection: sa.engine.Connection) -> set[tuple[str, str, int]]:
    columns = sa.select(PEOPLE.c.number, PEOPLE.c.event, PEOPLE.c.batch)
    return set(map(tuple, connection.execute(columns)))


def test_events_of_any_characters_come_in_and_are_found_and_changed(engine: sa.Engine) -> None:
    prepare(engine)
    rows = [row("+33600000001", event) for event in ODD]
    with engine.begin() as connection:
        assert insert_missing(connection, rows) == len(ODD)
        found = find(connection, sa.select(PEOPLE.c.event), [("+33600000001", event) for event in ODD])
        for_each(
            connection,
            [{**each, "batch": 2**60 + at} for at, each in enumerate(rows)],
            lambda of: sa.update(PEOPLE).where(*is_person(of)).values(batch=of["batch"]),
        )
        assert people_in(connection) == {("+33600000001", event, 2**60 + at) for at, event in enumerate(ODD)}

    assert sorted(event for (event,) in found) == sorted(ODD)


@pytest.mark.parametrize("known", [0, 1, AT_ONCE + 1, AT_ONCE + 7])
def test_whoever_has_a_row_keeps_it(known: int, engine: sa.Engine) -> None:
    prepare(engine)
    numbers = [f"+336{n:08}" for n in range(AT_ONCE + 7)]
    with engine.begin() as connection:
        if known:
            assert insert_missing(connection, [row(number) for number in numbers[:known]]) == known
        inserted = insert_missing(connection, [row(number, batch=2) for number in numbers[::-1]])
        written = people_in(connection)

    assert inserted == len(numbers) - known
    assert written == {(number, "", 1 if at < known else 2) for at, number in enumerate(numbers)}
