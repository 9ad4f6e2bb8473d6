"""The ledger's table: created when absent, refused when it is something else."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.journal import table
from airflow_provider_smspartner.journal.opening import open_ledger, prepare
from airflow_provider_smspartner.journal.schema import PEOPLE, SENDS, TASKS
from airflow_provider_smspartner.journal.table import tombstone
from airflow_provider_smspartner.rules.people import Person
from tests.databases import drop_tables
from tests.journal.conftest import ANN, BOB, EVE, Campaign

OF_BEFORE = [column.name for column in PEOPLE.columns if column.name != "marks"]


def test_many_processes_may_create_it_at_once(url: str) -> None:
    engines = [sa.create_engine(url, poolclass=NullPool) for _ in range(6)]

    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(prepare, engines))

    columns = {column["name"] for column in sa.inspect(engines[0]).get_columns("smspartner_sends")}
    assert columns == {column.name for column in SENDS.columns}


@pytest.mark.parametrize(
    ("name", "columns", "words"),
    [
        ("smspartner_sends", "id INTEGER PRIMARY KEY, number TEXT", "other columns than a ledger .*id"),
        (
            "smspartner_sends",
            ", ".join(f"{column.name} VARCHAR(20)" for column in SENDS.columns),
            "older version .*untouched.*rename the table",
        ),
        ("smspartner_people", "id INTEGER PRIMARY KEY, number TEXT", "other columns than a ledger .*id"),
        (
            "smspartner_people",
            ", ".join(f"{name} VARCHAR(20)" for name in (*OF_BEFORE, "stop", "pays_rest")),
            "older version .*untouched.*rename the table, drop the view",
        ),
        (
            "smspartner_people",
            ", ".join(f"{column.name} VARCHAR(20)" for column in PEOPLE.columns),
            "primary key",
        ),
    ],
)
def test_a_table_that_is_none_is_refused_and_left_untouched(
    name: str, columns: str, words: str, engine: sa.Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {name} ({columns})")
        key = "id, number" if "id INTEGER" in columns else "campaign, number"
        connection.exec_driver_sql(f"INSERT INTO {name} ({key}) VALUES ('1', '1')")
    before = sa.inspect(engine).get_columns(name)

    with pytest.raises(InvalidMessage, match=f"ledger_conn_id: .*{words}"):
        prepare(engine)

    after = sa.inspect(engine).get_columns(name)
    assert [column["name"] for column in after] == [column["name"] for column in before]
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() == 1


def test_an_older_ledger_has_nothing_made_beside_it(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        columns = ", ".join(f"{column.name} VARCHAR(20)" for column in SENDS.columns)
        connection.exec_driver_sql(f"CREATE TABLE smspartner_sends ({columns})")

    with pytest.raises(InvalidMessage, match="older version"):
        prepare(engine)

    assert sa.inspect(engine).get_table_names() == ["smspartner_sends"]


def test_a_view_of_other_columns_is_refused_with_the_remedy(engine: sa.Engine) -> None:
    prepare(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW smspartner_sends")
        connection.exec_driver_sql("CREATE VIEW smspartner_sends AS SELECT number FROM smspartner_people")

    with pytest.raises(InvalidMessage, match=r"other columns than a ledger's .*drop the view"):
        prepare(engine)

    with engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW smspartner_sends")
    prepare(engine)


def test_a_table_of_an_older_version_is_to_be_kept_and_given_its_column(engine: sa.Engine) -> None:
    prepare(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW smspartner_sends")
        connection.exec_driver_sql("ALTER TABLE smspartner_batches DROP COLUMN unseen_until")

    with pytest.raises(InvalidMessage, match=r"before it had unseen_until: .*keep the table"):
        prepare(engine)

    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE smspartner_batches ADD unseen_until TIMESTAMP NULL")
    prepare(engine)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (None, "'ledger' is not defined"),
        ({"conn_type": "http", "host": "http://127.0.0.1"}, "not one of a SQL database.*PostgreSQL"),
        ({"conn_type": "smspartner", "password": "key"}, "not one of a SQL database"),
        ({"conn_type": "carrier-pigeon"}, "not one of a SQL database"),
    ],
)
def test_a_connection_without_sql_is_refused_with_the_remedy(
    form: dict[str, Any] | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form:
        monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(form))

    with pytest.raises(InvalidMessage, match=f"ledger_conn_id: .*{words}"):
        open_ledger("ledger")


def test_a_database_that_cannot_be_reached_is_for_a_later_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"conn_type": "sqlite", "host": str(tmp_path / "nowhere" / "ledger.db")}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(form))

    with pytest.raises(SMSPartnerError, match="could not be opened") as caught:
        open_ledger("ledger")

    assert not isinstance(caught.value, InvalidMessage)


def test_a_tombstone_names_nobody_and_stays_the_same_while_the_key_does() -> None:
    stone = tombstone(("+33600000001", "order 1"), "key")

    assert stone == tombstone(("+33600000001", "order 1"), "key")
    assert stone not in (tombstone(("+33600000001", ""), "key"), tombstone(("+33600000001", "order 1"), "k"))
    assert "600000001" not in stone
    assert len(stone) <= 64


APART = [
    ("aB3x", "Ab3X"),
    ("Summer", "summer"),
    ("été", "ete"),
    ("sale", "sale "),
    ("😀", "😁"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_texts_that_differ_are_different_campaigns_and_events(
    one: str, other: str, campaign: Campaign
) -> None:
    for name in (one, other):
        campaign.send(f"campaign {name}", [ANN], campaign=name)
    campaign.send("events", [Person(BOB.number, one), Person(BOB.number, other)])
    again = campaign.send("again", [Person(BOB.number, one), Person(BOB.number, other), EVE])

    assert (again.recipients, again.excluded) == (1, 2)


@pytest.mark.parametrize("spoiled", ["COLLATE utf8mb4_general_ci", "COLLATE utf8mb4_bin", "CHARSET latin1"])
def test_a_table_that_takes_different_texts_for_one_is_refused(spoiled: str, mariadb_url: str) -> None:
    drop_tables(mariadb_url)
    engine = sa.create_engine(mariadb_url, poolclass=NullPool)
    prepare(engine)
    with engine.begin() as connection:
        charset = spoiled.replace("COLLATE", "CHARSET utf8mb4 COLLATE")
        connection.exec_driver_sql(
            f"ALTER TABLE smspartner_people MODIFY event VARCHAR(200) {charset} NOT NULL"
        )

    with pytest.raises(InvalidMessage, match=r"ledger_conn_id: the table smspartner_people .*apart.*case"):
        prepare(engine)


def test_a_table_without_transactions_is_refused(mariadb_url: str) -> None:
    drop_tables(mariadb_url)
    engine = sa.create_engine(mariadb_url, poolclass=NullPool)
    prepare(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE smspartner_tasks ENGINE=Aria")

    with pytest.raises(InvalidMessage, match="knows no transactions"):
        prepare(engine)

    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(TASKS)) == 0


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_a_transaction_that_the_database_gave_up_is_done_anew(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "LONGEST_IDLE", 1)
    idle = [2.5]

    def work(connection: sa.engine.Connection) -> object:
        connection.execute(sa.select(TASKS.c.owner))  # MariaDB begins no transaction without a table
        while idle:
            time.sleep(idle.pop())
        return connection.scalar(sa.text("SELECT 2"))

    assert campaign.ledger.transact(work) == 2
    assert campaign.clock.waited


def test_an_empty_ledger_in_the_place_of_another_one_has_another_name(engine: sa.Engine) -> None:
    before = prepare(engine)
    assert prepare(engine) == before

    with engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW smspartner_sends")
        connection.exec_driver_sql("DROP TABLE smspartner_people")

    assert prepare(engine) != before
