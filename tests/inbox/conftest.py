"""An inbox in SQLite, PostgreSQL and MariaDB, beside a ledger with a campaign of three people."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.api.posts import read_post
from airflow_provider_smspartner.inbox.messages import Received, inbox_in
from airflow_provider_smspartner.inbox.posts import Written, write
from airflow_provider_smspartner.journal.inbox import INBOX
from airflow_provider_smspartner.journal.schema import SENDS
from airflow_provider_smspartner.journal.table import Ledger
from tests.databases import engine as engine
from tests.databases import url as url
from tests.databases import write_sends

ANN, BOB, EVE, MAX = "+33611000001", "+33611000002", "+447911123456", "+33611000009"
"""Three people of the campaign, and somebody else."""
NOON = datetime(2030, 1, 31, 12)
CONN = "smspartner_default"


@pytest.fixture
def ledger(engine: sa.Engine) -> Ledger:
    """An inbox, and a ledger that has texted three people."""
    ledger = inbox_in(engine, patience=0)
    with engine.begin() as connection:
        write_sends(connection, [sent(number) for number in (ANN, BOB, EVE)])
    return ledger


def sent(number: str, **changes: Any) -> dict[str, Any]:
    """A row of the ledger."""
    return {
        "connection": CONN,
        "sandbox": False,
        "campaign": "autumn",
        "number": number,
        "event": "",
        "task": "t" * 32,
        "ordinal": 0,
        "tag": "autumn-0",
        "owner": "owner",
        "state": "accepted",
        "invisible": False,
        "claimed_at": NOON,
        "lease_until": NOON,
        "message_id": "5120",
        "accepted_at": NOON,
    } | changes


def received(
    at: datetime = NOON, *, receipt: str | None = None, connection: str = CONN, **fields: Any
) -> Received:
    """A post as it came in, of the fields of its body."""
    body = {
        name.replace("_id", "Id") if name == "msg_id" else name.replace("__", "-"): value
        for name, value in fields.items()
    }
    return Received(
        post=read_post(json.dumps(body).encode()),
        connection=connection,
        received_at=at,
        receipt=receipt or str(uuid4()),
    )


def report(
    status: str = "delivered", number: str = ANN, *, date: int | None = 1896111962, **changes: Any
) -> Received:
    given: dict[str, Any] = {"status": status, "phone": number, "msgId": "5120", "date": date}
    return received(**given | changes)


def reply(text: str = "OUI", number: str = ANN, at: datetime = NOON, **changes: Any) -> Received:
    given: dict[str, Any] = {"type": "response", "phone_number": number, "text": text, "message_id": 5120}
    return received(at, **given | changes)


def part(
    index: int, text: str, *, of: int = 2, reference: str = "108", at: datetime = NOON, **changes: Any
) -> Received:
    fields = {"concat": "true", "concat-ref": reference, "concat-total": str(of), "concat-part": str(index)}
    long = {"msisdn": ANN[1:], "text": text, "type": "text", "messageId": f"020000000{index}"}
    return received(at, **long | fields | changes)


def rows(engine: sa.Engine) -> list[sa.RowMapping]:
    """What is in the inbox, in order."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(INBOX).order_by(INBOX.c.position)).mappings())


def people(engine: sa.Engine) -> dict[str, tuple[Any, Any]]:
    """Status and STOP of each person of the ledger."""
    with engine.connect() as connection:
        return {row.number: (row.status, row.stop) for row in connection.execute(sa.select(SENDS))}


def add(ledger: Ledger, *posts: Received) -> Written:
    return write(ledger, posts)


MINUTE = timedelta(minutes=1)
