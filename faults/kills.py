"""Operators in processes of their own, killed with SIGKILL at random moments and run again until done."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.operators import plans
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.simulator import Simulator
from faults import fork_server
from faults.campaign import people
from faults.store import OF_THIS_AIRFLOW, Store
from faults.trials import Result

BATCHES = 12
PEOPLE = BATCHES * 500
TIMEOUT, VERIFY_TIMEOUT = 0.5, 1.0
LATENCY = 0.1
IN_THE_BEGINNING, WHILE_IT_SENDS = 0.8, 0.5
"""Seconds that an operator needs until its first request that sends, and from then to its end."""
LONGEST_END = 2.0
"""Seconds from SIGTERM to SIGKILL, at most; a task cancels what it has scheduled in less."""
LONGEST_BEGINNING = 60.0
"""A later try may wait for the requests of the one before to be over."""
MOST_TRIES = 40
"""Tries that may fail one after the other before a task counts as unfinished: where other work leaves the
simulator no processor, none of its answers comes within the time-out."""
DONE, AGAIN, PERSON = 0, 3, 4
"""Exit codes: success, an error that Airflow repeats, one that it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task instance, in values that another process can take."""

    log: str
    """What remembers its batches, by the names of ``campaign.LOGS``."""
    seed: int
    url: str
    """Where the simulator is."""
    folder: Path
    """Where its store and its ledger are."""
    scheduled: bool = False
    """Whether the platform is to send in two hours, unless the task is stopped."""

    @property
    def audience(self) -> list[str]:
        """Invented people whom no other task of the series texts."""
        first = 1_000_000 * (1 + sorted(("task state", "ledger", "neither")).index(self.log))
        return people(PEOPLE, start=first + self.seed * PEOPLE)

    def flag(self, number: int) -> Path:
        """Name the file that is there once a try sends."""
        return self.folder / f"sends-{number}"


def run_operator(task: Task, number: int) -> None:
    """Be the process of one try."""
    logging.disable()
    with (task.folder / "errors.log").open("a") as errors:
        os.dup2(errors.fileno(), 1)
        os.dup2(errors.fileno(), 2)
    extra = {"timeout": TIMEOUT, "requests_per_second": 0}
    connection = {"conn_type": "smspartner", "host": task.url, "password": "simulator-key", "extra": extra}
    os.environ["AIRFLOW_CONN_SMSPARTNER_DEFAULT"] = json.dumps(connection)
    ledger = {"conn_type": "sqlite", "host": str(task.folder / "ledger.db")}
    os.environ["AIRFLOW_CONN_LEDGER"] = json.dumps(ledger)
    with_ledger = task.log == "ledger"
    operator = SendSmsOperator(
        task_id="send",
        message="Hello",
        recipients=task.audience,
        verify_timeout=VERIFY_TIMEOUT,
        durable=task.log != "neither",
        ledger_conn_id="ledger" if with_ledger else None,
        campaign="faults" if with_ledger else None,
        send_at=datetime.now(UTC) + timedelta(hours=2) if task.scheduled else None,
        cancel_on_kill=task.scheduled,
    )
    signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())  # as Airflow's task runner does
    identity = {"dag_id": "campaign", "run_id": f"{task.log} {task.seed}", "task_id": "send", "map_index": -1}
    tries = {"try_number": number, "max_tries": number}  # somebody always tries again
    ti = SimpleNamespace(**identity, **tries, id=uuid4(), xcom_push=lambda **_: None)
    context: dict[str, Any] = {"ti": ti}
    if OF_THIS_AIRFLOW and task.log != "neither":
        context["task_state_store"] = Store(str(task.folder / "store.db")).new_try()
    transport.CONNECT_TIMEOUT = TIMEOUT  # a later try waits for the longest request
    # Whatever the hour at which this runs, nothing is held for the night: a try that follows one which died
    # before its journal began would rightly wait for the morning
    plans.released = float  # type: ignore[assignment]
    watch_first_send(task.flag(number))
    try:
        result = operator.execute(context)  # type: ignore[arg-type]
    except (AirflowFailException, SMSPartnerError) as error:
        print(f"Try {number}: {error!r}", flush=True)  # into errors.log
        os._exit(PERSON if isinstance(error, AirflowFailException) else AGAIN)
    whole = task.folder / "result.new"
    whole.write_text(json.dumps(result))
    whole.replace(task.folder / "result.json")  # killed while it writes, it has left no half of a result
    os._exit(DONE)


def watch_first_send(flag: Path) -> None:
    """Show the process that kills when the first request that sends is about to leave."""
    call = SMSPartnerHook.call

    def watched(hook: SMSPartnerHook, of: Any, **keywords: Any) -> Any:
        if of.method == "POST":
            flag.touch()
        return call(hook, of, **keywords)

    SMSPartnerHook.call = watched  # type: ignore[assignment,method-assign]


class Killing:
    """One task, killed several times."""

    early = 0.25
    """Share of the kills that come before the task sends, or even begins its journal."""

    def __init__(self, task: Task, simulator: Simulator) -> None:
        self.task = task
        self.simulator = simulator
        self.dice = random.Random(f"{task.log} {task.seed}")  # noqa: S311  # moments of death are no secret
        self.tries = self.kills = self.to_a_person = 0

    def run(self) -> Result:
        """Kill it, let it finish, and count."""
        for _ in range(self.dice.randint(1, 3)):
            if self.dice.random() < self.early:
                self._try(0.0, self.dice.uniform(0, IN_THE_BEGINNING))
            else:
                self._try(LONGEST_BEGINNING, self.dice.uniform(0, WHILE_IT_SENDS))
        done = self._ended() or any(self._try(0.0, None) for _ in range(MOST_TRIES))
        texts = self._texts()
        recipients = json.loads(self._report.read_text())["recipients"] if done else 0
        return Result(
            faults=self.kills,
            twice=sum(texts[number] > 1 for number in self.task.audience),
            lost=sum(not texts[number] for number in self.task.audience),
            to_a_person=self.to_a_person,
            recipients=recipients,
            miscounted=recipients != sum(texts[number] for number in self.task.audience),
            unfinished=not done,
        )

    def _end(self, process: BaseProcess) -> None:
        process.kill()

    def _texts(self) -> Counter[str]:
        """Count what has left."""
        return self.simulator.texts_per_number()

    @property
    def _report(self) -> Path:
        return self.task.folder / "result.json"

    def _ended(self) -> bool:
        return self._report.exists()

    def _try(self, beginning: float, killed_after: float | None) -> bool:
        """Run one try; True when the task has succeeded.

        :param beginning: seconds to wait, at most, until it sends.
        :param killed_after: seconds from then to the kill; None lets it live.
        """
        if self._ended():
            return True
        self.tries += 1
        process = fork_server.start(run_operator, self.task, self.tries)
        deadline = time.monotonic() + beginning
        flag = self.task.flag(self.tries)
        while process.is_alive() and time.monotonic() < deadline and not flag.exists():
            time.sleep(0.01)
        process.join(killed_after)
        if process.exitcode is None:
            self._end(process)
            process.join()
            self.kills += 1
        self.to_a_person += process.exitcode == PERSON
        with closing(process):
            return self._ended()


class Stopping(Killing):
    """One task of scheduled texts, stopped several times as Airflow does it: SIGTERM, and SIGKILL soon after.

    The time until SIGKILL, five seconds in Airflow, is a random one here, so that it comes at any moment.
    """

    # A try that died before its journal began has left as little as one whose store was cleared, so that
    # nobody knows what waits on the platform: the next ones wait for the hour, which no process here lives to
    # see. What they say then: tests/sending/test_evidence.py
    early = 0.0

    def _end(self, process: BaseProcess) -> None:
        process.terminate()
        process.join(self.dice.uniform(0, LONGEST_END))
        process.kill()

    def _texts(self) -> Counter[str]:
        """Count what leaves in two hours."""
        counter: Counter[str] = Counter()
        with self.simulator.lock:
            for message in self.simulator.platform.messages.values():
                if not message.cancelled:
                    counter.update(message.order.numbers)
        return counter
