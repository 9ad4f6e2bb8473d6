"""Whom the ledger leaves out of an audience: asked for once, and people who are alike together."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal.burying import bury
from airflow_provider_smspartner.journal.schema import CAMPAIGNS, PEOPLE
from airflow_provider_smspartner.journal.sets import AT_ONCE, FORMS
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.journal.conftest import ANN, BOB, EVE, LEASE, Campaign, claim, people, record

CROWD = people(AT_ONCE + 700)
"""Two looks at each of them, or at their neighbours."""


def has_forms(campaign: Campaign) -> bool:
    return campaign.ledger.engine.dialect.name in FORMS


@pytest.mark.parametrize(
    ("had", "counts"),
    [
        pytest.param(0, 0, id="nobody, so that nobody is looked up"),
        pytest.param(len(CROWD), 1, id="everybody, who are counted"),
        pytest.param(AT_ONCE // 2, 2, id="some, who are counted, and then looked at"),
    ],
)
def test_everybody_is_looked_up_once(had: int, counts: int, campaign: Campaign, looks: list[str]) -> None:
    if had:
        campaign.send("monday", CROWD[:had], concurrency=4)
    log = campaign.log("tuesday")
    looks.clear()

    counted = log.left_out(CROWD)
    before = len(looks)
    left = list(log.unsent(CROWD))

    assert left == CROWD[had:]
    assert counted == log.excluded_by == Counter({"campaign": had} if had else {})
    assert len(looks) == before
    if has_forms(campaign):
        # Batch by batch, those of whom some are looked at first, and the others when there are any
        is_together = FORMS[campaign.ledger.engine.dialect.name].joins is not None
        assert before == counts * (2 + (is_together and had < len(CROWD)))


def test_whom_an_earlier_try_has_left_is_known_from_memory_and_not_looked_up(
    campaign: Campaign, looks: list[str]
) -> None:
    """A retry of half a million people would begin a good deal later."""
    log = campaign.log("monday")
    record(log, claim(campaign, log, "monday", 0, ANN), BatchState.ACCEPTED)
    claim(campaign, log, "monday", 1, BOB)
    later = campaign.log("monday", owner="monday 2")
    audience = [ANN, BOB, EVE]
    looks.clear()

    counted = later.left_out(audience)
    looked_up = [*looks]
    memory = later.load()
    looks.clear()
    left = list(later.unsent(audience))

    assert memory is not None
    assert [known.size for known in memory.batches] == [1, 1]
    assert (looked_up, looks, counted, left) == ([], [], {}, audience)


def test_people_keep_their_order_whoever_is_left_out(campaign: Campaign) -> None:
    audience = people(30)[::-1]
    campaign.send("monday", [person for at, person in enumerate(audience) if at % 3 == 0])
    log = campaign.log("tuesday")

    log.left_out(audience)

    assert list(log.unsent(audience)) == [person for at, person in enumerate(audience) if at % 3]


def test_another_audience_than_the_one_that_was_counted_is_looked_up_anew(campaign: Campaign) -> None:
    campaign.send("monday", [ANN, BOB])
    log = campaign.log("tuesday")

    log.left_out([ANN, EVE])

    assert list(log.unsent([EVE, ANN])) == [EVE]
    assert list(log.unsent([BOB, EVE])) == [EVE]


def test_an_audience_that_has_changed_since_it_was_counted_is_looked_up_anew(campaign: Campaign) -> None:
    campaign.send("monday", [ANN, BOB])
    log, audience = campaign.log("tuesday"), [ANN, BOB]

    log.left_out(audience)
    audience.append(EVE)

    assert list(log.unsent(audience)) == [EVE]


def test_nobody_is_lost_of_an_audience_that_holds_more_than_it_says(campaign: Campaign) -> None:
    class Modest(list[Person]):
        def __len__(self) -> int:
            return super().__len__() - 1

    log, audience = campaign.log("monday"), Modest([ANN, BOB, EVE])

    log.left_out(audience)

    assert list(log.unsent(audience)) == [ANN, BOB, EVE]


def test_what_can_be_gone_through_once_is_not_taken_for_the_audience_that_was_counted(
    campaign: Campaign,
) -> None:
    campaign.send("monday", [ANN])
    log, once = campaign.log("tuesday"), iter([ANN, EVE])

    assert log.left_out(once) == {"campaign": 1}
    assert list(log.unsent(once)) == []
    assert log.excluded_by == {}


def test_who_is_claimed_after_the_count_is_kept_back(campaign: Campaign) -> None:
    log, rival = campaign.log("monday"), campaign.log("tuesday")

    counted = log.left_out([ANN, BOB, EVE])
    batch = claim(campaign, rival, "tuesday", 0, BOB)

    assert counted == {}
    assert list(log.unsent([ANN, BOB, EVE])) == [ANN, EVE]
    record(rival, batch, BatchState.ABSENT)
    assert log.freed() == [BOB]


@pytest.mark.parametrize("later", [0, LEASE + 1])
def test_whom_others_are_about_to_text_is_not_counted_and_waited_for(later: int, campaign: Campaign) -> None:
    batch = campaign.die_sending("monday", [BOB], posted=False)
    log = campaign.log("tuesday")

    counted = log.left_out([ANN, BOB])
    campaign.clock.time += later

    assert counted == {}
    assert list(log.unsent([ANN, BOB])) == ([ANN, BOB] if later else [ANN])
    assert batch.people == (BOB,)


def test_erased_people_are_counted_by_their_tombstones(campaign: Campaign) -> None:
    campaign.send("monday", [ANN, BOB])
    theirs = PEOPLE.c.number == BOB.number
    with campaign.ledger.engine.begin() as connection:
        bury(connection, connection.execute(sa.select(PEOPLE).where(theirs)).all(), "secret")
        connection.execute(sa.update(CAMPAIGNS).values(erased=True))
    log = campaign.log("tuesday")

    assert log.left_out([ANN, BOB, EVE]) == {"campaign": 1, "erased": 1}
    assert list(log.unsent([ANN, BOB, EVE])) == [EVE]
    assert log.excluded_by == {"campaign": 1, "erased": 1}
