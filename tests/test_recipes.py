"""The recipes of the docs, run as their reader runs them: in files of their own, by `dag.test()`."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import FORGOTTEN
from tests.pages import DOCS

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

FILES = dict(
    re.findall(r"^`((?:dags|tests)/\w+\.py)`[^\n]*\n(?:[^`\n][^\n]*\n)*\n```py(?:thon)?\n(.*?)^```$",
               (DOCS / "recipes.md").read_text(), re.MULTILINE | re.DOTALL)
)  # fmt: skip
CHECKS = """
import importlib.util
from pathlib import Path

import pendulum
import pytest
from airflow.sdk import DAG

PARIS = "Europe/Paris"


def load(name):
    path = Path(__file__).parents[1] / "dags" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    dags = []
    with pytest.MonkeyPatch.context() as patch:  # a recipe binds its DAG to no name
        patch.setattr(DAG, "__enter__", lambda dag, enter=DAG.__enter__: dags.append(dag) or enter(dag))
        spec.loader.exec_module(module)
    return dags[0]


def test_one_text(smspartner):
    assert load("one_text").test().state == "success"
    [text] = smspartner.sent
    assert text.number == "+33600000001"
    assert text.text.startswith("The load orders is still running at ")


def test_people_from_a_task(smspartner, caplog, capfd):
    assert load("people_from_a_task").test().state == "success"
    assert smspartner.texts_per_number() == {"+33600000001": 1, "+33600000002": 1}
    printed = capfd.readouterr()
    assert "06 00 00 00 02" not in caplog.text + printed.out + printed.err


def test_each_appointment_is_told_once_when_its_hour_has_come(smspartner):
    dag = load("appointment_reminders")
    for n in (1, 2):
        assert dag.test(logical_date=pendulum.datetime(2026, 11, 2, n)).state == "success"
    assert smspartner.texts_per_number() == {"+33600000001": 2, "+33600000002": 1}
    assert "Hello Ada, your appointment is Tuesday at 10:30" in smspartner.sent[0].text


@pytest.mark.parametrize(
    ("day", "allowed", "leaves"),
    [
        ("2026-11-16T10:00", True, "2026-11-16T10:10"),  # a Monday
        ("2026-12-25T10:00", False, "2026-12-26T10:00"),  # a Friday
        ("2026-05-01T10:00", False, "2026-05-02T10:00"),
        ("2026-11-15T10:00", False, "2026-11-16T10:00"),  # a Sunday
    ],
)
def test_ten_o_clock(day, allowed, leaves, monkeypatch):
    now = pendulum.parse(day, tz=PARIS)
    monkeypatch.setattr(pendulum, "now", lambda zone: now)
    assert load("daily_offer").task_dict["is_allowed_today"].python_callable() is allowed
    moment = load("weekly_news").task_dict["ten_o_clock"].python_callable()
    assert pendulum.parse(moment) == pendulum.parse(leaves, tz=PARIS)


def test_the_news_wait_on_the_platform(smspartner):
    assert load("weekly_news").test().state == "success"
    assert len(smspartner.accepted) == 2
    assert smspartner.sent == []
"""


def warehouse(path: Path) -> None:
    """Customers, and appointments: two of one person, one of another, one to come later, one that is off."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            """
            CREATE TABLE customers (phone_number TEXT, accepts_sms INTEGER);
            INSERT INTO customers VALUES ('06 00 00 00 01', 1), ('06 00 00 00 02', 1), ('06 00 00 00 03', 0);
            CREATE TABLE appointments (appointment_id INTEGER, phone_number TEXT, first_name TEXT,
                told_as TEXT, remind_at TEXT, starts_at TEXT, cancelled INTEGER);
            INSERT INTO appointments VALUES
                (1, '06 00 00 00 01', 'Ada', 'Tuesday at 10:30', '2026-01-01', '2099-01-01', 0),
                (2, '06 00 00 00 01', 'Ada', 'Friday at 9:00', '2026-01-01', '2099-01-01', 0),
                (3, '06 00 00 00 02', NULL, 'Tuesday at 11:00', '2026-01-01', '2099-01-01', 0),
                (4, '06 00 00 00 03', 'Eve', 'in March', '2098-01-01', '2099-01-01', 0),
                (5, '06 00 00 00 04', 'Bob', 'never', '2026-01-01', '2099-01-01', 1),
                (6, '06 00 00 00 05', 'Joe', 'yesterday', '2026-01-01', '2026-01-02', 0);
            """
        )


def test_every_recipe_does_what_it_says(tmp_path: Path) -> None:
    for name, text in {**FILES, "tests/test_checks.py": CHECKS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    warehouse(tmp_path / "warehouse.sqlite")
    bases = {
        f"AIRFLOW_CONN_{name.upper()}_DEFAULT": f"sqlite:///{tmp_path / name}.sqlite"
        for name in ("warehouse", "ledger")
    }
    env = {**os.environ, **FORGOTTEN, **bases, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]

    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-6000:]
    assert "10 passed" in done.stdout


def test_every_block_of_the_page_is_one_of_these_files() -> None:
    page = (DOCS / "recipes.md").read_text()
    assert len(FILES) == page.count("```py")
    assert {name.split("/")[0] for name in FILES} == {"dags", "tests"}
