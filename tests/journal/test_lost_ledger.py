"""A ledger that has lost people, whom the platform's lists bring back, or the batches of people."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.exceptions import NeedsPerson, SMSPartnerError
from airflow_provider_smspartner.journal.schema import BATCHES, PEOPLE
from airflow_provider_smspartner.simulator import Simulator
from tests.databases import in_sqlite
from tests.journal.conftest import ANN, BOB, Campaign, claim, people
from tests.journal.test_whole_sends import once


def forget(campaign: Campaign) -> None:
    with campaign.ledger.engine.begin() as connection:
        connection.execute(sa.delete(PEOPLE))


@in_sqlite
def test_without_its_rows_a_task_finds_its_people_by_tag(campaign: Campaign, simulator: Simulator) -> None:
    campaign.send("monday", people(700))
    forget(campaign)

    outcome = campaign.send("monday", people(800), attempt=2)
    later = campaign.send("tuesday", people(800))

    assert simulator.texts_per_number() == once(people(800))
    assert (outcome.recipients, len(outcome.tags)) == (800, 2)
    assert later.excluded == 800


@in_sqlite
def test_without_its_rows_nobody_can_tell_events_apart(campaign: Campaign, simulator: Simulator) -> None:
    orders = people(3, event="order 1")
    campaign.send("monday", orders, by_event=True)
    forget(campaign)

    with pytest.raises(NeedsPerson, match="event_column"):
        campaign.send("monday", orders, attempt=2, by_event=True)
    assert simulator.texts_per_number() == once(orders)


@in_sqlite
def test_people_whose_batch_was_deleted_end_a_send_with_the_remedy(
    campaign: Campaign, simulator: Simulator
) -> None:
    claim(campaign, campaign.log("monday"), "monday", 0, ANN)
    with campaign.ledger.engine.begin() as connection:
        connection.execute(sa.delete(BATCHES))

    with pytest.raises(SMSPartnerError, match=r"batch was deleted: delete those rows of smspartner_people"):
        campaign.send("tuesday", [ANN, BOB])
    assert not simulator.sent

    forget(campaign)
    assert campaign.send("tuesday", [ANN, BOB], attempt=2).recipients == 2
