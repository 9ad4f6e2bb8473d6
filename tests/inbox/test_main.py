"""The command of the receiver: what cannot work is said before it serves, and when it is ready."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.inbox.__main__ import answers, main
from tests.inbox.receivers import KEY


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
def test_what_cannot_work_is_said_at_the_start(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    form = {"conn_type": "smspartner", "password": KEY}
    monkeypatch.setenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT", json.dumps(form))
    ledger = {"conn_type": "sqlite", "host": f"{tmp_path}/inbox.db"}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", json.dumps(ledger))
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_a_database_that_does_not_answer_makes_it_unready(tmp_path: Path) -> None:
    there = sa.create_engine(f"sqlite:///{tmp_path}/inbox.db")
    away = sa.create_engine(f"sqlite:///{tmp_path}/nowhere/inbox.db")
    assert (answers(there), answers(away)) == (True, False)
    there.dispose()
    away.dispose()
