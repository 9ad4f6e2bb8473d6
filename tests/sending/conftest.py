"""A campaign in a world where everything can fail, and the count that decides. A batch has three people."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.sending import shutdown
from airflow_provider_smspartner.sending.plan import Summary
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import DURABLE, LOGS, Campaign, people, with_ledger_alone
from faults.fates import Fate
from faults.store import OF_THIS_AIRFLOW
from faults.world import Crash
from tests.airflow_versions import needs_task_state_store

EVERYBODY = people(20)
BATCHES = 7
RICH = Decimal(10**6)
TWO_OF_THEM = [Fate.ANSWERED, Fate.ANSWERED, Fate.UNREACHABLE]
OUT_OF_THE_WORLD = "+33699999999"

IN_AN_HOUR = 3600.0
DAY = 86_400.0

USUAL_LOG = "task state" if OF_THIS_AIRFLOW else "neither"
"""What remembers the batches of a task that says nothing about it."""


def logs(*names: str) -> list[Any]:
    """Name logs as parameters; the one that an old Airflow lacks is skipped there."""
    marks = {"task state": [needs_task_state_store]}
    return [pytest.param(name, marks=marks.get(name, [])) for name in names]


every_log = pytest.mark.parametrize("log", logs(*LOGS))
every_durable_log = pytest.mark.parametrize("log", DURABLE)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_LIMIT", 3)


@pytest.fixture(autouse=True)
def _looks_in_a_row() -> None:
    """Wait between two looks as a real send does: time is in the test's hand, and each look costs some."""


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stopped task take its time where it is not the subject: Airflow's few seconds are real ones."""
    monkeypatch.setattr(shutdown, "LAST_SECONDS", 60.0)


def campaign(log: str = USUAL_LOG, settings: Settings | None = None, **arguments: Any) -> Campaign:
    """A campaign that nothing has happened to yet."""
    return Campaign(LOGS[log], settings=settings or Settings(balance=RICH), **arguments)


def assert_everyone_once(
    sent: Campaign, outcome: Summary, everybody: Sequence[str] = EVERYBODY, rejected: int = 0
) -> None:
    """Fail unless each of them has one text, nobody else has any, and the result counts them."""
    sent.clock.pause(1000)  # nothing is on its way any more
    assert sent.stage.texts_per_number() == dict.fromkeys(everybody, 1)
    assert (outcome.recipients, outcome.rejected) == (len(everybody), rejected)
    assert set(outcome.counts) == {*outcome.message_ids, *outcome.tags}


# ---- scheduled campaigns, and the stop of their task ----------------------------------------------


def scheduled(log: str, **arguments: Any) -> Campaign:
    """A campaign of texts that the platform is to send in an hour."""
    if log == "ledger alone":
        return Campaign(with_ledger_alone, settings=Settings(balance=RICH), send_in=IN_AN_HOUR, **arguments)
    return campaign(log, send_in=IN_AN_HOUR, **arguments)


def kill_at(sent: Campaign, step: int, then: Callable[[], object] = int) -> None:
    """Have the next try stopped at one of its steps."""

    def kill() -> None:
        assert sent.sending is not None
        sent.sending.kill()
        then()

    sent.meanwhile = (step, kill)


def stop_second_try(sent: Campaign, dies_at: int | None = None) -> BaseException | None:
    """Run a try that finds everything sent and scheduled, and is stopped."""

    def everybody() -> Iterator[str]:
        assert sent.sending is not None
        sent.sending.kill()
        yield from EVERYBODY

    try:
        sent.attempt(everybody(), dies_at=dies_at)
    except (Crash, SMSPartnerError) as error:
        return error
    return None


def finish_later(sent: Campaign) -> Summary:
    """Try again until it succeeds, and wait until everything has left."""
    outcome = sent.finish(EVERYBODY)
    sent.clock.pause(DAY)
    return outcome


def texts(sent: Campaign) -> dict[str, str]:
    """Return what each person has read, when everything has left."""
    sent.clock.pause(DAY)
    return {text.number: text.text for text in sent.stage.sent}


def half_sent(log: str, **arguments: Any) -> Campaign:
    """A campaign of which a first try has sent a part, and then failed."""
    sent = campaign(log, **arguments)
    sent.line.fates = deque(TWO_OF_THEM)
    assert isinstance(sent.attempt_anyway(EVERYBODY), SMSPartnerError)
    assert 0 < len(sent.stage.texts_per_number()) < len(EVERYBODY)
    return sent
