"""The page about the ledger against the table and its states."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.schema import SENDS
from airflow_provider_smspartner.rules.sending_states import REJECTED, BatchState

PAGE = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text()


def cells(column: str) -> list[tuple[str, str]]:
    """The two cells of each row of the table whose first column has this heading."""
    table = PAGE.split(f"| {column} | meaning |\n|---|---|\n")[1].split("\n\n")[0]
    return [(line.split("|")[1].strip(), line.split("|")[2]) for line in table.splitlines()]


def test_the_page_explains_each_column_of_the_view() -> None:
    named = [name for first, _ in cells("column") for name in re.findall(r"`(\w+)`", first)]

    assert named == [column.name for column in SENDS.columns]


def test_the_page_names_each_state() -> None:
    [states] = [second for first, second in cells("column") if first == "`state`"]

    assert set(re.findall(r"`(\w+)`", states)) == {*BatchState, REJECTED}


def test_the_statements_of_the_page_can_be_run(engine: sa.Engine) -> None:
    prepare(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE customers (customer_id INTEGER, phone_number TEXT)"
        )
        for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL):
            for statement in block.strip().removesuffix(";").split(";"):
                connection.exec_driver_sql(statement)
