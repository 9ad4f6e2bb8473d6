"""After all that can fail has failed: where are the key, and the numbers of those who were to be texted?"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from airflow_provider_smspartner.rules.people import Pseudonymizer
from airflow_provider_smspartner.simulator.faults import KINDS
from airflow_provider_smspartner.tasks.hash_secrets import secrets_of
from tests.airflow_versions import PUSHED, RENDERED_FIELDS, needs_task_state_store, since
from tests.trust.conftest import KEY, LANDLINE, PEOPLE, REDIRECTED, WRONG_KEY, Aftermath
from tests.trust.scene_names import FAILING, FAULTS, MISLEADING, WATCHED
from tests.trust.search import Found, Search, cells

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]

CONNECTIONS = {Found("connection.password", KEY), Found("connection.password", WRONG_KEY)}
TESTS = {Found("connection_test_request.password", KEY), Found("connection_test_request.password", WRONG_KEY)}
AUDITED = {Found("log.extra", REDIRECTED), Found("airflow.db", REDIRECTED)}
"""What the audit log of Airflow 3.1 keeps of a connection that was saved."""
REDIRECTIONS = {Found("connection.extra", REDIRECTED)}


def test_every_fault_of_the_simulator_is_met() -> None:
    assert {*FAULTS, *MISLEADING} == KINDS.keys() - {"huge"}  # which only slows an answer down


def test_everything_failed_that_was_to_fail(aftermath: Aftermath) -> None:
    states = aftermath.seen.states
    assert {task for task, state in states.items() if state == "success"} == {
        *("send_good", "watch_good", "send_redirected", "watch_redirected", "watch_quote_9"),
    }
    assert {task for task, state in states.items() if state == "failed"} > {
        f"send_{scene}" for scene in FAILING
    }
    assert aftermath.simulator.texts_per_number() == dict.fromkeys(PEOPLE[1:], 1) | {REDIRECTED: 1}


def test_each_failure_has_its_trace(aftermath: Aftermath) -> None:
    log, printed = aftermath.logs("logs/dag_id=scenes/**/*.log"), aftermath.logs("scheduler.log")
    for text in (log, printed) if since("3.3") else (log,):  # 3.1 prints nothing of its tasks
        assert text.count("OutcomeUnknownError") > 20
        assert "APIConnectionError" in text
        assert "AuthenticationError" in text
        assert "+33 6 •• •• •• 01" in text
        assert "sqlite3.OperationalError" in text
    asked = {scene: aftermath.logs(f"logs/dag_id=scenes/**/task_id=ask_{scene}/*.log") for scene in WATCHED}
    # The triggerer writes it into the task's log, and a worker does once more, with the traceback that went
    # through the database. A busy Airflow may lose one of them: it closes a trigger's log, or fails a task
    # before its process has begun
    traces = ("exited with error", "Trigger failed:")
    assert {scene: said for scene, said in asked.items() if not any(trace in said for trace in traces)} == {}
    assert all(any(trace in said for said in asked.values()) for trace in traces)


def test_a_key_is_only_in_connections(aftermath: Aftermath) -> None:
    found = {found for found in everywhere(aftermath) if found.what in (KEY, WRONG_KEY)}

    assert found - TESTS == CONNECTIONS


def test_a_number_is_only_in_the_warehouse_and_the_ledger(aftermath: Aftermath) -> None:
    found = {found for found in everywhere(aftermath) if found.what not in (KEY, WRONG_KEY)}

    assert found == REDIRECTIONS | (set() if since("3.3") else AUDITED)
    kept = {found.what for found in aftermath.search.in_database(aftermath.folder / "warehouse.sqlite")}
    assert kept == {*PEOPLE, LANDLINE}
    remembered = aftermath.search.in_database(aftermath.folder / "ledger.sqlite")
    assert remembered == {Found("smspartner_people.number", number) for number in PEOPLE[1:]}


def test_what_an_author_writes_into_a_dag_is_found_there(aftermath: Aftermath) -> None:
    on_call = "+33600000001"
    assert Found("dag_code.source_code", on_call) in Search(numbers=(on_call,)).in_database(
        aftermath.home / "airflow.db"
    )


def everywhere(aftermath: Aftermath) -> set[Found]:
    """Search what Airflow left, and what it showed while it worked."""
    search, seen = aftermath.search, aftermath.seen
    found = search.in_files(aftermath.home) | search.in_database(aftermath.home / "airflow.db")
    found |= {
        Found(place, what)
        for place, values in seen.passing.items()
        for value in values
        for what in search.in_bytes(value)
    }
    shown = {**seen.pages} | {name: message for name, (_, message) in seen.tests.items()}
    return found | {Found(place, what) for place, text in shown.items() for what in search.in_text(text)}


def test_what_passed_by_was_seen(aftermath: Aftermath) -> None:
    passing = aftermath.seen.passing
    assert any(b"traceback" in value and b"Error" in value for value in passing["task_instance.next_kwargs"])
    assert any(b"unreadable" in value for value in passing["task_instance.next_kwargs"])
    assert len(passing["trigger.kwargs"]) > 5


def test_the_pages_show_the_campaigns(aftermath: Aftermath) -> None:
    pages = list(aftermath.seen.pages.values())
    assert len(pages) == len(aftermath.seen.states) + 2
    assert all("<html" in page for page in pages)
    if since("3.3"):  # without a task state store, a page knows nothing of batches
        assert sum("unknown" in page for page in pages) > 5


def test_the_test_button_says_what_is_wrong(aftermath: Aftermath) -> None:
    tests = aftermath.seen.tests
    assert {scene for scene, (good, _) in tests.items() if good} == {"good", "later good"} & tests.keys()
    assert all("/me" in message for good, message in tests.values() if not good)


def test_what_is_rendered_is_a_count(aftermath: Aftermath) -> None:
    rendered = [
        value.decode()
        for place, value in cells(aftermath.home / "airflow.db", tables=(RENDERED_FIELDS,))
        if place.endswith("rendered_fields")
    ]
    assert sum("31 recipients" in fields for fields in rendered) == 1
    assert sum("1 parameters" in fields for fields in rendered) == 2


@needs_task_state_store
def test_what_is_remembered_goes_with_its_run_and_not_before(aftermath: Aftermath) -> None:
    remembered = "FROM task_state_store WHERE key LIKE 'claims:%' OR key LIKE 'batch:%'"
    with closing(sqlite3.connect(aftermath.home / "airflow.db")) as database:
        assert database.execute(f"SELECT DISTINCT expires_at {remembered}").fetchall() == [(None,)]
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM dag_run")
        assert database.execute(f"SELECT count(*) {remembered}").fetchall() == [(0,)]
        assert database.execute(f"SELECT count(*) FROM {PUSHED}").fetchall() == [(0,)]
        database.rollback()


@needs_task_state_store
def test_a_worker_hashes_people_under_the_fernet_key_too(
    aftermath: Aftermath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", (aftermath.search.fernet_key or b"").decode())
    of_header = "FROM task_state_store WHERE key = 'campaign' AND task_id = 'send_good'"
    with closing(sqlite3.connect(aftermath.home / "airflow.db")) as database:
        [(*task, header)] = database.execute(f"SELECT dag_id, run_id, task_id, value {of_header}").fetchall()

    unmapped = ("sms_good", False, *task, "-1")
    both, key_alone = (Pseudonymizer(secret, unmapped) for secret in secrets_of(KEY))
    assert json.loads(header)["check"] == both.check != key_alone.check


def test_no_temporary_file_is_left(aftermath: Aftermath) -> None:
    assert [path for path in (aftermath.home / "tmp").rglob("*") if path.is_file()] == []
