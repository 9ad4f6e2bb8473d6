"""The tries of an operator's task: what a later one makes of what the earlier ones left."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.sending import evidence
from airflow_provider_smspartner.simulator import Simulator
from faults.campaign import people
from faults.store import Store
from tests.airflow_versions import needs_task_state_store
from tests.conftest import Connect

pytestmark = needs_task_state_store
EVERYBODY = people(12)


class Tries:
    """One task instance: every run of it is a further try."""

    def __init__(self) -> None:
        self.store = Store()
        self.number, self.retries = 0, 2
        self.step: Callable[[], object] = int
        """What happens before and after each write of the store."""

    def run(self, recipients: Sequence[str] = EVERYBODY, **arguments: Any) -> dict[str, Any]:
        self.number += 1
        arguments = {"concurrency": 1, "verify_timeout": 0} | arguments
        operator = SendSmsOperator(task_id="send", message="Hello", recipients=recipients, **arguments)
        identity = {"dag_id": "campaign", "run_id": "run", "task_id": "send", "map_index": -1}
        context: Any = {
            "ti": SimpleNamespace(
                **identity,
                try_number=self.number,
                max_tries=self.retries,
                id=uuid4(),
                xcom_push=lambda **_: None,
            ),
            "task_state_store": self.store.new_try(self.step),
        }
        operator.render_template_fields(context)
        result: dict[str, Any] = operator.execute(context)
        return result


@pytest.fixture
def sim(simulator: Simulator, connect: Connect) -> Simulator:
    connect(simulator.url, timeout=0.5)
    return simulator


@pytest.fixture
def tries(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Tries:
    monkeypatch.setattr(batches, "BATCH_LIMIT", 3)
    return Tries()


def assert_everyone_once(sim: Simulator, result: dict[str, Any]) -> None:
    """Fail unless everybody has one text and the result counts them, over all tries."""
    assert sim.texts_per_number() == dict.fromkeys(EVERYBODY, 1)
    assert (result["recipients"], result["batches"], sum(result["counts"].values())) == (12, 4, 12)
    assert result["unknown"] == 0


def test_when_the_money_is_out_a_person_tops_up_and_clears_the_task(sim: Simulator, tries: Tries) -> None:
    sim.faults.add("/send", "refuse", skip=2, code=11)

    with pytest.raises(AirflowFailException, match="6 people were texted"):
        tries.run()

    assert_everyone_once(sim, tries.run())


def test_a_constraint_of_the_platform_stops_the_send_and_a_corrected_task_sends_the_rest(
    sim: Simulator, tries: Tries
) -> None:
    sim.faults.add("/send", "refuse", skip=2, code=43)

    with pytest.raises(AirflowFailException, match=r"code 43.*6 people were texted"):
        tries.run()
    assert len(sim.texts_per_number()) == 6

    assert_everyone_once(sim, tries.run())


def test_a_revoked_key_fails_for_good_and_another_one_of_the_account_sends_the_rest(
    sim: Simulator, tries: Tries, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the first try has left must be over, by real time, before anybody counts as absent
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.1)
    monkeypatch.setattr(evidence, "FRESH", 0.1)
    sim.faults.add("/send", "refuse", skip=1, times=None, code=10)
    with pytest.raises(AirflowFailException):
        tries.run()
    sim.faults.clear()
    sim.api_key = "another-key"
    connect(sim.url, key="another-key", timeout=0.5)

    assert_everyone_once(sim, tries.run())


@pytest.mark.parametrize("on_unknown", ["verify", "fail"])
def test_an_unresolved_batch_is_named_with_what_a_person_can_do(
    on_unknown: str, sim: Simulator, tries: Tries
) -> None:
    sim.faults.add("/send", "reset_after", skip=1)
    sim.faults.add("/bulk-status-by-tag", "refuse", skip=1, times=4, code=96)

    with pytest.raises(AirflowFailException) as caught:
        tries.run(on_unknown=on_unknown)

    said = str(caught.value)
    assert "(3 people)" in said
    assert "the task: it looks their tags up" in said
    assert "customer area" in said
    sim.faults.clear()
    assert_everyone_once(sim, tries.run())


def test_a_look_that_fails_is_for_a_later_try_and_not_for_a_person(sim: Simulator, tries: Tries) -> None:
    sim.faults.add("/send", "reset_after", skip=1)
    sim.faults.add("/bulk-status-by-tag", "refuse", skip=4, code=5)  # the first four look for a deleted run

    with pytest.raises(SMSPartnerError, match=r"\. The next try sends to those who are missing\.$") as caught:
        tries.run()
    assert not isinstance(caught.value, AirflowFailException)

    assert_everyone_once(sim, tries.run())


def test_the_last_try_promises_no_other(sim: Simulator, tries: Tries) -> None:
    sim.faults.add("/send", "reset_after", skip=1)
    sim.faults.add("/bulk-status-by-tag", "refuse", skip=4, code=5)
    tries.retries = 0

    with pytest.raises(SMSPartnerError, match=r"\. Airflow has no retry left: clear the task, and it sends"):
        tries.run()


def test_a_later_try_without_recipients_counts_what_the_earlier_ones_sent(
    sim: Simulator, tries: Tries
) -> None:
    sim.faults.add("/send", "reset_after", skip=3)
    sim.faults.add("/send", "refuse", skip=3, code=11)
    with pytest.raises(AirflowFailException):
        tries.run([*EVERYBODY, *people(3, start=50)], concurrency=1)

    assert_everyone_once(sim, tries.run([]))


@pytest.mark.parametrize(("late", "is_sent"), [(timedelta(minutes=30), True), (timedelta(hours=2), False)])
def test_a_later_try_sends_at_once_what_was_scheduled_up_to_an_hour_ago(
    late: timedelta, is_sent: bool, sim: Simulator, tries: Tries
) -> None:
    sim.faults.add("/send", "refuse", code=11)
    with pytest.raises(AirflowFailException):
        tries.run()
    send_at = datetime.now(UTC) - late

    if is_sent:
        assert_everyone_once(sim, tries.run(send_at=send_at))
        return
    with pytest.raises(AirflowFailException, match="12 people are left"):
        tries.run(send_at=send_at)
    assert not sim.sent


def test_on_kill_lets_the_task_fail_and_a_later_try_sends_the_rest(
    sim: Simulator, tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators: list[SendSmsOperator] = []
    execute, steps = SendSmsOperator.execute, iter(range(8))

    def remember(operator: SendSmsOperator, *arguments: Any, **keywords: Any) -> Any:
        operators.append(operator)
        return execute(operator, *arguments, **keywords)

    def kill_after_some_writes() -> None:
        if next(steps, None) is None:
            operators[-1].on_kill()

    tries.step = kill_after_some_writes
    with monkeypatch.context() as patch:
        patch.setattr(SendSmsOperator, "execute", remember)
        with pytest.raises(SMSPartnerError):
            tries.run()
    assert len(sim.sent) < len(EVERYBODY)

    assert_everyone_once(sim, tries.run())


@pytest.mark.parametrize("code", [2, 3, 9, 40, 50])
def test_a_refused_look_is_for_a_later_try_whatever_its_code(code: int, sim: Simulator, tries: Tries) -> None:
    sim.faults.add("/send", "reset_after", skip=1)
    sim.faults.add("/bulk-status-by-tag", "refuse", skip=4, code=code)

    with pytest.raises(SMSPartnerError, match="could not be looked up") as caught:
        tries.run()
    assert not isinstance(caught.value, AirflowFailException)

    assert_everyone_once(sim, tries.run())


def test_no_credit_names_a_remedy_in_sentences_of_its_own(sim: Simulator, tries: Tries) -> None:
    sim.faults.add("/send", "refuse", skip=2, code=11)

    with pytest.raises(AirflowFailException) as caught:
        tries.run()

    assert ". Top up the account, " in str(caught.value)
    assert ": it sends the rest. 6 people were texted." in str(caught.value)


def test_another_tag_between_two_tries_texts_nobody_twice(sim: Simulator, tries: Tries) -> None:
    sim.faults.add("/send", "refuse", skip=2, code=11)
    with pytest.raises(AirflowFailException):
        tries.run(tag="monday")

    assert_everyone_once(sim, tries.run(tag="tuesday"))


def test_another_connection_between_two_tries_has_to_be_put_back(
    sim: Simulator, tries: Tries, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.faults.add("/send", "refuse", skip=2, code=11)
    with pytest.raises(AirflowFailException):
        tries.run()
    monkeypatch.setenv("AIRFLOW_CONN_SECOND_ACCOUNT", os.environ["AIRFLOW_CONN_SMSPARTNER_DEFAULT"])

    with pytest.raises(AirflowFailException, match=r"smspartner_conn_id: .*'smspartner_default'"):
        tries.run(smspartner_conn_id="second_account")

    assert_everyone_once(sim, tries.run())


@pytest.mark.parametrize("code", [9, 14, 55])
def test_everybody_refused_fails_for_good_and_is_asked_for_again(
    code: int, sim: Simulator, tries: Tries
) -> None:
    sim.faults.add("/send", "refuse", times=None, code=code)
    with pytest.raises(AirflowFailException, match=r"max_rejected_rate|code 9"):
        tries.run()
    sim.faults.clear()

    result = tries.run()
    assert sim.texts_per_number() == dict.fromkeys(EVERYBODY, 1)
    assert (result["recipients"], result["rejected"], result["unknown"]) == (12, 0, 0)


def test_without_a_journal_a_later_try_texts_the_number_again_to_which_everything_is_redirected(
    sim: Simulator, tries: Tries, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.1)
    [somebody] = people(1, start=99)
    connect(sim.url, timeout=0.5, redirect_to=somebody)
    tries.run(durable=False)

    tries.run(durable=False)

    assert sim.texts_per_number() == {somebody: 8}
