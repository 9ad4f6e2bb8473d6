"""Lists and answers that are not whole: they prove who is there, never who is not, whatever remembers."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import NeedsPerson, OutcomeUnknownError
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import DURABLE, USABLE, Campaign
from faults.changing import MEMORIES
from faults.fates import Fate
from tests.sending.conftest import EVERYBODY, RICH, assert_everyone_once

ABROAD = [
    *(f"+32470{number:06}" for number in range(4)),
    *(f"+49151{number:08}" for number in range(4)),
    *(f"+262692{number:06}" for number in range(4)),
    *(f"+336{number:08}" for number in range(3)),
]
PARTLY_KNOWN = [Fate.ANSWERED, Fate.ANSWER_LOST, Fate.UNREACHABLE]

every_memory = pytest.mark.parametrize("memory", [*USABLE, "ledger alone"])


def begun(memory: str, audience: list[str], **settings: Any) -> Campaign:
    """A campaign of which a try has sent two batches, knows of one, and failed."""
    sent = Campaign(MEMORIES[memory], settings=Settings(balance=RICH, **settings))
    sent.line.fates = deque(PARTLY_KNOWN)
    sent.attempt_anyway(audience)
    assert len(sent.texts) == 6
    return sent


@every_memory
@pytest.mark.parametrize("spelling", ["digits", "blank", "national", "masked"])
def test_people_of_every_country_are_recognised_in_every_spelling_or_waited_for(
    spelling: str, memory: str
) -> None:
    sent = begun(memory, ABROAD, listed_numbers=spelling)

    # Where nobody is remembered, a national form fits people of several countries; a masked one fits anybody
    if spelling == "masked" or (memory == "neither" and spelling == "national"):
        with pytest.raises((NeedsPerson, OutcomeUnknownError)):
            sent.finish(ABROAD)
        assert not sent.doubles
        sent.stage.settings = Settings(balance=RICH)

    assert_everyone_once(sent, sent.finish(ABROAD), ABROAD)


@every_memory
@pytest.mark.parametrize("total_counts", ["rows", "pages", "nothing"])
def test_pages_are_read_to_their_end_whatever_their_total_counts(total_counts: str, memory: str) -> None:
    sent = begun(memory, EVERYBODY, page_size=2, total_counts=total_counts)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@pytest.mark.parametrize("memory", [*DURABLE, "ledger alone"])
@pytest.mark.parametrize("most", [0, 2])
def test_a_list_that_is_cut_short_makes_nobody_free(most: int, memory: str) -> None:
    sent = begun(memory, EVERYBODY, list_at_most=most)

    sent.attempt_anyway(EVERYBODY)

    assert not sent.doubles


@every_memory
@pytest.mark.parametrize("fate", [Fate.OF_OTHERS, Fate.FEWER_ROWS, Fate.SHORT, Fate.STALE_ID])
def test_an_answer_that_does_not_cover_its_request_completes_no_batch(fate: Fate, memory: str) -> None:
    sent = Campaign(MEMORIES[memory], settings=Settings(balance=RICH))
    sent.personal = True  # these answers have a row for each person
    sent.line.fates = deque([Fate.ANSWERED, fate, Fate.ANSWERED, Fate.ANSWERED, fate])

    assert_everyone_once(sent, sent.attempt(EVERYBODY))
    assert sent.line.met[fate.value] > 0
