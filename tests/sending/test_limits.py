"""Where the guarantee ends: each limit that the docs state, as it is. Who mends one changes the docs, too."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.sending.walk import MISSING_IN_A_ROW
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import VERIFY_TIMEOUT
from faults.fates import Fate
from faults.world import LONGEST_REQUEST
from tests.sending.conftest import EVERYBODY, RICH, campaign, every_log, half_sent

FIRST_BATCH = EVERYBODY[:3]
LONG_AFTER = LONGEST_REQUEST + 2 * VERIFY_TIMEOUT


@every_log
def test_what_arrives_after_the_waiting_time_doubles_a_batch(log: str) -> None:
    sent = campaign(log)
    sent.line.fates, sent.line.arrives_after = deque([Fate.LATE]), LONG_AFTER

    sent.attempt(EVERYBODY)
    sent.clock.pause(LONG_AFTER)

    assert sent.doubles == dict.fromkeys(FIRST_BATCH, 2)


@every_log
def test_the_whole_answer_to_another_request_is_believed(log: str) -> None:
    sent = campaign(log)
    carry, others = sent.line.carry, iter([{"success": True, "code": 200, "message_id": 777, "nb_sms": 3}])

    def swallow_one(call: api.Call[Any]) -> Any:
        if call.method == "GET" or (answer := next(others, None)) is None:
            return carry(call)
        return call.read(Answer(status=200, body=json.dumps(answer).encode(), secret=sent.line.key))

    sent.line.carry = swallow_one  # type: ignore[method-assign]

    assert sent.attempt(EVERYBODY).recipients == len(EVERYBODY)
    assert sent.missing(EVERYBODY) == set(FIRST_BATCH)


def test_without_a_journal_nothing_notices_another_tag() -> None:
    sent = half_sent("neither")
    texted = set(sent.texts)
    sent.user_tag = "autumn"

    sent.finish(EVERYBODY)

    assert set(sent.doubles) == texted


def test_without_a_journal_whom_a_list_leaves_out_without_a_word_gets_the_text_again() -> None:
    sent = half_sent("neither", settings=Settings(balance=RICH, list_at_most=2))

    sent.finish(EVERYBODY)

    assert sent.doubles == dict.fromkeys(EVERYBODY[2:6:3], 2)


@pytest.mark.parametrize("missing", [MISSING_IN_A_ROW - 1, MISSING_IN_A_ROW])
def test_without_a_journal_a_long_gap_in_the_tags_hides_what_is_behind_it(missing: int) -> None:
    sent = campaign("neither")
    sent.tries = 1
    sent.line.carry(api.send(FIRST_BATCH, "Hello", api.SendOptions(tag=sent.tag_of(missing))))

    sent.attempt(EVERYBODY)

    assert sent.doubles == (dict.fromkeys(FIRST_BATCH, 2) if missing == MISSING_IN_A_ROW else {})


@pytest.mark.parametrize(("log", "texts"), [("neither", 2), ("ledger", 1)])
def test_two_tasks_know_of_each_other_by_a_ledger_alone(log: str, texts: int) -> None:
    sent = campaign(log)
    sent.attempt(EVERYBODY)
    sent.name = sent.instance = ("another task",)
    sent.tries = 0
    sent.store.clear()

    sent.attempt(EVERYBODY)

    assert sent.texts == dict.fromkeys(EVERYBODY, texts)
