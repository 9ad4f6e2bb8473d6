"""``python -m airflow_provider_smspartner.inbox``: the process that takes posts in."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine
    from starlette.applications import Starlette

    from airflow_provider_smspartner.journal.table import Ledger

log = logging.getLogger("airflow_provider_smspartner.inbox")

DEFAULT_PORT = 8026
PATIENCE = 1.0
"""Seconds that a group waits for a database that is away, before it is spooled or refused."""
TO_CONNECT = 5
"""Seconds until a database that does not answer counts as away."""
LAST_REQUESTS = 20
"""Seconds that requests have to end in when the process is told to."""
MOST_CONNECTIONS = 4_000


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

    from airflow_provider_smspartner.audience.heap import standing_objects_passed_over

    asked = parser().parse_args(given)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        app = app_of(asked)
    except SMSPartnerError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with standing_objects_passed_over():  # or each full collection makes everybody wait
        uvicorn.run(app, **how_to_serve(asked))
    return 0


def how_to_serve(asked: argparse.Namespace) -> dict[str, Any]:
    """Return what uvicorn is told of the server."""
    return {
        "host": asked.host,
        "port": asked.port,
        "http": "h11",  # the other one has no limit on the size of headers
        "access_log": False,  # it would hold the path, and so the secret
        "server_header": False,
        "proxy_headers": False,  # nobody is told apart by where they come from
        "log_config": None,
        "limit_concurrency": MOST_CONNECTIONS,
        "timeout_graceful_shutdown": LAST_REQUESTS,
    }


def app_of(asked: argparse.Namespace) -> Starlette:
    """Put the application together; a database that is away at this moment may come later."""
    from airflow_provider_smspartner.inbox.app import make_app
    from airflow_provider_smspartner.inbox.messages import inbox_in
    from airflow_provider_smspartner.inbox.receiver import Receiver
    from airflow_provider_smspartner.inbox.spool import Spool

    engine = impatient_engine(asked.ledger_conn_id)
    paths = paths_of(asked.smspartner_conn_id)
    spool = Spool(asked.spool) if asked.spool else None

    def open_ledger() -> Ledger:
        return inbox_in(engine, patience=PATIENCE)

    try:
        open_ledger()
    except InvalidMessage:
        raise
    except SMSPartnerError as error:
        log.warning("The database is away: %s", error)
    receiver = Receiver(open_ledger=open_ledger, spool=spool, count=counter())

    def is_ready() -> bool:
        return receiver.is_alive and (receiver.is_able if spool else answers(engine))

    return make_app(receiver, paths, is_ready=is_ready, close=engine.dispose, count=receiver.count)


def impatient_engine(ledger_conn_id: str) -> Engine:
    """Return the engine of the ledger; where the driver can do so, it soon gives up on a silent network."""
    from airflow_provider_smspartner.journal.opening import engine_of

    dialect = engine_of(ledger_conn_id).dialect.name
    limits = {
        "postgresql": {"connect_timeout": TO_CONNECT, "tcp_user_timeout": TO_CONNECT * 1000},
        "mysql": {"connect_timeout": TO_CONNECT},
        "mariadb": {"connect_timeout": TO_CONNECT},
    }
    return engine_of(ledger_conn_id, connect_args=limits.get(dialect, {}))


def paths_of(conn_ids: Sequence[str]) -> dict[str, str]:
    """Return the connection behind each path secret."""
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

    return {SMSPartnerHook(conn_id).path_secret: conn_id for conn_id in conn_ids}


def counter() -> Callable[..., None]:
    """Return what adds amounts to Airflow's metrics, as ``smspartner.inbox.<name>``."""
    from airflow.providers.common.compat.sdk import Stats

    def count(**amounts: int) -> None:
        for name, amount in amounts.items():
            if amount:
                Stats.incr(f"smspartner.inbox.{name}", amount)

    return count


def answers(engine: Engine) -> bool:
    """Tell whether the database answers at this moment."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def command() -> None:
    """Run as the console script ``smspartner-inbox``."""
    sys.exit(main())


if __name__ == "__main__":
    command()
