"""The receiver of replies as a process beside a local Airflow."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts import sessions
from scripts.airflow_command import airflow_environment
from scripts.local_airflow import held_port
from scripts.shop import DAGS

SMS = "AIRFLOW_CONN_SMSPARTNER_DEFAULT"
COMMAND = ("-m", "airflow_provider_smspartner.inbox", "--ledger-conn-id", "ledger_default")


@contextmanager
def receiving(folder: Path, connections: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run a receiver, and yield the connections with its address in them."""
    with held_port() as port:
        sms = json.loads(connections[SMS])
        sms["extra"] = {**sms.get("extra", {}), "inbox_url": f"http://127.0.0.1:{port}"}
        known = {**connections, SMS: json.dumps(sms)}
        env = airflow_environment(folder / "receiver", dags=DAGS, env=known)
        given = ("--smspartner-conn-id", "smspartner_default", "--port", str(port))
        started = sessions.start(
            [sys.executable, *COMMAND, *given], env=env, cwd=folder, log=folder / "receiver.log"
        )
        try:
            yield known
        finally:
            sessions.end([started])
