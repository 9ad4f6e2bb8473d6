"""Several sends in one task instance: operators that an @task executes, and one that is executed twice."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.simulator import Simulator
from faults.store import Store
from tests.airflow_versions import skip_without_task_state_store
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, MakeTask, SetClock, crowd, left_to_the_trigger, sms


@pytest.fixture(autouse=True)
def _short_requests(sim: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later try without a store waits until the requests of the one before must be over."""
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    connect(sim.url, timeout=0.5)


class InTask:
    """An ``@task`` that executes operators, over its tries."""

    def __init__(self, store: Store | None) -> None:
        self.store = store
        self.tries = 0
        self.run_id = f"run-{uuid4()}"

    def attempt(self, *operators: SendSmsOperator) -> list[int]:
        """Execute operators in a new try and return how many people each has reached."""
        self.tries += 1
        handle = self.store.new_try() if self.store else None
        identity = {"dag_id": "campaign", "run_id": self.run_id, "task_id": "texts", "map_index": -1}
        ti = SimpleNamespace(
            **identity, try_number=self.tries, max_tries=3, id=uuid4(), xcom_push=lambda **_: None
        )
        context: Any = {"ti": ti, "task_state_store": handle}
        return [operator.execute(context)["recipients"] for operator in operators]


@pytest.fixture(params=[True, False], ids=["with a store", "without"])
def in_task(request: pytest.FixtureRequest) -> Any:
    if not request.param:
        yield InTask(None)
        return
    skip_without_task_state_store()
    store = Store()
    yield InTask(store)
    store.close()


def test_two_operators_in_one_task_are_both_sent(in_task: InTask, sim: Simulator) -> None:
    adults, children = sms(task_id="adults"), sms(task_id="children", recipients=[ANN, BOB])

    assert in_task.attempt(adults, children) == [1, 2]
    assert sim.texts_per_number() == {ANN: 2, BOB: 1}


def test_a_later_try_sends_none_of_them_again(in_task: InTask, sim: Simulator) -> None:
    def operators() -> list[SendSmsOperator]:
        return [
            sms(task_id=name, recipients=people, verify_timeout=0)
            for name, people in (("adults", [ANN]), ("children", [BOB]), ("children", [EVE]))
        ]

    in_task.attempt(*operators())

    assert in_task.attempt(*operators()) == [1, 1, 1]
    assert sim.texts_per_number() == {ANN: 1, BOB: 1, EVE: 1}


class Twice(SendSmsOperator):
    """Texts Ann, then Bob."""

    def execute(self, context: Any) -> dict[str, Any]:
        results = []
        for self.recipients, self.message in ((ANN, "Hello Ann"), (BOB, "Hello Bob")):
            results.append(super().execute(context))
        return {"recipients": sum(result["recipients"] for result in results)}


@pytest.mark.parametrize("remembers", [True, False])
def test_an_operator_that_executes_itself_twice_sends_twice_and_no_more(
    remembers: bool, task: MakeTask, sim: Simulator
) -> None:
    send = task(
        lambda: Twice(task_id="send", message="-", recipients=ANN, verify_timeout=0), remembers=remembers
    )

    assert send.attempt()["recipients"] == 2
    assert send.attempt()["recipients"] == 2
    assert sorted(text.text for text in sim.sent) == ["Hello Ann", "Hello Bob"]


class Stubborn(SendSmsOperator):
    """Tries again by itself, in the same try of the task."""

    def execute(self, context: Any) -> dict[str, Any]:
        try:
            return super().execute(context)
        except AirflowFailException:
            return super().execute(context)


def test_an_execution_that_failed_is_gone_on_with(task: MakeTask, sim: Simulator) -> None:
    people = crowd(600)
    sim.faults.add("/send", "refuse", code=11, skip=1)
    send = task(lambda: Stubborn(task_id="send", message="Hello", recipients=people, concurrency=1))

    assert send.attempt()["recipients"] == 600
    assert sim.texts_per_number() == dict.fromkeys(people, 1)


def test_another_operator_of_the_id_of_one_that_failed_is_refused_until_that_one_is_through(
    in_task: InTask, sim: Simulator
) -> None:
    def operators() -> list[SendSmsOperator]:
        return [sms(message=text, recipients=ANN, verify_timeout=0) for text in ("Hello", "Bye")]

    class Caught(SendSmsOperator):
        def execute(self, context: Any) -> dict[str, Any]:
            first, second = operators()
            with pytest.raises(AirflowFailException):
                first.execute(context)
            return second.execute(context)

    sim.faults.add("/send", "refuse", code=11)
    with pytest.raises(InvalidMessage, match=r"^task_id: another operator named 'send' .* did not end well"):
        in_task.attempt(Caught(task_id="both", message="-", recipients=ANN))

    assert not sim.sent
    assert in_task.attempt(*operators()) == [1, 1]
    assert [text.text for text in sim.sent] == ["Hello", "Bye"]


def test_a_second_execution_that_waits_for_its_hour_goes_on_as_the_second(
    task: MakeTask, sim: Simulator, clock: SetClock
) -> None:
    night: list[Callable[[], None]] = [lambda: None, lambda: clock("2031-01-31T23:00:00+01:00")]

    class Interrupted(SendSmsOperator):
        def execute(self, context: Any) -> dict[str, Any]:
            for self.recipients, change in zip((ANN, BOB), night, strict=True):
                change()
                result = super().execute(context)
            return result

    clock("2031-01-31T10:00:00+01:00")
    send = task(lambda: Interrupted(task_id="send", message="Hello", recipients=ANN, sending_hours="wait"))
    deferred: TaskDeferred = left_to_the_trigger(send.attempt)
    clock("2031-02-01T10:00:00+01:00")
    send.make = lambda: SendSmsOperator(task_id="send", message="Hello", recipients=BOB, sending_hours="wait")
    send.resume(deferred)

    assert sim.texts_per_number() == {ANN: 1, BOB: 1}
