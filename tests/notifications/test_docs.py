"""The page about the notifier against its arguments and its table, and the example's deadline."""

from __future__ import annotations

import inspect
import re
import runpy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal.alert_quota import LONGEST_KEY, NOTICES
from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "notifier.md").read_text()
DEFAULTS: dict[str, object] = {
    **dict.fromkeys(("none", "the connection's"), None),
    "required": inspect.Parameter.empty,
    "`timedelta(hours=1)`": timedelta(hours=1),
    '`"smspartner_default"`': "smspartner_default",
}


def cells(heading: str) -> list[list[str]]:
    """The cells of each row of the table whose first column has this heading."""
    table = PAGE.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def test_the_arguments() -> None:
    told = {first.split("`")[1]: DEFAULTS[default] for first, default, _ in cells("argument")}
    arguments = inspect.signature(SMSPartnerNotifier).parameters.values()

    assert told == {each.name: each.default for each in arguments if each.kind is not each.VAR_KEYWORD}
    templated = [first.split("`")[1] for first, *_ in cells("argument") if first.endswith("†")]
    assert sorted(templated) == sorted(SMSPartnerNotifier.template_fields)


def test_the_columns() -> None:
    assert [re.findall(r"`(\w+)`", first)[0] for first, _ in cells("column")] == NOTICES.columns.keys()
    assert f"longer than {LONGEST_KEY} characters" in PAGE


def test_the_statement_can_be_run(tmp_path: Path) -> None:
    [statement] = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/ledger.db")
    NOTICES.create(engine)

    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize("state", ["running", "failed"])
async def test_the_example_tells_of_a_run_that_is_late(
    state: str,
    simulator: Simulator,
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(simulator.url)
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", f"sqlite:///{tmp_path}/ledger.db")
    callback: Any = runpy.run_path(str(ROOT / "dags" / "sms_on_failure.py"))["late"].callback
    context = {"dag_run": {"dag_id": "sms_on_failure", "state": state}, "deadline": {}}

    for _ in range(4):
        await SMSPartnerNotifier(**callback.kwargs, context=context)

    assert callback.path == f"{SMSPartnerNotifier.__module__}.{SMSPartnerNotifier.__qualname__}"
    assert simulator.texts_per_number() == {"+33600000001": 3, "+33600000002": 3}
    assert {text.text for text in simulator.sent} == {f"sms_on_failure is {state} after half an hour"}
