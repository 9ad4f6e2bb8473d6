"""How fast the campaign page answers: runs of a million people, one with a ledger, and 500 runs at a glance.

Requests go through Airflow's API server app, with a login, to a migrated SQLite database.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import CONN_ID, warehouse

if TYPE_CHECKING:
    from starlette.testclient import TestClient

COMMAND = "python -m benchmarks page"
BATCHES = 2_000
RUNS = 500
PER_ROUND = 5
NOTHING = "/smspartner/dags/etl/runs/nightly"
SECRET = "signs the token of a benchmark, which no other Airflow has any use for"  # noqa: S105


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure the pages, and one that has nothing to tell."""
    with warehouse(1):  # a PostgreSQL for the ledger
        yield from of_pages(sizes)


def of_pages(sizes: Sizes) -> Iterator[Figure]:
    """Measure them one after the other."""
    os.environ |= {"AIRFLOW__API_AUTH__JWT_SECRET": SECRET, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(migrate, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    fill()
    client = logged_in()
    rounds = PER_ROUND * sizes.rounds
    nothing = milliseconds(client, NOTHING, rounds, "No task of this run sends SMS")
    for what, path, told, target in (
        (f"campaign page of a run with {BATCHES:,} batches", million(), "1,000,000 of 1,000,000 people", 60),
        (
            f"campaign page of a run with a PostgreSQL ledger of {BATCHES:,} batches",
            "/smspartner/dags/ledger/runs/million",
            "1,000,000 of 1,000,000 people",
            150,
        ),
        (f"overview of {RUNS} runs", "/smspartner/", f'id="run-{RUNS}"', 150),
    ):
        taken = milliseconds(client, path, rounds, told)
        yield Figure(
            what=what,
            measured=spell(taken, "ms"),
            against=f"the page of a run without SMS ({spell(nothing, 'ms')})",
            target=f"≤ {target} ms",
            met=taken <= target,
            command=COMMAND,
        )


def million() -> str:
    """Return where the large run is shown."""
    return "/smspartner/dags/large/runs/million"


def milliseconds(client: TestClient, path: str, rounds: int, told: str) -> float:
    """Return how long an answer takes; the first one, which compiles and caches, does not count."""
    taken = []
    for _ in range(1 + rounds):
        began = time.perf_counter()
        answer = client.get(path)
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200 or told not in answer.text:
            raise SystemExit(f"{path} does not say {told!r} (status {answer.status_code})")
    return median(taken[1:])


def logged_in() -> TestClient:
    """Return a client of the API server's app with the cookie of an administrator."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    app = create_app("core")
    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="admin", role="admin"))
    return TestClient(app, cookies={"_token": token})


def fill() -> None:
    """Fill the database: one run of a million people, and 500 of three batches."""
    from airflow.utils.session import create_session

    from benchmarks import campaigns_db as db

    now = datetime.now(UTC)
    people = BATCHES * db.PER_BATCH
    fill_ledger(now)
    with create_session(scoped=False) as session:
        run = db.add_run(session, dag_id="etl", run_id="nightly", at=now)
        db.add_task(session, run, task_id="load", operator="BashOperator", state="success")
        run = db.add_run(session, dag_id="large", run_id="million", at=now - timedelta(days=29))
        db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
        db.push(session, run, "send", db.campaign(people, at=now) | db.result(people, BATCHES, at=now))
        db.remember(session, run, "send", db.notes_of(BATCHES, at=now), at=now)
        run = db.add_run(session, dag_id="ledger", run_id="million", at=now - timedelta(days=29))
        db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="running")
        db.push(session, run, "send", db.campaign(people, at=now, campaign="million", ledger=CONN_ID))
        db.serialize(session, run, {"send": CONN_ID})
        for n in range(RUNS):
            at = now - timedelta(hours=n)
            run = db.add_run(session, dag_id=f"daily_{n % 10}", run_id=f"run_{n}", at=at)
            db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
            db.add_task(session, run, task_id="delivery", operator="DeliveryStatusSensor", state="success")
            db.push(session, run, "send", db.campaign(1500, at=at) | db.result(1500, 3, at=at))
            db.push(session, run, "delivery", db.delivery(1500, at=at))


def fill_ledger(now: datetime) -> None:
    """Write the batches of a run into a ledger, all of them accepted."""
    from sqlalchemy import insert

    from airflow_provider_smspartner.journal.eligibility import digest
    from airflow_provider_smspartner.journal.opening import open_ledger
    from airflow_provider_smspartner.journal.schema import BATCHES as TABLE
    from airflow_provider_smspartner.journal.schema import batch_id, campaign_id
    from benchmarks.campaigns_db import PER_BATCH

    at = now.replace(tzinfo=None)
    task = digest(("smspartner_default", False, "ledger", "million", "send", "-1"))
    common: dict[str, Any] = {
        "campaign": campaign_id("smspartner_default", sandbox=False, campaign="million")
    }
    common |= {"task": task, "owner": "1:a", "state": "accepted", "invisible": False}
    common |= {"claimed_at": at, "lease_until": at, "accepted_at": at, "people": PER_BATCH, "rejected": 0}
    common |= {"segments": PER_BATCH, "cost": 19, "currency": "EUR"}
    batches = [
        common | {"id": batch_id(task, n), "ordinal": n, "tag": f"tag-{n}", "message_id": str(512_000 + n)}
        for n in range(BATCHES)
    ]
    ledger = open_ledger(CONN_ID)
    with ledger.engine.begin() as connection:
        connection.execute(insert(TABLE), batches)
    ledger.engine.dispose()
