"""Slots of alerts: never more than the limit in any window, on each database, however many ask at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.journal.alert_quota import NOTICES, PATIENCE, Budget, give_back, take
from tests.databases import in_sqlite
from tests.journal.conftest import Clock
from tests.thorough import examples

HOUR = Budget(
    connection="smspartner_default", sandbox=False, key="nightly", at_most=3, period=timedelta(hours=1)
)
START = 2_000_000_000.25


@pytest.fixture
def database(url: str) -> Iterator[sa.Engine]:
    """A database without the table."""
    engine = sa.create_engine(url)
    NOTICES.drop(engine, checkfirst=True)
    yield engine
    engine.dispose()


def taken(engine: sa.Engine, budget: Budget = HOUR, *, at: float = START) -> bool:
    return take(engine, budget, now=lambda: at) is not None


def test_so_many_leave_in_a_window_that_slides(database: sa.Engine) -> None:
    offsets = [0, 600, 1200, 1800, 3599, 3602, 3603, 4198, 4202, 4203]

    left = [offset for offset in offsets if taken(database, at=START + offset)]

    assert left == [0, 600, 1200, 3602, 4202]


@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.floats(0, 40, allow_nan=False), max_size=30),
    at_most=st.integers(1, 4),
    period=st.integers(1, 60),
)
def test_no_window_ever_holds_more(
    steps: list[float], at_most: int, period: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('any')}/ledger.db", poolclass=NullPool)
    budget = replace(HOUR, at_most=at_most, period=timedelta(seconds=period))
    now = START
    left: list[float] = []
    dropped: list[float] = []
    for step in steps:
        now += step
        (left if taken(engine, budget, at=now) else dropped).append(now)

    for end in left:
        assert sum(end - period < moment <= end for moment in left) <= at_most
    for moment in dropped:  # and none is dropped without need, but for the second that is rounded away
        assert sum(moment - period - 1 <= earlier <= moment for earlier in left) >= at_most
    with engine.connect() as connection:
        rows = connection.execute(sa.select(NOTICES)).all() if steps else []
    assert len(rows) <= at_most


@in_sqlite
@pytest.mark.parametrize(
    "change", [{"key": "hourly"}, {"sandbox": True}, {"connection": "smspartner_staging"}]
)
def test_what_differs_is_counted_apart(change: dict[str, object], database: sa.Engine) -> None:
    assert [taken(database) for _ in range(4)] == [True, True, True, False]

    other = replace(HOUR, **change)  # type: ignore[arg-type]  # names of its fields
    assert [taken(database, other) for _ in range(4)] == [True, True, True, False]


def test_those_who_ask_at_once_get_no_more(database: sa.Engine) -> None:
    """Each with connections of its own, as processes have; first the rows are new, then they are old."""
    with ThreadPoolExecutor(8) as pool:
        for at in (START, START + 7200):
            assert sum(pool.map(lambda _, at=at: taken(database, at=at), range(8))) == HOUR.at_most


def test_a_slot_that_is_given_back_is_free_and_only_that(database: sa.Engine) -> None:
    slots = [take(database, HOUR, now=lambda: START) for _ in range(3)]
    assert slots[1] is not None
    assert not taken(database)

    give_back(database, HOUR, slots[1])

    assert [taken(database, at=START + 5), taken(database, at=START + 5)] == [True, False]
    give_back(database, HOUR, slots[1])  # it is somebody else's by now
    assert not taken(database, at=START + 6)


def test_another_table_of_that_name_is_refused(database: sa.Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE smspartner_notices (id INTEGER PRIMARY KEY)")

    with pytest.raises(InvalidMessage, match=r"ledger_conn_id: its table smspartner_notices .*other columns"):
        take(database, HOUR)


def test_a_database_that_goes_away_is_waited_for_only_shortly(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "ledger.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": 0})
    assert taken(engine)
    with engine.connect() as writer:
        writer.exec_driver_sql("BEGIN IMMEDIATE")

        with pytest.raises(SMSPartnerError, match="has been away"):
            take(engine, replace(HOUR, key="other"), now=clock.now, pause=clock.pause)

    assert PATIENCE <= sum(clock.waited) <= 2 * PATIENCE


def test_a_database_that_is_away_says_so_at_once(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/nowhere/ledger.db")

    with pytest.raises(SMSPartnerError, match="could not be opened") as caught:
        take(engine, HOUR)

    assert not isinstance(caught.value, InvalidMessage)


def test_times_are_readable(database: sa.Engine) -> None:
    taken(database)
    with database.connect() as connection:
        [row] = connection.execute(sa.select(NOTICES)).mappings()

    assert json.dumps(dict(row) | {"taken_at": row["taken_at"].isoformat()}) == json.dumps(
        {
            "connection": "smspartner_default",
            "sandbox": False,
            "key": "nightly",
            "slot": 0,
            "taken_at": "2033-05-18T03:33:21",
        }
    )
