"""The command of the receiver: what cannot work is said before it serves, and when it is ready."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.audience.heap import IS_INNER
from airflow_provider_smspartner.inbox.__main__ import answers, main
from tests.inbox.receivers import KEY


@pytest.fixture
def _connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform, and a ledger in SQLite."""
    forms = {
        "SMSPARTNER": {"conn_type": "smspartner", "password": KEY},
        "LEDGER": {"conn_type": "sqlite", "host": f"{tmp_path}/inbox.db"},
    }
    for name, form in forms.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(form))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ledger-conn-id", "nowhere", "--smspartner-conn-id", "smspartner_default"], "ledger_conn_id: "),
        (["--ledger-conn-id", "ledger_default", "--smspartner-conn-id", "nowhere"], "smspartner_conn_id: "),
        (
            ["--ledger-conn-id=ledger_default", "--smspartner-conn-id=smspartner_default", "--spool=/proc/x"],
            "--spool: ",
        ),
    ],
)
@pytest.mark.usefixtures("_connections")
def test_what_cannot_work_is_said_at_the_start(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.usefixtures("_connections")
def test_no_collection_goes_through_airflow_while_posts_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    set_aside: list[int] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **how: set_aside.append(gc.get_freeze_count()))
    gc.unfreeze()
    token = IS_INNER.set(False)

    assert main(["--ledger-conn-id=ledger_default", "--smspartner-conn-id=smspartner_default"]) == 0

    assert set_aside[0] > 100_000
    assert gc.get_freeze_count() == 0
    IS_INNER.reset(token)
    gc.freeze()  # as it is for all tests


def test_a_database_that_does_not_answer_makes_it_unready(tmp_path: Path) -> None:
    there = sa.create_engine(f"sqlite:///{tmp_path}/inbox.db")
    away = sa.create_engine(f"sqlite:///{tmp_path}/nowhere/inbox.db")
    assert (answers(there), answers(away)) == (True, False)
    there.dispose()
    away.dispose()
