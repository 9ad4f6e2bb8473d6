"""``python -m airflow_provider_smspartner.inbox``: the process that takes posts in."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_smspartner.exceptions import SMSPartnerError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from airflow_provider_smspartner.journal.table import Ledger

DEFAULT_PORT = 8026
PATIENCE = 3.0
"""Seconds that a group waits for a database that is away, before it is spooled or refused."""


def parser() -> argparse.ArgumentParser:
    """Return what the command understands."""
    arguments = argparse.ArgumentParser(
        prog="python -m airflow_provider_smspartner.inbox",
        description="Keep the replies, STOP and delivery reports that SMS Partner posts.",
    )
    arguments.add_argument("--ledger-conn-id", required=True, help="the SQL connection of the ledger")
    arguments.add_argument(
        "--smspartner-conn-id",
        action="append",
        required=True,
        help="a connection whose address to serve; give it again for another one",
    )
    arguments.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    arguments.add_argument("--port", type=int, default=DEFAULT_PORT, help="%(default)s")
    arguments.add_argument("--spool", type=Path, help="a folder that keeps posts while the database is away")
    return arguments


def main(given: Sequence[str] | None = None) -> int:
    """Serve until the process is told to end."""
    import uvicorn

    asked = parser().parse_args(given)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        app = app_of(asked)
    except SMSPartnerError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # Its access log would hold the path, and so the secret
    uvicorn.run(
        app,
        host=asked.host,
        port=asked.port,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=20,
    )
    return 0


def app_of(asked: argparse.Namespace) -> Starlette:
    """Put the application together."""
    from airflow_provider_smspartner.inbox.app import make_app
    from airflow_provider_smspartner.inbox.receiver import Receiver
    from airflow_provider_smspartner.inbox.spool import Spool
    from airflow_provider_smspartner.inbox.tables import inbox_of

    spool = Spool(asked.spool) if asked.spool else None
    ledger = inbox_of(asked.ledger_conn_id)
    receiver = Receiver(ledger=replace(ledger, patience=PATIENCE), spool=spool)
    return make_app(
        receiver, paths_of(asked.smspartner_conn_id), is_ready=lambda: spool is not None or answers(ledger)
    )


def paths_of(conn_ids: Sequence[str]) -> dict[str, str]:
    """Return the connection behind each path secret."""
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.rules.callbacks import path_secret

    return {path_secret(SMSPartnerHook(conn_id).settings.api_key): conn_id for conn_id in conn_ids}


def answers(ledger: Ledger) -> bool:
    """Tell whether the database answers at this moment."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with ledger.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
