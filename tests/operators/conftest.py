"""A simulator behind the default connection, a warehouse, and a run of an operator as a worker does it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from airflow.sdk import BaseOperator

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.simulator import ReceivedRequest, Simulator
from faults.store import Store
from tests.airflow_versions import skip_without_task_state_store

ANN, BOB, EVE = "+33600000001", "+33600000002", "+33600000003"
QUERY: dict[str, Any] = {"sql": "SELECT phone_number FROM people", "warehouse_conn_id": "warehouse_default"}
LATER = "2031-01-31T10:02:00+01:00"

Fill = Callable[[Sequence[tuple[Any, Any]]], None]
SetClock = Callable[[str], None]


def sms(**arguments: Any) -> SendSmsOperator:
    """A send of one text to Ann, unless told otherwise."""
    return SendSmsOperator(**{"task_id": "send", "message": "Hello"} | to_ann(arguments))


def survey(**arguments: Any) -> SendSurveyOperator:
    """A survey for Ann, unless told otherwise."""
    return SendSurveyOperator(**{"task_id": "send", "survey_id": "s-1"} | to_ann(arguments))


def to_ann(arguments: dict[str, Any]) -> dict[str, Any]:
    return ({} if {"recipients", "sql"} & arguments.keys() else {"recipients": ANN}) | arguments


def crowd(count: int, *, start: int = 0) -> list[str]:
    """So many mobile numbers."""
    return [f"+3361{number:07}" for number in range(start, start + count)]


class Task:
    """A task instance over its tries, which share an identity and the task state store."""

    def __init__(self, make: Callable[[], BaseOperator], store: Store | None) -> None:
        self.make = make
        self.store = store
        self.operator = make()
        self.tries = 0
        self._identity = {"dag_id": "campaign", "run_id": f"run-{uuid4()}", "task_id": "send"}
        self._handle: object = None
        self.pushed: dict[str, Any] = {}
        """XComs by their keys, in the order in which they came."""

    def attempt(self, **context: Any) -> dict[str, Any]:
        """Run the next try, of an operator that was made anew."""
        self.tries += 1
        self._handle = self.store.new_try() if self.store else None
        return self._go("execute", {}, context)

    def resume(self, deferred: TaskDeferred, **context: Any) -> dict[str, Any]:
        """Go on with the same try in another process, as the trigger's event makes Airflow do."""
        kwargs = {**(deferred.kwargs or {}), "event": deferred.trigger.serialize()[1]["moment"]}
        return self._go(deferred.method_name, kwargs, context)

    def _push(self, key: str, value: Any) -> None:
        self.pushed[key] = json.loads(json.dumps(value))

    def _go(self, method: str, kwargs: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        self.operator = self.make()
        ti = SimpleNamespace(
            **self._identity,
            map_index=-1,
            try_number=self.tries,
            max_tries=3,
            id=uuid4(),
            xcom_push=self._push,
        )
        context: Any = {"ti": ti, "task": self.operator, "task_state_store": self._handle, **values}
        self.operator.render_template_fields(context)
        result: dict[str, Any] = getattr(self.operator, method)(context, **kwargs)
        return result


class MakeTask(Protocol):
    """Makes a task; without a store it is one of an Airflow below 3.3."""

    def __call__(self, make: Callable[[], BaseOperator], *, remembers: bool = True) -> Task: ...


class AfterSend(Protocol):
    """Has something done once, when the first request that sends, or one to a path, has its answer."""

    def __call__(self, deed: Callable[[], object], *, path: str | None = None) -> None: ...


class Run(Protocol):
    """Renders an operator's templates with these values and executes it."""

    def __call__(self, operator: BaseOperator, **values: Any) -> dict[str, Any]: ...


class Sends(Protocol):
    """Returns the requests that reached an endpoint that sends."""

    def __call__(self, endpoint: str = "/send") -> list[ReceivedRequest]: ...


@pytest.fixture
def sends(sim: Simulator) -> Sends:
    def received(endpoint: str = "/send") -> list[ReceivedRequest]:
        return [request for request in sim.requests if request.endpoint == endpoint]

    return received


@pytest.fixture
def run() -> Run:
    def render_and_execute(operator: BaseOperator, **values: Any) -> dict[str, Any]:
        identity = {"dag_id": "campaign", "run_id": f"run-{uuid4()}", "task_id": operator.task_id}
        ti = SimpleNamespace(
            **identity, map_index=-1, try_number=1, max_tries=0, id=uuid4(), xcom_push=lambda **_: None
        )
        context: Any = {"ti": ti, "task": operator, **values}
        operator.render_template_fields(context)
        result: dict[str, Any] = operator.execute(context)
        return result

    return render_and_execute


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Fill the table ``people`` (phone_number, city) behind connection ``warehouse_default``."""
    path = tmp_path / "warehouse.db"
    form = {"conn_type": "sqlite", "host": str(path)}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_DEFAULT", json.dumps(form))

    def fill(rows: Sequence[tuple[Any, Any]]) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE people (phone_number, city)")
            connection.executemany("INSERT INTO people VALUES (?, ?)", rows)

    return fill


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SQLite file behind connection ``ledger``."""
    path = tmp_path / "ledger.db"
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


@pytest.fixture
def task() -> Iterator[MakeTask]:
    stores: list[Store] = []

    def make_task(make: Callable[[], BaseOperator], *, remembers: bool = True) -> Task:
        if remembers:
            skip_without_task_state_store()
            stores.append(Store())
        return Task(make, stores[-1] if remembers else None)

    yield make_task
    for store in stores:
        store.close()


@pytest.fixture(autouse=True)
def _by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the platform hold nothing for the night, whatever the hour at which the tests run."""
    monkeypatch.setattr("airflow_provider_smspartner.operators.plans.released", float)


@pytest.fixture
def clock(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Make it another moment, for the operators and for the platform."""

    def make_it(text: str) -> None:
        moment = datetime.fromisoformat(text)

        class Frozen(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return moment.astimezone(tz)

        for module in ("running", "hours", "plans", "results", "runs"):
            monkeypatch.setattr(f"airflow_provider_smspartner.operators.{module}.datetime", Frozen)
        monkeypatch.setattr("airflow_provider_smspartner.api.sends.datetime", Frozen)
        sim.set_clock(moment)

    return make_it


@pytest.fixture
def after_send(monkeypatch: pytest.MonkeyPatch) -> AfterSend:
    carry = SMSPartnerHook.call

    def have_done(deed: Callable[[], object], *, path: str | None = None) -> None:
        left = [deed]

        def call(hook: SMSPartnerHook, request: Call[Any], **kwargs: Any) -> Any:
            answer = carry(hook, request, **kwargs)
            if left and (request.method == "POST" if path is None else request.path == path):
                left.pop()()
            return answer

        monkeypatch.setattr(SMSPartnerHook, "call", call)

    return have_done


def left_to_the_trigger(run: Callable[[], object]) -> TaskDeferred:
    """Return what a run defers with."""
    with pytest.raises(TaskDeferred) as deferral:
        run()
    return deferral.value


def moment_of(deferred: TaskDeferred) -> datetime:
    """Return when a deferred task goes on."""
    path, arguments = deferred.trigger.serialize()
    assert path.endswith(".DateTimeTrigger")
    return datetime.fromisoformat(str(arguments["moment"]))
