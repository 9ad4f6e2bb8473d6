"""Which try of a task goes on in the ledger: a process that wakes up late, another connection, lost rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.journal import StaleProcess
from airflow_provider_smspartner.sending.engine import Sending
from airflow_provider_smspartner.sending.plan import Summary
from airflow_provider_smspartner.simulator import Simulator
from tests.journal.conftest import ANN, BOB, EVE, Campaign, claim, people


def test_a_process_that_wakes_up_after_its_successor_leaves_nothing_more(
    campaign: Campaign, simulator: Simulator
) -> None:
    everybody, stayed = people(1_200), people(700)
    outcomes: list[Summary | None] = []

    def be_frozen(some: object, tag: str) -> api.Call[api.answers.Sent]:
        if not outcomes:  # its successor comes, and ends, before its second claim
            outcomes.append(None)
            log = campaign.log("monday", owner="2:b", plan=plan)
            sending = Sending(later, log, campaign.hook, now=campaign.clock.now, pause=campaign.clock.pause)
            outcomes[0] = sending.run(stayed)
        return campaign.plan("monday").make_call(some, tag)  # type: ignore[arg-type]

    later = campaign.plan("monday", later_try=True)
    plan = campaign.plan("monday", make_call=be_frozen)
    first = campaign.log("monday", owner="1:a", plan=plan)
    sending = Sending(plan, first, campaign.hook, now=campaign.clock.now, pause=campaign.clock.pause)

    with pytest.raises(StaleProcess):
        sending.run(everybody)

    [outcome] = outcomes
    texted = simulator.texts_per_number()
    assert set(texted) == {person.number for person in stayed}
    assert set(texted.values()) == {1}
    assert outcome is not None
    assert outcome.recipients == len(stayed)


def test_a_process_that_wakes_up_claims_nobody_who_is_free(campaign: Campaign) -> None:
    first = campaign.log("monday", owner="1:a")
    claim(campaign, first, "monday", 0, ANN)
    campaign.log("monday", owner="2:b").load()

    with pytest.raises(StaleProcess):
        claim(campaign, first, "monday", 1, BOB, EVE)

    assert campaign.states() == {ANN.number: "claimed"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"connection": "backup"}, "smspartner_conn_id: .*'smspartner_default'.*'backup'.*Put .* back"),
        ({"sandbox": True}, "sandbox: .*sandbox=False.*Put it back"),
    ],
)
def test_a_task_that_has_sent_is_known_under_every_connection(
    changed: dict[str, object], words: str, campaign: Campaign, simulator: Simulator
) -> None:
    campaign.send("monday", [ANN, BOB], instance="shop/monday")

    with pytest.raises(NeedsPerson, match=words):
        campaign.send("monday elsewhere", [ANN, BOB, EVE], attempt=2, instance="shop/monday", **changed)
    rest = campaign.send("monday", [ANN, BOB, EVE], attempt=2, instance="shop/monday")

    assert simulator.texts_per_number() == {ANN.number: 1, BOB.number: 1, EVE.number: 1}
    assert rest.recipients == 3


def test_a_task_that_has_sent_nothing_may_change_its_connection(
    campaign: Campaign, simulator: Simulator
) -> None:
    campaign.log("monday", owner="1:a", instance="shop/monday").load()

    campaign.send("monday", [ANN], attempt=2, instance="shop/monday", connection="backup")

    assert simulator.texts_per_number() == {ANN.number: 1}


def test_a_ledger_that_was_emptied_is_not_a_first_try(campaign: Campaign, simulator: Simulator) -> None:
    campaign.send("monday", [ANN, BOB])
    with campaign.ledger.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM smspartner_people"))

    outcome = campaign.send("monday", [ANN, BOB, EVE], attempt=2)

    assert simulator.texts_per_number() == {ANN.number: 1, BOB.number: 1, EVE.number: 1}
    assert outcome.recipients == 3
