"""The `airflow` command, in an environment that knows nothing of another Airflow on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts import sessions


def airflow_environment(home: Path, *, dags: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an Airflow that lives in `home` and knows nothing of another one.

    `AIRFLOW*` variables of the caller's own Airflow are left out: a demonstration must not reach its database
    or its connections. Loopback addresses bypass a proxy.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return inherited | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "5",  # seconds; nobody watches for five minutes
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
        **env,
    }


def airflow(*arguments: str, env: Mapping[str, str], log: Path, timeout: float = 300) -> int:
    """Run one `airflow` command to its end and return its exit status."""
    return sessions.run(command(*arguments), env=env, cwd=log.parent, log=log, timeout=timeout)


def command(*arguments: str) -> list[str]:
    """Return the command line of `airflow` in this environment of Python."""
    return [sys.executable, "-m", "airflow", *arguments]
