"""What changes between two tries, with a ledger in each database, with a store beside it and alone."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from uuid import uuid4

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import LOGS, Campaign, with_ledger_alone, with_task_state
from faults.changes import another_tag, change_account, delete_run, empty_ledger, roll_key
from faults.fates import Fate
from faults.store import OF_THIS_AIRFLOW
from tests.airflow_versions import needs_task_state_store
from tests.databases import engine as engine
from tests.databases import on_servers
from tests.databases import url as url
from tests.sending.conftest import EVERYBODY, IN_AN_HOUR, RICH, TWO_OF_THEM, assert_everyone_once

FOR_GOOD = (NeedsPerson, AirflowFailException)
DICE = random.Random(1)
MEMORIES = {"both": LOGS["ledger"], "ledger alone": with_ledger_alone}
Change = Callable[[Campaign], object]

with_and_without_a_store = pytest.mark.parametrize(
    "memory", ["both", "ledger alone"] if OF_THIS_AIRFLOW else ["ledger alone"]
)


@pytest.fixture
def sent(engine: sa.Engine) -> Campaign:
    """A campaign that nothing has happened to yet; it remembers as the test says."""
    campaign = Campaign(with_ledger_alone, settings=Settings(balance=RICH))
    prepare(engine)
    campaign.ledger = Ledger(engine=engine, identity=str(uuid4()), pause=campaign.pause)
    return campaign


def begin(sent: Campaign, memory: str, fates: list[Fate]) -> None:
    """Let a first try send a part, or nothing that it knows of."""
    sent.open_log = MEMORIES.get(memory, with_task_state)
    sent.line.fates = deque(fates)
    sent.attempt_anyway(EVERYBODY)
    sent.line.fates.clear()


PARTLY_KNOWN = [Fate.ANSWERED, Fate.ANSWER_LOST, Fate.UNREACHABLE]
CARRIED_OVER: dict[str, tuple[list[Fate], Change]] = {
    "nothing": (PARTLY_KNOWN, lambda sent: None),
    "every answer was lost": ([Fate.ANSWER_LOST] * 3, lambda sent: None),
    "the tag": (TWO_OF_THEM, lambda sent: another_tag(sent, DICE)),
    "the key, rolled": (PARTLY_KNOWN, lambda sent: roll_key(sent, DICE)),
    "the ledger, emptied": ([Fate.THROTTLED, *TWO_OF_THEM], empty_ledger),
    "the run, made again": ([Fate.THROTTLED, *TWO_OF_THEM], delete_run),
}


@on_servers
@with_and_without_a_store
@pytest.mark.parametrize("changed", CARRIED_OVER)
def test_what_can_be_carried_over_is(changed: str, memory: str, sent: Campaign) -> None:
    fates, change = CARRIED_OVER[changed]
    begin(sent, memory, fates)
    change(sent)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
@on_servers
def test_a_ledger_is_added(sent: Campaign) -> None:
    begin(sent, "store", TWO_OF_THEM)
    begin(sent, "both", TWO_OF_THEM)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@on_servers
@with_and_without_a_store
def test_a_time_to_send_at_is_taken_away(memory: str, sent: Campaign) -> None:
    sent.send_at = sent.clock.now() + IN_AN_HOUR
    begin(sent, memory, [Fate.ANSWER_LOST] * 3)
    sent.send_at = None

    outcome = sent.finish(EVERYBODY)
    sent.clock.pause(IN_AN_HOUR)

    assert_everyone_once(sent, outcome)


@on_servers
@with_and_without_a_store
def test_another_connection_is_put_back(memory: str, sent: Campaign) -> None:
    begin(sent, memory, TWO_OF_THEM)
    before = sent.name, sent.connection
    sent.name, sent.connection = ("another",), "second_account"

    with pytest.raises(FOR_GOOD, match="smspartner_conn_id"):
        sent.attempt(EVERYBODY)
    sent.name, sent.connection = before

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@on_servers
@with_and_without_a_store
@pytest.mark.parametrize("fates", [[Fate.ANSWER_LOST] * 3, TWO_OF_THEM])
def test_the_key_of_another_account_is_put_back(fates: list[Fate], memory: str, sent: Campaign) -> None:
    begin(sent, memory, fates)
    put_back = change_account(sent, DICE)

    with pytest.raises(FOR_GOOD, match=r"API key|former (one|key)"):
        sent.attempt(EVERYBODY)
    put_back()

    assert_everyone_once(sent, sent.finish(EVERYBODY))
